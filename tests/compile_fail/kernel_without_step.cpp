// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the kernel has no step\(key, energy, state, extra, scratch\) for this tile; see erg/kernel/concepts.hpp
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>

struct Ring {
  static constexpr int dim = 2;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1]) - 3.0;
    return 8.0 * off * off;
  }
};
struct Stay {
  struct Params {};
  template <class T>
  using Extra = erg::NoExtra<T>;
  template <class T>
  struct Scratch {};
  template <class T>
  using Info = erg::StepInfo<T>;
  template <class T, class E>
#ifdef ERG_FAIL
  Info<T> step(const E&, erg::ChainState<T>& s) const {
#else
  Info<T> step(erg::random::Key, const E&, erg::ChainState<T>& s, Extra<T>&, Scratch<T>&) const {
#endif
    return erg::unadjusted<T>(erg::all_finite(s.position), s.energy);
  }
};
void sample() { erg::run(erg::Simd{}, Stay{}, Ring{}, {}); }
