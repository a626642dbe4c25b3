// A density of your own, sampled with Hamiltonian Monte Carlo.
#include <erg/erg.hpp>
#include <iostream>
#include "support/picture.hpp"  // [hide]

struct Ring {
  static constexpr int dim = 2;
  template <erg::Lane L> ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1] + 1e-12) - 3.0;
    return 8.0 * off * off;
  }
};

int main() {
  erg::Trace<double> trace;
  const auto report = erg::run(erg::Simd{}, erg::Hmc{{.step_size = 0.15, .n_leapfrog = 16}}, Ring{},
                               {.n_chains = 256, .n_warmup = 500, .n_draws = 1000, .seed = 7}, trace);
  std::cout << report << '\n' << erg::diag::summarize(trace) << '\n';
  const auto u = [](double x, double y) { const double at[] = {x, y}; return Ring{}(erg::Point<const double, 2>(at)); };  // [hide]
  example::plane("out/examples/01_hello_hmc.png", trace, u, -4, 4, -4, 4);  // [hide]
}
