// The first program of the manual, with fewer draws, built against the packaged erg.
#include <cstdlib>
#include <iostream>

#include <erg/erg.hpp>

struct Ring {
  static constexpr int dim = 2;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1] + 1e-12) - 3.0;
    return 8.0 * off * off;
  }
};

int main() {
  erg::Trace<double> trace;
  const auto report = erg::run(erg::Simd{}, erg::Hmc{{.step_size = 0.15, .n_leapfrog = 8}}, Ring{},
                               {.n_chains = 32, .n_warmup = 50, .n_draws = 100, .seed = 7}, trace);
  std::cout << report << '\n' << erg::diag::summarize(trace) << '\n';
  return EXIT_SUCCESS;
}
