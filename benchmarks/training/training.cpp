// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The figures of whole training steps on one core, float: VERA, variational MCMC teaching, the KL term of improved contrastive divergence.
//   erg_bench_training vera | vae | improved-cd [options]
#include "training.hpp"

#include <erg/random/normal.hpp>

#include <cstdio>
#include <cstring>

#include "peak.hpp"
#include "support/allocations.hpp"
#include "support/peer.hpp"

namespace bench {

std::vector<float> noise_data(int n, int dim) {
  std::vector<float> x(static_cast<std::size_t>(n) * static_cast<std::size_t>(dim));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = erg::random::normal<float>(erg::random::Key(4), static_cast<std::uint32_t>(i), 0);
  return x;
}

namespace {

Work steps_of(MakeTraining make) {
  const std::shared_ptr<Training> t = make();
  return [t](std::size_t n) { for (; n > 0; --n) t->step(); };
}
Measurement allocations_of(MakeTraining make) {
  const Work steps = steps_of(make);
  steps(3);
  const long before = allocations();
  steps(10);
  Measurement m;
  m.measured = static_cast<double>(allocations() - before) / 10;
  return m;
}

struct Case {
  const char* name;
  const char* peer;   // of peers/training.py
  MakeTraining make;
  double flop, aim_peak, aim_torch;   // 0: published
};
Aim aim_of(double bound) { return bound > 0.0 ? Aim::at_least : Aim::publish; }

void add(const Case& c) {
  add_figure({c.name, "its operations at the fastest product", "ns an operation", aim_of(c.aim_peak), c.aim_peak,
              [c] { return compare(steps_of(c.make), fastest_product, c.flop, product_flop); }});
  for (const std::string how : {"eager", "compiled"}) {
    add_figure({c.name, how == "eager" ? "PyTorch, one thread" : "PyTorch, compiled, one thread", "ns a step", aim_of(c.aim_torch), c.aim_torch,
                [c, how] { return compare_with_peer(steps_of(c.make), "training.py", std::string(c.peer).append(1, ' ').append(how)); }});
  }
  add_figure({c.name, "allocations a step", "allocations a step", Aim::publish, 0.0, [c] { return allocations_of(c.make); }});
}

void add_vera() {
  add({"VERA step, toy, batch 200, K = 20", "vera-toy", vera_toy, vera_flop(vera_toy_energy, vera_toy_generator), 0.65, 2.5});
  add({"VERA step, MNIST MLP, batch 200, K = 20", "vera-mnist", vera_mnist, vera_flop(vera_mnist_energy, vera_mnist_generator), 0.65, 1.3});
}
void add_vae() {
  add({"MCMC teaching, toy, 256 chains x 30", "vae-toy", vae_toy, teaching_flop(vae_toy_sizes), 0.0, 2.0});
  add({"MCMC teaching, MNIST MLP, 64 chains x 20", "vae-mlp", vae_mlp, teaching_flop(vae_mlp_sizes), 0.0, 1.2});
  add({"MCMC teaching, 14 x 14 ConvNet, 64 chains x 20", "vae-convnet", vae_convnet, teaching_flop(vae_convnet_sizes), 0.0, 0.8});
}
void add_improved_cd() {
  const auto cost = [](MakeTraining with, MakeTraining without) {
    return [=] { return compare(steps_of(without), steps_of(with), 1); };
  };
  add_figure({"step with the KL term, MLP, 256 chains x 40", "the step without it", "ns a step without", Aim::at_most, 1.35, cost(improved_cd, plain_cd)});
  add_figure({"step with the KL term, 14 x 14 ConvNet, 64 chains x 20", "the step without it", "ns a step without", Aim::publish, 0.0,
              cost(improved_cd_images, plain_cd_images)});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  const char* suite = argc > 1 ? argv[1] : "";
  if (std::strcmp(suite, "vera") == 0) {
    add_vera();
  } else if (std::strcmp(suite, "vae") == 0) {
    add_vae();
  } else if (std::strcmp(suite, "improved-cd") == 0) {
    add_improved_cd();
  } else {
    std::fprintf(stderr, "'%s' (there are: vera, vae, improved-cd) name one of them first\n", suite);
    return 2;
  }
  argv[1] = argv[0];
  return run_figures(argc - 1, argv + 1);
}
