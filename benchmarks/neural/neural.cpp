// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The figures of neural energies: Langevin and training steps against the fastest matrix product of this machine, Eigen and PyTorch.
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/optimizer.hpp>

#include "langevin.hpp"
#include "peak.hpp"
#include "support/peer.hpp"

namespace bench {
namespace {

struct Case {
  const char* name;
  std::vector<int> sizes;
  int n_chains, n_steps;
  double aim, aim_torch;
};

double multiply_adds(const std::vector<int>& sizes) {
  double n = 0;
  for (std::size_t i = 1; i < sizes.size(); ++i) n += static_cast<double>(sizes[i - 1]) * sizes[i];
  return n;
}
/// Operations of a Langevin step of one chain: a product forward and one backward.
double langevin_flop(const Case& c) { return 4 * multiply_adds(c.sizes) * c.n_chains; }
/// Of a training step: the Langevin steps, and a forward pass and both gradients (but for the data's first input gradient) twice.
double training_flop(const Case& c) { return c.n_steps * langevin_flop(c) + 2 * 6 * multiply_adds(c.sizes) * c.n_chains; }

std::string check(const std::shared_ptr<Langevin>& ours, const std::shared_ptr<Langevin>& other) {
  const double worst = largest_gradient_difference(*ours, *other);
  return worst < 1e-4 ? "" : "gradients differ by " + std::to_string(worst);
}

void add(const Case& c) {
  const std::string langevin = std::string("Langevin step, MLP ") + c.name, training = std::string("training step, MLP ") + c.name;
  const auto ours = [c] { return erg_langevin(c.sizes, c.n_chains); };
  const auto steps = [](std::shared_ptr<Langevin> l) { return Work([l](std::size_t n) { for (; n > 0; --n) l->step(); }); };
  const auto trains = [c](std::shared_ptr<Langevin> l) { return Work([l, c](std::size_t n) { for (; n > 0; --n) l->train(c.n_steps); }); };
  add_figure({langevin, "its operations at the fastest product", "ns an operation", Aim::at_least, c.aim,
              [=] { return compare(steps(ours()), fastest_product, langevin_flop(c), product_flop); }});
  add_figure({langevin, "its operations at bare multiply-adds", "ns an operation", Aim::publish, 0.0,
              [=] { return compare(steps(ours()), bare_multiply_adds, langevin_flop(c), multiply_add_flop); }});
  add_figure({langevin, "Eigen, buffers kept", "ns a step", Aim::publish, 0.0, [=] {
                const auto a = ours(), b = eigen_langevin(c.sizes, c.n_chains);
                if (const std::string wrong = check(a, b); !wrong.empty()) return unmeasured(wrong);
                return compare(steps(a), steps(b), 1);
              }});
  add_figure({training, "its operations at the fastest product", "ns an operation", Aim::publish, c.aim,
              [=] { return compare(trains(ours()), fastest_product, training_flop(c), product_flop); }});
  add_figure({training, "PyTorch, one thread", "ns a step", Aim::at_least, c.aim_torch, [=] {
                std::string arguments("training");
                for (const int n : {c.n_chains, c.n_steps}) arguments.append(1, ' ').append(std::to_string(n));
                for (const int n : c.sizes) arguments.append(1, ' ').append(std::to_string(n));
                return against_torch("neural.py", arguments, trains(ours()));
              }});
}

void add_convnet(int n_chains) {
  std::string what("Langevin step, MNIST ConvNet, ");
  what += std::to_string(n_chains);
  what += " chains";
  const auto steps = [n_chains] {
    const auto l = convnet_langevin(n_chains);
    return Work([l](std::size_t n) { for (; n > 0; --n) l->step(); });
  };
  add_figure({what, "its operations at the fastest product", "ns an operation", Aim::publish, 0.0,
              [=] { return compare(steps(), fastest_product, 4 * convnet_multiply_adds * n_chains, product_flop); }});
  add_figure({what, "PyTorch, one thread", "ns a step", Aim::at_least, 0.8,
              [=] { return against_torch("neural.py", std::string("convnet ").append(std::to_string(n_chains)), steps()); }});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  add({"2-128-128-1, 256 chains", {2, 128, 128, 1}, 256, 30, 0.65, 2.5});
  add({"784-512-512-1, 100 chains", {784, 512, 512, 1}, 100, 20, 0.70, 1.3});
  add_convnet(64);
  return run_figures(argc, argv);
}
