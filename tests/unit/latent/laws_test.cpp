// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What amortised training rests on, where sums are exact: states that can be counted, grids, and the spectrum of MNIST.
#include "support/catch.hpp"
#include "support/data.hpp"

#include <erg/latent/vae.hpp>
#include <erg/train/revision.hpp>

#include <array>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n_states = 16;
/// U(k) = sinh(theta_k) on the states 0 .. 15.
struct States {
  static constexpr int dim = 1;
  std::vector<double> theta;
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    for (int c = 0; c < x.n_chains; ++c) u[static_cast<std::size_t>(c)] = std::sinh(theta[static_cast<std::size_t>(x(c, 0))]), g(c, 0) = 0.0;
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const auto k = static_cast<std::size_t>(x(c, 0)), at = static_cast<std::size_t>(c);
      to[k] += w[at] * std::cosh(theta[k]);
      u[at] = std::sinh(theta[k]);
    }
  }
};
/// Points that hold state k as many times as n[k].
OwnedBlock<double> counted(const std::array<int, n_states>& n) {
  std::vector<double> x;
  for (int k = 0; k < n_states; ++k) x.insert(x.end(), static_cast<std::size_t>(n[static_cast<std::size_t>(k)]), k);
  OwnedBlock<double> b(static_cast<int>(x.size()), 1);
  b.values = x;
  return b;
}

/// On a grid of [-4, 4]: cells of probability.
constexpr int n_cells = 121;
using Cells = std::vector<double>;
double place(int i) { return -4.0 + 8.0 * i / (n_cells - 1); }
template <class F>
Cells normalised(F&& u) {
  Cells p;
  double sum = 0.0;
  for (int i = 0; i < n_cells; ++i) p.push_back(std::exp(-u(place(i)))), sum += p.back();
  for (double& v : p) v /= sum;
  return p;
}
double divergence(const Cells& q, const Cells& p) {
  double sum = 0.0;
  for (std::size_t i = 0; i < q.size(); ++i) sum += q[i] > 0.0 ? q[i] * std::log(q[i] / p[i]) : 0.0;
  return sum;
}
double wells(double x) { return 0.25 * x * x * x * x - x * x + 0.2 * x; }
double slope_of_wells(double x) { return x * x * x - 2.0 * x + 0.2; }

/// An energy of the line by its value and slope.
struct OnLine {
  static constexpr int dim = 1;
  double (*value)(double);
  double (*slope)(double);
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    for (int c = 0; c < x.n_chains; ++c) u[static_cast<std::size_t>(c)] = value(x(c, 0)), g(c, 0) = slope(x(c, 0));
  }
};
struct NoObjective {
  [[maybe_unused]] static constexpr bool needs_negatives = true;
  [[maybe_unused]] static constexpr const char* name = "none";
  template <class E, class T>
  void add_gradient(const E&, const train::StepBatch<T>&, std::span<T>, Pieces<T>&, train::StepReport&) {}
};

