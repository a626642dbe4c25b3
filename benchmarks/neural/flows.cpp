// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The figures of normalizing flows: draws with their log density against the multiply-adds of their networks at this machine's fastest
// product, and against PyTorch (benchmarks/peers/flows.py).
#include <erg/flow/real_nvp.hpp>
#include <erg/flow/spline_flow.hpp>

#include <memory>

#include "peak.hpp"
#include "support/peer.hpp"

namespace bench {
namespace {

constexpr int n_draws = 4096;

/// Draws with their log density, or the gradient of maximum likelihood at such draws.
template <class F>
class FlowWork {
 public:
  explicit FlowWork(F flow) : flow_(std::move(flow)) {
    flow_.update([](std::span<float> theta) {
      for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += 0.05f * erg::random::normal<float>(erg::random::Key(1), static_cast<std::uint32_t>(i), 0);
    });
    gradient_.resize(static_cast<std::size_t>(flow_.n_parameters()));
    draw();
  }
  void draw() { flow_.sample_with_log_density(erg::random::Key(2), 0, {x_.data(), n_draws, 2, n_draws}, log_p_); }
  void learn() { flow_.add_parameter_gradient({x_.data(), n_draws, 2, n_draws}, weights_, gradient_); }

 private:
  F flow_;
  std::vector<float> x_ = std::vector<float>(2 * n_draws), log_p_ = std::vector<float>(n_draws), gradient_;
  std::vector<float> weights_ = std::vector<float>(n_draws, 1.0f / n_draws);
};

/// make(): the flow; multiply_adds: of its networks for one draw.
template <class Make>
void add(const std::string& name, const std::string& torch, Make make, double multiply_adds, double aim, double aim_torch) {
  using F = decltype(make());
  const auto draws = [make] {
    const auto w = std::make_shared<FlowWork<F>>(make());
    return Work([w](std::size_t n) { for (; n > 0; --n) w->draw(); });
  };
  const auto learns = [make] {
    const auto w = std::make_shared<FlowWork<F>>(make());
    return Work([w](std::size_t n) { for (; n > 0; --n) w->learn(); });
  };
  const double flop = 2.0 * multiply_adds * n_draws;
  const std::string what = std::string("4096 draws with log density, ").append(name), trains = std::string("likelihood gradient at 4096 points, ").append(name);
  add_figure({what, "its networks' operations at the fastest product", "ns an operation", aim > 0.0 ? Aim::at_least : Aim::publish, aim,
              [=] { return compare(draws(), fastest_product, flop, product_flop); }});
  add_figure({what, "PyTorch, one thread", "ns", Aim::at_least, aim_torch, [=] { return against_torch("flows.py", std::string("draw ").append(torch), draws()); }});
  add_figure({trains, "its networks' operations at the fastest product", "ns an operation", Aim::publish, 0.0,
              [=] { return compare(learns(), fastest_product, 3 * flop, product_flop); }});
  add_figure({trains, "PyTorch, one thread", "ns", Aim::publish, 0.0, [=] { return against_torch("flows.py", std::string("learn ").append(torch), learns()); }});
}

/// Figures register themselves, as Google's benchmarks do.
const bool added = [] {
  using namespace erg;
  add("RealNVP of 8 couplings 2 x 128", "affine", [] { return flow::real_nvp<float, nn::ReLU>(2, 8, 128, 128); },
      8 * (128 + 128 * 128 + 128 * 2), 0.70, 1.5);
  add("spline flow of 6 couplings 2 x 64, 8 bins", "spline", [] { return flow::spline<float, nn::ReLU>(2, 6, 64, 64); },
      6 * (64 + 64 * 64 + 64 * 23), 0.0, 3.0);
  return true;
}();

}  // namespace
}  // namespace bench
