// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Estimates of the score: invariances that hold exactly, and derivatives of what they learn by.
#include "support/catch.hpp"
#include "support/network_checks.hpp"
#include "support/temporary_folder.hpp"

#include <erg/generator/generators.hpp>
#include <erg/nn/neural_energy.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto perceptron() {
  return generator::Generator<decltype(nn::mlp<nn::Softplus>(2, 16, 3)), double>(nn::mlp<nn::Softplus>(2, 16, 3), {0.2, 0.01, 0.3}, random::Key(4));
}
struct Drawn {
  Table z, eps, x;
  template <class G>
  Drawn(const G& g, int n) : z(n, g.n_latent()), eps(n, g.dim()), x(n, g.dim()) {
    g.latents(random::Key(2), 0, z.view(), eps.view());
    g.sample(z, eps, x.view());
  }
};

}  // namespace

TEST_CASE("streaming means do not depend on a constant in the log weights, on the order or on how large weights become", "[generator]") {
  const int n = 3, n_samples = 9;
  std::vector<Table> y;
  std::vector<std::vector<double>> l;
  for (int k = 0; k < n_samples; ++k) {
    y.emplace_back(n, 2, static_cast<std::uint64_t>(40 + k));
    l.push_back(Table(n, 1, static_cast<std::uint64_t>(60 + k), 3.0).v);
  }
  const auto mean = [&](double constant, bool backwards, double* ess) {
    generator::StreamingMean<double> stream;
    Table to(n, 2);
    stream.begin(to.view());
    for (int k = 0; k < n_samples; ++k) {
      const auto i = static_cast<std::size_t>(backwards ? n_samples - 1 - k : k);
      std::vector<double> shifted = l[i];
      for (double& v : shifted) v += constant;
      stream.add(shifted, y[i]);
    }
    if (ess != nullptr) *ess = stream.ess(0);
    return to.v;
  };
  double ess = 0.0;
  const auto plain = mean(0.0, false, &ess);
  CHECK(largest_difference(plain, mean(700.0, false, nullptr)) < 1e-12);
  CHECK(largest_difference(plain, mean(-5000.0, true, nullptr)) < 1e-12);
  double sum = 0.0, squares = 0.0, first = 0.0;
  for (std::size_t k = 0; k < n_samples; ++k) {
    const double w = std::exp(l[k][0]);
    sum += w, squares += w * w, first += w * y[k](0, 0);
  }
  CHECK_THAT(plain[0], WithinAbs(first / sum, 1e-12));
  CHECK_THAT(ess, WithinAbs(sum * sum / squares, 1e-10));
}

TEST_CASE("samples without weight leave a streaming mean alone, infinite weights share it, and a row without any has mean and size 0", "[generator]") {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  // rows: weights 1 and 3 between NaN and 0; the second of two finite ones is infinite, and a third; never any
  const std::vector<std::vector<double>> l{{nan, 0.0, -infinity}, {0.0, infinity, nan}, {-infinity, infinity, nan}, {std::log(3.0), 900.0, -infinity}};
  const std::vector<std::vector<double>> y{{nan, 7.0, 1.0}, {2.0, 3.0, nan}, {infinity, 5.0, 4.0}, {6.0, nan, 2.0}};
  generator::StreamingMean<double> stream;
  Table to(3, 1);
  to.v = {nan, nan, nan};  // memory that was used before
  stream.begin(to.view());
  for (std::size_t k = 0; k < l.size(); ++k) {
    Table at(3, 1);
    at.v = y[k];
    stream.add(l[k], at);
  }
  CHECK_THAT(to.v[0], WithinAbs(5.0, 1e-14));
  CHECK(to.v[1] == 4.0);
  CHECK(to.v[2] == 0.0);
  CHECK_THAT(stream.ess(0), WithinAbs(1.6, 1e-14));
  CHECK(stream.ess(1) == 2.0);
  CHECK(stream.ess(2) == 0.0);
  CHECK_THAT(stream.share_of_last(0), WithinAbs(0.75, 1e-15));
  CHECK(stream.share_of_last(2) == 0.0);
  CHECK_THAT(stream.log_sum(0), WithinAbs(std::log(4.0), 1e-14));
  CHECK(stream.log_sum(2) == -infinity);
}

