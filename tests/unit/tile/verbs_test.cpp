// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/exec/policies.hpp"
#include "erg/tile/block_tile.hpp"
#include "erg/tile/ensemble.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <limits>

namespace erg::test {
namespace {

using Wide = simd_lane<float, default_arch>;
constexpr int width = width_v<Wide>;
constexpr int n_groups = 3, dim = 5, n_chains = n_groups * width;
const random::Key key = random::Key(7).at(3);

template <class L>
std::vector<scalar_t<L>> values(const L& a) {
  std::vector<scalar_t<L>> v(static_cast<std::size_t>(width_v<L>));
  alignas(64) scalar_t<L> s[static_cast<std::size_t>(width_v<L>)];
  lane::store(s, a);
  v.assign(s, s + width_v<L>);
  return v;
}
LaneChains<Wide> lane_chains(int g) { return {lane_ops<Wide>::iota(static_cast<std::uint32_t>(g * width))}; }
BlockChains<Wide> block_chains() { return {0, n_groups}; }

/// The same normals in a block and in its groups as lane positions.
struct Pair {
  BlockPosition<Wide> block;
  std::vector<LanePosition<Wide, dynamic>> lanes{static_cast<std::size_t>(n_groups)};
  explicit Pair(int purpose) {
    const auto k = key.purpose(static_cast<random::Purpose>(purpose));
    fill_normal(block, k, block_chains(), dim);
    for (int g = 0; g < n_groups; ++g) fill_normal(lane(g), k, lane_chains(g), dim);
  }
  LanePosition<Wide, dynamic>& lane(int g) { return lanes[static_cast<std::size_t>(g)]; }
  void check_same() {
    for (int g = 0; g < n_groups; ++g) {
      for (int d = 0; d < dim; ++d) CHECK(values(block.group(g)[d]) == values(lane(g)[d]));
    }
  }
};
Column<Wide> column(const Pair& p, int d) {
  Column<Wide> c(n_groups);
  for (int g = 0; g < n_groups; ++g) c.group[g] = p.block.group(g)[d];
  return c;
}

}  // namespace

TEST_CASE("every verb does to a block what it does to its lanes, bit for bit", "[tile]") {
  Pair x(0), y(1), z(2);
  x.check_same();
  const Column<Wide> a = column(z, 0);

  SECTION("copy") {
    copy(y.block, x.block);
    for (int g = 0; g < n_groups; ++g) copy(y.lane(g), x.lane(g));
    y.check_same();
  }
  SECTION("axpy with one number, and with one a chain") {
    axpy(y.block, Wide(0.3), x.block);
    for (int g = 0; g < n_groups; ++g) axpy(y.lane(g), Wide(0.3), x.lane(g));
    y.check_same();
    axpy(y.block, a, x.block);
    for (int g = 0; g < n_groups; ++g) axpy(y.lane(g), a.group[g], x.lane(g));
    y.check_same();
  }
  SECTION("scale") {
    scale(y.block, a);
    for (int g = 0; g < n_groups; ++g) scale(y.lane(g), a.group[g]);
    y.check_same();
  }
  SECTION("transform") {
    const auto f = [](Wide u, Wide v, Wide w) { return u * v - w; };
    transform(y.block, f, x.block, z.block);
    for (int g = 0; g < n_groups; ++g) transform(y.lane(g), f, x.lane(g), z.lane(g));
    y.check_same();
  }
  SECTION("dot, squared_norm and sum_over_dims, in the order of the coordinates") {
    const Column<Wide> xy = dot(x.block, y.block), xx = squared_norm(x.block);
    const auto f = [](Wide u, Wide v) { return lane::max(u, v); };
    const Column<Wide> m = sum_over_dims(f, x.block, y.block);
    for (int g = 0; g < n_groups; ++g) {
      CHECK(values(xy.group[g]) == values(dot(x.lane(g), y.lane(g))));
      CHECK(values(xx.group[g]) == values(squared_norm(x.lane(g))));
      CHECK(values(m.group[g]) == values(sum_over_dims(f, x.lane(g), y.lane(g))));
    }
    float sum = 0.0f;
    for (int d = 0; d < dim; ++d) sum = lane_ops<float>::fma(values(x.lane(1)[d])[0], values(y.lane(1)[d])[0], sum);
    CHECK(values(xy.group[1])[0] == sum);
  }
  SECTION("copy_where and all_finite") {
    x.block.group(1)[2] = Wide(std::numeric_limits<float>::quiet_NaN());
    x.lane(1)[2] = x.block.group(1)[2];
    x.block.group(2)[4] = Wide(-std::numeric_limits<float>::infinity());
    x.lane(2)[4] = x.block.group(2)[4];
    const auto finite = all_finite(x.block);
    CHECK(lane::all<Wide>(finite.group[0]));
    CHECK_FALSE(lane::any<Wide>(finite.group[1]));
    CHECK_FALSE(lane::any<Wide>(finite.group[2]));
    const auto some = per_chain([](Wide v) { return v > Wide(0.0); }, a);
    copy_where(some && finite, y.block, x.block);
    for (int g = 0; g < n_groups; ++g) copy_where(some.group[g] && all_finite(x.lane(g)), y.lane(g), x.lane(g));
    y.check_same();
    CHECK(lane::all<Wide>(all_finite(y.block).group[1]));
  }
  SECTION("random variates") {
    const Column<Wide> e = draw_exponential(key, block_chains(), 9), u = draw_uniform(key, block_chains(), 2);
    for (int g = 0; g < n_groups; ++g) {
      CHECK(values(e.group[g]) == values(draw_exponential<Wide>(key, lane_chains(g), 9)));
      CHECK(values(u.group[g]) == values(draw_uniform<Wide>(key, lane_chains(g), 2)));
    }
  }
}

TEST_CASE("a static position does what a dynamic one does", "[tile]") {
  LanePosition<Wide, dim> x;
  LanePosition<Wide, dynamic> y;
  fill_normal(x, key, lane_chains(0), dim);
  fill_normal(y, key, lane_chains(0), dim);
  scale(x, Wide(1.5)), scale(y, Wide(1.5));
  CHECK(values(dot(x, x)) == values(dot(y, y)));
  for (int d = 0; d < dim; ++d) CHECK(values(x[d]) == values(y[d]));
}

TEST_CASE("arithmetic of columns is eager and chain by chain", "[tile]") {
  const Pair p(0);
  Column<Wide> a = column(p, 0);
  const Column<Wide> b = column(p, 1);
  const auto difference = a - b + a * Wide(2.0);
  const auto before = values(difference.group[1]);
  a = b;  // no lazy expression that looks at a again
  CHECK(values(difference.group[1]) == before);
  const MaskColumn<Wide> low = (b < Wide(0.0)) || !(b <= difference), same = (a == b) && (a >= b) && !(a != b);
  for (int g = 0; g < n_groups; ++g) {
    for (int c = 0; c < width; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const float bc = values(b.group[g])[i];
      const auto mask = values(lane::select(low.group[g], Wide(1.0), Wide(0.0)));
      CHECK((mask[i] == 1.0f) == (bc < 0.0f || !(bc <= values(difference.group[g])[i])));
    }
    CHECK(lane::all<Wide>(same.group[g]));
  }
  CHECK(values((-a).group[2]) == values(-a.group[2]));
  CHECK(values((Wide(1.0) / a).group[0]) == values(Wide(1.0) / a.group[0]));
}

TEST_CASE("an ensemble is column-major, aligned to 64 bytes, and padded to whole lines", "[tile]") {
  for (const int n : {1, 15, 16, 17, 100}) {
    Ensemble<float> e(n, 3, 2);
    CHECK(e.stride() % 16 == 0);
    CHECK(e.stride() >= n);
    CHECK(e.stride() < n + 16);
    CHECK(e.n_columns() == 9);
    CHECK(reinterpret_cast<std::uintptr_t>(e.data()) % 64 == 0);
    CHECK(e.gradient(0) == e.position(0) + 3 * e.stride());
    CHECK(e.energy() == e.position(0) + 6 * e.stride());
    CHECK(e.extra(1) == e.position(0) + 8 * e.stride());
    e.position(2)[n - 1] = 4.0f;
    CHECK(e(n - 1, 2) == 4.0f);
  }
}

TEST_CASE("positions and columns come back from an ensemble as they were stored, in lanes and in blocks", "[tile]") {
  Ensemble<float> e(n_chains, dim, 0);
  Pair x(0);
  store_columns(x.block, e.position(), e.stride());
  store_column(column(x, 2), e.energy());
  BlockPosition<Wide> back;
  load_columns(back, e.position(), e.stride(), dim, n_groups);
  Column<Wide> energy;
  load_column(energy, e.energy(), n_groups);
  for (int g = 0; g < n_groups; ++g) {
    LanePosition<Wide, dynamic> lane;
    load_columns(lane, e.position() + g * width, e.stride(), dim, 1);
    for (int d = 0; d < dim; ++d) {
      CHECK(values(back.group(g)[d]) == values(x.lane(g)[d]));
      CHECK(values(lane[d]) == values(x.lane(g)[d]));
    }
    CHECK(values(energy.group[g]) == values(x.lane(g)[2]));
  }
  CHECK(e(width, 3) == values(x.lane(1)[3])[0]);
  CHECK(back.view()(width, 3) == e(width, 3));
}

TEST_CASE("a position of the right size is not allocated anew", "[tile]") {
  BlockPosition<Wide> x;
  x.resize(n_groups, dim);
  const auto* data = x.view().data;
  x.resize(n_groups, dim);
  x.resize(1, dim);
  CHECK(x.view().data == data);
  LanePosition<Wide, dynamic> y;
  y.resize(dim);
  const Wide* first = &y[0];
  y.resize(dim);
  CHECK(&y[0] == first);
}

}  // namespace erg::test
