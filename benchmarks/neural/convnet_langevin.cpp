// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/kernel/ula.hpp>
#include <erg/nn/convolution.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/reshape.hpp>

#include "langevin.hpp"

namespace bench {
namespace {

using L = erg::simd_lane<float, erg::default_arch>;
using Tile = erg::BlockTile<L>;

auto convnet() {
  using namespace erg::nn;
  return Sequential(Shape(1, 28, 28), Conv2d(64, 5, {.stride = 2, .padding = 2}), LeakyReLU(0.2), Conv2d(128, 3, {.stride = 2, .padding = 1}),
                    LeakyReLU(0.2), Conv2d(256, 3, {.padding = 1}), LeakyReLU(0.2), Conv2d(100, 7), Sum{});
}

class ConvnetLangevin final : public Langevin {
 public:
  explicit ConvnetLangevin(int n_chains) : energy_(convnet(), erg::random::Key(3)) {
    state_.chains = {0, (n_chains + erg::width_v<L> - 1) / erg::width_v<L>};
    erg::fill_normal(state_.position, erg::random::Key(1), state_.chains, energy_.dim());
    state_.energy = erg::value_and_gradient(energy_, state_.position, state_.gradient);
  }
  void step() override { kernel_.step(key_.at(++at_), energy_, state_, extra_, scratch_); }
  void train(int) override {}
  std::vector<float> gradient() override { return {}; }

 private:
  erg::nn::NeuralEnergy<decltype(convnet())> energy_;
  erg::Ula<> kernel_{{.step_size = 1e-3}};
  erg::ChainState<Tile> state_;
  erg::Ula<>::Extra<Tile> extra_;
  erg::Ula<>::Scratch<Tile> scratch_;
  erg::random::Key key_{5};
  std::uint64_t at_ = 0;
};

}  // namespace

std::shared_ptr<Langevin> convnet_langevin(int n_chains) { return std::make_shared<ConvnetLangevin>(n_chains); }

}  // namespace bench