/// Sums over MNIST's test digits: of pixels, and of products of pixels that are somewhere above 0.
struct Moments {
  std::vector<int> pixels;
  std::vector<double> mean, covariance;   ///< [pixel], [pixel, pixel], of grey levels 0 .. 255
  double trace = 0.0;
};
Moments moments(const std::vector<std::uint8_t>& bytes) {
  const std::size_t n = (bytes.size() - 16) / 784;
  std::vector<std::int64_t> sum(784, 0);
  for (std::size_t i = 0; i < 784 * n; ++i) sum[i % 784] += bytes[16 + i];
  Moments m;
  std::vector<int> number(784, -1);
  for (int d = 0; d < 784; ++d) {
    if (sum[static_cast<std::size_t>(d)] == 0) continue;
    number[static_cast<std::size_t>(d)] = static_cast<int>(m.pixels.size());
    m.pixels.push_back(d), m.mean.push_back(static_cast<double>(sum[static_cast<std::size_t>(d)]) / static_cast<double>(n));
  }
  const std::size_t size = m.pixels.size();
  std::vector<std::int64_t> products(size * size, 0);
  std::vector<std::pair<std::size_t, std::int64_t>> lit;
  for (std::size_t i = 0; i < n; ++i) {
    lit.clear();
    for (std::size_t d = 0; d < 784; ++d) {
      if (const int v = bytes[16 + 784 * i + d]; v > 0) lit.emplace_back(static_cast<std::size_t>(number[d]), v);
    }
    for (std::size_t a = 0; a < lit.size(); ++a) {
      for (std::size_t b = 0; b <= a; ++b) products[lit[a].first * size + lit[b].first] += lit[a].second * lit[b].second;
    }
  }
  m.covariance.resize(size * size);
  for (std::size_t a = 0; a < size; ++a) {
    for (std::size_t b = 0; b <= a; ++b) m.covariance[a * size + b] = static_cast<double>(products[a * size + b]) / static_cast<double>(n) - m.mean[a] * m.mean[b];
    m.trace += m.covariance[a * size + a];
  }
  return m;
}
/// How many eigenvalues are above a limit: the positive pivots of A - limit I (Sylvester's law of inertia).
int n_above(std::vector<double> a, std::size_t n, double limit) {
  int count = 0;
  for (std::size_t i = 0; i < n; ++i) a[i * n + i] -= limit;
  std::vector<double> column(n);
  for (std::size_t k = 0; k < n; ++k) {
    const double pivot = a[k * n + k];
    count += pivot > 0.0;
    for (std::size_t i = k + 1; i < n; ++i) column[i] = a[i * n + k];
    for (std::size_t i = k + 1; i < n; ++i) {
      const double by = column[i] / pivot;
      for (std::size_t j = k + 1; j <= i; ++j) a[i * n + j] -= by * column[j];
    }
  }
  return count;
}

}  // namespace

TEST_CASE("over states that can be counted the contrastive gradient is that of the divergence itself", "[latent][train]") {
  // p(k) = n_k / 136 by the choice of theta, so that counted negatives are the model's law exactly
  std::array<int, n_states> of_model{}, of_data{}, alike{};
  States energy{std::vector<double>(n_states)};
  for (int k = 0; k < n_states; ++k) {
    const auto at = static_cast<std::size_t>(k);
    of_model[at] = 1 + (5 * k) % 16, of_data[at] = 1 + (7 * k + 3) % 16, alike[at] = 1;
    energy.theta[at] = std::asinh(-std::log(of_model[at]));
  }
  const auto data = counted(of_data);
  const auto gradient = [&](const OwnedBlock<double>& negatives) {
    std::vector<double> g(n_states, 0.0);
    Pieces<double> pieces;
    train::StepReport report;
    train::Contrastive{}.add_gradient(energy, train::StepBatch<double>{data.view(), negatives.view(), random::Key(1)}, std::span<double>(g), pieces, report);
    return g;
  };
  const auto loss = [&](std::size_t k, long double step) {  // E_data[U] + log Z with theta_k moved
    long double mean = 0.0L, z = 0.0L;
    for (std::size_t i = 0; i < n_states; ++i) {
      const long double u = sinhl(static_cast<long double>(energy.theta[i]) + (i == k ? step : 0.0L));
      mean += of_data[i] * u / 136.0L, z += expl(-u);
    }
    return mean + logl(z);
  };
  const auto right = gradient(counted(of_model)), wrong = gradient(counted(alike));
  double off = 0.0;
  for (std::size_t k = 0; k < n_states; ++k) {
    const long double h = 2e-3L;  // a difference of sixth order
    const long double slope = (45 * (loss(k, h) - loss(k, -h)) - 9 * (loss(k, 2 * h) - loss(k, -2 * h)) + (loss(k, 3 * h) - loss(k, -3 * h))) / (60 * h);
    CHECK_THAT(right[k], WithinAbs(static_cast<double>(slope), 1e-12));
    off = std::max(off, std::abs(wrong[k] - static_cast<double>(slope)));
  }
  CHECK(off > 0.05);
}

