// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The data sets of posterior.R, made again bit for bit in integer arithmetic.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace erg::test::posterior_golden {

/// Lehmer's generator, and the integer AR(1) chains made from it: see posterior.R.
class Source {
 public:
  explicit Source(std::int64_t seed) : state_(seed) {}

  /// Shape [draw, chain], chain after chain, in units of 2^-16.
  std::vector<std::int64_t> ar1(int n_draws, int n_chains, std::int64_t rho) {
    std::vector<std::int64_t> x;
    for (int c = 0; c < n_chains; ++c) {
      std::int64_t current = 0;
      for (int i = 0; i < n_draws; ++i) {
        current = ((rho * current) >> 10) + noise();  // a right shift rounds down, as floor does
        x.push_back(current);
      }
    }
    return x;
  }

 private:
  std::int64_t noise() {
    std::int64_t total = 0;
    for (int i = 0; i < 12; ++i) {
      state_ = (48271 * state_) % 2147483647;
      total += state_ >> 15;
    }
    return total - 393210;
  }

  std::int64_t state_;
};

struct DataSet {
  std::string name;
  int n_draws = 0, n_chains = 0;
  std::vector<double> x;  ///< chain after chain
};

inline std::vector<DataSet> data_sets() {
  std::vector<DataSet> all;
  const auto scaled = [](const std::vector<std::int64_t>& x, double unit) {
    std::vector<double> out;
    for (const std::int64_t v : x) out.push_back(static_cast<double>(v) / unit);
    return out;
  };
  const auto plain = [&](const char* name, std::int64_t seed, int n_draws, int n_chains, std::int64_t rho) {
    all.push_back({name, n_draws, n_chains, scaled(Source(seed).ar1(n_draws, n_chains, rho), 65536)});
  };
  constexpr std::size_t chain = 250;

  plain("independent", 1, 250, 4, 0);
  plain("ar_0.5", 2, 250, 4, 512);
  plain("ar_0.9", 3, 250, 4, 922);
  plain("antithetic", 4, 250, 4, -512);
  plain("strongly antithetic", 5, 200, 2, -973);
  {
    Source source(6);
    const auto a = source.ar1(250, 4, 512), b = source.ar1(250, 4, 512);
    std::vector<double> x;
    for (std::size_t i = 0; i < a.size(); ++i)
      x.push_back(static_cast<double>(a[i]) / static_cast<double>(2 * b[i] + 1));
    all.push_back({"heavy tail", 250, 4, x});
  }
  {
    auto x = Source(7).ar1(250, 4, 307);
    for (std::size_t i = 3 * chain; i < x.size(); ++i) x[i] += 65536;
    all.push_back({"one chain shifted", 250, 4, scaled(x, 65536)});
  }
  {
    auto x = Source(8).ar1(250, 4, 307);
    for (std::size_t i = 3 * chain; i < x.size(); ++i) x[i] *= 4;
    all.push_back({"one chain wide", 250, 4, scaled(x, 65536)});
  }
  plain("one chain", 9, 500, 1, 512);
  plain("odd number of draws", 10, 251, 3, 512);
  {
    auto x = Source(11).ar1(250, 4, 717);
    for (auto& v : x) v >>= 16;
    all.push_back({"ties", 250, 4, scaled(x, 1)});
  }
  plain("one chain constant", 12, 250, 4, 512);
  for (std::size_t i = chain; i < 2 * chain; ++i) all.back().x[i] = 0.5;
  all.push_back({"constant", 250, 4, std::vector<double>(4 * chain, 1.5)});
  plain("one NaN", 13, 250, 4, 512);
  all.back().x[2 * chain + 16] = std::numeric_limits<double>::quiet_NaN();
  plain("one infinity", 14, 250, 4, 512);
  all.back().x[2 * chain + 16] = std::numeric_limits<double>::infinity();
  plain("five draws", 15, 5, 4, 512);
  plain("six draws", 16, 6, 4, 0);
  plain("eleven draws", 17, 11, 2, 0);
  plain("twelve draws", 18, 12, 2, 512);
  all.push_back({"tiny scale", 250, 4, scaled(Source(19).ar1(250, 4, 512), std::ldexp(65536.0, 60))});
  plain("large offset", 20, 250, 4, 512);
  for (double& v : all.back().x) v += 1048576;
  plain("long and slow", 21, 3000, 2, 1014);
  plain("many chains", 22, 40, 32, 717);
  plain("two values", 23, 250, 4, 512);
  for (double& v : all.back().x) v = v > 0 ? 1 : -1;
  all.push_back({"alternating", 250, 4, {}});
  for (std::size_t i = 0; i < 4 * chain; ++i) all.back().x.push_back(i % 2 == 0 ? -1 : 1);
  return all;
}

}  // namespace erg::test::posterior_golden
