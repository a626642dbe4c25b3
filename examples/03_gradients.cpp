// Gradients: by dual numbers without a line from you, or by hand where the dimension is high, and how to check them.
#include <erg/erg.hpp>
#include <iostream>
#include "support/picture.hpp"

// [duals]
/// Two bent valleys: only the value is written; kernels get the gradient from dual numbers.
struct Valleys {
  static constexpr int dim = 2;

  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L bend = x[1] - x[0] * x[0], well = x[0] * x[0] - 2.0;
    return 2.0 * bend * bend + 0.5 * well * well;
  }
};
// [duals]

// [by_hand]
/// The same with its gradient: U is returned, dU/dx written, and what both need is computed once.
struct ValleysByHand : Valleys {
  template <erg::Lane L>
  ERG_FN L value_and_gradient(erg::Point<const L, dim> x, erg::Point<L, dim> g) const {
    const L bend = x[1] - x[0] * x[0], well = x[0] * x[0] - 2.0;
    g[0] = x[0] * (2.0 * well - 8.0 * bend);
    g[1] = 4.0 * bend;
    return 2.0 * bend * bend + 0.5 * well * well;
  }
};
// [by_hand]

/// And with a slip in it: the factor 2 of the well's slope is missing.
struct ValleysWithASlip : Valleys {
  template <erg::Lane L>
  ERG_FN L value_and_gradient(erg::Point<const L, dim> x, erg::Point<L, dim> g) const {
    const L bend = x[1] - x[0] * x[0], well = x[0] * x[0] - 2.0;
    g[0] = x[0] * (well - 8.0 * bend);
    g[1] = 4.0 * bend;
    return 2.0 * bend * bend + 0.5 * well * well;
  }
};

int main() {
  // [check]
  std::cout << "by hand:     " << erg::check_gradient(ValleysByHand{});
  std::cout << "with a slip: " << erg::check_gradient(ValleysWithASlip{}, {{0.5, 1.0}, {1.5, 2.0}});
  // [check]

  const erg::Plan plan{.n_chains = 256, .n_warmup = 300, .n_draws = 2000, .seed = 3};
  const erg::Hmc kernel{{.step_size = 0.15, .n_leapfrog = 12, .jitter = 0.2}};
  erg::Trace<double> duals, by_hand;
  const auto first = erg::run(erg::Simd{}, kernel, Valleys{}, plan, duals);
  const auto second = erg::run(erg::Simd{}, kernel, ValleysByHand{}, plan, by_hand);
  std::printf("\ngradient  seconds  ns a gradient  mean x_1  its standard error\n");
  for (const auto& [name, report, trace] : {std::tuple{"duals", &first, &duals}, std::tuple{"by hand", &second, &by_hand}}) {
    const auto x1 = trace->series(1);
    std::printf("%-8s  %7.3f  %13.2f  %8.4f  %18.4f\n", name, report->seconds, 1e9 * report->seconds / report->gradient_evals,
                erg::diag::mean(x1), erg::diag::mcse_mean(x1));
  }

  const auto u = [](double a, double b) {
    const double x[] = {a, b};
    return Valleys{}(erg::Point<const double, 2>(x));
  };
  std::cout << '\n';
  example::plane("out/examples/03_gradients.png", by_hand, u, -2.6, 2.6, -1.5, 5.5);
  return erg::check_gradient(ValleysByHand{}).passed() && !erg::check_gradient(ValleysWithASlip{}).passed() ? 0 : 1;
}
