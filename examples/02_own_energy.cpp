// Energies of your own: one with a posterior's data in it, one whose dimension is known only at run time.
#include <erg/erg.hpp>
#include <iostream>
#include "support/picture.hpp"

// [energy]
/// Four groups of five animals, a dose each: logit P(death) = a + b dose, flat prior (Gelman et al., Bayesian Data Analysis, 3.7).
struct Bioassay {
  static constexpr int dim = 2;
  double dose[4] = {-0.86, -0.30, -0.05, 0.73};
  double deaths[4] = {0, 1, 3, 5};
  double animals = 5;

  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    L u = 0.0;
    for (int i = 0; i < 4; ++i) {
      const L logit = x[0] + dose[i] * x[1];
      u = u + animals * erg::math::softplus(logit) - deaths[i] * logit;
    }
    return u;
  }
};
// [energy]

// [dynamic]
/// Beads on a line, tied to their neighbours by springs: the first and the last to a wall at 0.
struct Springs {
  int n = 32;
  double stiffness = 1.0;

  int dim() const { return n; }

  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L> x) const {
    L u = x[0] * x[0] + x[n - 1] * x[n - 1];
    for (int i = 1; i < n; ++i) {
      const L stretch = x[i] - x[i - 1];
      u = u + stretch * stretch;
    }
    return 0.5 * stiffness * u;
  }
};
// [dynamic]

int main() {
  // A value by hand: an energy is a function, of doubles too.
  const double at[] = {0.8, 7.7};
  std::cout << "U(0.8, 7.7) = " << Bioassay{}(erg::Point<const double, 2>(at)) << "\n\n";

  erg::Trace<double> trace;
  const auto report = erg::run(erg::Simd{}, erg::Hmc{{.step_size = 0.1, .n_leapfrog = 12, .jitter = 0.2}, erg::DiagonalMetric{}},
                               Bioassay{}, {.n_chains = 64, .n_warmup = 500, .n_draws = 1000, .seed = 2}, trace);
  std::cout << report << '\n' << erg::diag::summarize(trace) << '\n';

  erg::Trace<double> beads;
  const auto springs = erg::run(erg::Simd{}, erg::Hmc{{.step_size = 0.3, .n_leapfrog = 20, .jitter = 0.2}}, Springs{},
                                {.n_chains = 32, .n_warmup = 300, .n_draws = 1000, .seed = 2}, beads);
  // The beads are a Brownian bridge: the variance of bead i is (i + 1) (n - i) / (n + 1).
  std::cout << springs << "\nbead  variance  truth\n";
  for (const int i : {0, 7, 15, 23, 31}) {
    std::printf("%4d  %8.3f  %5.3f\n", i, erg::diag::variance(beads.series(i)), (i + 1) * (32.0 - i) / 33.0);
  }

  const auto u = [](double a, double b) {
    const double x[] = {a, b};
    return Bioassay{}(erg::Point<const double, 2>(x));
  };
  std::cout << '\n';
  example::plane("out/examples/02_own_energy.png", trace, u, -3, 7, -5, 40);
}
