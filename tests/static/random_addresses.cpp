// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/kernel/concepts.hpp>
#include <erg/random/key.hpp>
#include <erg/random/normal.hpp>

namespace {

using erg::random::Key;
using erg::random::Purpose;

// A key is a value: made from a seed on purpose only, copied freely, and known to the compiler where its parts are.
static_assert(std::is_trivially_copyable_v<Key>);
static_assert(!std::is_convertible_v<std::uint64_t, Key>);
static_assert(Key(1).at(2).stream(3).purpose(Purpose::second).c2() == 3);
static_assert(Key(1).at(2).c0() == 2 && Key(1).at(std::uint64_t{5} << 32).c2() == 5u << 16);
static_assert(Key(1).purpose(Purpose::second).c1(7) == 0x10000007u);
static_assert(Key(1).stream(1).stream(1).c2() == Key(1).stream(2).c2());
static_assert(Key(1).at(9).step() == 9 && Key(0xffffffff00000001u).k0() == 1 && Key(0xffffffff00000001u).k1() == 0xffffffffu);

// The limits are those of the fields: 16 + 32 bits of step, 16 of stream, 28 of block.
static_assert(erg::random::max_steps == std::uint64_t{1} << 48);
static_assert(Key().at(erg::random::max_steps - 1).c0() == 0xffffffffu && Key().at(erg::random::max_steps - 1).c2() == 0xffff0000u);
static_assert(Key().stream(erg::random::max_streams - 1).c2() == 0xffffu);
// The acceptance variate of the largest dimension, a double, sits in the last block.
static_assert(erg::random::first_after_normals(erg::random::max_dim) / 2 == (1 << 28) - 1);

static_assert(erg::random::words_per_real<float> == 1 && erg::random::words_per_real<double> == 2);
static_assert(erg::random::words_per_real<erg::Pack<float>> == 1);

struct OneStream {};
struct ManyStreams {
  static constexpr int n_streams = erg::random::max_streams;
};
static_assert(erg::kernel_traits<OneStream>::n_streams == 1);
static_assert(erg::kernel_traits<ManyStreams>::n_streams == 65536);

}  // namespace
