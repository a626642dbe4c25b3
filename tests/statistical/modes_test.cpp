// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What a kernel can and cannot do between modes, and joint tests of a kernel inside a Gibbs sampler.
#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/mutants.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/rwm.hpp>

#include <array>

using namespace erg;
using namespace erg::test;

namespace {

using Two = GaussianMixture<1, 2>;
/// Two unit modes at -a and a, the first with weight v.
Two two(double a, double v) { return {{v, 1.0 - v}, {-a, a}, {1.0, 1.0}}; }

/// Probability that mala at rest in the negative half-line steps to the positive one: a double integral.
double escape_flux(const Two& p, double h) {
  const auto u = [&](double x) {
    const One at[1] = {x};
    return p(Point<const One, 1>(at)).reg;
  };
  const auto forward = [&](double x) {  // mean of the proposal from x
    const One at[1] = {x};
    One g[1];
    p.value_and_gradient(Point<const One, 1>(at), Point<One, 1>(g));
    return x - 0.5 * h * g[0].reg;
  };
  const auto q = [&](double y, double centre) { return std::exp(-(y - centre) * (y - centre) / (2.0 * h)) / std::sqrt(4.0 * std::acos(0.0) * h); };
  const double inside = simpson([&](double x) { return std::exp(-u(x)); }, -14.0, 0.0, 2000);
  return simpson(
             [&](double x) {
               const double fx = forward(x), px = std::exp(-u(x));
               return simpson(
                   [&](double y) { return std::min(px * q(y, fx), std::exp(-u(y)) * q(x, forward(y))); }, 0.0, 8.0, 400);
             },
             -8.0, 0.0, 400) / inside;
}

struct Crossings {
  long n = 0, n_steps = 0;
  Mean per_chain;
};
/// Changes of sign of chains that start in equilibrium.
template <class K>
Crossings crossings(const K& kernel, const Two& p, int n, int n_steps, std::uint64_t seed) {
  Crossings r;
  const random::Key key(seed);
  Group<LaneTile<Wide, 1>, K> g;
  for (int first = 0; first < n; first += width_v<Wide>) {
    g.s.chains = chains_from<Wide>(static_cast<std::uint32_t>(first));
    drawn_from(p, seed)(g.s.chains, g.s.position);
    g.begin(kernel, p, key);
    Wide count = 0.0;
    for (int i = 1; i <= n_steps; ++i) {
      const Wide before = g.s.position[0];
      g.step(kernel, p, key.at(static_cast<std::uint64_t>(i)));
      count = count + lane::select(before * g.s.position[0] < Wide(0.0), Wide(1.0), Wide(0.0));
    }
    for (int c = 0; c < width_v<Wide>; ++c) r.n += static_cast<long>(get(count, c));
    r.per_chain.add(count);
    r.n_steps += static_cast<long>(n_steps) * width_v<Wide>;
  }
  return r;
}

/// x given the other coordinate of the joint law: th ~ N(0, 1), x | th ~ N(th, 1). The energy of one lane of chains.
struct Conditional {
  static constexpr int dim = 1;
  Wide th;
  Wide operator()(Point<const Wide, 1> x) const { return 0.5 * (x[0] - th) * (x[0] - th); }
  Wide value_and_gradient(Point<const Wide, 1> x, Point<Wide, 1> g) const {
    g[0] = x[0] - th;
    return 0.5 * g[0] * g[0];
  }
};
/// Geweke's joint test with independent chains: from exact draws of (th, x), sweeps of the exact th | x ~ N(x / 2, 1 / 2) and the
/// kernel's x | th. Largest |z| of seven moments, standard errors exact.
template <class K>
double z_geweke(const K& kernel, int n, int n_sweeps, std::uint64_t seed) {
  const random::Key key(seed);
  const double exact[7] = {0, 1, 0, 2, 1, 3, 12}, variance[7] = {1, 2, 2, 8, 3, 96, 1536};
  std::array<Mean, 7> mean;
  Group<LaneTile<Wide, 1>, K> g;
  for (int first = 0; first < n; first += width_v<Wide>) {
    g.s.chains = chains_from<Wide>(static_cast<std::uint32_t>(first));
    const auto noise = [&](std::uint64_t i, int k) { return random::normal<Wide>(key.at(i).purpose(random::Purpose::user), g.s.chains.id, k); };
    Conditional u{noise(0, 0)};
    g.s.position[0] = u.th + noise(0, 1);
    g.begin(kernel, u, key);
    for (int i = 1; i <= n_sweeps; ++i) {
      u.th = 0.5 * g.s.position[0] + std::sqrt(0.5) * noise(static_cast<std::uint64_t>(i), 0);
      g.s.energy = value_and_gradient(u, g.s.position, g.s.gradient);
      g.step(kernel, u, key.at(static_cast<std::uint64_t>(i)));
    }
    const Wide th = u.th, x = g.s.position[0];
    const Wide f[7] = {th, th * th, x, x * x, x * th, th * th * th * th, x * x * x * x};
    for (std::size_t k = 0; k < 7; ++k) mean[k].add(f[k]);
  }
  Worst worst;
  for (std::size_t k = 0; k < 7; ++k) worst.add(mean[k].z(exact[k], variance[k]));
  return worst.value();
}

}  // namespace

