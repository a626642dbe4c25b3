// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/view.hpp"

namespace erg {

/// A kernel and an energy tied together for people who write their own loop: one chain in double precision.
///
///   auto mala = bind(Mala{{.step_size = 0.1}}, energy);
///   auto state = mala.init({1.0, 2.0}, key);
///   for (int i = 0; i < n; ++i) auto info = mala.step(key.at(i), state);
///
/// The same steps, bit for bit in the strict profile, as chain `chain` of a `run` with that seed.
template <class Kernel, class E>
class Bound {
 public:
  using Tile = LaneTile<Pack<double>, dynamic>;
  using View = decltype(kernel_view<double>(std::declval<const Kernel&>()));

  struct State {
    ChainState<Tile> chain;
    typename View::template Extra<Tile> extra;
    typename View::template Scratch<Tile> scratch;
    double position(int d) const { return chain.position[d].reg; }
    double energy() const { return chain.energy.reg; }
  };

  Bound(Kernel kernel, E energy) : kernel_(std::move(kernel)), energy_(std::move(energy)) {
    for_each_part(kernel_, [&](auto& part) {
      if constexpr (requires { prepare_metric(part.metric, 1); }) prepare_metric(part.metric, dim_of(energy_));
      if constexpr (requires { part.prepare(1); }) part.prepare(dim_of(energy_));
    });
  }

  /// Throws std::invalid_argument where x has not the energy's dimension.
  State init(const std::vector<double>& x, random::Key key = {}, std::uint32_t chain = 0) const {
    if (static_cast<int>(x.size()) != dim_of(energy_)) {
      throw std::invalid_argument("a position of " + std::to_string(x.size()) + " numbers (the energy has dim = " +
                                  std::to_string(dim_of(energy_)) + ") give one number per coordinate");
    }
    State s;
    s.chain.chains.id = chain;
    s.chain.position.resize(dim_of(energy_));
    for (int d = 0; d < dim_of(energy_); ++d) s.chain.position[d] = x[static_cast<std::size_t>(d)];
    s.chain.energy = value_and_gradient(energy_, s.chain.position, s.chain.gradient);
    const View k = kernel_view<double>(kernel_);
    detail::init_extra(k, key.purpose(random::Purpose::start), s.chain, s.extra);
    return s;
  }
  /// One transition in place.
  auto step(random::Key key, State& s) const {
    const View k = kernel_view<double>(kernel_);
    const auto info = k.step(key, energy_, s.chain, s.extra, s.scratch);
    refresh<kernel_traits<View>::leaves, Cache::energy_and_gradient>(energy_, s.chain);
    return info;
  }
  const Kernel& kernel() const { return kernel_; }

 private:
  Kernel kernel_;
  E energy_;
};

template <class Kernel, class E>
Bound<Kernel, E> bind(Kernel kernel, E energy) {
  return {std::move(kernel), std::move(energy)};
}

}  // namespace erg
