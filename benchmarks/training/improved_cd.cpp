// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/kernel/ula.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/sampler_kl.hpp>
#include <erg/train/trainer.hpp>

#include "training.hpp"

namespace bench {
namespace {

namespace nn = erg::nn;
namespace train = erg::train;

template <class Energy, class Objective>
std::shared_ptr<Training> buffered(Energy net, Objective objective, int dim, int n, int n_steps) {
  return training([=] {
    return train::Trainer(nn::NeuralEnergy(net, erg::random::Key(1)), train::Data<float>(noise_data(2048, dim), dim),
                          train::chains(erg::Simd{}, erg::Ula{{.step_size = 1e-3}}, train::Replay{train::Noise::gaussian(), {.capacity = 10000}},
                                        {.n_chains = n, .n_steps = n_steps}),
                          objective, nn::Adam<float>{{.learning_rate = 1e-7}}, train::NoTeacher{}, {.batch = n});
  });
}
auto with_kl(int n, int n_references) {
  return train::Terms(train::Contrastive{}, train::SamplerKl{{.n_steps = 1, .n_chains = n, .n_references = n_references}});
}
auto network() { return nn::mlp(2, 128, 128, 128, 1); }
auto image_network() {
  return nn::Sequential(nn::Shape(1, 14, 14), nn::Conv2d(16, 5, {.stride = 2, .padding = 2}), nn::SiLU{},
                        nn::Conv2d(32, 3, {.stride = 2, .padding = 1}), nn::SiLU{}, nn::Conv2d(64, 3, {.padding = 1}), nn::SiLU{}, nn::Flatten{},
                        nn::Dense(1));
}

}  // namespace

std::shared_ptr<Training> improved_cd() { return buffered(network(), with_kl(256, 1000), 2, 256, 40); }
std::shared_ptr<Training> plain_cd() { return buffered(network(), train::Contrastive{}, 2, 256, 40); }
std::shared_ptr<Training> improved_cd_images() { return buffered(image_network(), with_kl(32, 100), 196, 64, 20); }
std::shared_ptr<Training> plain_cd_images() { return buffered(image_network(), train::Contrastive{}, 196, 64, 20); }

}  // namespace bench