TEST_CASE("labels under imh between two far modes decay like 0.375^n, alone and with local steps in between", "[kernel]") {
  const Two p = two(8.0, 0.8);
  const Imh imh(two(8.0, 0.5));
  const auto check = [&](const auto& kernel, std::uint64_t seed) {
    for (const int n : {1, 2, 3, 6}) {
      Mean first;
      for_each_chain<1>(kernel, p, 1 << 18, n, seed, all_at({-8.0}), [&](const auto&, const auto& g, const auto&) {
        first.add(lane::select(g.s.position[0] < Wide(0.0), Wide(1.0), Wide(0.0)));
      });
      CAPTURE(n);
      CHECK(std::abs(first.z_fraction(0.8 + 0.2 * std::pow(0.375, n))) < z_limit);
    }
  };
  check(imh, 401);
  check(cycle(imh, Called(Mala{{.step_size = 0.5}})), 402);

  Mean accepted;
  for_each_chain<1>(imh, p, 1 << 20, 1, 403, drawn_from(p, 403), [&](const auto&, const auto&, const auto& info) {
    accepted.add(lane::select(info.accepted, Wide(1.0), Wide(0.0)));
  });
  CHECK(std::abs(accepted.z_fraction(0.7)) < z_limit);
}

TEST_CASE("104 chains of 10000 imh steps from one mode find the weight 0.8 with the error that IACT 2.2 predicts", "[kernel]") {
  const Two p = two(8.0, 0.8);
  const Imh imh(two(8.0, 0.5));
  const int n_steps = 10000;
  Mean per_chain;
  const random::Key key(411);
  Group<LaneTile<Wide, 1>, Imh<Two>> g;
  for (int first = 0; first < 104; first += width_v<Wide>) {
    g.s.chains = chains_from<Wide>(static_cast<std::uint32_t>(first));
    g.s.position[0] = -8.0;
    g.begin(imh, p, key);
    Wide count = 0.0;
    for (int i = 1; i <= n_steps; ++i) {
      g.step(imh, p, key.at(static_cast<std::uint64_t>(i)));
      count = count + lane::select(g.s.position[0] < Wide(0.0), Wide(1.0), Wide(0.0));
    }
    per_chain.add(count * (1.0 / n_steps));
  }
  CHECK(std::abs(per_chain.z(0.8, 0.16 * 2.2 / n_steps)) < z_limit);
}

TEST_CASE("mala crosses between modes at distance 8 at the rate of a double integral; a broken one does not", "[kernel]") {
  const Two p = two(4.0, 0.5);
  const double flux = escape_flux(p, 0.5);
  CHECK_THAT(flux, WithinRel(3.2e-5, 0.02));
  const Crossings c = crossings(Mala{{.step_size = 0.5}}, p, 1 << 20, 16, 421);
  CHECK(std::abs(c.per_chain.z(16.0 * flux)) < z_limit);
  const Crossings broken = crossings(BrokenHmc{{Fault::no_correction}, std::sqrt(0.5), 1}, p, 1 << 20, 16, 422);
  CHECK(std::abs(broken.per_chain.z(16.0 * flux)) > z_broken);
}

TEST_CASE("mala never crosses between modes at distance 16 in 1e9 steps; a cycle with imh finds their weights", "[kernel][slow]") {
  const Two p = two(8.0, 0.5);
  for (const double h : {0.5, 2.0}) {
    const Crossings c = crossings(Mala{{.step_size = h}}, p, 1 << 12, 1 << 17, 431);
    CHECK(c.n_steps >= 500'000'000);
    CHECK(c.n == 0);
  }
  Mean first;
  for_each_chain<1>(cycle(Called(Mala{{.step_size = 0.5}}), Imh(two(8.0, 0.3))), p, 1 << 20, 20, 432, all_at({-8.0}),
                    [&](const auto&, const auto& g, const auto&) {
                      first.add(lane::select(g.s.position[0] < Wide(0.0), Wide(1.0), Wide(0.0)));
                    });
  CHECK(std::abs(first.z_fraction(0.5)) < z_limit);
}

TEST_CASE("mala does not cross between modes at distance 16 in 5e7 steps; a cycle with imh finds their weights", "[kernel]") {
  const Two p = two(8.0, 0.5);
  CHECK(crossings(Mala{{.step_size = 0.5}}, p, 1 << 12, 12'500, 431).n == 0);
  Mean first;
  for_each_chain<1>(cycle(Called(Mala{{.step_size = 0.5}}), Imh(two(8.0, 0.3))), p, 1 << 18, 20, 432, all_at({-8.0}),
                    [&](const auto&, const auto& g, const auto&) {
                      first.add(lane::select(g.s.position[0] < Wide(0.0), Wide(1.0), Wide(0.0)));
                    });
  CHECK(std::abs(first.z_fraction(0.5)) < z_limit);
}

TEST_CASE("a Gibbs sampler with a kernel inside keeps the joint law; with a broken kernel it does not", "[kernel]") {
  const int n = 1 << 17, sweeps = 30;
  CHECK(z_geweke(Rwm{{.step_size = 1.2}}, n, sweeps, 441) < z_limit);
  CHECK(z_geweke(Mala{{.step_size = 1.0}}, n, sweeps, 442) < z_limit);
  CHECK(z_geweke(Hmc{{.step_size = 0.7, .n_leapfrog = 3}}, n, sweeps, 443) < z_limit);
  CHECK(z_geweke(Barker{{.step_size = 1.2}}, n, sweeps, 444) < z_limit);
  CHECK(z_geweke(BrokenHmc{{Fault::none}, 1.0, 1}, n, sweeps, 445) < z_limit);
  for (const Fault f : {Fault::no_correction, Fault::drift_h, Fault::swapped_sign}) {
    CAPTURE(static_cast<int>(f));
    CHECK(z_geweke(BrokenHmc{{f}, 1.0, 1}, n, sweeps, 446) > z_broken);
  }
  CHECK(z_geweke(BrokenBarker{{Fault::no_correction}, 1.2}, n, sweeps, 447) > z_broken);
}
