// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/checkpoint.hpp"
#include "erg/run/control.hpp"
#include "erg/run/moments_window.hpp"
#include "erg/run/step_tile.hpp"

#include <algorithm>

/// Giving draws to sinks, one by one on the host or in stretches where they were made.
namespace erg::detail {

template <class F, class... S>
void for_sinks(F&& f, S&... sinks) {
  [[maybe_unused]] const auto one = [&](auto& s) {
    if constexpr (!is_checkpoint<decltype(s)>) f(s);
  };
  (one(sinks), ...);
}
template <class S, class T>
Control give_draw(S& sink, const Draw<T>& draw) {
  return control_of([&](const Draw<T>& d) { return sink.on_draw(d); }, draw);
}

/// Whether draws may stay on the device: all that sinks want of them is done there.
template <class T, class S>
inline constexpr bool takes_draws_away = !takes_draw<std::remove_cvref_t<S>, T> || adds_up_moments<std::remove_cvref_t<S>> || reads_no_draws<S>;
/// f(sink, number) on those that add up moments.
template <class F, class... S>
void for_moments(F&& f, S&... sinks) {
  std::size_t number = 0;
  [[maybe_unused]] const auto one = [&](auto& s) {
    if constexpr (adds_up_moments<std::remove_cvref_t<decltype(s)>>) f(s, number++);
  };
  (one(sinks), ...);
}
/// Whether no sink of a run on a device wants to see a draw.
template <class T, class... S>
bool draws_may_stay([[maybe_unused]] S&... sinks) {
  bool stay = (takes_draws_away<T, S> && ... && true);
  if constexpr ((takes_draws_away<T, S> && ... && true)) {
    for_moments([&](auto& s, std::size_t) { stay = stay && s.adds_up_moments(); }, sinks...);
  }
  return stay;
}
/// Gives a batch of draws on the device to sinks that need no draw on the host, in stretches that end where a window of moments does.
template <class Engine, class T, class... S>
int feed_on_device(Engine& engine, const DrawBuffer<T>& draws, int first, int size, int n_chains, Control& control, S&... sinks) {
  int done = 0;
  while (done < size && control == Control::proceed) {
    int n = size - done;
    for_moments([&](auto& s, std::size_t) { n = std::min(n, s.window().left); }, sinks...);
    for_moments(
        [&](auto& s, std::size_t number) {
          const MomentsWindow window = s.window();
          engine.add_draws(number, window, draws, done, n);
          if (n == window.left) engine.fetch_moments(number, window);
          if (s.advance(n) == Control::stop) control = Control::stop;
        },
        sinks...);
    for_sinks(
        [&](auto& s) {
          if constexpr (reads_no_draws<decltype(s)> && takes_draw<std::remove_reference_t<decltype(s)>, T>) {
            for (int i = 0; i < n; ++i) {
              if (give_draw(s, Draw<T>{first + done + i, n_chains, draws.n_columns - 1, nullptr, 0, nullptr}) == Control::stop) control = Control::stop;
            }
          }
        },
        sinks...);
    done += n;
  }
  return done;
}

}  // namespace erg::detail
