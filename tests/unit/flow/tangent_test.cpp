// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A flow's energy under objectives of its slope: passes with tangents against differences.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"

#include <erg/flow/autoregressive_flow.hpp>
#include <erg/flow/linear.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/nn/score_matching.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// Tangent passes and objectives of the slope against differences; the last n_constants parameters are not trained.
template <class F>
void check_tangents(F f, int n_constants, int every) {
  const int dim = f.dim(), n = 6;
  randomise(f, 0.3);
  Table x(n, dim, 7), v(n, dim, 8), hv(n, dim), du(n, 1), g(n, dim), up(n, dim), down(n, dim);
  Table seed(n, 1, 9);
  f.tangent(x, v, seed, du.view(), hv.view());
  f.gradient(x, g.view());
  f.gradient(x.plus(1e-5, v), up.view());
  f.gradient(x.plus(-1e-5, v), down.view());
  for (int c = 0; c < n; ++c) {
    double along = 0.0;
    for (int d = 0; d < dim; ++d) {
      along += g(c, d) * v(c, d);
      CHECK_THAT(hv(c, d), WithinAbs(seed(c, 0) * (up(c, d) - down(c, d)) / 2e-5, 1e-7));
    }
    CHECK_THAT(du(c, 0), WithinAbs(along, 1e-12));
  }
  const auto theta = std::vector<double>(f.parameters().flat().begin(), f.parameters().flat().end());
  const auto check = [&](auto&& add, auto&& value, double tolerance) {
    std::vector<double> to(theta.size(), 0.0);
    add(to);
    const double scale = largest(to);
    REQUIRE(scale > 1e-3);
    for (std::size_t i = 0; i < theta.size() - static_cast<std::size_t>(n_constants); i += static_cast<std::size_t>(every)) {
      auto a = theta, b = theta;
      a[i] += 1e-5, b[i] -= 1e-5;
      auto more = f, less = f;
      more.restore(a), less.restore(b);
      CHECK_THAT(to[i], WithinAbs((value(more) - value(less)) / 2e-5, tolerance * scale));
    }
  };
  check([&](std::span<double> to) { f.tangent_parameter_gradient(x, v, seed, to); },
        [&](const auto& at) {
          Table slope(n, dim);
          at.gradient(x, slope.view());
          double sum = 0.0;
          for (int c = 0; c < n; ++c) {
            for (int d = 0; d < dim; ++d) sum += seed(c, 0) * v(c, d) * slope(c, d);
          }
          return sum;
        },
        1e-7);
  std::vector<double> unused(theta.size());
  check([&](std::span<double> to) { nn::score_matching(f, BlockView<const double>(x), to); }, [&](const auto& at) { return nn::score_matching(at, BlockView<const double>(x), std::span<double>(unused)); }, 1e-6);
  check([&](std::span<double> to) { nn::denoising_score_matching(f, BlockView<const double>(x), to, random::Key(2), 0.3); },
        [&](const auto& at) { return nn::denoising_score_matching(at, BlockView<const double>(x), std::span<double>(unused), random::Key(2), 0.3); }, 1e-6);
}

template <class... B>
auto flow_of(B... parts) {
  return flow::Flow<flow::Chain<B...>, flow::StandardNormal, double>(flow::Chain<B...>(parts...));
}

}  // namespace

TEST_CASE("second derivatives of a flow's energy, and their derivatives by the parameters, equal differences", "[flow]") {
  const int dim = 3;
  check_tangents(flow::nice<double, nn::Softplus>(dim, 2, 6), 2 * dim, 5);
  SECTION("permutations and LU maps") {
    const flow::Permutation cycle({2, 0, 1});
    const auto couplings = flow::nice<double, nn::Softplus>(dim, 2, 6).map().part<1>();
    check_tangents(flow_of(couplings, cycle), 0, 5);
    check_tangents(flow_of(couplings, flow::Linear(dim), cycle, flow::Linear(dim)), 0, 3);
  }
  SECTION("autoregressive maps, which hold a permutation each") {
    check_tangents(flow::maf<double, nn::Softplus>(dim, 2, {6}), 2 * dim, 5);
    check_tangents(flow_of(flow::Autoregressive<flow::Affine<>, false, nn::Softplus>(dim, {6, 5})), 0, 5);
  }
}