TEST_CASE("the virial of exact samples is one for any energy that confines them, and not for samples of another law", "[latent][train]") {
  const OnLine double_well{wells, slope_of_wells};
  const OnLine mixture{[](double x) { return -std::log(0.7 * std::exp(-0.5 * (x + 1.5) * (x + 1.5)) + 0.3 * std::exp(-2.0 * (x - 1.0) * (x - 1.0))); },
                       [](double x) {
                         const double a = 0.7 * std::exp(-0.5 * (x + 1.5) * (x + 1.5)), b = 0.3 * std::exp(-2.0 * (x - 1.0) * (x - 1.0));
                         return (a * (x + 1.5) + 4.0 * b * (x - 1.0)) / (a + b);
                       }};
  const OnLine network{[](double x) { return 0.5 * x * x + std::tanh(2.0 * x + 0.3) - 1.5 * std::tanh(0.7 - 3.0 * x); },
                       [](double x) {
                         const double a = std::tanh(2.0 * x + 0.3), b = std::tanh(0.7 - 3.0 * x);
                         return x + 2.0 * (1.0 - a * a) + 4.5 * (1.0 - b * b);
                       }};
  const int n = 4000;
  for (const OnLine& energy : {double_well, mixture, network}) {
    const auto virial = [&](double scale) {  // at the quantiles of the law, or at them spread out
      OwnedBlock<double> x(n, 1);
      const int n_fine = 400000;
      const double reach = 9.0, cell = 2.0 * reach / n_fine;
      double z = 0.0, below = 0.0;
      const auto at = [&](int i) { return -reach + cell * (i + 0.5); };
      for (int i = 0; i < n_fine; ++i) z += std::exp(-energy.value(at(i)));
      int c = 0;
      for (int i = 0; i < n_fine && c < n; ++i) {
        below += std::exp(-energy.value(at(i))) / z;
        while (c < n && below > (c + 0.5) / n) x.view()(c++, 0) = scale * at(i);
      }
      train::Watched watched(NoObjective{}, {.every = 1});
      train::StepReport report;
      Pieces<double> pieces;
      watched.add_gradient(energy, train::StepBatch<double>{.data = x.view(), .negatives = x.view(), .key = random::Key(1), .starts = x.view()}, std::span<double>(), pieces, report);
      CHECK(report.revision.virial == report.revision.data_virial);
      return report.revision.virial;
    };
    CHECK_THAT(virial(1.0), WithinAbs(1.0, 0.01));  // what is beyond the last quantiles, of probability 1/4000 a side, where x dU/dx is 12 to 30
    CHECK(std::abs(virial(1.2) - 1.0) > 0.1);
  }
}

TEST_CASE("a kernel that leaves a law as it is brings every other closer to it; one that does not need not", "[latent][geometry]") {
  const double h = 0.3;
  const Cells p = normalised(wells);
  const auto size = static_cast<std::size_t>(n_cells);
  std::vector<double> proposal(size * size), mala(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    const double x = place(static_cast<int>(i)), to = x - 0.5 * h * slope_of_wells(x);
    const Cells row = normalised([&](double y) { return 0.5 * (y - to) * (y - to) / h; });
    std::copy(row.begin(), row.end(), proposal.begin() + static_cast<std::ptrdiff_t>(i * size));
  }
  for (std::size_t i = 0; i < size; ++i) {
    double moved = 0.0;
    for (std::size_t j = 0; j < size; ++j) {
      if (i == j) continue;
      mala[i * size + j] = std::min(proposal[i * size + j], p[j] * proposal[j * size + i] / p[i]);
      moved += mala[i * size + j];
    }
    mala[i * size + i] = 1.0 - moved;
  }
  const auto after = [&](const std::vector<double>& kernel, const Cells& q) {
    Cells to(size, 0.0);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) to[j] += q[i] * kernel[i * size + j];
    }
    return to;
  };
  Cells q = normalised([](double x) { return 0.5 * (x - 1.0) * (x - 1.0) / 0.25; });
  const double first = divergence(q, p);
  double last = first;
  for (int i = 0; i < 40; ++i) {
    q = after(mala, q);
    const double now = divergence(q, p);
    CHECK(now <= last + 1e-14);
    last = now;
  }
  CHECK(last < 0.5 * first);
  CHECK_THAT(divergence(after(mala, p), p), WithinAbs(0.0, 1e-13));
  CHECK(divergence(after(proposal, p), p) > 1e-4);  // no test of the step: away from p itself
}

