// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"

#include <cstdint>

namespace erg::random {

/// Limits of an address. Plan::validate and kernel_traits refuse what exceeds them; a key beyond them repeats other numbers.
inline constexpr std::uint64_t max_steps = std::uint64_t{1} << 48;
inline constexpr int max_streams = 1 << 16;
inline constexpr int max_dim = (1 << 29) - 2;  ///< double numbers of one purpose, the acceptance variate beside them: 2^28 blocks

/// What a random number is for, 16 purposes at most: different ones never share an address. `user` and above are free.
enum class Purpose : std::uint32_t { move = 0, second = 1, choice = 2, jitter = 3, start = 4, data = 5, user = 6 };

/// The address of random numbers, less the chain: a pure value, never a state.
///
///   key     (64 bits)  seed
///   counter (128 bits) step, low 32 | purpose 4, block 28 | step, high 16, stream 16 | chain 32
///
/// A number is a function of (seed, chain, step, stream, purpose, word) and of nothing else, so results do not depend on lane
/// width, tile size, threads or ranks, and any step of any chain can be replayed. Kernels that are parts of another kernel get
/// disjoint streams, counted at compile time (see kernel/concepts.hpp); nothing is hashed, so nothing can collide.
/// Limits  2^32 chains, 2^48 steps, 2^16 streams, 2^28 blocks of four words (per purpose, chain, step and stream)
class Key {
 public:
  constexpr Key() = default;
  ERG_FN constexpr explicit Key(std::uint64_t seed) : seed_(seed) {}

  /// The same key at a step, in a stream of a part, for a purpose.
  ERG_FN constexpr Key at(std::uint64_t step) const {
    Key k = *this;
    k.step_ = step;
    return k;
  }
  ERG_FN constexpr Key stream(int offset) const {
    Key k = *this;
    k.stream_ += static_cast<std::uint32_t>(offset);
    return k;
  }
  ERG_FN constexpr Key purpose(Purpose p) const {
    Key k = *this;
    k.purpose_ = static_cast<std::uint32_t>(p);
    return k;
  }

  ERG_FN constexpr std::uint64_t seed() const { return seed_; }
  ERG_FN constexpr std::uint64_t step() const { return step_; }
  ERG_FN constexpr std::uint32_t k0() const { return static_cast<std::uint32_t>(seed_); }
  ERG_FN constexpr std::uint32_t k1() const { return static_cast<std::uint32_t>(seed_ >> 32); }
  ERG_FN constexpr std::uint32_t c0() const { return static_cast<std::uint32_t>(step_); }
  ERG_FN constexpr std::uint32_t c1(std::uint32_t block) const { return (purpose_ << 28) | block; }
  ERG_FN constexpr std::uint32_t c2() const { return (static_cast<std::uint32_t>(step_ >> 32) << 16) | stream_; }

 private:
  std::uint64_t seed_ = 0;
  std::uint64_t step_ = 0;
  std::uint32_t stream_ = 0;
  std::uint32_t purpose_ = 0;
};

/// The chain number that no chain has: numbers drawn there are shared by the whole ensemble.
inline constexpr std::uint32_t all_chains = 0xffffffffu;

}  // namespace erg::random