TEST_CASE("a posterior energy has the gradient stated, for whole blocks and their padding; the prior's force keeps its value", "[generator]") {
  const auto g = perceptron();
  const Drawn drawn(g, 5);
  Table z(8, 2, 71), slope(8, 2), only(8, 2), prior(8, 2), direction(8, 2, 72), scratch(8, 2);
  std::vector<double> u(8), v(8), up(8), down(8);
  const generator::PosteriorEnergy energy(g, drawn.x);
  energy.value_and_gradient(z, u, slope.view());
  energy.gradient(z, only.view());
  energy.value(z, v);
  CHECK(slope.v == only.v);
  energy.value(z.plus(1e-6, direction), up);
  energy.value(z.plus(-1e-6, direction), down);
  Table mean(8, 3);
  g.mean(z, mean.view());
  for (int c = 0; c < 8; ++c) {
    const auto i = static_cast<std::size_t>(c);
    CHECK_THAT(u[i], WithinAbs(v[i], 1e-12));
    double along = 0.0, expected = 0.5 * (z(c, 0) * z(c, 0) + z(c, 1) * z(c, 1));
    for (int d = 0; d < 2; ++d) along += slope(c, d) * direction(c, d);
    for (int d = 0; d < 3 && c < 5; ++d) expected += 0.5 * (drawn.x(c, d) - mean(c, d)) * (drawn.x(c, d) - mean(c, d)) / 0.04;
    CHECK_THAT(u[i], WithinAbs(expected, 1e-10));
    CHECK_THAT(along, WithinAbs((up[i] - down[i]) / 2e-6, 1e-6));
  }
  const generator::PosteriorEnergy released(g, drawn.x, generator::Force::prior_only);
  released.value_and_gradient(z, v, prior.view());
  CHECK(u == v);
  CHECK(prior.v == z.v);
}

TEST_CASE("log weights in float are those in double, where distances are small differences of large numbers", "[generator]") {
  // 784 pixels, sigma = .01, proposals ten sigma wide. All numbers are floats first.
  const int n = 8, dim = 784;
  const auto in_float = [](std::vector<double> v) {
    for (double& a : v) a = static_cast<double>(static_cast<float>(a));
    return v;
  };
  const auto w = in_float(Table(dim, 2, 91, 0.03).v), b = in_float(Table(dim, 1, 92).v);
  const generator::LinearGaussian<double> g(w, b, {0.01, 0.001, 1.0});
  const generator::LinearGaussian<float> f(w, b, {0.01, 0.001, 1.0});
  Table z(n, 2, 93, 0.1), x(n, dim), eps(n, dim, 94), image(n, dim);
  z.v = in_float(z.v);
  g.sample(Table(n, 2), eps, x.view());
  for (int c = 1; c < n; ++c) {
    for (int d = 0; d < dim; ++d) x(c, d) = x(0, d);
  }
  x.v = in_float(x.v);
  g.mean(z, image.view());
  const std::vector<float> zf(z.v.begin(), z.v.end()), xf(x.v.begin(), x.v.end());
  std::vector<double> u(n);
  std::vector<float> uf(n);
  generator::PosteriorEnergy(g, x).value(z, u);
  generator::PosteriorEnergy(f, BlockView<const float>{xf.data(), n, dim, n}).value({zf.data(), n, 2, n}, uf);
  std::vector<double> expanded(n);  // |x|^2 - 2 <x, y> + |y|^2
  for (int c = 0; c < n; ++c) {
    float xx = 0.0F, xy = 0.0F, yy = 0.0F;
    for (int d = 0; d < dim; ++d) {
      const auto p = static_cast<float>(x(c, d)), q = static_cast<float>(image(c, d));
      xx += p * p, xy += p * q, yy += q * q;
    }
    expanded[static_cast<std::size_t>(c)] = 0.5 * (z(c, 0) * z(c, 0) + z(c, 1) * z(c, 1)) + 0.5 * static_cast<double>(xx - 2.0F * xy + yy) / 1e-4;
  }
  const auto off = [&](const auto& of) {  // after the largest log weight is taken away
    const double least = *std::min_element(u.begin(), u.end()), least_of = static_cast<double>(*std::min_element(of.begin(), of.end()));
    double most = 0.0, range = 0.0;
    for (std::size_t c = 0; c < n; ++c) most = std::max(most, std::abs(static_cast<double>(of[c]) - least_of - u[c] + least)), range = std::max(range, u[c] - least);
    return most / range;
  };
  CHECK(off(uf) < 1e-5);
  CHECK(off(expanded) > 1e-4);
}

TEST_CASE("an estimate does not depend on how draws are shared among threads, nor on draws beside", "[generator][Threads]") {
  const auto g = perceptron();
  const Drawn drawn(g, 300);
  Pieces<double> one(1), two(2);
  const auto same = [&](auto make) {
    Table a(300, 3), b(300, 3);
    auto first = make(), second = make();
    first.estimate(g, drawn.z, drawn.x, random::Key(5), a.view(), one);
    second.estimate(g, drawn.z, drawn.x, random::Key(5), b.view(), two);
    CHECK(a.v == b.v);
    Table few(40, 3);
    auto third = make();
    third.estimate(g, rows_of(drawn.z.view(), 0, 40), rows_of(drawn.x.view(), 0, 40), random::Key(5), few.view(), one);
    double off = 0.0;
    for (int c = 0; c < 40; ++c) off = std::max(off, std::abs(few(c, 1) - a(c, 1)));
    CHECK(off < 1e-9);
  };
  same([] { return generator::ConditionalScore{}; });
  same([] { return generator::ImportanceScore<double>{{.n_samples = 5}}; });
  same([] { return generator::SiviScore<double>{{.n_samples = 5}}; });
  same([] { return generator::HmcScore<double>{{.n_leapfrog = 3, .step_size = 0.05}}; });
  same([] { return generator::HmcScore<double>{{.n_leapfrog = 3, .step_size = 0.05, .n_resample = 6}}; });
}

