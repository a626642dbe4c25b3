// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Normals to the limits of their precision. What a float normal cannot resolve, and what of it 1e9 draws can see:
//
//   radius    31 bits of probability: P(r > x) is a multiple of 2^-31, nothing beyond 6.66, where 1e9 normals put 0.03 numbers
//   near 0    r^2 is a multiple of 2^-23, and 0 for both of a pair with probability 2^-25 (15 pairs in 1e9 draws): no effect on a
//             number's law, as small numbers come from all radii
//   rounding  relative 1e-7 on each number, 0.002 standard errors of the second moment
//
// So at 1e9 draws all six moments, the counts beyond 3 to 6 and the radius's counts down to 2^-28 must agree with the exact law.
#include "normal_moments.hpp"
#include "support/catch.hpp"

using namespace erg;
using random::Key;
using test::NormalMoments;

namespace {

template <class L>
void fill(Key key, bits_t<L> chains, L* out) {
  random::fill_normal<L>(key, chains, out, 64);
}
/// The float transform with its words changed first.
template <class L, class Change>
void fill_changed(Key key, bits_t<L> chains, L* out, const Change& change) {
  for (int d = 0; d < 64; d += 4) {
    const auto w = random::words<L>(key, chains, static_cast<std::uint32_t>(d / 4));
    for (int h = 0; h < 2; ++h) {
      bits_t<L> a = w.w[2 * h], b = w.w[2 * h + 1];
      change(a, b);
      const auto p = random::box_muller<L>(a, b);
      out[d + 2 * h] = p.first;
      out[d + 2 * h + 1] = p.second;
    }
  }
}

}  // namespace

TEST_CASE("1e9 float normals have exact moments, law and tails to the limit of their precision", "[random][normal][slow]") {
  using L = simd_lane<float, default_arch>;
  NormalMoments<float> m;
  m.draw<L>(1'000'000'000, 51, fill<L>);
  INFO(m.text());
  CHECK(m.worst_moment() < 5.0);
  CHECK(m.worst_tail() < 5.0);
  CHECK(std::abs(m.law_score()) < 5.0);
  CHECK(m.ks() < 2.693);
}

TEST_CASE("1e8 double normals have exact moments, law and tails", "[random][normal][slow]") {
  using L = simd_lane<double, default_arch>;
  NormalMoments<double> m;
  m.draw<L>(100'000'000, 52, fill<L>);
  INFO(m.text());
  CHECK(m.worst_moment() < 5.0);
  CHECK(m.worst_tail() < 5.0);
  CHECK(std::abs(m.law_score()) < 5.0);
  CHECK(m.ks() < 2.693);
}

TEST_CASE("1e9 float normals would show a radius of 24 bits, cut off at 5.77", "[random][normal][slow]") {
  using L = simd_lane<float, default_arch>;
  NormalMoments<float> m;
  m.draw<L>(1'000'000'000, 53, [](Key key, bits_t<L> chains, L* out) {
    fill_changed<L>(key, chains, out, [](bits_t<L>& a, bits_t<L>&) { a = a | bits_t<L>(0xffu); });
  });
  INFO(m.text());
  CHECK(m.worst_moment() < 5.0);  // no moment sees it, the tail does: 29.6 pairs expected, none there
  CHECK(std::abs(m.radius_score(3)) > 7.0);
  CHECK(m.worst_tail() > 5.0);
}

TEST_CASE("1e9 float normals would show an angle that covers 99.5 % of the circle, and a sign that is negative by 1e-3 too often",
          "[random][normal][slow]") {
  using L = simd_lane<float, default_arch>;
  NormalMoments<float> arc, lopsided;
  arc.draw<L>(1'000'000'000, 54, [](Key key, bits_t<L> chains, L* out) {
    fill_changed<L>(key, chains, out, [](bits_t<L>&, bits_t<L>& b) {  // angle bits (2^30 of them, signed) times 0.995
      const L t = lane::from_int<L>(b << 2) * L(0.995);
      alignas(64) float v[width_v<L>];
      lane::store(v, t);
      std::array<std::uint32_t, width_v<L>> w;
      for (std::size_t c = 0; c < w.size(); ++c) w[c] = static_cast<std::uint32_t>(static_cast<std::int32_t>(v[c])) >> 2;
      b = (b & bits_t<L>(0xc0000000u)) | test::bits_from<L>(w);
    });
  });
  INFO(arc.text());
  CHECK(arc.worst_moment() > 8.0);
  CHECK(arc.law_score() > 8.0);
  lopsided.draw<L>(100'000'000, 55, [](Key key, bits_t<L> chains, L* out) {
    fill_changed<L>(key, chains, out, [](bits_t<L>&, bits_t<L>& b) {  // where the nine lowest bits are 0, the sign is set
      b = lane::select_bits<L>(lane::has_bits<L>(b, bits_t<L>(0x1ffu)), b, b | bits_t<L>(0x80000000u));
    });
  });
  INFO(lopsided.text());
  CHECK(lopsided.moment_score(1) < -8.0);
}
