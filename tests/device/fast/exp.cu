// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/device.hpp"
#include "erg/exec/cuda.cuh"
#include "erg/lane/math/exp.hpp"

#include <algorithm>
#include <cmath>

namespace erg::test::gpu {
namespace {

constexpr std::ptrdiff_t n = 1 << 20;
/// From -100 to 28, exact on every machine.
ERG_FN float argument(std::ptrdiff_t i) { return static_cast<float>(i - 819200) / 8192.0f; }

struct Exp {
  float* y;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    for (std::ptrdiff_t i = thread; i < n; i += n_threads) y[i] = math::exp(Pack<float>(argument(i))).reg;
  }
};
struct Exp2 {
  float* y;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    for (std::ptrdiff_t i = thread; i < n; i += n_threads) y[i] = math::exp2(Pack<float>(argument(i))).reg;
  }
};
template <class F, class Truth>
double worst_ulp(Truth truth) {
  cuda::Machine machine(Cuda{});
  const cuda::Buffer<float> there(machine, n, "results");
  machine.launch(F{there.data()}, 1 << 16);
  std::vector<float> y(n);
  there.download(y.data(), y.size());
  double worst = 0.0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double exact = truth(static_cast<double>(argument(i)));
    const double unit = std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
    worst = std::fmax(worst, std::fabs(static_cast<double>(y[static_cast<std::size_t>(i)]) - exact) / unit);
  }
  return worst;
}

}  // namespace

std::string why_not() {
  try {
    const cuda::Machine machine(Cuda{});
  } catch (const CudaError& e) {
    return e.what();
  }
  return {};
}
double worst_ulp_of_exp() {
  return worst_ulp<Exp>([](double x) { return std::exp(x); });
}
double worst_ulp_of_exp2() {
  return worst_ulp<Exp2>([](double x) { return std::exp2(x); });
}

}  // namespace erg::test::gpu
