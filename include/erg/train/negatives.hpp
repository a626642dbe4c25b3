// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/io/archive.hpp"
#include "erg/random/normal.hpp"
#include "erg/tile/block_tile.hpp"

#include <vector>

/// Where negatives start before a kernel moves them: the initialisers of training. Each has
///
///   begin(x, data, key)     before the first step: x [chain, dim] is filled, data [batch, dim] is there to look at
///   before(x, data, key)    before the chains move in a step; key is at the step
///   after(x, key)           after they moved
///   save, load              what it remembers
namespace erg::train {

/// Fresh points to start chains from: uniform on [low, high) in each coordinate, or normal.
struct Noise {
  bool normal = false;
  double low = -1.0, high = 1.0;   ///< of the uniform
  double scale = 1.0;              ///< standard deviation of the normal

  static Noise uniform(double low, double high) { return {false, low, high, 1.0}; }
  static Noise gaussian(double scale) { return {true, 0.0, 0.0, detail::require_positive("scale", scale)}; }

  /// One chain of x, at the key's address for chain number `address`.
  template <class T>
  void fill(BlockView<T> x, int chain, random::Key key, std::uint32_t address) const {
    for (int d = 0; d < x.dim; ++d) {
      const auto at = static_cast<bits_t<double>>(address);
      x(chain, d) = static_cast<T>(normal ? scale * random::normal<double>(key, at, d) : low + (high - low) * random::uniform<double>(key, at, d));
    }
  }
};

/// Contrastive divergence: chains start at the data batch. Source  Hinton (2002), section 3
struct FromData {
  static constexpr const char* name = "data";
  template <class T>
  void begin(BlockView<T> x, BlockView<const T> data, random::Key) {
    put(x, data);
  }
  template <class T>
  void before(BlockView<T> x, BlockView<const T> data, random::Key) {
    put(x, data);
  }
  template <class T>
  void after(BlockView<const T>, random::Key) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}

  /// x <- data, again from its start where there are more chains than data.
  template <class T>
  static void put(BlockView<T> x, BlockView<const T> data) {
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) x(c, d) = data(c % data.n_chains, d);
    }
  }
};

/// Persistent contrastive divergence: chains go on from where they are.
///
/// Chains that start at the data carry the data's mode weights and so hide an error of the model's; start them from noise or from a
/// flow to see it.                                             Source  Tieleman (2008), section 2
struct Persistent {
  static constexpr const char* name = "persistent";
  bool from_data = false;
  Noise noise = Noise::gaussian(1.0);

  template <class T>
  void begin(BlockView<T> x, BlockView<const T> data, random::Key key) {
    if (from_data) return FromData::put(x, data);
    for (int c = 0; c < x.n_chains; ++c) noise.fill(x, c, key, static_cast<std::uint32_t>(c));
  }
  template <class T>
  void before(BlockView<T>, BlockView<const T>, random::Key) {}
  template <class T>
  void after(BlockView<const T>, random::Key) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};

/// Short-run chains: fresh noise at every step.           Source  Nijkamp, Hill, Zhu, Wu (2019), section 2
struct FromNoise {
  static constexpr const char* name = "noise";
  Noise noise = Noise::gaussian(1.0);

  template <class T>
  void begin(BlockView<T> x, BlockView<const T> data, random::Key key) {
    before(x, data, key);
  }
  template <class T>
  void before(BlockView<T> x, BlockView<const T>, random::Key key) {
    for (int c = 0; c < x.n_chains; ++c) noise.fill(x, c, key, static_cast<std::uint32_t>(c));
  }
  template <class T>
  void after(BlockView<const T>, random::Key) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};

struct ReplayParams {
  int capacity = 10000;      ///< points kept
  double restart = 0.05;     ///< probability that a chain starts from noise instead
  Noise noise = Noise::uniform(-1.0, 1.0);
};

/// A replay buffer: chains start at points of the buffer drawn without replacement, or from noise, and are put back where they were.
///
/// Requires  capacity >= the number of chains, 0 <= restart <= 1
/// Source    Du, Mordatch (2019), algorithm 1; JEM: Grathwohl et al. (2020), algorithm 1
template <class T>
class Replay {
 public:
  static constexpr const char* name = "replay";
  explicit Replay(ReplayParams p = {}) : params(p) {
    detail::require_count("capacity", p.capacity);
    if (!(p.restart >= 0.0 && p.restart <= 1.0)) {
      throw std::invalid_argument("restart = " + detail::number_text(p.restart) + " (is a probability) give one in [0, 1]");
    }
  }
  void begin(BlockView<T> x, BlockView<const T> data, random::Key key) {
    if (x.n_chains > params.capacity) {
      throw std::invalid_argument("capacity = " + std::to_string(params.capacity) + " (there are " + std::to_string(x.n_chains) +
                                  " chains, each needs a place of its own) give at least as many");
    }
    dim_ = x.dim;
    points_.resize(static_cast<std::size_t>(params.capacity) * static_cast<std::size_t>(dim_));
    for (int i = 0; i < params.capacity; ++i) params.noise.fill(buffer(), i, key, static_cast<std::uint32_t>(i));
    before(x, data, key);
  }
  void before(BlockView<T> x, BlockView<const T>, random::Key key) {
    choose(x.n_chains, key.purpose(random::Purpose::choice));
    for (int c = 0; c < x.n_chains; ++c) {
      const auto at = static_cast<bits_t<double>>(c);
      if (random::uniform<double>(key.purpose(random::Purpose::second), at, 0) < params.restart) {
        params.noise.fill(x, c, key, static_cast<std::uint32_t>(c));
      } else {
        for (int d = 0; d < dim_; ++d) x(c, d) = buffer()(place_[static_cast<std::size_t>(c)], d);
      }
    }
  }
  void after(BlockView<const T> x, random::Key) {
    for (int d = 0; d < dim_; ++d) {
      for (int c = 0; c < x.n_chains; ++c) buffer()(place_[static_cast<std::size_t>(c)], d) = x(c, d);
    }
  }
  /// [capacity, dim]
  BlockView<T> buffer() { return {points_.data(), params.capacity, dim_, params.capacity}; }

  void save(io::Writer& w) const {
    w.put(dim_);
    w.put_vector(points_);
  }
  void load(io::Reader& r) {
    r.get(dim_);
    r.get_vector(points_);
    if (points_.size() != static_cast<std::size_t>(params.capacity) * static_cast<std::size_t>(dim_)) r.fail("holds a buffer of another capacity");
  }

  ReplayParams params;

 private:
  /// n different places: the first n of a permutation, drawn as far as needed.
  void choose(int n, random::Key key) {
    if (order_.empty()) {
      for (int i = 0; i < params.capacity; ++i) order_.push_back(i);
    }
    place_.resize(static_cast<std::size_t>(n));
    swapped_.clear();
    for (int i = 0; i < n; ++i) {
      const double u = random::uniform<double>(key, 0, i);
      const int j = i + static_cast<int>(u * (params.capacity - i));
      std::swap(order_[static_cast<std::size_t>(i)], order_[static_cast<std::size_t>(j)]);
      place_[static_cast<std::size_t>(i)] = order_[static_cast<std::size_t>(i)];
      swapped_.push_back(j);
    }
    for (int i = n - 1; i >= 0; --i) {  // undone, so that the choice depends on the key alone and not on the choices before
      std::swap(order_[static_cast<std::size_t>(i)], order_[static_cast<std::size_t>(swapped_[static_cast<std::size_t>(i)])]);
    }
  }

  std::vector<T> points_;
  std::vector<int> order_, place_, swapped_;
  int dim_ = 0;
};

}  // namespace erg::train
