// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What images are judged by, against values known by hand.
#include "support/catch.hpp"

#include <erg/diagnostics/frechet.hpp>
#include <erg/diagnostics/image_quality.hpp>
#include <erg/diagnostics/precision_recall.hpp>
#include <erg/random/normal.hpp>

using namespace erg;
using namespace erg::test;

namespace {
std::vector<double> normals(int n, int dim, std::uint64_t seed, double shift = 0.0, double scale = 1.0) {
  std::vector<double> v(static_cast<std::size_t>(n * dim));
  for (int i = 0; i < n * dim; ++i) v[static_cast<std::size_t>(i)] = shift + scale * random::normal<double>(random::Key(seed), 0, i);
  return v;
}
std::vector<double> picture(int size, std::uint64_t seed) {
  std::vector<double> v;
  for (int i = 0; i < size; ++i) v.push_back(255.0 * random::uniform<double>(random::Key(seed), 0, i));
  return v;
}
}  // namespace

TEST_CASE("eigen-decomposition of a symmetric matrix gives it back, largest first", "[diagnostics]") {
  const int n = 12;
  const auto half = normals(n, n, 3);
  std::vector<double> a(n * n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < n; ++k) a[static_cast<std::size_t>(i * n + j)] += half[static_cast<std::size_t>(i * n + k)] * half[static_cast<std::size_t>(j * n + k)];
    }
  }
  const erg::detail::SymmetricEigen e(a, n);
  const auto back = e.map([](double v) { return v; });
  for (std::size_t i = 0; i < a.size(); ++i) CHECK_THAT(back[i], WithinAbs(a[i], 1e-11));
  for (int k = 1; k < n; ++k) CHECK(e.value(k) <= e.value(k - 1));
  for (int k = 0; k < n; ++k) {
    for (int l = 0; l < n; ++l) {
      double dot = 0.0;
      for (int i = 0; i < n; ++i) dot += e.vector(i, k) * e.vector(i, l);
      CHECK_THAT(dot, WithinAbs(k == l ? 1.0 : 0.0, 1e-13));
    }
  }
}

TEST_CASE("eigen-decomposition takes what is degenerate, of low rank, of one row, and nothing that is not finite", "[diagnostics]") {
  using erg::detail::SymmetricEigen;
  const auto reconstructs = [](const std::vector<double>& a, int n, double scale) {
    const auto back = SymmetricEigen(a, n).map([](double v) { return v; });
    double worst = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(back[i] - a[i]));
    return worst < 1e-14 * n * scale;
  };
  CHECK(SymmetricEigen({-3.0}, 1).value(0) == -3.0);
  CHECK(reconstructs({2.0, 1.0, 1.0, 2.0}, 2, 3.0));
  std::vector<double> diagonal(49, 0.0), zero(25, 0.0), one(30 * 30);
  for (std::size_t i = 0; i < 7; ++i) diagonal[8 * i] = static_cast<double>(i % 3);
  const SymmetricEigen three(diagonal, 7);
  CHECK(three.value(0) == 2.0);
  CHECK(three.value(6) == 0.0);
  CHECK(SymmetricEigen(zero, 5).value(0) == 0.0);
  const auto v = normals(30, 1, 8);
  double square = 0.0;
  for (std::size_t i = 0; i < 30; ++i) {
    square += v[i] * v[i];
    for (std::size_t j = 0; j < 30; ++j) one[30 * i + j] = v[i] * v[j];
  }
  const SymmetricEigen rank_one(one, 30);
  CHECK_THAT(rank_one.value(0), WithinRel(square, 1e-13));
  CHECK(std::abs(rank_one.value(1)) < 1e-14 * square);
  CHECK(reconstructs(one, 30, square));
  // the chain of springs: 2 - 2 cos(pi k / (n + 1))
  const int n = 40;
  std::vector<double> springs(n * n, 0.0);
  for (int i = 0; i < n; ++i) {
    springs[static_cast<std::size_t>(i * n + i)] = 2.0;
    if (i + 1 < n) springs[static_cast<std::size_t>(i * n + i + 1)] = -1.0;
  }
  const SymmetricEigen modes(springs, n);
  for (int k = 1; k <= n; ++k) CHECK_THAT(modes.value(n - k), WithinAbs(2.0 - 2.0 * std::cos(3.14159265358979324 * k / (n + 1)), 1e-13));
  ERG_CHECK_THROWS(SymmetricEigen({1.0, NAN, NAN, 1.0}, 2), std::invalid_argument, "not finite");
}

