// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/kernel/ula.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/latent_teacher.hpp>
#include <erg/train/trainer.hpp>

#include "training.hpp"

namespace bench {
namespace {

namespace nn = erg::nn;
namespace train = erg::train;

template <class Energy, class Encoder, class Decoder>
std::shared_ptr<Training> teaching(Energy net, Encoder encoder, Decoder decoder, int dim, const TeachingSizes& s) {
  return training([=] {
    auto vae = erg::latent::vae(decoder, encoder, {.sigma = 1.0}, erg::random::Key(2));
    return train::Trainer(nn::NeuralEnergy(net, erg::random::Key(1)), train::Data<float>(noise_data(2048, dim), dim),
                          train::chains(erg::Simd{}, erg::Ula{{.step_size = 1e-3}}, train::Fresh{train::Ancestral{vae.snapshot()}},
                                        {.n_chains = s.n, .n_steps = s.n_steps}),
                          train::Contrastive{}, nn::Adam<float>{{.learning_rate = 1e-7, .beta1 = 0.5}},
                          train::VariationalTeacher(vae, {.learning_rate = 1e-7}), {.batch = s.n});
  });
}

}  // namespace

std::shared_ptr<Training> vae_toy() {
  return teaching(nn::mlp(2, 128, 128, 128, 1), nn::mlp(2, 128, 128, 4), nn::mlp(2, 128, 128, 2), 2, vae_toy_sizes);
}
std::shared_ptr<Training> vae_mlp() {
  return teaching(nn::mlp(784, 512, 256, 1), nn::mlp(784, 256, 128, 32), nn::mlp(16, 128, 256, 784), 784, vae_mlp_sizes);
}
std::shared_ptr<Training> vae_convnet() {
  const nn::LeakyReLU act(0.2);
  return teaching(nn::Sequential(nn::Shape(1, 14, 14), nn::Conv2d(16, 5, {.stride = 2, .padding = 2}), act,
                                 nn::Conv2d(32, 3, {.stride = 2, .padding = 1}), act, nn::Conv2d(64, 3, {.padding = 1}), act, nn::Flatten{},
                                 nn::Dense(1)),
                  nn::mlp(196, 256, 128, 32), nn::mlp(16, 128, 256, 196), 196, vae_convnet_sizes);
}

}  // namespace bench
