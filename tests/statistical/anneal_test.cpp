// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Annealed importance sampling is unbiased whatever the path and the kernel, over lanes and over blocks.
#include "support/batch_normal.hpp"
#include "support/catch.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/gaussian_mixture.hpp>
#include <erg/estimate/anneal.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::estimate;

namespace {

/// U = -log(total * mixture): log Z = log total, two modes of weights .2 and .8.
struct Unnormalised : GaussianMixture<2, 2> {
  double total;
  explicit Unnormalised(double z) : GaussianMixture<2, 2>({0.2, 0.8}, {-1.5, 0.0, 1.5, 0.5}, {0.6, 0.4}), total(z) {}
  double log_z() const { return std::log(total); }
  template <Lane L>
  L operator()(Point<const L, 2> x) const {
    return GaussianMixture<2, 2>::operator()(x) - L(std::log(total));
  }
  template <Lane L>
  L value_and_gradient(Point<const L, 2> x, Point<L, 2> g) const {
    return GaussianMixture<2, 2>::value_and_gradient(x, g) - L(std::log(total));
  }
};
const Unnormalised target(7.0);
const GaussianIsotropic<2> base(2.0);
constexpr int n = 1 << 13;

/// Of the mean weight, in standard errors from Z.
double z_of(const std::vector<double>& log_w, double z) {
  Mean m;
  for (const double v : log_w) m.add(std::exp(v));
  return m.z(z);
}
/// Independent draws of the target as chains of one draw.
std::vector<double> exact_draws(int count, std::uint64_t seed) {
  std::vector<double> x;
  for (int c = 0; c < count; ++c) {
    Pack<double> at[2];
    target.sample<Pack<double>>(random::Key(seed).purpose(random::Purpose::user), static_cast<std::uint32_t>(c), Point<Pack<double>, 2>(at, 2));
    x.push_back(at[0].reg);
    x.push_back(at[1].reg);
  }
  return x;
}

}  // namespace

TEST_CASE("annealed weights have mean Z with any path; under a kernel that leaves another law they do not", "[estimate]") {
  const Mala mala{{.step_size = 0.3}};
  CHECK(std::abs(z_of(anneal_weights(mala, base, target, {.n_draws = n, .n_temperatures = 1, .seed = 1}), 7.0)) < z_limit);
  CHECK(std::abs(z_of(anneal_weights(mala, base, target, {.n_draws = n, .n_temperatures = 3, .n_steps = 2, .seed = 2}), 7.0)) < z_limit);
  const auto slow = anneal_weights(mala, base, target, {.n_draws = n, .n_temperatures = 40, .seed = 3});
  CHECK(std::abs(z_of(slow, 7.0)) < z_limit);
  CHECK(std::abs(z_of(anneal_weights(mala, base, target, {.n_draws = n, .schedule = {0.02, 0.1, 0.4, 1.0}, .seed = 4}), 7.0)) < z_limit);
  CHECK(std::abs(z_of(anneal_weights(Ula{{.step_size = 0.6}}, base, target, {.n_draws = n, .n_temperatures = 20, .n_steps = 4, .seed = 5}), 7.0)) > z_broken);
  // Slower is better.
  CHECK(kish_ess(slow) > 2.0 * kish_ess(anneal_weights(mala, base, target, {.n_draws = n, .n_temperatures = 1, .seed = 6})));
  CHECK(std::abs(z_of(slow, 8.5)) > z_broken);
}

TEST_CASE("annealing works from a proposal over blocks, with a kernel that proposes from it", "[estimate]") {
  const BatchNormal<double> block{2, 2.0};
  const AnnealPlan plan{.n_draws = n, .n_temperatures = 5, .n_steps = 2, .seed = 7};
  const auto lanes = anneal_weights(Mala{{.step_size = 0.3}}, base, target, plan), blocks = anneal_weights(Mala{{.step_size = 0.3}}, block, target, plan);
  double most = 0.0;
  for (std::size_t i = 0; i < lanes.size(); ++i) most = std::max(most, std::abs(lanes[i] - blocks[i]));
  CHECK(most < 1e-9);  // the same chains
  CHECK(std::abs(z_of(anneal_weights(Imh(block), block, target, plan), 7.0)) < z_limit);
  CHECK(std::abs(z_of(anneal_weights(Imh(BatchNormal<float>{2, 2.0}), BatchNormal<float>{2, 2.0}, target, plan), 7.0)) < z_limit);
}

TEST_CASE("annealing both ways encloses log Z", "[estimate]") {
  const auto x = exact_draws(n, 8);
  const diag::DrawsView draws(x.data(), 1, n, 2);
  // Temperatures in ratio 2 : 3 and enough steps at each, so that the weights of the way back have a variance.
  AnnealPlan plan{.n_draws = n, .n_steps = 10, .seed = 9};
  for (int k = 15; k >= 0; --k) plan.schedule.push_back(std::pow(2.0 / 3.0, k));
  const Mala mala{{.step_size = 0.3}};
  const DrawWeights back = anneal_weights_back(mala, base, target, draws, plan);
  Mean inverse;
  for (const double v : back.log_w) inverse.add(std::exp(-v));
  CHECK(std::abs(inverse.z(1.0 / 7.0)) < z_limit);
  const LogZ z = anneal(mala, base, target, draws, plan);
  CHECK(std::abs(z.estimate - std::log(7.0)) < z_limit * z.standard_error);
  CHECK(z.standard_error < z.lower.standard_error);
  CHECK(z.lower.value < std::log(7.0) + z_limit * z.lower.standard_error);
  CHECK(z.upper.value > std::log(7.0) - z_limit * z.upper.standard_error);
  CHECK(z.warning.empty());
  CHECK(z.pareto_k_target < 0.5);
  CHECK(std::abs(anneal(mala, base, target, plan).estimate - std::log(7.0)) < z_limit * z.lower.standard_error);
  // Draws of something else, as if they were the target's.
  std::vector<double> wrong = x;
  for (double& v : wrong) v *= 1.5;
  const LogZ off = anneal(mala, base, target, diag::DrawsView(wrong.data(), 1, n, 2), plan);
  CHECK(std::abs(off.estimate - std::log(7.0)) > z_broken * off.standard_error);

  ERG_CHECK_THROWS(anneal(mala, base, target, {.schedule = {0.5, 0.4, 1.0}}), std::invalid_argument, "schedule has 0.4 after 0.5 (must ascend");
  ERG_CHECK_THROWS(anneal(mala, base, target, {.schedule = {0.5}}), std::invalid_argument, "schedule ends with 0.5 (must end with 1, the target)");
}
