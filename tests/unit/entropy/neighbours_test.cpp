// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/points.hpp"

#include <erg/entropy/neighbours.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::entropy;

namespace {

/// Every pair, sorted.
template <class T>
Nearest sorted(const Cloud<T>& x, const Cloud<T>& y, int k, Sets sets, bool maximum = false) {
  Nearest found;
  found.k = k;
  for (int i = 0; i < x.n; ++i) {
    std::vector<std::pair<double, int>> all;
    for (int j = 0; j < y.n; ++j) {
      if (sets == Sets::one && i == j) continue;
      double sum = 0.0;
      for (int d = 0; d < x.dim; ++d) {
        const double r = double(x(i, d)) - double(y(j, d));
        sum = maximum ? std::max(sum, std::abs(r)) : sum + r * r;
      }
      all.emplace_back(maximum ? sum : std::sqrt(sum), j);
    }
    std::sort(all.begin(), all.end());
    for (int r = 0; r < k; ++r) {
      found.distance.push_back(all[static_cast<std::size_t>(r)].first);
      found.index.push_back(all[static_cast<std::size_t>(r)].second);
    }
  }
  return found;
}

template <class Search, class T>
void check_against_sorting(const Search& search, const Cloud<T>& x, const Cloud<T>& y, int k, Sets sets, bool maximum = false) {
  const Nearest found = search(x.view(), y.view(), k, sets), expected = sorted(x, y, k, sets, maximum);
  REQUIRE(found.index == expected.index);
  REQUIRE(found.distance == expected.distance);
}

}  // namespace

TEMPLATE_TEST_CASE("searches find the neighbours that sorting all pairs finds, bit for bit", "[entropy]", float, double) {
  for (const int dim : {1, 2, 3, 4, 5, 17, 60}) {
    for (const int n : {2, 5, 63, 64, 300}) {
      const auto x = normal_cloud<TestType>(n, dim, 1), y = normal_cloud<TestType>(701, dim, 2);
      for (const int k : {1, 3, 40}) {
        check_against_sorting(BruteForce<>{}, x, y, k, Sets::two);
        if (k == 3) check_against_sorting(AllPairs<>{}, x, y, k, Sets::two);
        if (k == 3 && k < n) check_against_sorting(AllPairs<>{}, x, x, k, Sets::one);
        if (k < n) check_against_sorting(BruteForce<>{}, x, x, k, Sets::one);
        if constexpr (has_kd_tree) {
          check_against_sorting(KdTree{}, x, y, k, Sets::two);
          if (k < n) check_against_sorting(KdTree{}, x, x, k, Sets::one);
        }
      }
    }
  }
}

TEST_CASE("with as many coordinates as an image the nearest are exact still, and of many queries too", "[entropy]") {
  for (const double offset : {0.0, 30.0}) {
    auto x = normal_cloud<float>(90, 784, 6), y = normal_cloud<float>(500, 784, 7);
    for (float& v : x.values) v += float(offset);
    for (float& v : y.values) v += float(offset);
    check_against_sorting(BruteForce<>{}, x, y, 4, Sets::two);
  }
  const auto many = normal_cloud<float>(1100, 5, 8);  // more pairs than are measured at once
  check_against_sorting(BruteForce<>{}, many, many, 4, Sets::one);
}

TEMPLATE_TEST_CASE("far from the origin and in tight clusters the neighbours are still exact", "[entropy]", float, double) {
  // |y|^2 / 2 - x.y loses all digits of the distances within a cluster.
  for (const int dim : {2, 6}) {
    auto x = normal_cloud<TestType>(200, dim, 3);
    for (int d = 0; d < dim; ++d) {
      for (int i = 0; i < x.n; ++i) x(i, d) = TestType(i % 5 == 0 ? 1000.0 : -500.0) + TestType(1e-3) * x(i, d);
    }
    check_against_sorting(BruteForce<>{}, x, x, 4, Sets::one);
  }
}

TEMPLATE_TEST_CASE("of equal distances the lower index comes first, whoever searches", "[entropy]", float, double) {
  for (const int dim : {2, 6}) {
    Cloud<TestType> x(150, dim);  // a grid of few values: ties everywhere, duplicates of many points
    for (int d = 0; d < dim; ++d) {
      for (int i = 0; i < x.n; ++i) x(i, d) = TestType((i * (d + 3) + i / 7) % 4);
    }
    check_against_sorting(BruteForce<>{}, x, x, 3, Sets::one);
    if constexpr (has_kd_tree) check_against_sorting(KdTree{}, x, x, 3, Sets::one);
    check_against_sorting(BruteForce<entropy::detail::Maximum>{}, x, x, 3, Sets::one, true);
  }
}

TEST_CASE("the maximum norm is searched as the Euclidean one is", "[entropy]") {
  for (const int dim : {1, 2, 3, 7}) {
    const auto x = normal_cloud<double>(230, dim, 5);
    check_against_sorting(BruteForce<entropy::detail::Maximum>{}, x, x, 3, Sets::one, true);
  }
}

TEST_CASE("a search refuses what has no neighbours", "[entropy]") {
  auto x = normal_cloud<double>(5, 2, 1);
  const auto y = normal_cloud<double>(5, 3, 1);
  const BruteForce<> search;
  ERG_CHECK_THROWS(search(x.view(), y.view(), 1), std::invalid_argument, "within one space");
  ERG_CHECK_THROWS(search(x.view(), x.view(), 5, Sets::one), std::invalid_argument, "at most the 4 points");
  ERG_CHECK_THROWS(search(x.view(), x.view(), 0), std::invalid_argument, "k = 0");
  if constexpr (has_kd_tree) ERG_CHECK_THROWS(KdTree{.leaf_size = 0}(x.view(), x.view(), 1), std::invalid_argument, "leaf_size = 0");
  x(3, 1) = std::nan("");
  ERG_CHECK_THROWS(search(x.view(), x.view(), 1, Sets::one), std::invalid_argument, "x[3, 1] = nan (must be finite");
}
