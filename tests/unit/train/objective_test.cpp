// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Objectives that look at data alone, and the trained parts of sums.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/trainable.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/sum.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/table.hpp>
#include <erg/train/trainer.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto net(int seed = 2) { return nn::NeuralEnergy<decltype(nn::mlp<nn::SiLU>(2, 8, 1)), double>(nn::mlp<nn::SiLU>(2, 8, 1), random::Key(static_cast<std::uint64_t>(seed))); }

struct Points {
  std::vector<double> v;
  int n;
  explicit Points(int count) : v(static_cast<std::size_t>(2 * count)), n(count) {
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = std::sin(1.7 * static_cast<double>(i)) + 0.3;
  }
  BlockView<const double> view() const { return {v.data(), n, 2, n}; }
};

}  // namespace

TEST_CASE("score matching over pieces is score matching over all points", "[train]") {
  const auto energy = net();
  const Points x(300);
  const auto n = static_cast<std::size_t>(energy.n_parameters());
  std::vector<double> whole(n), sum(n);
  const double j = nn::score_matching(energy, x.view(), std::span<double>(whole));
  Pieces<double> pieces(2);
  train::StepReport report;
  train::ScoreMatching{}.add_gradient(energy, train::StepBatch<double>{x.view(), {}, random::Key(1)}, std::span<double>(sum), pieces, report);
  CHECK_THAT(report.objective, WithinRel(j, 1e-12));
  for (std::size_t i = 0; i < n; ++i) CHECK_THAT(sum[i], WithinAbs(whole[i], 1e-12));
}

TEST_CASE("sliced and denoising score matching train without negatives, and each lowers its objective", "[train]") {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(random::normal<double>(random::Key(5), std::uint64_t(i), 0));
  for (const auto kind : {train::ScoreMatchingKind::exact, train::ScoreMatchingKind::sliced, train::ScoreMatchingKind::denoising}) {
    train::Trainer t(net(), train::Data<double>(values, 2), train::NoNegatives{}, train::ScoreMatching{.kind = kind, .n_slices = 2, .deviation = 0.3},
                     nn::Adam<double>{{.learning_rate = 0.02}}, train::NoTeacher{}, {.batch = 200});
    double first = 0.0, last = 0.0;
    for (int i = 0; i < 150; ++i) {
      const double objective = t.advance().objective;
      (i < 30 ? first : last) += i < 30 || i >= 120 ? objective / 30 : 0.0;
    }
    CHECK(last < first - 0.3);
    CHECK(t.report().model_energy != t.report().model_energy);  // there are none
  }
}

TEST_CASE("a flow is trained by the same loop, as an energy that is normalised", "[train][flow]") {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(2.0 * random::normal<double>(random::Key(5), std::uint64_t(i), 0) + 1.0);
  train::Trainer t(flow::real_nvp<double>(2, 2, 8), train::Data<double>(values, 2), train::NoNegatives{}, train::MaximumLikelihood{},
                   nn::Adam<double>{{.learning_rate = 0.02}}, train::NoTeacher{}, {.batch = 200});
  const double first = t.advance().objective;
  t.run(200);
  CHECK(t.report().objective < first - 0.5);
}

TEST_CASE("the parameters of a sum are those of its parts, one after the other", "[train][energy]") {
  auto both = sum(net(1), sum(GaussianIsotropic<2>(2.0), net(2)));
  const auto n = static_cast<std::size_t>(both.n_parameters());
  REQUIRE(n == 2 * static_cast<std::size_t>(net().n_parameters()));
  const Points x(70);
  std::vector<double> w(70), u(70), v(70), g(n), theta(n);
  for (std::size_t c = 0; c < 70; ++c) w[c] = std::cos(static_cast<double>(c));
  both.add_parameter_gradient(x.view(), std::span<const double>(w), std::span<double>(g), std::span<double>(u));
  both.value(x.view(), std::span<double>(v));
  for (std::size_t c = 0; c < 70; ++c) CHECK_THAT(u[c], WithinAbs(v[c], 1e-12));
  const auto weighted = [&](const auto& e) {
    std::vector<double> e_u(70);
    e.value(x.view(), std::span<double>(e_u));
    double s = 0.0;
    for (std::size_t c = 0; c < 70; ++c) s += w[c] * e_u[c];
    return s;
  };
  for (const std::size_t i : {std::size_t{0}, n / 2 - 1, n / 2, n - 1}) {
    auto up = both, down = both;
    up.update([&](std::span<double> t) { t[i] += 1e-5; });
    down.update([&](std::span<double> t) { t[i] -= 1e-5; });
    CHECK_THAT((weighted(up) - weighted(down)) / 2e-5, WithinAbs(g[i], 1e-6));
  }
  both.copy_parameters(std::span<double>(theta));
  auto other = sum(net(3), sum(GaussianIsotropic<2>(2.0), net(4)));
  other.restore(theta);
  CHECK(weighted(other) == weighted(both));
}

TEST_CASE("the table of a training has a row every so many steps and a dash for what there is not", "[train]") {
  std::FILE* f = std::tmpfile();
  REQUIRE(f != nullptr);
  train::Table table{.every = 2, .stream = f};
  for (int i = 0; i < 4; ++i) {
    train::StepReport r;
    r.step = i;
    r.data_energy = 1.5, r.model_energy = 1.0, r.gradient_norm = 2.0;
    r.accept = {0.25, train::StepReport::nan};
    table(r);
  }
  std::rewind(f);
  std::string text;
  for (int c; (c = std::fgetc(f)) != EOF;) text += static_cast<char>(c);
  std::fclose(f);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK_THAT(text, contains("U(data)") && contains("       0.5          2          -  0.25 - "));
}
