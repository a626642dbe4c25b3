// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Where training ends: exact maximum-likelihood estimates, and what a biased sampler makes of them.
#include "support/catch.hpp"
#include "support/trainable.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/train/trainer.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n = 400;

/// The mean of theta over the second half of training, in standard errors from the estimate, given the variance of one sample's gradient
/// and the curvature of the likelihood.
template <class T>
double z_of_mean(T& trainer, int n_steps, double expected, double variance, double iact, double curvature) {
  double mean = 0.0;
  for (int i = 0; i < n_steps; ++i) {
    trainer.advance();
    if (2 * i >= n_steps) mean += trainer.energy().theta[0] / (n_steps - n_steps / 2);
  }
  return (mean - expected) / (std::sqrt(variance * iact / (n * (n_steps - n_steps / 2))) / curvature);
}

/// Data of mean square 1/2 a coordinate, without noise: theta = 1.
std::vector<double> ring_of_radius_one() {
  std::vector<double> x;
  for (int i = 0; i < n; ++i) x.push_back(std::cos(6.283185307179586 * i / n)), x.push_back(std::sin(6.283185307179586 * i / n));
  return x;
}
template <class Kernel>
double z_of_stiffness(Kernel kernel) {
  train::Trainer t(Stiffness{}, train::Data<double>(ring_of_radius_one(), 2),
                   train::chains(Simd<>{}, kernel, train::Persistent{train::Noise::gaussian()}, {.n_chains = n, .n_steps = 5}), train::Contrastive{},
                   nn::Sgd<double>{{.learning_rate = 1.0}}, train::NoTeacher{}, {.batch = n, .seed = 11});
  // |x|^2 / 2 is exponential of mean 1/2: variance 1/4, and so is its derivative by theta
  return z_of_mean(t, 1000, 1.0, 0.25, 3.0, 0.25);
}

struct AllLeft {
  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key) const {
    for (int c = 0; c < x.n_chains; ++c) x(c, 0) = T(-8);
  }
};
template <class Kernel>
double z_of_weight(Kernel kernel) {
  train::Trainer t(TwoModes{}, train::Data<double>(two_modes_data(n, 0.8), 1),
                   train::chains(Simd<>{}, kernel, train::Persistent{AllLeft{}}, {.n_chains = n, .n_steps = 2}), train::Contrastive{},
                   nn::Sgd<double>{{.learning_rate = 1.0}}, train::NoTeacher{}, {.batch = n, .seed = 12});
  // labels of a proposal of weights 1/2 on a target of .8: eigenvalue .375, two steps
  return z_of_mean(t, 1000, std::log(4.0), 0.16, (1.0 + 0.375 * 0.375) / (1.0 - 0.375 * 0.375), 0.16);
}

}  // namespace

TEST_CASE("training with an exact kernel ends at the maximum of the likelihood; with ULA of a large step it does not", "[statistical][train]") {
  CHECK(std::abs(z_of_stiffness(Mala{{.step_size = 1.0}})) < z_limit);
  CHECK(std::abs(z_of_stiffness(Ula{{.step_size = 0.4}})) > z_broken);
}

TEST_CASE("chains that all start in one mode end with the data's weights where a proposal connects modes, else they never do", "[statistical][train]") {
  const GaussianMixture<1> proposal({1.0, 1.0}, {-8.0, 8.0}, {1.0, 1.0});
  const Mala<> local{{.step_size = 1.0}};
  CHECK(std::abs(z_of_weight(cycle(Imh{proposal}, local))) < z_limit);
  CHECK(std::abs(z_of_weight(local)) > z_broken);
}
