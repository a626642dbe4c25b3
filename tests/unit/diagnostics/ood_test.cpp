// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <erg/diagnostics/image_baselines.hpp>
#include <erg/diagnostics/ood.hpp>
#include <erg/random/normal.hpp>

#include <sstream>

using namespace erg;
using namespace erg::diag;
using namespace erg::test;

namespace {

using Scores = std::vector<double>;

Scores normals(int n, double mean, double sd, std::uint64_t seed, double grid = 0.0) {
  Scores s;
  for (int i = 0; i < n; ++i) {
    const double v = mean + sd * random::normal<double>(random::Key(seed), static_cast<std::uint32_t>(i), 0);
    s.push_back(grid > 0.0 ? grid * std::round(v / grid) : v);
  }
  return s;
}
double by_pairs(const Scores& in, const Scores& out) {
  double twice = 0.0;
  for (const double a : in) {
    for (const double b : out) twice += a > b ? 2.0 : a == b ? 1.0 : 0.0;
  }
  return twice / (2.0 * static_cast<double>(in.size()) * static_cast<double>(out.size()));
}

}  // namespace

TEST_CASE("areas under the ROC curve of small scores are those counted by hand", "[diagnostics]") {
  CHECK(auroc(Scores{.9, .8, .7, .6}, Scores{.75, .65, .5, .4}).value == 13.0 / 16);
  CHECK(auroc(Scores{1, 2, 2, 3}, Scores{2, 2, 0, 1}).value == 11.5 / 16);
  CHECK(auroc(Scores{1, 1}, Scores{1, 1, 1}).value == 0.5);
}

TEST_CASE("the area in n log n is the one over all pairs, bit for bit, and rising maps change nothing", "[diagnostics]") {
  for (const double grid : {0.0, 0.5}) {
    const Scores in = normals(300, 0.5, 1.0, 1, grid), out = normals(200, 0.0, 1.5, 2, grid);
    const double a = auroc(in, out).value;
    CHECK(a == by_pairs(in, out));
    Scores minus_in, minus_out, e_in, e_out;
    for (const double v : in) minus_in.push_back(-v), e_in.push_back(std::exp(3 * v) - 7);
    for (const double v : out) minus_out.push_back(-v), e_out.push_back(std::exp(3 * v) - 7);
    CHECK(auroc(e_in, e_out).value == a);
    CHECK_THAT(auroc(minus_in, minus_out).value, WithinAbs(1 - a, 1e-15));
    CHECK_THAT(auroc(out, in).value, WithinAbs(1 - a, 1e-15));
  }
}

TEST_CASE("DeLong's error is that of the shares each score beats", "[diagnostics]") {
  // in 3, 1; out 2, 0: 3 beats both, 1 beats one; 2 is beaten by one of two, 0 by both. A = 3/4, variances (1/8, 1/8), each over 2.
  const Interval a = auroc(Scores{3, 1}, Scores{2, 0});
  CHECK_THAT(a.standard_error, WithinAbs(std::sqrt(1.0 / 8), 1e-15));
  const double half = 1.959963984540054 * std::sqrt(1.0 / 8) / (0.75 * 0.25), logit = std::log(3.0);
  CHECK_THAT(a.low, WithinAbs(1 / (1 + std::exp(half - logit)), 1e-12));
  CHECK_THAT(a.high, WithinAbs(1 / (1 + std::exp(-half - logit)), 1e-12));
}

TEST_CASE("scores that separate have an interval below 1 all the same", "[diagnostics]") {
  const Interval a = auroc(normals(100, 50, 1, 1), normals(40, 0, 1, 2)), b = auroc(normals(40, 0, 1, 2), normals(100, 50, 1, 1));
  CHECK(a.value == 1.0);
  CHECK_THAT(a.low, WithinAbs(std::pow(0.025, 1.0 / 40), 1e-15));
  CHECK(a.high == 1.0);
  CHECK_THAT(b.high, WithinAbs(1 - a.low, 1e-15));
}

