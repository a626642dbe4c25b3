// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/kernel/ula.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/optimizer.hpp>

#include <string>

#include "langevin.hpp"

namespace bench {
namespace {

using erg::BlockView;
using L = erg::simd_lane<float, erg::default_arch>;
using Tile = erg::BlockTile<L>;
using Net = decltype(erg::nn::mlp<erg::nn::SiLU>(1, 1, 1, 1));

class ErgLangevin final : public Langevin {
 public:
  ErgLangevin(const std::vector<int>& sizes, int n_chains)
      : energy_(erg::nn::mlp<erg::nn::SiLU>(sizes[0], sizes[1], sizes[2], sizes[3])), points_(points_of(sizes, n_chains)), n_(n_chains),
        gradient_(static_cast<std::size_t>(energy_.n_parameters())), seed_(static_cast<std::size_t>(n_chains)) {
    energy_.restore(weights_of(sizes));
    const int n_groups = (n_chains + erg::width_v<L> - 1) / erg::width_v<L>;
    state_.chains = {0, n_groups};
    erg::fill_normal(state_.position, erg::random::Key(1), state_.chains, sizes[0]);
    state_.energy = erg::value_and_gradient(energy_, state_.position, state_.gradient);
  }
  void step() override { kernel_.step(key_.at(++at_), energy_, state_, extra_, scratch_); }
  void train(int n) override {
    state_.energy = erg::value_and_gradient(energy_, state_.position, state_.gradient);
    for (int i = 0; i < n; ++i) step();
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
    const auto add = [&](BlockView<const float> x, float weight) {
      std::fill(seed_.begin(), seed_.end(), weight / static_cast<float>(n_));
      energy_.parameter_gradient(x, {seed_.data(), n_, 1, n_}, gradient_);
    };
    add({points_.data(), n_, energy_.dim(), n_}, 1.0f);
    BlockView<const float> x = std::as_const(state_.position).view();
    x.n_chains = n_;
    add(x, -1.0f);
    energy_.update([&](std::span<float> theta) { adam_.step(theta, gradient_); });
  }
  std::vector<float> gradient() override {
    std::vector<float> g(points_.size());
    energy_.gradient({points_.data(), n_, energy_.dim(), n_}, {g.data(), n_, energy_.dim(), n_});
    return g;
  }

 private:
  erg::nn::NeuralEnergy<Net> energy_;
  std::vector<float> points_;
  int n_;
  std::vector<float> gradient_, seed_;
  erg::nn::Adam<float> adam_{{.learning_rate = 1e-6}};
  erg::Ula<> kernel_{{.step_size = 1e-3}};
  erg::ChainState<Tile> state_;
  erg::Ula<>::Extra<Tile> extra_;
  erg::Ula<>::Scratch<Tile> scratch_;
  erg::random::Key key_{5};
  std::uint64_t at_ = 0;
};

}  // namespace

std::shared_ptr<Langevin> erg_langevin(const std::vector<int>& sizes, int n_chains) { return std::make_shared<ErgLangevin>(sizes, n_chains); }

std::vector<float> weights_of(const std::vector<int>& sizes) {
  std::vector<float> w;
  for (std::size_t l = 1; l < sizes.size(); ++l) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(sizes[l - 1]));
    for (int i = 0; i < sizes[l] * (sizes[l - 1] + 1); ++i) {
      w.push_back(static_cast<float>(bound * (2.0 * erg::random::uniform_open<double>(erg::random::Key(3), l, i) - 1.0)));
    }
  }
  return w;
}
std::vector<float> points_of(const std::vector<int>& sizes, int n_chains) {
  std::vector<float> x(static_cast<std::size_t>(sizes[0]) * static_cast<std::size_t>(n_chains));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = erg::random::normal<float>(erg::random::Key(4), static_cast<std::uint32_t>(i), 0);
  return x;
}

}  // namespace bench
