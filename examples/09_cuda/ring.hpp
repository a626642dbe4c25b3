// What both compilers see of 09_cuda: the energy and the run, written once.
#pragma once

#include <erg/kernel/hmc.hpp>
#include <erg/lane/math.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks/online_moments.hpp>
#include <string>

// [energy]
struct Ring {
  static constexpr int dim = 2;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1] + 1e-12) - 3.0;
    return 8.0 * off * off;
  }
};
// [energy]

struct Row {
  std::string lane, profile;
  int n_chains, n_steps;
  double seconds, sd, error;
};

// [sample]
template <class Exec>
Row sample(const Exec& exec, int n_chains) {
  erg::OnlineMoments moments;
  const auto report = erg::run<float>(exec, erg::Hmc{{.step_size = 0.15, .n_leapfrog = 16}}, Ring{},
                                      {.n_chains = n_chains, .n_warmup = 100, .n_draws = 200, .seed = 7}, moments);
  const double truth = 2.1433;  // sqrt(E r^2 / 2), r with density r exp(-8 (r - 3)^2)
  return {report.lane, report.profile, n_chains, 300, report.seconds, moments.sd(0), moments.sd(0) / truth - 1.0};
}
// [sample]

Row sample_on_cpu(int n_chains);  // cpu.cpp