TEST_CASE("the conditional score is minus the noise over sigma, and the importance estimate with one sample is its neighbour's", "[generator]") {
  const auto g = perceptron();
  const Drawn drawn(g, 20);
  Pieces<double> pieces(1);
  Table s(20, 3), t(20, 3);
  generator::ConditionalScore conditional;
  conditional.estimate(g, drawn.z, drawn.x, random::Key(5), s.view(), pieces);
  for (std::size_t i = 0; i < s.v.size(); ++i) CHECK_THAT(s.v[i], WithinAbs(-drawn.eps.v[i] / 0.2, 1e-10));
  generator::ImportanceScore<double> tiny({.n_samples = 1, .start = 1e-9, .learning_rate = 0.0});
  tiny.estimate(g, drawn.z, drawn.x, random::Key(5), t.view(), pieces);
  CHECK(largest_difference(s.v, t.v) < 1e-6);
}

TEST_CASE("eta climbs the gradient of its bound: differences with the same deltas", "[generator]") {
  const auto g = perceptron();
  const Drawn drawn(g, 30);
  Pieces<double> pieces(1);
  const random::Key key(6);
  const std::vector<double> eta{0.15, 0.4};
  generator::ImportanceScore<double> score({.n_samples = 4, .learning_rate = 0.01});
  score.set_eta(eta);
  const auto slope = score.climb(g, drawn.z, drawn.x, key, pieces, 1.0);
  Table delta(30, 2);
  erg::fill_normal(delta.view(), key.stream(4));
  const auto bound = [&](const std::vector<double>& at) {
    Table z(30, 2), mean(30, 3);
    double sum = 0.0;
    for (int c = 0; c < 30; ++c) {
      for (int i = 0; i < 2; ++i) z(c, i) = drawn.z(c, i) + at[static_cast<std::size_t>(i)] * delta(c, i), sum -= 0.5 * z(c, i) * z(c, i) / 30;
    }
    g.mean(z, mean.view());
    for (std::size_t i = 0; i < mean.v.size(); ++i) sum -= 0.5 * (drawn.x.v[i] - mean.v[i]) * (drawn.x.v[i] - mean.v[i]) / 0.04 / 30;
    return sum + std::log(at[0]) + std::log(at[1]);
  };
  for (std::size_t i = 0; i < 2; ++i) {
    auto up = eta, down = eta;
    up[i] *= std::exp(1e-6), down[i] *= std::exp(-1e-6);
    CHECK_THAT(slope[i], WithinRel((bound(up) - bound(down)) / 2e-6, 1e-5));
    CHECK(std::abs(std::log(score.eta()[i] / eta[i]) - (slope[i] > 0 ? 0.01 : -0.01)) < 1e-6);  // up, by Adam's first step
  }
}

TEST_CASE("the semi-implicit bound stays below the entropy and rises with its samples", "[generator]") {
  const generator::LinearGaussian<double> g({1.0, 0.0, 0.0, 0.7}, {0.0, 0.0}, {0.3, 0.01, 1.0});
  const Drawn drawn(g, 4000);
  Pieces<double> pieces(1);
  Table s(4000, 2);
  double last = -1e9;
  for (const int k : {0, 3, 30, 200}) {
    generator::SiviScore<double> score({.n_samples = k});
    const double h = score.estimate(g, drawn.z, drawn.x, random::Key(5), s.view(), pieces).entropy;
    CHECK(h > last);
    CHECK(h < g.entropy() + 0.06);
    last = h;
  }
  CHECK(last > g.entropy() - 0.1);
}

