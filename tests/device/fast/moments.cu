// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/device.hpp"
#include "erg/energy/gaussian.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/exec/cuda.cuh"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/mala.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks/online_moments.hpp"

#include <cmath>

namespace erg::test::gpu {
namespace {

/// The last draws of independent chains are independent: mean and mean square of each coordinate over chains, with standard errors.
struct LastDraw {
  int at;
  std::vector<double> sum, sum2, sum4;
  void on_begin(const RunInfo& info) {
    at = info.n_draws - 1;
    sum.assign(static_cast<std::size_t>(info.dim), 0.0);
    sum2 = sum4 = sum;
  }
  void on_draw(const Draw<float>& draw) {
    if (draw.index != at) return;
    for (int d = 0; d < draw.dim; ++d) {
      for (int c = 0; c < draw.n_chains; ++c) {
        const double x = static_cast<double>(draw(c, d)), x2 = x * x;
        const auto i = static_cast<std::size_t>(d);
        sum[i] += x, sum2[i] += x2, sum4[i] += x2 * x2;
      }
    }
  }
  void add_to(std::vector<Estimate>& estimates, const std::string& name, int n, double mean_square) const {
    for (std::size_t d = 0; d < sum.size(); ++d) {
      const double m = sum[d] / n, m2 = sum2[d] / n, m4 = sum4[d] / n;
      estimates.push_back({name + ", mean", m, 0.0, std::sqrt((m2 - m * m) / n)});
      estimates.push_back({name + ", mean square", m2, mean_square, std::sqrt((m4 - m2 * m2) / n)});
    }
  }
};

}  // namespace

std::vector<Estimate> fast_profile() {
  std::vector<Estimate> estimates;
  const int n = 1 << 18;
  const auto sample = [&](const char* name, const auto& kernel, const auto& energy, double mean_square) {
    LastDraw last;
    (void)run<float>(Cuda{}, kernel, energy, {.n_chains = n, .n_draws = 200, .seed = 12}, last);
    last.add_to(estimates, name, n, mean_square);
  };
  // a ring of radius 2 and sigma 0.8: E x^2 = sigma^2 + radius^2 / 2
  sample("mala on a ring of 8 Gaussians", Mala{{.step_size = 0.5}}, RingOfGaussians<8>(2.0, 0.8), 0.64 + 2.0);
  sample("hmc on a Gaussian", Hmc{{.step_size = 0.4, .n_leapfrog = 5}}, GaussianIsotropic<10>(1.5), 2.25);
  return estimates;
}

}  // namespace erg::test::gpu
