// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Which numbers kernels really draw: they step on a lane that writes every address down.
#include "logged_lane.hpp"
#include "support/catch.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/kernel/barker.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/langevin.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/mix.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/kernel/rwm.hpp>

#include <map>
#include <set>

using namespace erg;
using test::addresses_drawn;
using test::Logged;

namespace {

constexpr int dim = 3;  // odd: the acceptance variate must not sit in the normals' last block
using T = LaneTile<Logged, dim>;

struct Bowl {
  static constexpr int dim = ::dim;
  template <class L>
  L operator()(Point<const L, dim> x) const {
    return L(0.5) * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
  }
  template <class L>
  L value_and_gradient(Point<const L, dim> x, Point<L, dim> g) const {
    for (int d = 0; d < dim; ++d) g[d] = x[d];
    return (*this)(x);
  }
};

/// Steps three chains and leaves the addresses of all draws, starting positions included, in addresses_drawn.
template <class K>
void draw_all(const K& kernel, int n_steps) {
  addresses_drawn.clear();
  const random::Key key(11);
  for (std::uint64_t chain = 0; chain < 3; ++chain) {
    ChainState<T> s;
    typename K::template Extra<T> x;
    typename K::template Scratch<T> w;
    s.chains.id = chain;
    fill_normal(s.position, key.purpose(random::Purpose::start), s.chains, dim);
    s.energy = value_and_gradient(Bowl{}, s.position, s.gradient);
    erg::detail::init_extra(kernel, key.purpose(random::Purpose::start), s, x);
    for (int i = 0; i < n_steps; ++i) {
      kernel.step(key.at(static_cast<std::uint64_t>(i)), Bowl{}, s, x, w);
      refresh<kernel_traits<K>::leaves, kernel_traits<K>::needs>(Bowl{}, s);
    }
  }
}
std::size_t n_repeated() {
  return addresses_drawn.size() - std::set<test::Address>(addresses_drawn.begin(), addresses_drawn.end()).size();
}
/// Counter words without chain and number: step, purpose and block, stream.
std::set<std::uint32_t> streams() {
  std::set<std::uint32_t> s;
  for (const auto& a : addresses_drawn) s.insert(a[2] & 0xffffu);
  return s;
}

/// Two parts in the same streams: what Cycle would be if it handed its own key to both.
template <class A, class B>
struct CarelessCycle : Cycle<A, B> {
  template <class Tile>
  using Extra = typename Cycle<A, B>::template Extra<Tile>;
  template <class Tile>
  using Scratch = typename Cycle<A, B>::template Scratch<Tile>;
  template <class Tile, class E>
  void step(random::Key key, const E& u, ChainState<Tile>& s, Extra<Tile>& x, Scratch<Tile>& w) const {
    this->first.step(key, u, s, x.first, w.first);
    refresh<kernel_traits<A>::leaves, kernel_traits<B>::needs>(u, s);
    this->second.step(key, u, s, x.second, w.second);
  }
};

}  // namespace

TEST_CASE("a kernel draws no number twice", "[random][streams]") {
  draw_all(Rwm{{.step_size = 0.5}}, 20);
  CHECK(addresses_drawn.size() == 3 * (4 + 20 * 5));  // 4 normals and one acceptance variate a step
  CHECK(n_repeated() == 0);
  draw_all(Hmc{{.step_size = 0.5, .n_leapfrog = 2, .jitter = 0.2}}, 20);
  CHECK(n_repeated() == 0);
  draw_all(Barker{{.step_size = 0.5}}, 20);
  CHECK(n_repeated() == 0);
  draw_all(Baoab{{.step_size = 0.5}}, 20);
  CHECK(n_repeated() == 0);
  draw_all(Obabo{{.step_size = 0.5}}, 20);
  CHECK(n_repeated() == 0);
  draw_all(Imh{GaussianIsotropic<dim>(1.5)}, 20);
  CHECK(n_repeated() == 0);
}

TEST_CASE("the parts of cycles, repetitions and mixtures draw from disjoint streams", "[random][streams]") {
  const auto kernel = cycle(repeat<3>(Mala{{.step_size = 0.3}}), mix(weighted(1, Rwm{{.step_size = 0.5}}), weighted(2, repeat<2>(Barker{{.step_size = 0.5}}))),
                            Obabo{{.step_size = 0.3}}, Imh{GaussianIsotropic<dim>(1.5)});
  draw_all(kernel, 60);
  CHECK(n_repeated() == 0);
  using K = std::remove_const_t<decltype(kernel)>;
  CHECK(kernel_traits<K>::n_streams == 3 + (1 + 1 + 2) + 1 + kernel_traits<Imh<GaussianIsotropic<dim>>>::n_streams);
  const auto used = streams();
  CHECK(*used.rbegin() < static_cast<std::uint32_t>(kernel_traits<K>::n_streams));
  CHECK(used.size() >= 3 + 1 + 2 + 1 + 1);
}

TEST_CASE("parts that share a stream are caught", "[random][streams]") {
  using A = Mala<>;
  draw_all(CarelessCycle<A, A>{{A{{.step_size = 0.3}}, A{{.step_size = 0.3}}}}, 10);
  CHECK(n_repeated() >= 3 * 10 * 5);
}
