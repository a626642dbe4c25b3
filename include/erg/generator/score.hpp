// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/pieces.hpp"
#include "erg/generator/generator.hpp"
#include "erg/generator/streaming_mean.hpp"

#include <concepts>
#include <limits>

/// Estimates of the score s(x) = d log q(x) / dx of what a generator draws.
///
///   s(x) = E[d log q(x | z) / dx | x] = -(x - E[g(z) | x]) / sigma^2             Fisher's identity
///   dH/dphi = -E[(dx/dphi)^T s(x)]                                               the entropy's gradient, s held fixed
///
/// In the second line dx/dphi depends on the latent z0 that made x, so an estimate of s must not remember it. Where, given x, the mean of
/// the estimate's latents lies at (1 - f) z0 + f E[z | x], the estimate of dH is f dH + (1 - f) dH(x | z): the entropy is weighed f times
/// too lightly, and the noise is pushed up. f is the delivered fraction (delivered_fraction.hpp).
///
/// An estimator has
///   estimate(g, z0, x, key, s, pieces)   writes s for the draws x that z0 made; random numbers at the key; returns a ScoreReport
///   learn(g, z0, x, key, pieces)         then what it learns for the next time
///   save, load
namespace erg::generator {

/// What an estimate saw. Means over draws; NaN where it has no meaning.
struct ScoreReport {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  double ess = nan;         ///< 1 / sum w^2 of the importance weights
  double accept = nan;      ///< of the transitions
  double step_size = nan;   ///< of the transitions
  double entropy = nan;     ///< where the estimator has a value for it: exact, or a bound
};

template <class S, class G>
concept ScoreEstimator = requires(S& s, const G& g, BlockView<const typename G::Scalar> v, BlockView<typename G::Scalar> to, random::Key key,
                                  Pieces<typename G::Scalar>& pieces, io::Writer& w, io::Reader& r) {
  { s.estimate(g, v, v, key, to, pieces) } -> std::same_as<ScoreReport>;
  s.learn(g, v, v, key, pieces);
  s.save(w);
  s.load(r);
};

namespace detail {
/// An estimator that learns nothing.
struct NothingLearnt {
  template <class G, class T = typename G::Scalar>
  void learn(const G&, BlockView<const std::type_identity_t<T>>, BlockView<const std::type_identity_t<T>>, random::Key, Pieces<T>&) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};
/// s <- (s - x) / sigma^2 where s holds E[g(z) | x].
template <class T>
void score_from_mean(BlockView<const T> x, double sigma, BlockView<T> s) {
  const T scale = static_cast<T>(1.0 / (sigma * sigma));
  for (int d = 0; d < x.dim; ++d) {
    for (int c = 0; c < x.n_chains; ++c) s(c, d) = scale * (s(c, d) - x(c, d));
  }
}
/// to[c] <- |x_c - y_c|^2, eight columns at a time summed in double: differences first, as sigma may be a hundredth of x.
template <class T>
void squared_distance(BlockView<const T> x, BlockView<const T> y, std::span<double> to) {
  constexpr int n_columns = 8;
  const std::size_t n = to.size();
  static thread_local std::vector<T> sum;
  sum.resize(n);
  std::fill(to.begin(), to.end(), 0.0);
  for (int first = 0; first < x.dim; first += n_columns) {
    for (int d = first; d < std::min(first + n_columns, x.dim); ++d) {
      const T* a = x.column(d);
      const T* b = y.column(d);
      T* s = sum.data();
      if (d == first) {
        for (std::size_t c = 0; c < n; ++c) s[c] = (a[c] - b[c]) * (a[c] - b[c]);
      } else {
        for (std::size_t c = 0; c < n; ++c) s[c] += (a[c] - b[c]) * (a[c] - b[c]);
      }
    }
    for (std::size_t c = 0; c < n; ++c) to[c] += static_cast<double>(sum[c]);
  }
}
}  // namespace detail

/// The score where the generator knows it: LinearGaussian.            Bias  none, f = 1
struct ExactScore : detail::NothingLearnt {
  template <class G, class T = typename G::Scalar>
  ScoreReport estimate(const G& g, BlockView<const std::type_identity_t<T>>, BlockView<const std::type_identity_t<T>> x, random::Key,
                       BlockView<std::type_identity_t<T>> s, Pieces<T>& pieces) {
    pieces.run(x.n_chains, [&](int first, int n) { g.score(rows_of(x, first, n), rows_of(s, first, n)); });
    ScoreReport report;
    report.entropy = g.entropy();
    return report;
  }
};

/// The score of the conditional density, d log q(x | z0) / dx = -eps / sigma: a control.
/// Bias  f = 0: it delivers the gradient of H(x | z), which pushes the noise up and g nowhere
struct ConditionalScore : detail::NothingLearnt {
  template <class G, class T = typename G::Scalar>
  ScoreReport estimate(const G& g, BlockView<const std::type_identity_t<T>> z0, BlockView<const std::type_identity_t<T>> x, random::Key,
                       BlockView<std::type_identity_t<T>> s, Pieces<T>& pieces) {
    pieces.run(x.n_chains, [&](int first, int n) {
      g.mean(rows_of(z0, first, n), rows_of(s, first, n));
      detail::score_from_mean<T>(rows_of(x, first, n), g.noise(), rows_of(s, first, n));
    });
    return {};
  }
};

}  // namespace erg::generator
