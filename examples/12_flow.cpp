// Normalizing flows: fitted to draws of a law with eight separate modes of unequal weights, then proposing for chains on that law.
#include <erg/erg.hpp>
#include <erg/flow/flows.hpp>
#include <chrono>
#include <iostream>
#include "support/picture.hpp"

using Target = erg::RingOfGaussians<8>;

const Target& target() {
  static const Target ring(4.0, 0.5, {1, 2, 3, 4, 4, 3, 2, 1});
  return ring;
}

/// Exact draws in columns: x_0 of all, then x_1 of all.
std::vector<float> draws(int n, std::uint64_t seed) {
  std::vector<float> x(2 * static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    float at[2];
    target().sample<float>(erg::random::Key(seed), static_cast<std::uint32_t>(i), erg::Point<float, 2>(at));
    x[static_cast<std::size_t>(i)] = at[0];
    x[static_cast<std::size_t>(n + i)] = at[1];
  }
  return x;
}
erg::BlockView<const float> points(const std::vector<float>& x) {
  const int n = static_cast<int>(x.size() / 2);
  return {x.data(), n, 2, n};
}
/// Mean energy of the target: its entropy.
double entropy(const std::vector<float>& x) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size() / 2; ++i) {
    const double at[] = {x[i], x[x.size() / 2 + i]};
    sum += target()(erg::Point<const double, 2>(at));
  }
  return sum / (static_cast<double>(x.size()) / 2);
}
double weight_error(const erg::Trace<float>& trace) {
  std::vector<double> centres, truth;
  for (int k = 0; k < Target::n_modes(); ++k) {
    centres.insert(centres.end(), {target().mode_centre(k, 0), target().mode_centre(k, 1)});
    truth.push_back(target().mode_weight(k));
  }
  return erg::diag::l1_distance(erg::diag::mode_weights(trace, {centres.data(), Target::n_modes(), 2}).weight, truth);
}

struct Row {
  double kl, accept, weight_error;
};

template <class Flow>
Row fit_and_propose(const char* name, Flow& flow, const std::vector<float>& data, const std::vector<float>& fresh) {
  const auto start = std::chrono::steady_clock::now();
  // [fit]
  const auto report = erg::flow::fit(flow, points(data), {.n_steps = 2500, .batch = 256, .learning_rate = 3e-3});
  // [fit]
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  erg::Pieces<float> pieces;
  const double kl = erg::flow::mean_nll(flow, points(fresh), pieces) - entropy(fresh);
  // [propose]
  const auto kernel = erg::cycle(erg::repeat<5>(erg::Mala{{.step_size = 0.3}}), erg::Imh(flow.snapshot()));  // the snapshot never changes
  erg::Trace<float> trace;
  const auto run = erg::run<float>(erg::Simd{}, kernel, target(), {.n_chains = 64, .n_draws = 1000, .seed = 5, .start = {4.0, 0.0}}, trace);
  // [propose]
  const Row row{kl, run.parts[1].mean_accept, weight_error(trace)};
  std::printf("%-22s %7d  %7.2f  %8.4f  %7.4f  %6.3f  %6.3f\n", name, flow.n_parameters(), seconds.count(), report.held_out_nll, row.kl, row.accept,
              row.weight_error);
  return row;
}

int main() {
  const auto data = draws(20000, 1), fresh = draws(20000, 2);
  std::printf("entropy of the target %.4f\n", entropy(fresh));
  std::printf("flow                 parameters seconds  held-out      KL  accept  weight error (L1)\n");
  // [flows]
  auto affine = erg::flow::real_nvp(2, 8, 64, 64);  // dim, couplings, hidden layers of their networks
  auto spline = erg::flow::spline(2, 4, 64, 64);    // eight bins within five deviations
  auto autoregressive = erg::flow::maf(2, 12, {32, 32});  // many small layers: one alone is a Gaussian of the coordinates before
  // [flows]
  const Row rows[] = {fit_and_propose("affine couplings", affine, data, fresh), fit_and_propose("spline couplings", spline, data, fresh),
                      fit_and_propose("autoregressive, affine", autoregressive, data, fresh)};
  // [check]
  std::cout << '\n' << erg::flow::check(spline, points(draws(20, 3)));
  // [check]

  // [density]
  const int n = 1500;
  std::vector<float> x(2 * n), log_p(n);
  spline.sample_with_log_density(erg::random::Key(7), 0, {x.data(), n, 2, n}, log_p);
  // [density]
  const auto columns = [](const std::vector<float>& v, std::size_t count) {
    const auto half = static_cast<std::ptrdiff_t>(v.size() / 2), m = static_cast<std::ptrdiff_t>(count);
    return example::Columns{{v.begin(), v.begin() + m}, {v.begin() + half, v.begin() + half + m}};
  };
  const auto energy_of = [](const auto& flow) {
    return [&flow](double a, double b) {
      const float at[] = {static_cast<float>(a), static_cast<float>(b)};
      float u;
      flow.value({at, 1, 2, 1}, {&u, 1});
      return static_cast<double>(u);
    };
  };
  example::Picture p("out/examples/12_flow.png", 1, 4, 1700, 430);
  p.data("data", columns(data, n)).data("draws", columns(x, n));
  p.data("affine", example::density(energy_of(affine), -6, 6, -6, 6)).data("spline", example::density(energy_of(spline), -6, 6, -6, 6));
  const std::string dots = "using 1:2 with points pt 7 ps 0.25 lc rgb '", range = "unset key; plot [-6:6][-6:6] ";
  p.axes("1500 of the data", "x_0", "x_1") << range + "$data " + dots + example::blue + "'";
  p.axes("density of affine couplings", "x_0", "x_1") << range + "$affine using 1:2:3 with image";
  p.axes("density of spline couplings", "x_0", "x_1") << range + "$spline using 1:2:3 with image";
  p.axes("1500 draws of spline couplings", "x_0", "x_1") << range + "$draws " + dots + example::orange + "'";
  p.write();
  // The Gaussian that training starts from has a KL of 1.4, and MALA alone a weight error of 0.6.
  for (const Row& r : rows) {
    if (!(r.kl < 0.5 && r.accept > 0.4 && r.weight_error < 0.1)) return 1;
  }
  return rows[1].kl < 0.12 ? 0 : 1;  // splines tear the modes apart: the others stay above this
}
