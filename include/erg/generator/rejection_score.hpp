// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/generator/score.hpp"
#include "erg/random/uniform.hpp"

namespace erg::generator {

struct RejectionParams {
  int n_keep = 1;              ///< posterior draws to average, of each x
  int n_tries = 10000000;      ///< of the prior, of each x, before it is given up
};

/// Exact draws of the posterior by rejection from the prior: a referee for nonlinear generators of one to three latents.
///
///   z ~ N(0, I), kept with probability exp(-|x - g(z)|^2 / (2 sigma^2))
///
/// Bias      none, f = 1: draws do not know z0
/// Cost      1 / A(x) passes a draw, A(x) = q(x) (2 pi sigma^2)^(dim/2), about the product of the posterior's deviations where g reaches x, and
///           exp(-(dim - latent)/2) less where it does not
/// Errors    std::runtime_error where a point keeps too few draws in n_tries
template <class T = float>
class RejectionScore : public detail::NothingLearnt {
 public:
  explicit RejectionScore(RejectionParams p = {}) : params(p) {
    erg::detail::require_count("n_keep", p.n_keep);
    erg::detail::require_count("n_tries", p.n_tries);
  }

  template <class G>
  ScoreReport estimate(const G& g, BlockView<const T>, BlockView<const T> x, random::Key key, BlockView<T> s, Pieces<T>& pieces) {
    std::vector<double> rate(static_cast<std::size_t>(x.n_chains));
    const double half_precision = 0.5 / (g.noise() * g.noise());
    pieces.run(x.n_chains, [&](int first, int n) {
      constexpr int at_once = 64;  // tries of one x
      OwnedBlock<T> latent, image;
      const auto z = latent.shaped(at_once, g.n_latent()), y = image.shaped(at_once, g.dim());
      for (int c = first; c < first + n; ++c) {
        int kept = 0, tried = 0;
        for (int d = 0; d < g.dim(); ++d) s(c, d) = T(0);
        while (kept < params.n_keep) {
          if (tried >= params.n_tries) {
            throw std::runtime_error("point " + std::to_string(c) + " kept " + std::to_string(kept) + " of " + std::to_string(tried) +
                                     " latents (the posterior is too narrow for rejection) take HmcScore, or raise n_tries");
          }
          // Try t of x number c: chain t of the key, whose stream is c's.
          fill_normal(z, key.stream(c % random::max_streams), static_cast<std::uint32_t>(tried));
          g.mean(z, y);
          for (int t = 0; t < at_once && kept < params.n_keep; ++t, ++tried) {
            double square = 0.0;
            for (int d = 0; d < g.dim(); ++d) {
              const double difference = static_cast<double>(x(c, d) - y(t, d));
              square += difference * difference;
            }
            const double u = random::uniform<double>(key.stream(c % random::max_streams).purpose(random::Purpose::choice), static_cast<bits_t<double>>(tried), 0);
            if (!(u < std::exp(-half_precision * square))) continue;
            ++kept;
            for (int d = 0; d < g.dim(); ++d) s(c, d) += (y(t, d) - s(c, d)) / static_cast<T>(kept);
          }
        }
        rate[static_cast<std::size_t>(c)] = static_cast<double>(tried) / params.n_keep;
      }
      detail::score_from_mean<T>(rows_of(x, first, n), g.noise(), rows_of(s, first, n));
    });
    ScoreReport report;
    report.accept = 0.0;
    for (const double r : rate) report.accept += 1.0 / r / static_cast<double>(rate.size());
    report.ess = params.n_keep;
    return report;
  }

  RejectionParams params;
};

}  // namespace erg::generator