TEST_CASE("the Frechet distance of Gaussians with common axes is that of their deviations, in hundreds of dimensions", "[diagnostics]") {
  const int n = 160;
  auto a = normals(n, n, 5);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) a[static_cast<std::size_t>(i * n + j)] = a[static_cast<std::size_t>(j * n + i)];
  }
  const erg::detail::SymmetricEigen axes(a, n);
  const std::vector<double> at(n, 0.0);
  // deviations 1 + 1 / (1 + |value|) and twice as much, half of the second's directions lost
  const auto first = [](double v) { return 1.0 + 1.0 / (1.0 + std::abs(v)); };
  const auto second = [&](double v) { return v > 0.0 ? 2.0 * first(v) : 0.0; };
  double expected = 0.0;
  for (int k = 0; k < n; ++k) expected += std::pow(first(axes.value(k)) - second(axes.value(k)), 2);
  const diag::GaussianMoments x{at, axes.map([&](double v) { return std::pow(first(v), 2); }), 1}, y{at, axes.map([&](double v) { return std::pow(second(v), 2); }), 1};
  CHECK_THAT(diag::frechet_distance(x, y), WithinAbs(expected, 1e-5));  // a direction lost to rounding of size e counts as sqrt(e)
  CHECK(std::abs(diag::frechet_distance(x, x)) < 1e-9);
}

TEST_CASE("the Frechet distance of two Gaussians is that of the formula", "[diagnostics]") {
  const diag::GaussianMoments a{{0, 0, 0}, {1, 0, 0, 0, 1, 0, 0, 0, 1}, 1}, b{{1, 2, -2}, {4, 0, 0, 0, 4, 0, 0, 0, 4}, 1};
  CHECK_THAT(diag::frechet_distance(a, b), WithinAbs(9.0 + 3.0, 1e-12));
  CHECK_THAT(diag::frechet_distance(b, a), WithinAbs(12.0, 1e-12));
  CHECK_THAT(diag::frechet_distance(b, b), WithinAbs(0.0, 1e-12));
  // covariances that do not commute: tr(S1 + S2) - 2 tr sqrt(S1 S2), for 2 x 2 by det and trace
  const diag::GaussianMoments c{{0, 0}, {2, 1, 1, 3}, 1}, d{{0, 0}, {1, -0.5, -0.5, 2}, 1};
  const double trace = 2 * 1 - 0.5 * 1 + 1 * -0.5 + 3 * 2, det = 5.0 * 1.75;
  CHECK_THAT(diag::frechet_distance(c, d), WithinAbs(8.0 - 2.0 * std::sqrt(trace + 2.0 * std::sqrt(det)), 1e-12));
}

TEST_CASE("two samples of one law have the distance of the floor", "[diagnostics]") {
  const int dim = 16, n = 2000, repeats = 200;
  double mean = 0.0;
  for (int r = 0; r < repeats; ++r) {
    const auto x = normals(n, dim, 100 + static_cast<std::uint64_t>(r)), y = normals(n, dim, 500 + static_cast<std::uint64_t>(r));
    mean += diag::frechet_distance(diag::Points(x.data(), n, dim), diag::Points(y.data(), n, dim)) / repeats;
  }
  CHECK_THAT(diag::frechet_floor(dim, n), WithinRel((dim * dim + 5.0 * dim) / (2.0 * n), 1e-12));
  CHECK_THAT(mean, WithinRel(diag::frechet_floor(dim, n), 0.1));
  CHECK(std::abs(mean / (dim * dim / (2.0 * n)) - 1.0) > 0.2);  // the covariance alone
}

TEST_CASE("predictions that differ and are sure score the number of classes, others one", "[diagnostics]") {
  std::vector<double> sure(100, 0.0), same(100, 0.1), one(100, 0.0);
  for (std::size_t i = 0; i < 10; ++i) sure[11 * i] = 1.0, one[10 * i] = 1.0;
  CHECK_THAT(diag::inception_score(diag::Points(sure.data(), 10, 10)), WithinAbs(10.0, 1e-12));
  CHECK_THAT(diag::inception_score(diag::Points(same.data(), 10, 10)), WithinAbs(1.0, 1e-12));
  CHECK_THAT(diag::inception_score(diag::Points(one.data(), 10, 10)), WithinAbs(1.0, 1e-12));
}

