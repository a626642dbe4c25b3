// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Replay buffers: who stays, in what precision, and that a stopped one goes on as if it had not been.
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <erg/train/replay.hpp>

#include <map>

using namespace erg;
using namespace erg::test;
using namespace erg::train;

namespace {

/// A buffer of one coordinate whose chains are numbered through: step by step, chain by chain, from 1 on.
template <class R>
class Numbered {
 public:
  Numbered(R buffer, int n_chains, std::uint64_t seed) : replay(std::move(buffer)), x(static_cast<std::size_t>(n_chains)), key_(seed) {
    replay.begin(view(), constant(), key_);
  }
  void step() {
    replay.before(view(), constant(), key_.at(static_cast<std::uint64_t>(n_steps++)));
    for (double& v : x) v = ++last;
    replay.after(constant());
  }
  BlockView<double> view() { return {x.data(), static_cast<int>(x.size()), 1, static_cast<std::ptrdiff_t>(x.size())}; }
  BlockView<const double> constant() { return view(); }

  R replay;
  std::vector<double> x;
  double last = 0.0;
  int n_steps = 0;

 private:
  random::Key key_;
};
const Noise anew = Noise::gaussian(1e-6);

}  // namespace

TEST_CASE("a ring holds the latest points, each once", "[train]") {
  Numbered ring(Replay(anew, {.capacity = 50, .restart = 0.0, .write_back = WriteBack::ring}), 8, 1);
  for (int i = 0; i < 30; ++i) ring.step();
  std::vector<double> held(ring.replay.buffer<double>().data, ring.replay.buffer<double>().data + 50);
  std::sort(held.begin(), held.end());
  for (int i = 0; i < 50; ++i) CHECK(held[static_cast<std::size_t>(i)] == 240 - 49 + i);
}

TEST_CASE("a reservoir holds each point of the whole history with the same probability", "[train][statistical]") {
  constexpr int capacity = 40, n = 400, n_runs = 2000, n_bins = 50;
  std::vector<double> count(n_bins), late(n_bins);
  for (int run = 0; run < n_runs; ++run) {
    Numbered reservoir(Replay(anew, {.capacity = capacity, .restart = 0.0, .write_back = WriteBack::reservoir}), 8, static_cast<std::uint64_t>(run));
    Numbered ring(Replay(anew, {.capacity = capacity, .restart = 0.0, .write_back = WriteBack::ring}), 8, static_cast<std::uint64_t>(run));
    for (int i = 0; i < n / 8; ++i) reservoir.step(), ring.step();
    for (int i = 0; i < capacity; ++i) {
      ++count[static_cast<std::size_t>((reservoir.replay.buffer<double>()(i, 0) - 1) / (n / n_bins))];
      ++late[static_cast<std::size_t>((ring.replay.buffer<double>()(i, 0) - 1) / (n / n_bins))];
    }
  }
  const auto chi_square = [](const std::vector<double>& counts) {
    const double expected = static_cast<double>(capacity) * n_runs / n_bins;
    double sum = 0.0;
    for (const double c : counts) sum += (c - expected) * (c - expected) / expected;
    return sum;
  };
  CHECK(chi_square(count) < 112.0);  // 49 degrees of freedom, p = 1e-6; the counts of a bin are slightly less than Poisson
  CHECK(chi_square(late) > 1000.0);  // what a ring holds is not a fair sample
}

TEST_CASE("chains start anew at the rate asked for, and before the buffer has as many as there are chains", "[train]") {
  Numbered ring(Replay(anew, {.capacity = 1000, .restart = 0.2, .write_back = WriteBack::ring}), 500, 3);
  const auto n_anew = [&] {
    ring.replay.before(ring.view(), ring.constant(), random::Key(3).at(static_cast<std::uint64_t>(1000 + ring.n_steps)));
    return std::count_if(ring.x.begin(), ring.x.end(), [](double v) { return std::abs(v) < 0.1; });
  };
  CHECK(n_anew() == 500);
  ring.step();
  double total = 0.0;
  for (int i = 0; i < 20; ++i) total += static_cast<double>(n_anew()), ring.step();
  CHECK(std::abs(total - 2000.0) < 5.0 * std::sqrt(10000 * 0.2 * 0.8));
}

TEST_CASE("bytes neither drift nor shrink: stored and fetched many times, numbers stay where they are on average", "[train][statistical]") {
  const Bytes bytes;
  double sum = 0.0, product = 0.0, square = 0.0, broken = 0.0;
  const int n = 1000000;
  for (int i = 0; i < n; ++i) {
    const double x = random::uniform<double>(random::Key(1), static_cast<std::uint64_t>(i), 0), u = random::uniform<double>(random::Key(1), static_cast<std::uint64_t>(i), 1);
    const double error = bytes.decode<double>(bytes.encode(x), u) - x;
    sum += error, product += error * (x - 0.5), square += (x - 0.5) * (x - 0.5);
    broken += ((std::floor(255.0 * x) + u) / 256.0 - x) * (x - 0.5);  // as published
  }
  const double deviation = 1.0 / (256.0 * std::sqrt(6.0));
  CHECK(std::abs(sum / n) < 5.0 * deviation / 1000.0);
  CHECK(std::abs(product / square) < 5.0 * deviation / std::sqrt(square));
  CHECK_THAT(broken / square, WithinAbs(-1.0 / 256.0, 1e-4));
  CHECK(int{bytes.encode(1.0)} == 255);
  CHECK(int{bytes.encode(-3.0)} == 0);
  ERG_CHECK_THROWS((Bytes{1.0, 1.0}), std::invalid_argument, "high = 1 (low is 1)");
  ERG_CHECK_THROWS(Noise::uniform(0.0, -2.0), std::invalid_argument, "high = -2 (low is 0)");
  CHECK_THAT((Bytes{-1.0, 1.0}.decode<double>(Bytes{-1.0, 1.0}.encode(0.25), 0.5)), WithinAbs(0.25, 1.0 / 256.0));
}

