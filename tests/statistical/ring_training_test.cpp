// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// From data to an energy, judged by quadrature: eight Gaussians on a ring, by persistent contrastive divergence with and without the sampler's term.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/ring_of_gaussians.hpp>
#include <erg/energy/sum.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/train/replay.hpp>
#include <erg/train/sampler_kl.hpp>
#include <erg/train/trainer.hpp>

#include <array>

using namespace erg;
using namespace erg::test;

namespace {

const RingOfGaussians<8> ring(3.0, 0.5);

std::vector<float> draws(int n) {
  std::vector<float> rows;
  for (int i = 0; i < n; ++i) {
    float at[2];
    ring.sample<float>(random::Key(1), static_cast<std::uint32_t>(i), Point<float, 2>(at));
    rows.insert(rows.end(), at, at + 2);
  }
  return rows;
}

struct Judged {
  double divergence = 0.0;   ///< KL(ring || model)
  std::array<double, 8> mass{};
};
template <class E>
Judged judge(const E& energy) {
  constexpr int side = 200, n = side * side;
  constexpr double reach = 7.0, cell = 2.0 * reach / side;
  std::vector<float> x(2 * n), u(n);
  for (int i = 0; i < n; ++i) {
    x[static_cast<std::size_t>(i)] = static_cast<float>(-reach + cell * (i / side + 0.5));
    x[static_cast<std::size_t>(n + i)] = static_cast<float>(-reach + cell * (i % side + 0.5));
  }
  batch_value(energy, BlockView<const float>{x.data(), n, 2, n}, std::span<float>(u));
  Judged j;
  double z = 0.0, cross = 0.0, entropy = 0.0;
  for (int i = 0; i < n; ++i) {
    const double a = static_cast<double>(x[static_cast<std::size_t>(i)]), b = static_cast<double>(x[static_cast<std::size_t>(n + i)]);
    const double at[2] = {a, b}, v = static_cast<double>(u[static_cast<std::size_t>(i)]), true_u = ring(Point<const double, 2>(at));
    const double p = std::exp(-v) * cell * cell, q = std::exp(-true_u) * cell * cell;
    z += p, cross += q * v, entropy += q * true_u;
    int nearest = static_cast<int>(std::lround(std::atan2(b, a) / (std::acos(-1.0) / 4.0)));
    j.mass[static_cast<std::size_t>((nearest + 8) % 8)] += p;
  }
  j.divergence = cross + std::log(z) - entropy;
  for (double& m : j.mass) m /= z;
  return j;
}

template <class Objective>
Judged train_ring(Objective objective, int n_steps) {
  nn::NeuralEnergy net(nn::mlp<nn::SiLU>(2, 64, 64, 1), random::Key(3));
  net.update([](std::span<float> theta) {  // features that bend within the width of a mode, and no tilt at first
    for (float& w : theta.first(128)) w *= 4.0F;
    for (float& b : theta.subspan(128, 64)) b *= 12.0F;
    std::fill(theta.end() - 65, theta.end(), 0.0F);
  });
  train::Trainer trainer(tilt(GaussianIsotropic<2>(4.0), net), train::Data<float>(draws(10000), 2),
                         train::chains(Simd<>{}, NoisyDescent{NoisyDescentParams::tempered(0.02, 1.0)},
                                       train::Replay{train::Noise::uniform(-5.0, 5.0), {.capacity = 5000, .restart = 0.05}}, {.n_chains = 256, .n_steps = 20}),
                         std::move(objective), train::Scheduled(nn::Adam<float>{{.learning_rate = 4e-3}}, nn::CosineRate(n_steps, 0.01)), train::NoTeacher{},
                         {.batch = 256, .clip = 1.0, .average = 0.98});
  trainer.run(n_steps);
  return judge(trainer.averaged());
}

}  // namespace

TEST_CASE("eight Gaussians on a ring are learnt, every mode with its mass, with the sampler's term as without", "[statistical][train][slow]") {
  constexpr int n_steps = 600;
  const Judged plain = train_ring(train::Contrastive{}, n_steps), with_term = train_ring(train::Terms(train::Contrastive{}, train::SamplerKl{}), n_steps);
  CAPTURE(plain.divergence, with_term.divergence);
  for (const Judged* j : {&plain, &with_term}) {
    CHECK(j->divergence < 0.1);
    for (const double m : j->mass) CHECK((m > 0.08 && m < 0.17));
  }
  const Judged untrained = train_ring(train::Contrastive{}, 3);  // what would not be accepted
  CHECK(untrained.divergence > 0.5);
}
