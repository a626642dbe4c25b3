// What both translation units share: erg, and a use of it.
#pragma once
#include <erg/erg.hpp>

struct Quadratic {
  static constexpr int dim = 1;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    return 0.5 * x[0] * x[0];
  }
};

inline double quadratic(double x) {
  erg::Trace<double> trace;
  const auto report = erg::run(erg::Serial{}, erg::Hmc{{.step_size = 0.1, .n_leapfrog = 2}}, Quadratic{},
                               {.n_chains = 2, .n_warmup = 2, .n_draws = 4, .seed = 1}, trace);
  static_cast<void>(report);
  return 0.5 * x * x;
}

double quadratic_in_one(double x);
double quadratic_in_two(double x);