TEST_CASE("the inception score over parts is the mean and deviation of theirs: five sure predictions in parts of two and three", "[diagnostics]") {
  // Classes 0, 0 | 1, 2, 0: scores 1 and 3.
  const std::vector<double> p{1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0};
  const auto s = diag::inception_score(diag::Points(p.data(), 5, 3), 2);
  CHECK_THAT(s.mean, WithinAbs(2.0, 1e-12));
  CHECK_THAT(s.deviation, WithinAbs(1.0, 1e-12));
  const auto whole = diag::inception_score(diag::Points(p.data(), 5, 3), 1);
  CHECK(whole.mean == diag::inception_score(diag::Points(p.data(), 5, 3)));
  CHECK(whole.deviation == 0.0);
  ERG_CHECK_THROWS(diag::inception_score(diag::Points(p.data(), 5, 3), 6), std::invalid_argument, "5 predictions (there are 6 parts)");
  ERG_CHECK_THROWS(diag::inception_score(diag::Points(p.data(), 5, 3), 0), std::invalid_argument, "n_splits = 0");
}

TEST_CASE("precision falls where samples are wrong, recall where some are missing", "[diagnostics]") {
  const int n = 300;
  const auto x = normals(n, 2, 1), y = normals(n, 2, 2), narrow = normals(n, 2, 3, 0.0, 0.1), far = normals(n, 2, 4, 50.0);
  const diag::Points reference(x.data(), n, 2);
  const auto good = diag::precision_recall(diag::Points(y.data(), n, 2), reference);
  CHECK(good.precision > 0.85);
  CHECK(good.recall > 0.85);
  const auto few = diag::precision_recall(diag::Points(narrow.data(), n, 2), reference);
  CHECK(few.precision > 0.95);
  CHECK(few.recall < 0.2);
  const auto wrong = diag::precision_recall(diag::Points(far.data(), n, 2), reference);
  CHECK(wrong.precision == 0.0);
  CHECK(wrong.recall == 0.0);
  // By hand: 0, 1, 2, 10 reach 1, 1, 1, 8, and all samples but 18.1; these reach 2.5, 2, 2, .2, .2, and all of 0, 1, 2, 10 but the last.
  const std::vector<double> line{0.0, 1.0, 2.0, 10.0}, at{-1.0, 1.5, 3.5, 17.9, 18.1};
  const auto by_hand = diag::precision_recall(diag::Points(at.data(), 5, 1), diag::Points(line.data(), 4, 1), 1);
  CHECK(by_hand.precision == 0.8);
  CHECK(by_hand.recall == 0.75);
  ERG_CHECK_THROWS(diag::precision_recall(diag::Points(x.data(), 3, 2), reference), std::invalid_argument, "sample has 3 points (at least 4 are needed)");
}

TEST_CASE("the signal-to-noise ratio of a constant offset is known, in whole and in a quarter", "[diagnostics]") {
  const std::vector<double> a(64, 100.0), b(64, 120.0);
  CHECK_THAT(diag::psnr(a, b, 255.0), WithinAbs(22.1102, 1e-4));
  CHECK(std::isinf(diag::psnr(a, a, 255.0)));
  std::vector<double> pasted = a;
  std::fill_n(pasted.begin(), 16, 120.0);
  const std::span<const double> hole_a(a.data(), 16), hole_b(b.data(), 16);
  CHECK_THAT(diag::psnr(a, pasted, 255.0) - diag::psnr(hole_a, hole_b, 255.0), WithinAbs(6.0206, 1e-4));
  ERG_CHECK_THROWS(diag::psnr(a, hole_b, 255.0), std::invalid_argument, "64 and 16 pixels");
}

