// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/batch.hpp"
#include "erg/energy/compose.hpp"
#include "erg/energy/second_order.hpp"

namespace erg {

namespace detail {
template <class E>
inline constexpr bool has_parameters = requires(const E& e) { e.n_parameters(); };
template <class E>
int n_parameters_of(const E& e) {
  if constexpr (has_parameters<E>) {
    return e.n_parameters();
  } else {
    return 0;
  }
}
}  // namespace detail

/// U(x) = U_first(x) + U_second(x): the product of two densities. Longer sums nest, see `sum`.
///
/// On lanes where both parts are, else on blocks. Where a part has parameters to train, the sum has them too.
/// Shapes    those of the parts; static if either is      Cost  the parts' and D additions
template <class First, class Second>
class Sum : public Dimension<detail::checked_common_dim<First, Second>()> {
  static constexpr int D = detail::checked_common_dim<First, Second>();

 public:
  static constexpr bool on_device = runs_on_device<First> && runs_on_device<Second>;

  Sum(First first, Second second)
      : Dimension<D>(detail::require_common_dim(first, second)), first_(std::move(first)), second_(std::move(second)) {}

  template <Lane L>
    requires CallableOnLane<First, L> && CallableOnLane<Second, L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return detail::value_of(first_, x) + detail::value_of(second_, x);
  }
  template <Lane L>
    requires LaneEnergy<First, L> && LaneEnergy<Second, L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L u = detail::gradient_of(first_, x, g);
    return u + detail::with_scratch<L, D>(n, [&](Point<L, D> t) {
             const L v = detail::gradient_of(second_, x, t);
             detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = g[d] + t[d]; });
             return v;
           });
  }
  template <class T>
    requires(BatchEnergy<First, T> || BatchEnergy<Second, T>)
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    struct Owner;
    const auto n = static_cast<std::size_t>(x.n_chains);
    T* scratch = detail::thread_numbers<T, Owner>(n * (static_cast<std::size_t>(x.dim) + 1));
    const std::span<T> v(scratch, n);
    const BlockView<T> t{scratch + n, x.n_chains, x.dim, x.n_chains};
    batch_value_and_gradient(second_, x, v, t);
    batch_value_and_gradient(first_, x, u, g);
    for (std::size_t c = 0; c < n; ++c) u[c] += v[c];
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) += t(c, d);
    }
  }
  template <class T>
    requires(BatchEnergy<First, T> || BatchEnergy<Second, T>)
  void value(BlockView<const T> x, std::span<T> u) const {
    add_value(second_, (batch_value(first_, x, u), x), u);
  }

  /// Those of the parts, the first's before the second's.
  int n_parameters() const
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  {
    return detail::n_parameters_of(first_) + detail::n_parameters_of(second_);
  }
  template <class F>
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  void update(F&& f) {
    if constexpr (!detail::has_parameters<Second>) {
      first_.update(f);
    } else if constexpr (!detail::has_parameters<First>) {
      second_.update(f);
    } else {
      using T = typename First::Scalar;
      std::vector<T> flat(static_cast<std::size_t>(n_parameters()));
      copy_parameters(std::span<T>(flat));
      f(std::span<T>(flat));
      const auto take = [&](std::size_t from) {
        return [&flat, from](std::span<T> theta) { std::copy_n(flat.begin() + static_cast<std::ptrdiff_t>(from), theta.size(), theta.begin()); };
      };
      first_.update(take(0));
      second_.update(take(static_cast<std::size_t>(first_.n_parameters())));
    }
  }
  template <class T>
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  void copy_parameters(std::span<T> to) const {
    for_parameters(to, [](const auto& part, std::span<T> of_part) { detail::copy_parameters(part, of_part); });
  }
  template <class T>
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  void restore(const std::vector<T>& theta) {
    restore(std::span<const T>(theta));
  }
  template <class T>
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  void restore(std::span<const T> theta) {
    detail::require_size("theta", theta, n_parameters(), "the parameters of the first energy and behind them the second's");
    for_parameters(theta, [](const auto& part, std::span<const T> of_part) { const_cast<std::remove_cvref_t<decltype(part)>&>(part).restore(of_part); });
  }
  template <class T>
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  void add_parameter_gradient(BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u = {}) const {
    if (!u.empty()) std::fill(u.begin(), u.end(), T(0));
    const auto add = [&](const auto& part, std::span<T> of_part) {
      struct Owner;
      std::span<T> v;
      if (!u.empty()) v = {detail::thread_numbers<T, Owner>(u.size()), u.size()};
      part.add_parameter_gradient(x, w, of_part, v);
      for (std::size_t c = 0; c < u.size(); ++c) u[c] += v[c];
    };
    for_parameters(to, add);
    if (u.empty()) return;
    if constexpr (!detail::has_parameters<First>) add_value(first_, x, u);
    if constexpr (!detail::has_parameters<Second>) add_value(second_, x, u);
  }

  template <class T>
  void hessian_product(BlockView<const T> x, BlockView<const T> v, BlockView<T> hv) const {
    std::vector<T> memory(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim));
    const BlockView<T> second{memory.data(), x.n_chains, x.dim, x.n_chains};
    batch_hessian_product(first_, x, v, hv);
    batch_hessian_product(second_, x, v, second);
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) hv(c, d) += second(c, d);
    }
  }
  template <class T>
    requires(detail::has_parameters<First> || detail::has_parameters<Second>)
  void add_mixed_gradient(BlockView<const T> x, BlockView<const T> v, std::span<const T> w, std::span<T> to) const {
    for_parameters(to, [&](const auto& part, std::span<T> of_part) { erg::add_mixed_gradient(part, x, v, w, of_part); });
  }

  const First& first() const { return first_; }
  const Second& second() const { return second_; }
  First& first() { return first_; }
  Second& second() { return second_; }

 private:
  /// f(part, its share of a flat span) for the parts that have parameters.
  template <class Span, class F>
  void for_parameters(Span all, F&& f) const {
    const auto n = static_cast<std::size_t>(detail::n_parameters_of(first_));
    if constexpr (detail::has_parameters<First>) f(first_, all.first(n));
    if constexpr (detail::has_parameters<Second>) f(second_, all.subspan(n));
  }
  template <class Part, class T>
  static void add_value(const Part& part, BlockView<const T> x, std::span<T> u) {
    struct Owner;
    const std::span<T> v(detail::thread_numbers<T, Owner>(u.size()), u.size());
    batch_value(part, x, v);
    for (std::size_t c = 0; c < u.size(); ++c) u[c] += v[c];
  }

  First first_;
  Second second_;
};

/// U = U_1 + U_2 + ..., added from the left.
template <class First, class Second>
auto sum(First first, Second second) {
  return Sum<First, Second>(std::move(first), std::move(second));
}
template <class First, class Second, class... Rest>
  requires(sizeof...(Rest) > 0)
auto sum(First first, Second second, Rest... rest) {
  return sum(sum(std::move(first), std::move(second)), std::move(rest)...);
}

/// A density p(x) exp(-U_tilt(x)) / Z relative to a normalised p = exp(-U_base): then E_p exp(-U_tilt) = Z, so that the log Z of
/// the tilt is a free-energy difference, and base draws weigh exp(-U_tilt).
///
/// Requires  the base normalised (log_z() == 0, as the library's Gaussians, mixtures, Banana and Funnel are); checked where it
///           has log_z()
template <class Base, class Tilt>
auto tilt(Base base, Tilt tilt_energy) {
  if constexpr (requires { static_cast<double>(base.log_z()); }) {
    if (const double z = base.log_z(); !(std::fabs(z) < 1e-9)) {
      detail::reject("log_z of the base of a tilt", z, "must be 0, a normalised density");
    }
  }
  return Sum<Base, Tilt>(std::move(base), std::move(tilt_energy));
}

}  // namespace erg
