// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/ess.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

#include <erg/diagnostics/mcse.hpp>
#include <erg/diagnostics/rhat.hpp>

namespace diag = erg::diag;
using erg::test::chains::NormalSource;

TEST_CASE("rank-normalised diagnostics do not change under a monotone map", "[diagnostics]") {
  NormalSource source(1);
  const std::vector<double> x = source.ar1(300, 3, 0.6);
  std::vector<double> y = x;
  for (double& v : y) v = std::exp(3 * v);  // the mean of y is hopeless, its ranks are not
  const diag::Series s = diag::series_of(x, 3), t = diag::series_of(y, 3);
  CHECK(diag::ess_bulk(s) == diag::ess_bulk(t));
  CHECK(diag::rhat_basic(s) != diag::rhat_basic(t));
  CHECK(diag::ess_mean(s) != diag::ess_mean(t));
  // A quantile that falls on a draw maps onto a draw; (900 - 1) p is a whole number for p = 0 and 1 only.
  CHECK(diag::ess_quantile(s, 0) == diag::ess_quantile(t, 0));
}

TEST_CASE("ess and rhat do not change under an affine map", "[diagnostics]") {
  NormalSource source(2);
  const std::vector<double> x = source.ar1(300, 3, 0.6);
  std::vector<double> y = x;
  for (double& v : y) v *= -8;  // exact, so that the ties of |x - median| stay ties
  const diag::Series s = diag::series_of(x, 3), t = diag::series_of(y, 3);
  CHECK_THAT(diag::ess_mean(t), erg::test::WithinRel(diag::ess_mean(s), 1e-11));
  CHECK_THAT(diag::rhat(t), erg::test::WithinRel(diag::rhat(s), 1e-12));
  CHECK_THAT(diag::mcse_mean(t), erg::test::WithinRel(8 * diag::mcse_mean(s), 1e-11));
  CHECK_THAT(diag::mcse_sd(t), erg::test::WithinRel(8 * diag::mcse_sd(s), 1e-11));
}

TEST_CASE("ess, rhat and mcse are NaN where they are not defined", "[diagnostics]") {
  const auto all_nan = [](const diag::Series& s) {
    for (const double v :
         {diag::rhat(s), diag::rhat_basic(s), diag::ess_bulk(s), diag::ess_tail(s), diag::ess_mean(s), diag::ess_sd(s),
          diag::ess_quantile(s, 0.5), diag::mcse_mean(s), diag::mcse_sd(s), diag::mcse_quantile(s, 0.5)})
      if (!std::isnan(v)) return false;
    return true;
  };
  const std::vector<double> constant(40, 2.0), one = {1}, three = {1, 2, 4};
  CHECK(all_nan(diag::series_of(constant, 2)));
  CHECK(all_nan(diag::series_of(one)));
  CHECK(all_nan(diag::series_of(three)));
  std::vector<double> broken = constant;
  broken[3] = 1;
  CHECK_FALSE(all_nan(diag::series_of(broken, 2)));
  broken[3] = std::nan("");
  CHECK(all_nan(diag::series_of(broken, 2)));
  CHECK(std::isnan(diag::integrated_autocorrelation_time(diag::series_of(broken, 2))));
}

TEST_CASE("chains that sit apart are worth one draw each and have an infinite rhat", "[diagnostics]") {
  std::vector<double> x;
  for (int c = 0; c < 4; ++c) x.insert(x.end(), 250, c < 2 ? -1.0 : 1.0);
  const diag::Series s = diag::series_of(x, 4);
  CHECK(std::isinf(diag::rhat_basic(s)));
  CHECK(diag::ess_mean(s) > 3);
  CHECK(diag::ess_mean(s) < 5);
}

TEST_CASE("antithetic chains are worth more than their draws, up to S log10 S", "[diagnostics]") {
  NormalSource source(3);
  const std::vector<double> x = source.ar1(500, 2, -0.5);
  CHECK(diag::ess_mean(diag::series_of(x, 2)) > 2000);
  const std::vector<double> y = source.ar1(500, 2, -0.98);
  CHECK_THAT(diag::ess_mean(diag::series_of(y, 2)), erg::test::WithinRel(3000.0, 1e-12));
}

TEST_CASE("rhat sees a shifted chain and a wide chain, rhat_basic only the first", "[diagnostics][statistical]") {
  NormalSource source(4);
  const std::vector<double> x = source.normals(4000);
  std::vector<double> shifted = x, wide = x;
  for (std::size_t i = 3000; i < 4000; ++i) {
    shifted[i] += 1;
    wide[i] *= 3;
  }
  CHECK(diag::rhat(diag::series_of(x, 4)) < 1.01);
  CHECK(diag::rhat(diag::series_of(shifted, 4)) > 1.05);
  CHECK(diag::rhat(diag::series_of(wide, 4)) > 1.05);
  CHECK(diag::rhat_basic(diag::series_of(shifted, 4)) > 1.05);
  CHECK(diag::rhat_basic(diag::series_of(wide, 4)) < 1.01);
}

TEST_CASE("split rhat sees a drift that chains share, unsplit rhat does not", "[diagnostics][statistical]") {
  NormalSource source(5);
  std::vector<double> x = source.normals(4000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += 2 * static_cast<double>(i % 1000) / 1000;
  CHECK(diag::rhat_basic(diag::series_of(x, 4)) > 1.05);
  CHECK(diag::rhat_basic(diag::series_of(x, 4), false) < 1.01);
}

TEST_CASE("standard errors are as large as the errors", "[diagnostics][statistical]") {
  // 300 replicates of 4 x 400 draws of AR(1), rho = 0.8: sum of squared errors over sum of squared standard errors. It
  // is near 1 with a standard error of sqrt(2 / 300) = 0.08; [0.68, 1.4] is 4 of them to either side and some percent
  // for the bias of tau. Errors that ignore the correlation give the tau of what they estimate: 9 for the mean, 4.6 for
  // the standard deviation.
  struct Ratio {
    double errors = 0, claimed = 0;
    void add(double error, double scale) {
      errors += error * error;
      claimed += scale * scale;
    }
    double value() const { return errors / claimed; }
  } mean, sd, median, tail, naive_mean, naive_sd;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    NormalSource source(1000 + seed);
    const std::vector<double> x = source.ar1(400, 4, 0.8);
    const diag::Series s = diag::series_of(x, 4);
    mean.add(diag::mean(s), diag::mcse_mean(s));
    sd.add(diag::sd(s) - 1, diag::mcse_sd(s));
    median.add(diag::median(s), diag::mcse_quantile(s, 0.5));
    tail.add(diag::quantile(s, 0.95) - 1.6448536269514722, diag::mcse_quantile(s, 0.95));
    naive_mean.add(diag::mean(s), diag::sd(s) / std::sqrt(1600.0));
    naive_sd.add(diag::sd(s) - 1, diag::sd(s) / std::sqrt(2 * 1600.0));
  }
  INFO("mean " << mean.value() << ", sd " << sd.value() << ", median " << median.value() << ", tail " << tail.value()
               << ", naive " << naive_mean.value() << " and " << naive_sd.value());
  for (const double ratio : {mean.value(), sd.value(), median.value(), tail.value()}) {
    CHECK(ratio > 0.68);
    CHECK(ratio < 1.4);
  }
  CHECK(naive_mean.value() > 1.4);
  CHECK(naive_sd.value() > 1.4);
}
