// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/data.hpp"
#include "erg/energy/loops.hpp"
#include "erg/lane/traits.hpp"

#include <utility>

namespace erg {

/// Base that gives an energy its dimension: the constant `dim`, or, for D = dynamic, the member function `dim()`.
template <int D>
struct Dimension {
  static_assert(D > 0, "erg: the dimension of an energy is a positive number, or erg::dynamic.");
  static constexpr int dim = D;
  constexpr explicit Dimension(int = D) {}
};

template <>
struct Dimension<dynamic> {
  constexpr explicit Dimension(int dim) : dim_(dim) {}
  ERG_FN constexpr int dim() const { return dim_; }

 private:
  int dim_;
};

namespace detail {

/// A real parameter of an energy, kept in double and rounded once to float, so that a lane of either broadcasts it from memory
/// without a conversion in the inner loop.
class Parameter {
 public:
  constexpr Parameter(double value = 0.0) : wide_(value), narrow_(static_cast<float>(value)) {}
  ERG_FN constexpr double value() const { return wide_; }
  template <class L>
  ERG_FN ERG_INLINE L as() const {
    if constexpr (sizeof(scalar_t<L>) == sizeof(float)) {
      return L(narrow_);
    } else {
      return L(wide_);
    }
  }

 private:
  double wide_;
  float narrow_;
};

/// N parameters (N static: within the energy, trivially copyable to a device; dynamic: owned on the heap, copied deeply).
template <int N>
class Parameters {
 public:
  constexpr explicit Parameters(int = N) {}
  constexpr void set(int i, double value) {
    wide_[i] = value;
    narrow_[i] = static_cast<float>(value);
  }
  ERG_FN static constexpr int size() { return N; }
  ERG_FN constexpr double operator[](int i) const { return wide_[i]; }
  template <class L>
  ERG_FN ERG_INLINE L as(int i) const {
    if constexpr (sizeof(scalar_t<L>) == sizeof(float)) {
      return L(narrow_[i]);
    } else {
      return L(wide_[i]);
    }
  }
  ERG_FN constexpr const double* begin() const { return wide_; }
  ERG_FN constexpr const double* end() const { return wide_ + N; }

 private:
  double wide_[static_cast<unsigned>(N)] = {};
  float narrow_[static_cast<unsigned>(N)] = {};
};

template <>
class Parameters<dynamic> {
 public:
  explicit Parameters(int n = 0) : wide_(n), narrow_(n) {}
  void set(int i, double value) {
    wide_.set(i, value);
    narrow_.set(i, static_cast<float>(value));
  }
  ERG_FN int size() const { return wide_.size(); }
  ERG_FN double operator[](int i) const { return wide_[i]; }
  template <class L>
  ERG_FN ERG_INLINE L as(int i) const {
    if constexpr (sizeof(scalar_t<L>) == sizeof(float)) {
      return L(narrow_[i]);
    } else {
      return L(wide_[i]);
    }
  }
  ERG_FN const double* begin() const { return wide_.begin(); }
  ERG_FN const double* end() const { return wide_.end(); }

 private:
  Data<double> wide_;
  Data<float> narrow_;
};

/// Product of static sizes, `dynamic` if either is.
ERG_FN constexpr int static_product(int a, int b) { return a == dynamic || b == dynamic ? dynamic : a * b; }

}  // namespace detail
}  // namespace erg