TEST_CASE("half precision rounds to nearest even, keeps zeros, small numbers, infinities and NaN", "[train]") {
  const Half half;
  const auto there_and_back = [&](float x) { return half.decode<float>(half.encode(x), 0.0); };
  for (const float x : {0.0F, 1.0F, -1.5F, 65504.0F, 0x1p-14F, 0x1p-24F, -0x3p-24F, 0.333251953125F}) CHECK(there_and_back(x) == x);
  CHECK(there_and_back(1.0F + 0x1p-11F) == 1.0F);                      // a tie goes to even
  CHECK(there_and_back(1.0F + 0x3p-11F) == 1.0F + 0x1p-9F);
  CHECK(there_and_back(1.0F + 0x1.8p-11F) == 1.0F + 0x1p-10F);
  CHECK(std::isinf(there_and_back(1e6F)));
  CHECK(std::isnan(there_and_back(NAN)));
  CHECK(std::signbit(there_and_back(-0.0F)));
  for (int code = 0; code < 0x7c00; ++code) CHECK(int{half.encode(half.decode<float>(static_cast<std::uint16_t>(code), 0.0))} == code);
}

TEST_CASE("points are transformed when they are drawn, and what a chain left is not", "[train]") {
  Replay replay(anew, {.capacity = 100, .restart = 0.0, .write_back = WriteBack::ring}, AsIs{}, Rotate{.n_fold = 2});
  std::vector<double> x(40);
  const BlockView<double> view{x.data(), 20, 2, 20};
  const BlockView<const double> fixed = view;
  replay.begin(view, fixed, random::Key(1));
  for (std::size_t i = 0; i < 40; ++i) x[i] = 1.0 + static_cast<double>(i % 20);
  replay.after(fixed);
  for (int c = 0; c < 20; ++c) CHECK(replay.buffer<double>()(c, 0) == c + 1);
  replay.before(view, fixed, random::Key(1).at(1));
  int n_turned = 0;
  for (int c = 0; c < 20; ++c) {
    CHECK_THAT(view(c, 0), WithinAbs(view(c, 1), 1e-12));
    CHECK_THAT(std::abs(view(c, 0)), WithinAbs(std::round(std::abs(view(c, 0))), 1e-12));
    n_turned += view(c, 0) < 0.0;
  }
  CHECK(n_turned > 2);
  CHECK(n_turned < 18);
  CHECK(replay.references(BlockView<double>{x.data(), 20, 2, 20}, random::Key(2)) == 20);
  std::vector<double> many(400);
  CHECK(replay.references(BlockView<double>{many.data(), 200, 2, 200}, random::Key(2)) == 0);
}

TEST_CASE("a buffer whose points its transformation cannot take is refused before the first step", "[train]") {
  const auto begin = [] { Numbered(Replay{anew, {.capacity = 10}, AsIs{}, Rotate{}}, 2, 1); };
  ERG_CHECK_THROWS(begin(), std::invalid_argument, "points of dim = 1 (a rotation turns coordinates 0 and 1)");
}

TEST_CASE("a buffer that was saved and loaded goes on with the same bits, whatever it keeps", "[train]") {
  const TemporaryFolder folder;
  const auto check = [&](auto make, const std::string& name) {
    Numbered whole(make(), 8, 5);
    for (int i = 0; i < 12; ++i) whole.step();
    const std::vector<double> before = whole.x;
    io::Writer w;
    whole.replay.save(w);
    w.commit(folder / name);
    Numbered other(make(), 8, 5);
    io::Reader r(folder / name);
    other.replay.load(r);
    other.n_steps = whole.n_steps, other.last = whole.last;
    for (int i = 0; i < 3; ++i) whole.step(), other.step();
    whole.replay.before(whole.view(), whole.constant(), random::Key(5).at(99));
    other.replay.before(other.view(), other.constant(), random::Key(5).at(99));
    CHECK(whole.x == other.x);
    CHECK(whole.x != before);
  };
  const ReplayParams small{.capacity = 40, .restart = 0.1, .write_back = WriteBack::reservoir};
  check([&] { return Replay(anew, small); }, "reservoir");
  check([&] { return Replay(anew, {.capacity = 40, .write_back = WriteBack::ring}, Half{}); }, "ring");
  check([&] { return Replay(anew, {.capacity = 40}, Bytes{0.0, 500.0}, Rescale{0.1}); }, "in place");
  Replay other(anew, {.capacity = 40, .write_back = WriteBack::ring});
  io::Reader r(folder / "reservoir"), s(folder / "ring");
  CHECK_THROWS_WITH(other.load(r), contains("chains go back to in another way"));
  CHECK_THROWS_WITH(other.load(s), contains("keeps numbers in another way"));
}