TEST_CASE("structural similarity has its known values, and depends on where zero is", "[diagnostics]") {
  const int h = 16, w = 14;
  const std::vector<double> c100(h * w, 100.0), c120(h * w, 120.0), x = picture(h * w, 1), y = picture(h * w, 2);
  const auto image = [&](const std::vector<double>& v) { return diag::Image{v, h, w}; };
  CHECK_THAT(diag::ssim(image(x), image(x), 255.0), WithinAbs(1.0, 1e-12));
  CHECK_THAT(diag::ssim(image(c100), image(c120), 255.0), WithinAbs(0.983611, 1e-6));
  CHECK_THAT(diag::ssim(image(c100), image(c120), 255.0, {.window = 7, .deviation = 0.0}), WithinAbs(0.983611, 1e-6));
  const double s = diag::ssim(image(x), image(y), 255.0);
  CHECK(s < 0.9);
  CHECK_THAT(diag::ssim(image(y), image(x), 255.0), WithinAbs(s, 1e-13));
  const auto mapped = [](std::vector<double> v, double scale, double shift) {
    for (double& p : v) p = scale * p + shift;
    return v;
  };
  const auto u = mapped(x, 1.0 / 255.0, 0.0), v = mapped(y, 1.0 / 255.0, 0.0), u2 = mapped(x, 2.0 / 255.0, -1.0), v2 = mapped(y, 2.0 / 255.0, -1.0);
  CHECK_THAT(diag::ssim(image(u), image(v), 1.0), WithinAbs(s, 1e-12));
  CHECK(std::abs(diag::ssim(image(u2), image(v2), 2.0) - s) > 1e-3);  // on [-1, 1] it is something else
  CHECK(diag::ssim_map(image(x), image(y), 255.0).size() == 6 * 4);
  ERG_CHECK_THROWS(diag::ssim(image(x), image(y), 255.0, {.window = 15}), std::invalid_argument, "take a smaller window");
  ERG_CHECK_THROWS(diag::ssim(image(x), image(y), 255.0, {.window = 1, .deviation = 0.0}), std::invalid_argument, "window = 1 (one pixel has no sample covariance)");
}

TEST_CASE("both image qualities are those of slow references, at every place", "[diagnostics]") {
  const int h = 16, w = 14;
  const auto x = picture(h * w, 5), y = picture(h * w, 6);
  const double c1 = 2.55 * 2.55, c2 = 7.65 * 7.65;
  // weight of a pixel by its distance from the middle of the window along each side; what covariances are multiplied with
  const auto slow = [&](const std::vector<double>& g, double correction) {
    const int size = static_cast<int>(g.size());
    double total = 0.0, sum = 0.0;
    for (const double v : g) total += v;
    for (int row = 0; row + size <= h; ++row) {
      for (int column = 0; column + size <= w; ++column) {
        const auto mean = [&](auto&& f) {
          double m = 0.0;
          for (int i = 0; i < size; ++i) {
            for (int j = 0; j < size; ++j) {
              m += g[static_cast<std::size_t>(i)] / total * g[static_cast<std::size_t>(j)] / total * f(static_cast<std::size_t>((row + i) * w + column + j));
            }
          }
          return m;
        };
        const double mx = mean([&](std::size_t i) { return x[i]; }), my = mean([&](std::size_t i) { return y[i]; });
        const double vx = mean([&](std::size_t i) { return (x[i] - mx) * (x[i] - mx); }), vy = mean([&](std::size_t i) { return (y[i] - my) * (y[i] - my); });
        const double cov = mean([&](std::size_t i) { return (x[i] - mx) * (y[i] - my); });
        sum += (2 * mx * my + c1) * (2 * correction * cov + c2) / ((mx * mx + my * my + c1) * (correction * (vx + vy) + c2));
      }
    }
    return sum / ((h - size + 1) * (w - size + 1));
  };
  std::vector<double> gaussian;
  for (int i = -5; i <= 5; ++i) gaussian.push_back(std::exp(-i * i / 4.5));
  const diag::Image a{x, h, w}, b{y, h, w};
  CHECK_THAT(diag::ssim(a, b, 255.0), WithinAbs(slow(gaussian, 1.0), 1e-10));
  const std::vector<double> uniform(7, 1.0);
  const double of_samples = diag::ssim(a, b, 255.0, {.window = 7, .deviation = 0.0});
  CHECK_THAT(of_samples, WithinAbs(slow(uniform, 49.0 / 48.0), 1e-10));
  CHECK(std::abs(of_samples - slow(uniform, 1.0)) > 1e-6);  // covariances of samples, not of populations
  double square = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) square += (x[i] - y[i]) * (x[i] - y[i]) / static_cast<double>(x.size());
  CHECK_THAT(diag::psnr(x, y, 255.0), WithinAbs(10.0 * std::log10(255.0 * 255.0 / square), 1e-10));
}
