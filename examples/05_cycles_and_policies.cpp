// Kernels made of kernels, and where they run: the same seed gives the same chains on one lane, on SIMD lanes and on threads.
#include <erg/erg.hpp>
#include <iostream>
#include <span>
#include "support/picture.hpp"

using Target = erg::RingOfGaussians<8>;

const Target& target() {
  static const Target ring(4.0, 0.5, {1, 2, 3, 4, 4, 3, 2, 1});  // unequal weights: local moves alone cannot find them
  return ring;
}

/// How far the shares of the modes are from the truth: sum |w_k - truth_k|.
template <class Trace>
double weight_error(const Trace& trace) {
  std::vector<double> centres, truth;
  for (int k = 0; k < Target::n_modes(); ++k) {
    centres.insert(centres.end(), {target().mode_centre(k, 0), target().mode_centre(k, 1)});
    truth.push_back(target().mode_weight(k));
  }
  return erg::diag::l1_distance(erg::diag::mode_weights(trace, {centres.data(), Target::n_modes(), 2}).weight, truth);
}

template <class Trace>
void print_row(const char* what, const erg::RunReport& report, const Trace& trace) {
  std::printf("%-34s %-10s %2d  %7.3f  %5.3f  %7.3f\n", what, report.lane.c_str(), report.n_workers, report.seconds, report.mean_accept,
              weight_error(trace));
}

int main() {
  // [plan]
  const erg::Plan plan{.n_chains = 64, .n_draws = 1000, .seed = 5, .start = {4.0, 0.0}};  // all chains start in one mode
  // [plan]
  // [kernels]
  const auto local = erg::repeat<5>(erg::Mala{{.step_size = 0.3}});                   // five local moves as one loop
  const auto global = erg::Imh{erg::GaussianIsotropic<2>(3.2)};                       // an independent proposal, wide enough for all modes
  const auto kernel = erg::cycle(local, global);                                      // one after the other, in this order
  const auto mixture = erg::mix(erg::weighted(5, erg::Mala{{.step_size = 0.3}}), erg::weighted(1, global));  // one of them, by chance
  // [kernels]

  std::printf("kernel                             lane   threads  seconds  accept  weight error (L1)\n");
  erg::Trace<double> alone, mixed, serial, simd, threads;
  print_row("repeat<5>(mala)", erg::run(erg::Simd{}, local, target(), plan, alone), alone);
  print_row("mix(5 mala, 1 imh)", erg::run(erg::Simd{}, mixture, target(), plan, mixed), mixed);
  // [policies]
  const auto on_one_lane = erg::run(erg::Serial{}, kernel, target(), plan, serial);
  const auto on_lanes = erg::run(erg::Simd{}, kernel, target(), plan, simd);
  const auto on_threads = erg::run(erg::Threads<erg::Simd<>>{2}, kernel, target(), plan, threads);
  // [policies]
  print_row("cycle(repeat<5>(mala), imh)", on_one_lane, serial);
  print_row("cycle(repeat<5>(mala), imh)", on_lanes, simd);
  print_row("cycle(repeat<5>(mala), imh)", on_threads, threads);
  // [float]
  erg::Trace<float> in_float;  // precision is the first template argument of run, and of the trace
  const auto float_report = erg::run<float>(erg::Simd{}, kernel, target(), plan, in_float);
  // [float]
  print_row("cycle(repeat<5>(mala), imh)", float_report, in_float);

  const auto same = [&](const erg::Trace<double>& a, const erg::Trace<double>& b) {
    int n_equal = 0;
    for (int c = 0; c < a.n_chains(); ++c) {
      bool equal = true;
      for (int t = 0; t < a.n_draws(); ++t) equal = equal && a(t, c, 0) == b(t, c, 0) && a(t, c, 1) == b(t, c, 1);
      n_equal += equal;
    }
    return n_equal;
  };
  std::printf("\nprofile %s\n", on_lanes.profile.c_str());
  std::printf("chains equal to the last bit of 1000 draws: %d of 64 on 1 thread and on 2, %d of 64 on 1 lane and on %s\n",
              same(simd, threads), same(serial, simd), on_lanes.lane.c_str());
  std::printf("(link erg::strict instead of erg::erg and both are 64 on every machine)\n\n");

  const auto u = [](double a, double b) {
    const double x[] = {a, b};
    return target()(erg::Point<const double, 2>(x));
  };
  example::plane("out/examples/05_cycles_and_policies.png", simd, u, -6, 6, -6, 6);
  return same(simd, threads) == 64 && weight_error(simd) < 0.1 && weight_error(alone) > weight_error(simd) ? 0 : 1;
}
