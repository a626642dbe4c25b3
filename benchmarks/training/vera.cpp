// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/generator/generators.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/gradient_penalty.hpp>
#include <erg/train/generator_teacher.hpp>
#include <erg/train/terms.hpp>
#include <erg/train/trainer.hpp>

#include "training.hpp"

namespace bench {
namespace {

namespace nn = erg::nn;
namespace train = erg::train;
namespace generator = erg::generator;

constexpr double rate = 1e-7;

template <class Energy, class Net>
std::shared_ptr<Training> vera(Energy net, Net g_net, int dim) {
  return training([=] {
    const generator::Generator g(g_net, {}, erg::random::Key(2));
    return train::Trainer(nn::NeuralEnergy(net, erg::random::Key(1)), train::Data<float>(noise_data(2000, dim), dim),
                          train::draws(g, vera_batch), train::Terms(train::Contrastive{}, train::GradientPenalty{.weight = 0.1}),
                          nn::Adam<float>{{.learning_rate = rate, .beta1 = 0.0, .beta2 = 0.9}},
                          train::GeneratorTeacher(g, generator::ImportanceScore<float>({.n_samples = vera_samples}), {.learning_rate = rate}),
                          {.batch = vera_batch});
  });
}

}  // namespace

std::shared_ptr<Training> vera_toy() {
  const nn::LeakyReLU act(0.2);
  return vera(nn::Sequential(nn::Dense(2, 100), act, nn::Dense(100), act, nn::Dense(1)), nn::mlp<nn::Softplus>(2, 100, 100, 2), 2);
}
std::shared_ptr<Training> vera_mnist() {
  const nn::LeakyReLU act(0.2);
  return vera(nn::Sequential(nn::Dense(784, 1000), act, nn::Dense(500), act, nn::Dense(500), act, nn::Dense(250), act, nn::Dense(250), act,
                             nn::Dense(250), act, nn::Dense(1)),
              nn::mlp<nn::Softplus>(100, 500, 500, 500, 784), 784);
}

}  // namespace bench
