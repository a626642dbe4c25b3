// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/protocol.hpp"
#include "support/sanitized.hpp"

#include <Eigen/Core>

using namespace erg;
using namespace erg::test;

#if ERG_TEST_SANITIZED  // takes minutes to compile vector arithmetic; the memory of positions is the same with one chain a lane

TEST_CASE("kernels keep the protocol and their memory on a block and on a lane of run-time dimension", "[kernel]") {
  check_protocol<BlockTile<One>>(Rwm{{.step_size = 0.7}}, Probe<3>(), Cost{3, 0});
  check_protocol<BlockTile<One>>(Hmc{{.step_size = 0.4, .n_leapfrog = 3}}, Probe<dynamic>(3), Cost{0, 9});
  check_protocol<LaneTile<One, dynamic>>(Hmc{{.step_size = 0.4, .n_leapfrog = 3}}, Probe<dynamic>(3), Cost{0, 3});
}

#else

namespace {

using Block = BlockTile<Wide>;
using Batch = BatchProbe<Eigen::MatrixXd>;
Batch batch() {
  Batch b;
  b.a.resize(3, 3);
  b.a << 1.0, 0.2, 0.0, -0.3, 0.9, 0.1, 0.0, 0.4, 1.2;
  return b;
}

/// Every kernel there is, each with the gradients of a step: a batch energy gives its value with its gradient.
template <class T, class E>
void check_kernels(const E& energy) {
  check_protocol<T>(Rwm{{.step_size = 0.7}}, energy, Cost{0, 1});
  check_protocol<T>(Imh(Probe<dynamic>(3)), energy, Cost{0, 1});
  check_protocol<T>(Hmc{{.step_size = 0.4, .n_leapfrog = 3}}, energy, Cost{0, 3});
  check_protocol<T>(Ula{{.step_size = 0.5}}, energy, Cost{0, 1});
  check_protocol<T>(Mala{{.step_size = 0.7}}, energy, Cost{0, 1});
  check_protocol<T>(Baoab{{.step_size = 0.4}}, energy, Cost{0, 1});
  check_protocol<T>(Obabo{{.step_size = 0.4}}, energy, Cost{0, 1});
  check_protocol<T>(Barker{{.step_size = 0.8}}, energy, Cost{0, 1});
}

}  // namespace

TEST_CASE("every kernel keeps the protocol on a block of chains with a batch energy", "[kernel]") {
  check_kernels<Block>(batch());
}

TEST_CASE("a kernel keeps the protocol on a lane of run-time dimension and on a block with a lane energy", "[kernel]") {
  check_protocol<LaneTile<Wide, dynamic>>(Hmc{{.step_size = 0.4, .n_leapfrog = 3}}, Probe<dynamic>(3), Cost{0, 3});
  check_protocol<LaneTile<Wide, dynamic>>(Rwm{{.step_size = 0.7}}, Probe<dynamic>(3), Cost{1, 0});
  check_protocol<Block>(Hmc{{.step_size = 0.4, .n_leapfrog = 3}}, Probe<3>(), Cost{0, 9});  // three lanes of chains
  check_protocol<Block>(Rwm{{.step_size = 0.7}}, Probe<3>(), Cost{3, 0});
}

TEST_CASE("a block of chains makes the steps of the same chains in lanes, with any metric", "[kernel]") {
  const Probe<3> lanes;
  const random::Key key(611);
  const auto check = [&](const auto& kernel) {
    using K = std::remove_cvref_t<decltype(kernel)>;
    auto block = placed<Block>(kernel, lanes, key);
    for (std::uint64_t i = 1; i <= 10; ++i) block.step(kernel, lanes, key.at(i));
    for (int group = 0; group < 3; ++group) {
      Group<LaneTile<Wide, 3>, K> g;
      g.s.chains = chains_from<Wide>(40 + static_cast<std::uint32_t>(group * width_v<Wide>));
      fill_normal(g.s.position, key.purpose(random::Purpose::user), g.s.chains, 3);
      leave_hole(g.s.position);
      g.begin(kernel, lanes, key);
      for (std::uint64_t i = 1; i <= 10; ++i) g.step(kernel, lanes, key.at(i));
      for (int c = 0; c < width_v<Wide>; ++c) {
        for (int d = 0; d < 3; ++d) {
          CHECK_THAT(get(g.s.position[d], c), WithinAbs(coordinate(block.s.position, group * width_v<Wide> + c, d), 1e-12));
        }
      }
    }
  };
  const DiagonalMetric diagonal({0.5, 1.0, 2.0});
  const DenseMetric dense({1.0, 0.3, 0.0, 0.3, 0.8, -0.1, 0.0, -0.1, 1.5}, 3);
  const Hmc hmc{{.step_size = 0.3, .n_leapfrog = 3}, diagonal};
  const Mala mala{{.step_size = 0.3}, dense};
  check(kernel_view<double>(hmc));
  check(kernel_view<double>(mala));
}

#endif
