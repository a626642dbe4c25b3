// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The code that docs/random.md shows.
#include "draws.hpp"
#include "support/catch.hpp"

#include <erg/kernel/rwm.hpp>

#include <algorithm>

using namespace erg;

namespace {

// [kernel]
/// Moves each chain by s times a random direction's normals, s from {0.1, 1, 10} with weights 1, 2 and 1.
struct ThreeScales {
  static constexpr int n_streams = 1;  // the default; a kernel that runs others in turn adds up theirs, see cycle

  template <class T>
  void propose(erg::random::Key key, const erg::ChainState<T>& s, typename T::Position& y) const {
    using L = typename T::Lane;
    const int n = s.position.size();
    fill_normal(y, key, s.chains, n);                                      // numbers 0 .. n - 1 of purpose `move`
    const auto e = draw_exponential(key, s.chains, erg::random::first_after_normals(n));       // the next free one
    const auto own = key.purpose(erg::random::Purpose::user);              // numbers of your own, from 0 again
    for_chains(
        [&](const auto& chains, const auto& x, auto& to) {
          constexpr double weight[] = {1, 2, 1};
          const L k = erg::random::categorical<L>(own, chains.id, 0, weight, 3);
          const L u = erg::random::uniform<L>(own, chains.id, 1);
          const L scale = erg::lane::select(k < L(0.5), L(0.1), erg::lane::select(k < L(1.5), L(1.0), L(10.0)));
          for (int d = 0; d < n; ++d) to[d] = x[d] + scale * u * to[d];
        },
        s.chains, s.position, y);
    (void)e;  // what a Metropolis decision would compare the energy error with
  }
};
// [kernel]

}  // namespace

TEST_CASE("what the guide says about numbers of one's own holds", "[random]") {
  using T = LaneTile<Pack<double>, 3>;
  static_assert(kernel_traits<ThreeScales>::n_streams == 1);
  ChainState<T> s;
  s.chains.id = 17;
  for (int d = 0; d < 3; ++d) s.position[d] = 0.5 * d;
  T::Position y;
  ThreeScales{}.propose<T>(random::Key(7).at(1000), s, y);

  const std::uint64_t seed = 7;
  // [replay]
  // What chain 17 drew at step 1000 of a run with this seed, on any machine, without the run:
  const auto key = erg::random::Key(seed).at(1000);
  double noise[3];
  erg::random::fill_normal<double>(key, 17, noise, 3);
  const double u = erg::random::uniform<double>(key.purpose(erg::random::Purpose::user), 17, 1);
  // [replay]
  double least = 1e300;
  for (const double scale : {0.1, 1.0, 10.0}) least = std::min(least, std::abs(y[2].reg - (1.0 + scale * u * noise[2])));
  CHECK(least < 1e-12);

  // [data]
  // Data of your own: no run draws from purpose `data` (flow::fit and Trainer do). Here one normal and one uniform number for each i.
  const auto source = erg::random::Key(seed).purpose(erg::random::Purpose::data);
  std::vector<double> x, w;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    x.push_back(erg::random::normal<double>(source, i, 0));          // consumes numbers 0 and 1
    w.push_back(erg::random::uniform<double>(source, i, 2));
  }
  // [data]
  double mean = 0.0;
  for (const double v : x) mean += v / 1000.0;
  CHECK(std::abs(mean) * std::sqrt(1000.0) < 5.0);
  CHECK(*std::max_element(w.begin(), w.end()) < 1.0);
}
