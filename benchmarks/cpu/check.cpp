// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "check.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>

namespace bench {
namespace {

/// Mean of a sample of something with a known mean, judged by its own standard error.
class Mean {
 public:
  void add(double x) {
    ++n_;
    sum_ += x;
    squares_ += x * x;
  }
  double value() const { return sum_ / static_cast<double>(n_); }
  double standard_error() const {
    const double m = value();
    return std::sqrt((squares_ / static_cast<double>(n_) - m * m) / static_cast<double>(n_ - 1));
  }
  /// Empty, or what is wrong.
  std::string against(const char* name, double truth) const {
    const double z = (value() - truth) / standard_error();
    if (std::abs(z) < 5.0) return "";
    char text[160];
    std::snprintf(text, sizeof text, "%s is %.6g, %.1f standard errors from %.6g; ", name, value(), z, truth);
    return text;
  }

 private:
  std::size_t n_ = 0;
  double sum_ = 0.0, squares_ = 0.0;
};

double ring_gradient(const Ring& target, const double* x, int coordinate) {
  double total = 0.0, pull = 0.0;
  const double precision = 1.0 / (target.sigma * target.sigma);
  for (int k = 0; k < Ring::n_modes; ++k) {
    const double dx = x[0] - target.centre(k, 0), dy = x[1] - target.centre(k, 1);
    const double weight = std::exp(-0.5 * precision * (dx * dx + dy * dy));
    total += weight;
    pull += weight * (coordinate == 0 ? dx : dy);
  }
  return precision * pull / total;
}

std::string check_accepts(const Sampler& chains, double least) {
  const double a = chains.acceptance();
  if (a > least && a < 1.0) return "";
  char text[96];
  std::snprintf(text, sizeof text, "accepts %.4f of its proposals (expected between %.2f and 1); ", a, least);
  return text;
}

}  // namespace

std::string check_normals(FillNormals fill) {
  constexpr std::size_t n = 8192;
  alignas(64) static float x[n];
  Mean first, second, third, fourth, tail;
  constexpr std::array<std::size_t, 5> lags = {1, 8, 16, 32, 64};
  std::array<Mean, lags.size()> product, squares;
  for (int repeat = 0; repeat < 500; ++repeat) {
    fill(x, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double v = x[i], v2 = v * v;
      first.add(v);
      second.add(v2);
      third.add(v * v2);
      fourth.add(v2 * v2);
      tail.add(std::abs(v) > 4.0 ? 1.0 : 0.0);
      for (std::size_t k = 0; k < lags.size(); ++k) {
        if (i + lags[k] >= n) continue;
        const double w = x[i + lags[k]];
        product[k].add(v * w);
        squares[k].add((v2 - 1.0) * (w * w - 1.0));
      }
    }
  }
  std::string wrong = first.against("the mean", 0.0) + second.against("the variance", 1.0) + third.against("the third moment", 0.0) +
                      fourth.against("the fourth moment", 3.0) + tail.against("P(|x| > 4)", 6.334248366623996e-5);
  for (std::size_t k = 0; k < lags.size(); ++k)
    wrong += product[k].against("a correlation", 0.0) + squares[k].against("a correlation of squares", 0.0);
  return wrong;
}

std::string check_ula(Sampler& chains, const Ring& target, std::size_t n) {
  const double start[2] = {0.9 * target.radius * std::cos(0.3), 0.9 * target.radius * std::sin(0.3)};  // between two modes
  std::vector<float> x(2 * n);
  for (std::size_t i = 0; i < 2 * n; ++i) x[i] = static_cast<float>(start[i / n]);
  const double exact_start[2] = {x[0], x[n]};
  Mean mean[2], variance[2], product;
  const std::size_t repeats = std::max<std::size_t>(1, 50 * Ring::n_chains / n);
  for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
    chains.set_positions(x);
    chains.step(1);
    const std::vector<float> moved = chains.positions();
    for (std::size_t i = 0; i < n; ++i) {
      double off[2];
      for (int d = 0; d < 2; ++d) {
        const double expected = exact_start[d] - target.step_size * ring_gradient(target, exact_start, d);
        off[d] = moved[static_cast<std::size_t>(d) * n + i] - expected;
        mean[d].add(off[d]);
        variance[d].add(off[d] * off[d]);
      }
      product.add(off[0] * off[1]);
    }
  }
  return mean[0].against("the drift along x", 0.0) + mean[1].against("the drift along y", 0.0) +
         variance[0].against("the noise's variance along x", 2.0 * target.step_size) +
         variance[1].against("the noise's variance along y", 2.0 * target.step_size) +
         product.against("the noise's covariance", 0.0);
}

