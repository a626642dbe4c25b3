// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/random/normal.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

/// Transformations of points, drawn at random: between the lives of a chain (Replay) or between its steps (Augment, kernel/augment.hpp).
///
///   a.apply(key, chain, x)   x <- A(x; r), r at the address (key, chain); returns log |det dA/dx|
///   A::is_reversible         A and its inverse are equally likely, so that a Metropolis decision leaves exp(-U) invariant
///   A::n_streams             random streams it uses (1 where it says nothing)
///   a.check(dim)             throws where points of dim numbers are none of its, or its parameters make no sense; before the first point,
///                            once, and only where it has it
namespace erg::train {

template <class A, class T>
concept Augmentation = requires(const A& a, random::Key key, std::uint32_t chain, std::span<T> x) {
  { a.apply(key, chain, x) } -> std::convertible_to<double>;
  { A::is_reversible } -> std::convertible_to<bool>;
};

namespace detail {
template <class A>
constexpr int n_streams_of() {
  if constexpr (requires { A::n_streams; }) {
    return A::n_streams;
  } else {
    return 1;
  }
}
template <class A>
void check_augmentation(const A& a, int dim) {
  if constexpr (requires { a.check(dim); }) a.check(dim);
}
/// Numbers at one address, one after the other.
class Dice {
 public:
  Dice(random::Key key, std::uint32_t chain) : key_(key), chain_(chain) {}
  double uniform() { return random::uniform<double>(key_.purpose(random::Purpose::choice), chain_, n_uniform_++); }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal() { return random::normal<double>(key_.purpose(random::Purpose::jitter), chain_, n_normal_++); }

 private:
  random::Key key_;
  std::uint64_t chain_;
  int n_uniform_ = 0, n_normal_ = 0;
};
}  // namespace detail

/// Leaves points as they are.
struct NoAugmentation {
  static constexpr bool is_reversible = true;
  template <class T>
  double apply(random::Key, std::uint32_t, std::span<T>) const {
    return 0.0;
  }
};

/// Turns coordinates 0 and 1 about the origin: by any angle, or by a multiple of 2 pi / n_fold.
struct Rotate {
  static constexpr bool is_reversible = true;
  int n_fold = 0;
  void check(int dim) const {
    erg::detail::require_count("n_fold", n_fold, 0);
    if (dim < 2) throw std::invalid_argument("points of dim = " + std::to_string(dim) + " (a rotation turns coordinates 0 and 1) give points of two or more");
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    const double u = dice.uniform(), angle = 6.283185307179586 * (n_fold > 0 ? std::floor(u * n_fold) / n_fold : u);
    const double c = std::cos(angle), s = std::sin(angle), a = static_cast<double>(x[0]), b = static_cast<double>(x[1]);
    x[0] = static_cast<T>(c * a - s * b), x[1] = static_cast<T>(s * a + c * b);
    return 0.0;
  }
};

/// The sign of each coordinate changes with a probability.
struct FlipSigns {
  static constexpr bool is_reversible = true;
  double probability = 0.5;
  void check(int) const { erg::detail::require_probability("probability", probability); }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    for (T& v : x) {
      if (dice.uniform() < probability) v = -v;
    }
    return 0.0;
  }
};

/// x <- e^u x, u uniform on [-width, width): log |det| = dim u.
struct Rescale {
  static constexpr bool is_reversible = true;
  double width = 0.1;
  void check(int) const { erg::detail::require_not_negative("width", width); }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    const double u = detail::Dice(key, chain).uniform(-width, width);
    for (T& v : x) v *= static_cast<T>(std::exp(u));
    return static_cast<double>(x.size()) * u;
  }
};

/// Each coordinate moves by -step, 0 or step: to the next cell of a lattice.
struct Translate {
  static constexpr bool is_reversible = true;
  double step = 1.0;
  void check(int) const { erg::detail::require_finite("step", step); }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    for (T& v : x) v += static_cast<T>(step * (std::floor(3.0 * dice.uniform()) - 1.0));
    return 0.0;
  }
};

/// x <- x + s xi, log s uniform between those of the two sizes: rarely a long way.
struct Teleport {
  static constexpr bool is_reversible = true;
  double smallest = 0.01, largest = 10.0;
  void check(int) const {
    erg::detail::require_positive("smallest", smallest);
    erg::detail::require_positive("largest", largest);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    const double s = smallest * std::pow(largest / smallest, dice.uniform());
    for (T& v : x) v += static_cast<T>(s * dice.normal());
    return 0.0;
  }
};

/// A with a probability, else nothing.
template <class A>
struct Sometimes {
  static constexpr bool is_reversible = A::is_reversible;
  static constexpr int n_streams = 1 + detail::n_streams_of<A>();
  double probability;
  A augmentation;

  void check(int dim) const {
    erg::detail::require_probability("probability", probability);
    detail::check_augmentation(augmentation, dim);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    if (!(detail::Dice(key, chain).uniform() < probability)) return 0.0;
    return augmentation.apply(key.stream(1), chain, x);
  }
};
template <class A>
Sometimes(double, A) -> Sometimes<A>;

/// One after the other. Reversible no longer: the inverse has them in the other order.
template <class... A>
struct InTurn {
  static constexpr bool is_reversible = sizeof...(A) == 1 && (A::is_reversible && ...);
  static constexpr int n_streams = (0 + ... + detail::n_streams_of<A>());
  std::tuple<A...> augmentations;

  explicit InTurn(A... a) : augmentations(std::move(a)...) {}
  void check(int dim) const {
    std::apply([dim](const auto&... a) { (detail::check_augmentation(a, dim), ...); }, augmentations);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    double log_det = 0.0;
    int stream = 0;
    const auto one = [&](const auto& a) {
      log_det += a.apply(key.stream(stream), chain, x);
      stream += detail::n_streams_of<std::remove_cvref_t<decltype(a)>>();
    };
    std::apply([&](const auto&... a) { (one(a), ...); }, augmentations);
    return log_det;
  }
};

/// One of several, with equal probability.
template <class... A>
struct OneOf {
  static constexpr bool is_reversible = (A::is_reversible && ...);
  static constexpr int n_streams = 1 + std::max({detail::n_streams_of<A>()...});
  std::tuple<A...> augmentations;

  explicit OneOf(A... a) : augmentations(std::move(a)...) {}
  void check(int dim) const {
    std::apply([dim](const auto&... a) { (detail::check_augmentation(a, dim), ...); }, augmentations);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    const int which = static_cast<int>(detail::Dice(key, chain).uniform() * static_cast<double>(sizeof...(A)));
    double log_det = 0.0;
    int i = 0;
    std::apply([&](const auto&... a) { ((i++ == which ? static_cast<void>(log_det = a.apply(key.stream(1), chain, x)) : void()), ...); }, augmentations);
    return log_det;
  }
};

}  // namespace erg::train
