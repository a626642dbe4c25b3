// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/optimizer.hpp"
#include "erg/train/objective.hpp"

#include <tuple>
#include <utility>

namespace erg::train {

namespace detail {
template <class Objective>
inline constexpr bool looks_back = requires(const Objective& o) { o.n_recorded(); };
}

/// The sum of several objectives, each of whose gradients the report names: train::Terms(Contrastive{}, SamplerKl{}).
///
/// A term that can be had in one pass with the one before it (GradientPenalty after Contrastive) is, and the two are one row of the report.
/// Ensures   the gradient is that of the sum, and the same for any number of threads
template <class... Objective>
class Terms {
 public:
  static constexpr bool needs_negatives = (Objective::needs_negatives || ...);
  static constexpr const char* name = "terms";

  explicit Terms(Objective... o) : terms_(std::move(o)...) {}

  int n_recorded() const
    requires(detail::looks_back<Objective> || ...)
  {
    // 0 is all of them, the most there can be.
    int most = -1;
    each([&](const auto& t) {
      if constexpr (requires { t.n_recorded(); }) most = most == 0 || t.n_recorded() == 0 ? 0 : std::max(most, t.n_recorded());
    });
    return most;
  }
  int n_references() const {
    int most = 0;
    each([&](const auto& t) {
      if constexpr (requires { t.n_references(); }) most = std::max(most, t.n_references());
    });
    return most;
  }

  /// Requires  `to` is zero, as the Trainer has it, where the report's row of a lone term is to be right
  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    constexpr std::size_t n_terms = sizeof...(Objective);
    struct Owner;
    std::span<T> first, other;
    const auto fresh = [&](std::size_t i) {
      T* memory = erg::detail::thread_numbers<T, Owner>(2 * to.size());
      first = {memory, to.size()}, other = {memory + to.size(), to.size()};
      const std::span<T> own = i == 0 ? first : other;
      std::fill(own.begin(), own.end(), T(0));
      return own;
    };
    double length = 0.0;  // of the first
    bool is_done = false;
    const auto one = [&](auto index) {
      constexpr std::size_t i = decltype(index)::value;
      auto& term = std::get<i>(terms_);
      if (std::exchange(is_done, false)) return;
      TermReport r{term.name};
      std::span<T> own;
      if constexpr (constexpr std::size_t next = i + 1 < n_terms ? i + 1 : i; next > i) {
        auto& other_term = std::get<next>(terms_);
        if constexpr (requires { other_term.add_gradient_with(term, energy, batch, to, pieces, report); }) {
          if (other_term.shares_pass_with(term)) {
            own = n_terms == 2 ? to : fresh(i);
            other_term.add_gradient_with(term, energy, batch, own, pieces, report);
            r.name.append(" + ").append(other_term.name);
            is_done = true;
          }
        }
      }
      if (!is_done) {
        own = n_terms == 1 ? to : fresh(i);
        term.add_gradient(energy, batch, own, pieces, report);
      }
      r.gradient_norm = nn::norm(std::span<const T>(own));
      if (i == 0) {
        length = r.gradient_norm;
      } else {
        r.cosine = nn::inner_product(std::span<const T>(first), std::span<const T>(own)) / (r.gradient_norm * length);
      }
      report.terms.push_back(std::move(r));
      if (own.data() == to.data()) return;
      for (std::size_t j = 0; j < own.size(); ++j) to[j] += own[j];
    };
    [&]<std::size_t... i>(std::index_sequence<i...>) { (one(std::integral_constant<std::size_t, i>{}), ...); }(std::index_sequence_for<Objective...>{});
  }

  template <int i>
  auto& term() {
    return std::get<i>(terms_);
  }

 private:
  template <class F>
  void each(F&& f) const {
    std::apply([&](const auto&... t) { (f(t), ...); }, terms_);
  }

  std::tuple<Objective...> terms_;
};

}  // namespace erg::train