TEST_CASE("how far pairs of data are from pairs of the energy does not depend on the encoder", "[latent][geometry]") {
  const Cells data = normalised([](double x) { return 0.5 * (x + 0.5) * (x + 0.5) / 0.6; }), model = normalised(wells);
  const auto of_pairs = [&](double bend, double variance, bool of_decoder) {
    double sum = 0.0;
    for (int i = 0; i < n_cells; ++i) {
      const auto a = static_cast<std::size_t>(i);
      const double x = place(i), mu = std::tanh(bend * x);
      const Cells pi = normalised([&](double z) { return 0.5 * (z - mu) * (z - mu) / variance; });
      // a decoder's pairs: the same law of x, and of z given x another
      const Cells posterior = normalised([&](double z) { return 0.5 * (z - 0.5 * x) * (z - 0.5 * x) / 0.5; });
      for (std::size_t b = 0; b < pi.size(); ++b) {
        sum += pi[b] > 0.0 ? data[a] * pi[b] * std::log(data[a] * pi[b] / (model[a] * (of_decoder ? posterior[b] : pi[b]))) : 0.0;
      }
    }
    return sum;
  };
  const double expected = divergence(data, model);
  CHECK_THAT(of_pairs(0.3, 0.4, false), WithinAbs(expected, 1e-12));
  CHECK_THAT(of_pairs(2.0, 0.1, false), WithinAbs(expected, 1e-12));
  CHECK(std::abs(of_pairs(2.0, 0.1, true) - of_pairs(0.3, 0.4, true)) > 0.01);
}

TEST_CASE("with the released weights a linear autoencoder uses 38 or 29 directions of MNIST, on [-1, 1]", "[latent][mnist]") {
  const auto bytes = read_gzipped("mnist/t10k-images-idx3-ubyte.gz");
  if (!bytes) return;
  Moments m = moments(*bytes);
  const std::size_t n = m.pixels.size();
  const double grey = 255.0 * 255.0 / 4.0;  // of one unit of variance on [-1, 1]
  CHECK_THAT(m.trace / grey, WithinAbs(211.39, 0.005));
  double square = m.trace / grey + static_cast<double>(784 - n);
  for (const double v : m.mean) square += (v / 127.5 - 1.0) * (v / 127.5 - 1.0);
  CHECK_THAT(square, WithinAbs(725.8, 0.05));
  const auto used = [&](double w) {  // a direction is worth its KL where its variance is above sigma^2
    const double sigma = latent::sigma_of_kl_weight(w);
    return n_above(m.covariance, n, sigma * sigma * grey);
  };
  CHECK(used(3.0) == 29);
  CHECK(used(2.0) == 38);
  CHECK(n_above(m.covariance, n, 0.09 * grey) == 156);
  CHECK(n_above(m.covariance, n, 21.25 * grey) == 0);  // the largest is 21.24
  CHECK(n_above(m.covariance, n, 21.23 * grey) == 1);
  CHECK(n_above(m.covariance, n, 1.5 * 4.0 * grey) == 8);  // on [0, 1] the same weight would leave these
}
