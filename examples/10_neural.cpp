// A neural energy: trained on points in the plane by score matching, sampled by MALA, saved for PyTorch.
#include <erg/erg.hpp>
#include <erg/io/safetensors.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/optimizer.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/nn/score_matching.hpp>
#include <filesystem>
#include <iostream>
#include "support/picture.hpp"

namespace nn = erg::nn;

/// Two half circles, one inside the other, blurred; x: [point, 2] column-major.
std::vector<float> two_moons(int n, erg::random::Key key) {
  std::vector<float> x(2 * static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::uint32_t>(i);
    const double angle = 3.14159265 * erg::random::uniform_open<double>(key, at, 0);
    const double side = i % 2 == 0 ? 1.0 : -1.0;
    x[static_cast<std::size_t>(i)] = static_cast<float>(side * (2.0 * std::cos(angle) - 1.0) + 0.2 * erg::random::normal<double>(key, at, 2));
    x[static_cast<std::size_t>(n + i)] = static_cast<float>(side * (2.0 * std::sin(angle) - 0.5) + 0.2 * erg::random::normal<double>(key, at, 3));
  }
  return x;
}

int main() {
  constexpr int batch = 256;
  const erg::random::Key key(10);
  // [energy]
  // U(x) = f(x) + |x|^2 / 18: a network of 2-64-64-1, and a term that keeps chains in bounds
  nn::NeuralEnergy energy(nn::Sequential(nn::Shape(2), nn::Residual(nn::mlp<nn::SiLU>(2, 64, 64, 1), nn::HalfSquare(3.0))), key);
  // [energy]

  std::printf("step   score matching J\n");
  // [train]
  const int n_steps = 4000;
  nn::Adam<float> adam({.learning_rate = 3e-3});
  const nn::CosineRate rate{n_steps};
  std::vector<float> gradient(static_cast<std::size_t>(energy.n_parameters()));
  double objective = 0.0;
  for (int t = 0; t < n_steps; ++t) {
    const std::vector<float> x = two_moons(batch, key.at(static_cast<std::uint64_t>(t)));
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    objective += nn::score_matching(energy, {x.data(), batch, 2, batch}, std::span(gradient));
    nn::clip_norm(std::span(gradient), 10.0);
    energy.update([&](std::span<float> theta) { adam.step(theta, gradient, rate(t)); });
    if ((t + 1) % 500 == 0) std::printf("%4d   %8.3f\n", t + 1, objective / 500), objective = 0.0;  // [hide]
  }
  // [train]

  // [sample]
  const erg::Plan plan{.n_chains = 256, .n_warmup = 500, .n_draws = 500, .seed = 10};
  erg::Trace<float> trace;
  const auto report = erg::run<float>(erg::Threads<>{2}, erg::Mala{{.step_size = 0.05}}, energy, plan, trace);
  // [sample]

  // What the chains found: how many draws lie within 0.6 of a half circle, and how many of all are nearer to the upper one.
  const auto distance = [](double side, double x, double y) {
    const double a = side * x + 1.0, b = side * y + 0.5;
    return b > 0.0 ? std::abs(std::hypot(a, b) - 2.0) : std::min(std::hypot(a - 2.0, b), std::hypot(a + 2.0, b));
  };
  double near[2] = {}, upper[2] = {};  // of the draws, of the data
  const auto count = [&](int which, double x, double y, double weight) {
    const double up = distance(1.0, x, y), down = distance(-1.0, x, y);
    near[which] += std::min(up, down) < 0.6 ? weight : 0.0;
    upper[which] += up < down ? weight : 0.0;
  };
  for (int t = 0; t < trace.n_draws(); ++t) {
    for (int c = 0; c < trace.n_chains(); ++c) count(0, trace(t, c, 0), trace(t, c, 1), 1.0 / (trace.n_draws() * trace.n_chains()));
  }
  constexpr std::size_t n_data = 20000;
  const std::vector<float> data = two_moons(n_data, key.at(1u << 20));
  for (std::size_t i = 0; i < n_data; ++i) count(1, data[i], data[n_data + i], 1.0 / n_data);
  std::printf("\nchains  accept  step size  near the half circles (data)  at the upper one (data)\n");
  std::printf("%6d  %6.3f  %9.4f  %14.3f       (%.3f)  %11.3f      (%.3f)\n", plan.n_chains, report.mean_accept, report.parts[0].step_size,
              near[0], near[1], upper[0], upper[1]);

  std::filesystem::create_directories("out/examples");
  // [save]
  const std::string path = "out/examples/10_neural.safetensors";
  erg::io::write_safetensors(path, energy.parameters());
  nn::NeuralEnergy<decltype(energy)::Architecture> again(energy.net());
  erg::io::read_safetensors(path, again);
  // [save]

  const auto u = [&](double x, double y) {
    const float at[] = {static_cast<float>(x), static_cast<float>(y)};
    float value = 0.0f;
    again.value({at, 1, 2, 1}, {&value, 1});
    return static_cast<double>(value);
  };
  example::Columns points(2);
  for (std::size_t i = 0; i < 2000; ++i) points[0].push_back(data[i]), points[1].push_back(data[n_data + i]);
  example::Picture p("out/examples/10_neural.png", 1, 3, 1350, 470);
  p.data("density", example::density(u, -4.5, 4.5, -3.5, 3.5)).data("data", points).data("draws", example::scatter(trace, 0, 1, 2000));
  p << "unset key; set size ratio -1; set xrange [-4.5:4.5]; set yrange [-3.5:3.5]";
  p.axes("2000 points of the data", "x_0", "x_1");
  p << std::string("plot $data using 1:2 with points pt 7 ps 0.25 lc rgb '") + example::blue + "'";
  p.axes("exp(-U) of the trained network", "x_0", "x_1");
  p << "plot $density using 1:2:3 with image";
  p.axes("2000 draws of 256 chains of MALA", "x_0", "x_1");
  p << std::string("plot $draws using 1:2 with points pt 7 ps 0.25 lc rgb '") + example::orange + "'";
  p.write();

  if (near[0] > 0.9) return 0;
  std::cout << "too many draws are where no data are\n";
  return 1;
}