TEST_CASE("what an estimator learnt is saved and loaded", "[generator]") {
  const auto g = perceptron();
  const Drawn drawn(g, 20);
  Pieces<double> pieces(1);
  Table s(20, 3);
  generator::HmcScore<double> score({.n_leapfrog = 2, .n_resample = 4});
  for (int i = 0; i < 3; ++i) {
    score.estimate(g, drawn.z, drawn.x, random::Key(5).at(static_cast<std::uint64_t>(i)), s.view(), pieces);
    score.learn(g, drawn.z, drawn.x, random::Key(5).at(static_cast<std::uint64_t>(i)), pieces);
  }
  CHECK(score.step_size() != 0.2);
  CHECK(score.importance().eta()[0] != 0.1);
  const TemporaryFolder folder;
  io::Writer w;
  score.save(w);
  w.commit(folder / "score");
  generator::HmcScore<double> other({.n_leapfrog = 2, .n_resample = 4});
  io::Reader r(folder / "score");
  other.load(r);
  CHECK(other.step_size() == score.step_size());
  CHECK(other.importance().eta() == score.importance().eta());
  Table a(20, 3), b(20, 3);
  for (const std::uint64_t step : {7, 8}) {
    score.estimate(g, drawn.z, drawn.x, random::Key(5).at(step), a.view(), pieces);
    score.learn(g, drawn.z, drawn.x, random::Key(5).at(step), pieces);
    other.estimate(g, drawn.z, drawn.x, random::Key(5).at(step), b.view(), pieces);
    other.learn(g, drawn.z, drawn.x, random::Key(5).at(step), pieces);
  }
  CHECK(a.v == b.v);
  CHECK_THROWS_WITH(generator::ImportanceScore<double>({.n_samples = 0}), contains("n_samples = 0"));
}

namespace {
/// Exact scores that note a number drawn for each purpose and of streams of its choice, as estimators draw theirs.
struct NotingScore : generator::ExactScore {
  std::vector<double>* noted;
  explicit NotingScore(std::vector<double>& to) : noted(&to) {}
  template <class G>
  generator::ScoreReport estimate(const G& g, BlockView<const double> z0, BlockView<const double> x, random::Key key, BlockView<double> s, Pieces<double>& pieces) {
    for (int p = 0; p < 16; ++p) {
      for (const int stream : {0, 1}) noted->push_back(random::uniform<double>(key.stream(stream).purpose(static_cast<random::Purpose>(p)), bits_t<double>{0}, 0));
    }
    return generator::ExactScore::estimate(g, z0, x, key, s, pieces);
  }
};
}  // namespace

TEST_CASE("an estimator and both references of a delivered fraction draw different numbers, whatever purposes they choose", "[generator]") {
  const generator::LinearGaussian<double> g({1.0, 0.2, -0.5, 0.7}, {0.1, -0.3}, {0.4, 0.01, 10.0});
  std::vector<double> noted;
  NotingScore score(noted), reference(noted);
  Pieces<double> pieces(1);
  const int n_batches = 4;
  (void)generator::delivered_fraction(g, score, reference, random::Key(3), 10, n_batches, pieces);
  std::sort(noted.begin(), noted.end());
  CHECK(noted.size() == 3 * 16 * 2 * n_batches);
  CHECK(std::adjacent_find(noted.begin(), noted.end()) == noted.end());
}

TEST_CASE("eta that is set starts afresh: nothing of the steps before is remembered", "[generator]") {
  const auto g = perceptron();
  const Drawn drawn(g, 30);
  Pieces<double> pieces(1);
  const auto climbed = [&](generator::ImportanceScore<double> score) {
    score.set_eta({0.15, 0.4});
    score.climb(g, drawn.z, drawn.x, random::Key(6), pieces, 1.0);
    return score.eta();
  };
  generator::ImportanceScore<double> fresh({.n_samples = 4, .learning_rate = 0.01}), used = fresh;
  used.set_eta({1.0, 0.01});
  for (std::uint64_t k = 0; k < 3; ++k) used.climb(g, drawn.z, drawn.x, random::Key(k), pieces, 1.0);
  CHECK(used.eta() != fresh.eta());
  CHECK(climbed(used) == climbed(fresh));
}

TEST_CASE("eta of another number of latents is refused, and n_resample is read when an estimate is made", "[generator]") {
  const auto g = perceptron();  // two latents
  const Drawn drawn(g, 6);
  Table s(6, 3);
  Pieces<double> pieces(1);
  generator::ImportanceScore<double> score;
  score.set_eta({0.1, 0.2, 0.3});
  ERG_CHECK_THROWS(score.estimate(g, drawn.z, drawn.x, random::Key(1), s.view(), pieces), std::invalid_argument, "eta has 3 entries (one for each latent of the generator) give 2");
  CHECK(score.eta().size() == 3);
  const auto estimate = [&](generator::HmcScore<double> chains, int n_resample) {
    chains.params.n_resample = n_resample;
    Table to(6, 3);
    chains.estimate(g, drawn.z, drawn.x, random::Key(1), to.view(), pieces);
    return to.v;
  };
  const generator::HmcScore<double> none({.n_leapfrog = 2}), seven({.n_leapfrog = 2, .n_resample = 7});
  CHECK(estimate(none, 7) == estimate(seven, 7));
  CHECK(estimate(none, 7) != estimate(seven, 1));
}
