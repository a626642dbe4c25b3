// A kernel of your own, and a small test that proves that it leaves the density alone.
#include <erg/erg.hpp>
#include <iostream>
#include <limits>
#include "support/picture.hpp"

// [kernel]
/// Random-walk Metropolis whose steps come in all sizes: y = x + s 10^(-decades v) xi, v ~ U(0, 1), xi ~ N(0, I).
/// The law of y - x does not depend on x, so the proposal is symmetric and the energies alone decide.
struct Hop {
  struct Params {
    double step_size = 1.0;  // s; named so, and with a target beside it, warm-up tunes it
    double target_accept = 0.4;
    double decades = 2.0;
  };
  template <class T> using Extra = erg::NoExtra<T>;  // nothing to carry from step to step
  template <class T> using Info = erg::StepInfo<T>;
  template <class T> struct Scratch { typename T::Position noise, proposal; };
  static constexpr erg::Cache needs = erg::Cache::energy, leaves = erg::Cache::energy;  // no gradient is ever evaluated
  static constexpr const char* name = "hop";

  Params params;

  template <class T, class E>
  ERG_FN Info<T> step(erg::random::Key key, const E& u, erg::ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    const int n = s.position.size();
    fill_normal(w.noise, key, s.chains, n);
    const auto v = draw_uniform(key.purpose(erg::random::Purpose::user), s.chains, 0);
    const auto scale = per_chain(
        [&](const L& each) { return params.step_size * erg::math::exp(each * (-2.302585092994046 * params.decades)); }, v);
    copy(w.proposal, s.position);
    axpy(w.proposal, scale, w.noise);
    const auto energy = value(u, w.proposal);
    const double no_limit = std::numeric_limits<double>::infinity();  // a long hop is no divergence
    auto info = erg::metropolis<T>(key, s, energy - s.energy, energy, erg::random::first_after_normals(n), no_limit);
    copy_where(info.accepted, s.position, w.proposal);
    s.energy = per_chain([](const auto& yes, const L& a, const L& b) { return erg::lane::select(yes, a, b); },
                         info.accepted, energy, s.energy);
    return info;
  }
};
// [kernel]

/// The same, but it accepts whatever it proposes: the test must see that.
struct BrokenHop : Hop {
  template <class T, class E>
  ERG_FN Info<T> step(erg::random::Key key, const E& u, erg::ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    const auto info = Hop::step(key, u, s, x, w);
    copy(s.position, w.proposal);
    s.energy = value(u, s.position);
    return info;
  }
};

// [proof]
/// Chains that start with exact draws have the right law before the kernel moves them. If it is invariant they have it after.
/// Returns the largest error of the means of x_d, x_d^2 and U after 20 steps, in standard errors; independent chains make them exact.
template <class Kernel>
double invariance_error(const Kernel& kernel) {
  const erg::Banana<2> target;
  const int n = 1 << 16;
  std::vector<double> start, second;  // x_0 of all chains, then x_1
  double exact_energy = 0;
  for (int c = 0; c < n; ++c) {
    double x[2];
    target.sample<double>(erg::random::Key(99), static_cast<std::uint64_t>(c), erg::Point<double, 2>(x));
    start.push_back(x[0]), second.push_back(x[1]);
    exact_energy += target(erg::Point<const double, 2>(x)) / n;
  }
  start.insert(start.end(), second.begin(), second.end());
  erg::Trace<double> trace;
  erg::run(erg::Simd{}, kernel, target, {.n_chains = n, .n_draws = 1, .thin = 20, .seed = 4, .start = start}, trace);
  double worst = 0;
  const auto compare = [&](auto&& f, double truth, double extra) {
    double sum = 0, squares = 0;
    for (int c = 0; c < n; ++c) sum += f(c), squares += f(c) * f(c);
    const double mean = sum / n, variance = squares / n - mean * mean;
    worst = std::max(worst, std::abs(mean - truth) / std::sqrt((1 + extra) * variance / n));
  };
  for (int d = 0; d < 2; ++d) {
    compare([&](int c) { return trace(0, c, d); }, target.mean(d), 0);
    compare([&](int c) { return trace(0, c, d) * trace(0, c, d); }, target.covariance(d, d), 0);
  }
  compare([&](int c) { return trace.energy(0, c); }, exact_energy, 1);  // its truth is itself an average of n draws
  return worst;
}
// [proof]

int main() {
  const double error = invariance_error(Hop{}), broken = invariance_error(BrokenHop{});
  std::printf("kernel      largest error after 20 steps, in standard errors\n");
  std::printf("hop         %8.2f   (above 5 once in 300 000 tests)\nbroken hop  %8.2f\n\n", error, broken);

  // [use]
  erg::Trace<double> trace;
  const auto report = erg::run(erg::Simd{}, erg::repeat<5>(Hop{}), erg::Banana<2>{},
                               {.n_chains = 64, .n_warmup = 500, .n_draws = 2000, .seed = 5}, trace);
  std::cout << report << '\n' << erg::diag::summarize(trace) << '\n';
  // [use]

  const auto u = [](double a, double b) {
    const double x[] = {a, b};
    return erg::Banana<2>{}(erg::Point<const double, 2>(x));
  };
  example::plane("out/examples/04_own_kernel.png", trace, u, -6, 6, -4, 9);
  return error < 5 && broken > 5 ? 0 : 1;
}
