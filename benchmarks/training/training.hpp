// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

namespace bench {

/// A training whose steps are timed: train::Trainer, whole, on data of noise, with a learning rate that leaves the parameters where they are.
struct Training {
  virtual ~Training() = default;
  virtual void step() = 0;
};
using MakeTraining = std::shared_ptr<Training> (*)();

/// Makes the trainer in place, for it does not move.
template <class Trainer>
class TrainingOf final : public Training {
 public:
  template <class F>
  explicit TrainingOf(F&& make) : trainer_(make()) {}
  void step() override { trainer_.advance(); }

 private:
  Trainer trainer_;
};
template <class F>
std::shared_ptr<Training> training(F make) {
  return std::make_shared<TrainingOf<decltype(make())>>(make);
}
/// n points of dim standard normals.
std::vector<float> noise_data(int n, int dim);

/// Multiply-adds of a pass forward, of all layers and of the first.
struct Products {
  double all = 0.0, first = 0.0;
};
constexpr Products products(std::initializer_list<int> sizes) {
  Products p;
  for (const int* s = sizes.begin() + 1; s < sizes.end(); ++s) {
    const double n = static_cast<double>(s[-1]) * s[0];
    p.all += n;
    if (s == sizes.begin() + 1) p.first = n;
  }
  return p;
}

// VERA. Energy with LeakyReLU(0.2), generator with Softplus, both Adam with betas (0, 0.9); 20 importance samples, slope penalty 0.1 on the data.
inline constexpr int vera_batch = 200, vera_samples = 20;
inline constexpr Products vera_toy_energy = products({2, 100, 100, 1}), vera_toy_generator = products({2, 100, 100, 2});
inline constexpr Products vera_mnist_energy = products({784, 1000, 500, 500, 250, 250, 250, 1}),
                          vera_mnist_generator = products({100, 500, 500, 500, 784});
std::shared_ptr<Training> vera_toy();
std::shared_ptr<Training> vera_mnist();
/// Operations of a step, the fewest: a pass and both gradients over data and draws (their first input gradient left out), the slope
/// penalty 6 P_E, the generator's slopes 4 P_E; draws 2 P_G, its samples 2 K P_G, eta 4 P_G, its way back 4 P_G. A multiply-add is two.
constexpr double vera_flop(Products e, Products g) {
  return vera_batch * (22 * e.all - 4 * e.first + (2 * vera_samples + 10) * g.all);
}

// Variational MCMC teaching. SiLU, in the convolutional energy LeakyReLU(0.2).
struct TeachingSizes {
  Products energy, encoder, decoder;
  int n, n_steps;
};
inline constexpr TeachingSizes vae_toy_sizes{products({2, 128, 128, 128, 1}), products({2, 128, 128, 4}), products({2, 128, 128, 2}), 256, 30};
inline constexpr TeachingSizes vae_mlp_sizes{products({784, 512, 256, 1}), products({784, 256, 128, 32}), products({16, 128, 256, 784}), 64, 20};
/// 14 x 14: 16 windows of 5 x 5 at stride 2, 32 of 3 x 3 at stride 2, 64 of 3 x 3, one output; those on padding counted, as everybody counts.
inline constexpr TeachingSizes vae_convnet_sizes{{49.0 * 25 * 16 + 16.0 * 9 * 16 * 32 + 16.0 * 9 * 32 * 64 + 1024, 49.0 * 25 * 16},
                                                 products({196, 256, 128, 32}), products({16, 128, 256, 196}), 64, 20};
std::shared_ptr<Training> vae_toy();
std::shared_ptr<Training> vae_mlp();
std::shared_ptr<Training> vae_convnet();
/// Operations of a step: Langevin steps forward and back, the energy's update over data and chains, the model's, the draw.
constexpr double teaching_flop(const TeachingSizes& s) {
  return s.n * (4.0 * s.n_steps * s.energy.all + 2 * (6 * s.energy.all - 2 * s.energy.first) + 6 * (s.encoder.all + s.decoder.all) -
                2 * s.encoder.first + 2 * s.decoder.all);
}

// Improved contrastive divergence, the energy 2-128-128-128-1 with SiLU: 256 chains of 40 Langevin steps from a buffer, neighbours among 1000
// points of it; and the same without the KL term.
std::shared_ptr<Training> improved_cd();
std::shared_ptr<Training> plain_cd();
// The same of 14 x 14 images, the convolutional energy above with SiLU, 64 chains of 20 steps; 32 of them and 100 points in the KL term.
std::shared_ptr<Training> improved_cd_images();
std::shared_ptr<Training> plain_cd_images();

}  // namespace bench