TEST_CASE("precision and false positives of small scores are those counted by hand", "[diagnostics]") {
  // From the top: in, out, in, out, in: precisions 1, 2/3, 3/5.
  CHECK_THAT(aupr(Scores{5, 3, 1}, Scores{4, 2}).value, WithinAbs((1 + 2.0 / 3 + 3.0 / 5) / 3, 1e-15));
  // All tied: the share of positives.
  CHECK_THAT(aupr(Scores{1, 1, 1}, Scores{1}).value, WithinAbs(0.75, 1e-15));
  // Three of four must pass: the threshold is 2, which one of two reaches.
  CHECK(fpr_at_tpr(Scores{4, 3, 2, 1}, Scores{2.5, 0}, 0.75).value == 0.5);
  CHECK(fpr_at_tpr(Scores{4, 3, 2, 1}, Scores{2.5, 0}, 1.0).value == 0.5);
  CHECK(fpr_at_tpr(Scores{4, 3, 2, 1}, Scores{2.5, 1, 0}, 0.95).value == 2.0 / 3);
}

TEST_CASE("bootstrapped intervals depend on the seed alone and bracket the value", "[diagnostics]") {
  const Scores in = normals(200, 1, 1, 5), out = normals(150, 0, 1, 6);
  const Interval a = aupr(in, out), b = aupr(in, out), c = aupr(in, out, {.seed = 2});
  CHECK(a.low == b.low);
  CHECK(a.low != c.low);
  CHECK((a.low < a.value && a.value < a.high));
  std::ostringstream text;
  text << DetectionTable{{detect("-energy", in, out)}};
  CHECK_THAT(text.str(), contains("AUROC"));
}

TEST_CASE("scores without a rank are refused", "[diagnostics]") {
  ERG_CHECK_THROWS(auroc(Scores{1, std::nan("")}, Scores{1}), std::invalid_argument, "in[1] = nan (it has no rank");
  ERG_CHECK_THROWS(aupr(Scores{1}, Scores{}), std::invalid_argument, "out has no scores");
  ERG_CHECK_THROWS(fpr_at_tpr(Scores{1}, Scores{1}, 0.0), std::invalid_argument, "tpr = 0");
  ERG_CHECK_THROWS(aupr(Scores{1}, Scores{1}, {.n_resamples = 3}), std::invalid_argument, "n_resamples = 3");
  CHECK(auroc(Scores{INFINITY, 1}, Scores{-INFINITY}).value == 1.0);
}

TEST_CASE("flat images are cheap, noise costs its bits, and an edge lies between", "[diagnostics]") {
  std::vector<std::uint8_t> flat(784, 90), noise, edge;
  for (std::uint32_t i = 0; i < 784; ++i) {
    noise.push_back(static_cast<std::uint8_t>(256 * random::uniform<double>(random::Key(3), i, 0)));
    edge.push_back(i % 28 < 14 ? 0 : 255);
  }
  const double simple = complexity_bits(flat, 28, 28), middle = complexity_bits(edge, 28, 28), most = complexity_bits(noise, 28, 28);
  CHECK(simple < 0.2 * 784);
  CHECK(middle > simple);
  CHECK(middle < 0.5 * 784);
  CHECK(most > 7.0 * 784);
  CHECK(mean_pixel(flat) == 90.0);
  // One pixel, against nothing: log2 of 256.
  CHECK_THAT(complexity_bits(std::vector<std::uint8_t>{17}, 1, 1), WithinAbs(8.0, 1e-12));
  // Two equal ones: the second is predicted; its residual 0 has not been seen yet in this context but for... the first was 17.
  CHECK_THAT(complexity_bits(std::vector<std::uint8_t>{17, 17}, 2, 1), WithinAbs(8.0 - std::log2((1.0 / 16) / 17), 1e-12));
  ERG_CHECK_THROWS(complexity_bits(flat, 27, 28), std::invalid_argument, "784 pixels");
}
