// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/compose.hpp"

namespace erg {

/// The conditional density of the free coordinates given the others, as an energy over the free ones:
///
///   U'(z) = U(x),  x_d = value_d where d is fixed, else the next z;   dU'/dz = the free entries of dU/dx
///
/// Shapes    z, g: [Free], Free static (`condition<2>(...)`) or dynamic; the inner energy has Free + (number fixed) coordinates
/// Requires  at least one coordinate free; values of fixed coordinates finite (the others are not read)
/// Cost      the inner energy's, with all of its gradient, and a copy of x and g
template <class Inner, int Free = dynamic>
class Conditional : public Dimension<Free> {
  static constexpr int whole = static_dim<Inner>;

 public:
  static constexpr bool on_device = runs_on_device<Inner>;

  Conditional(Inner inner, const std::vector<bool>& fixed, const std::vector<double>& values)
      : Dimension<Free>(count_free(fixed, dim_of(inner))),
        inner_(std::move(inner)),
        place_(static_cast<int>(fixed.size())),
        value_(place_.size()) {
    detail::require_size("values", values, place_.size(), "one a coordinate of the energy");
    int next = 0;
    for (int d = 0; d < place_.size(); ++d) {
      const auto i = static_cast<std::size_t>(d);
      place_.set(d, fixed[i] ? -1 : next++);
      if (fixed[i]) value_.set(d, detail::require_finite(detail::indexed("values", d), values[i]));
    }
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, Free> z) const {
    return detail::with_scratch<L, whole>(place_.size(), [&](Point<L, whole> x) {
      complete(z, x);
      return detail::value_of(inner_, Point<const L, whole>(x));
    });
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, Free> z, Point<L, Free> g) const {
    return detail::with_scratch<L, whole>(place_.size(), [&](Point<L, whole> x) {
      complete(z, x);
      return detail::with_scratch<L, whole>(place_.size(), [&](Point<L, whole> slope) {
        const L u = detail::gradient_of(inner_, Point<const L, whole>(x), slope);
        for (int d = 0; d < place_.size(); ++d) {
          const int to = static_cast<int>(place_[d]);
          if (to >= 0) g[to] = slope[d];
        }
        return u;
      });
    });
  }

  /// All coordinates of the inner energy from the free ones.
  template <class L>
  ERG_FN ERG_INLINE void complete(Point<const L, Free> z, Point<L, whole> x) const {
    for (int d = 0; d < place_.size(); ++d) {
      const int from = static_cast<int>(place_[d]);
      x[d] = from >= 0 ? z[from] : value_.template as<L>(d);
    }
  }
  const Inner& inner() const { return inner_; }

 private:
  static int count_free(const std::vector<bool>& fixed, int n) {
    detail::require_size("fixed", fixed, n, "one a coordinate of the energy");
    int free = 0;
    for (const bool f : fixed) free += f ? 0 : 1;
    detail::require_count("the number of free coordinates", free);
    if (Free != dynamic && free != Free) {
      throw std::invalid_argument("fixed leaves " + std::to_string(free) + " coordinates free (condition<" + std::to_string(Free) +
                                  "> needs " + std::to_string(Free) + ") write condition<" + std::to_string(free) + ">");
    }
    return free;
  }

  Inner inner_;
  detail::Parameters<whole> place_;  // where in z coordinate d is, -1 if fixed
  detail::Parameters<whole> value_;
};

/// The energy with the coordinates marked in `fixed` held at `values`: condition(energy, {true, false}, {1.5, 0}).
template <int Free = dynamic, class E>
Conditional<E, Free> condition(E energy, const std::vector<bool>& fixed, const std::vector<double>& values) {
  return Conditional<E, Free>(std::move(energy), fixed, values);
}

}  // namespace erg