std::vector<float> exact_ring(const Ring& target, std::uint64_t seed, std::size_t n) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> mode(0, Ring::n_modes - 1);
  std::vector<float> x(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const int k = mode(generator);
    for (std::size_t d = 0; d < 2; ++d)
      x[d * n + i] = static_cast<float>(target.centre(k, static_cast<int>(d)) + target.sigma * normal(generator));
  }
  return x;
}

std::string check_mala(Sampler& chains, const Ring& target) {
  constexpr std::size_t n = Ring::n_chains;
  Mean x, y, square, covariance, inside, forgotten;
  for (std::uint64_t repeat = 0; repeat < 20; ++repeat) {
    const std::vector<float> start = exact_ring(target, 100 + repeat);
    chains.set_positions(start);
    chains.step(40);
    const std::vector<float> end = chains.positions();
    for (std::size_t i = 0; i < n; ++i) {
      const double px = end[i], py = end[n + i];
      x.add(px);
      y.add(py);
      square.add(px * px + py * py);
      covariance.add(px * py);
      double nearest = 1e30, nearest_start = 1e30, off = 0.0, off_start = 0.0;
      for (int k = 0; k < Ring::n_modes; ++k) {
        const double dx = px - target.centre(k, 0), dy = py - target.centre(k, 1);
        const double sx = start[i] - target.centre(k, 0), sy = start[n + i] - target.centre(k, 1);
        if (dx * dx + dy * dy < nearest) nearest = dx * dx + dy * dy, off = dx;
        if (sx * sx + sy * sy < nearest_start) nearest_start = sx * sx + sy * sy, off_start = sx;
      }
      const double mx = px - target.centre(0, 0), my = py - target.centre(0, 1);
      inside.add(mx * mx + my * my < target.sigma * target.sigma ? 1.0 : 0.0);
      forgotten.add(off * off_start / (target.sigma * target.sigma));
    }
  }
  double disc = 0.0;  // mass within sigma of one centre: its own mode, and its neighbours' tails by quadrature
  constexpr int fine = 400;
  for (int i = 0; i < fine; ++i)
    for (int j = 0; j < fine; ++j) {
      const double r = target.sigma * std::sqrt((i + 0.5) / fine), angle = 6.283185307179586 * (j + 0.5) / fine;
      const double px = target.centre(0, 0) + r * std::cos(angle), py = r * std::sin(angle);
      for (int k = 0; k < Ring::n_modes; ++k) {
        const double dx = px - target.centre(k, 0), dy = py - target.centre(k, 1);
        disc += std::exp(-0.5 * (dx * dx + dy * dy) / (target.sigma * target.sigma)) / (16.0 * fine * fine);
      }
    }
  std::string wrong = x.against("E x", 0.0) + y.against("E y", 0.0) +
                      square.against("E |x|^2", target.radius * target.radius + 2.0 * target.sigma * target.sigma) +
                      covariance.against("E x y", 0.0) + inside.against("P(one mode's disc)", disc) + check_accepts(chains, 0.5);
  if (forgotten.value() > 0.2) wrong += "chains hardly move; ";
  return wrong;
}

std::vector<float> exact_gaussian(std::uint64_t seed, std::size_t n_chains) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(n_chains * Gaussian::dim);
  for (float& v : x) v = normal(generator);
  return x;
}

std::string check_hmc(Sampler& chains, std::size_t n_chains) {
  Mean mean, square, fourth, correlation;
  const std::uint64_t repeats = std::max<std::uint64_t>(1, 3 * Gaussian::n_chains / n_chains);
  for (std::uint64_t repeat = 0; repeat < repeats; ++repeat) {
    const std::vector<float> start = exact_gaussian(200 + repeat, n_chains);
    chains.set_positions(start);
    chains.step(20);
    const std::vector<float> end = chains.positions();
    for (std::size_t i = 0; i < end.size(); ++i) {
      const double v = end[i];
      mean.add(v);
      square.add(v * v);
      fourth.add(v * v * v * v);
      correlation.add(v * start[i]);
    }
  }
  return mean.against("E x", 0.0) + square.against("E x^2", 1.0) + fourth.against("E x^4", 3.0) +
         correlation.against("the correlation with the start", 0.0) + check_accepts(chains, 0.9);
}

}  // namespace bench
