// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/io/archive.hpp"
#include "erg/random/normal.hpp"
#include "erg/tile/block_tile.hpp"

#include <vector>

/// Where negatives start, before a kernel moves them. A start fills chains; an initialiser says when.
///
///   Fresh{AtData{}}       contrastive divergence            Fresh{Noise::gaussian(1)}      short-run chains
///   Persistent{start}     persistent contrastive divergence Replay{start, params}          a buffer, with restarts
namespace erg::train {

/// Where the data batch is; again from its start where there are more chains than data.
struct AtData {
  template <class T>
  void fill(BlockView<T> x, BlockView<const T> data, random::Key) const {
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) x(c, d) = data(c % data.n_chains, d);
    }
  }
};

/// Uniform on [low, high) in each coordinate, or normal.
struct Noise {
  bool is_normal = false;
  double low = -1.0, high = 1.0;   ///< of the uniform
  double scale = 1.0;              ///< standard deviation of the normal

  static Noise uniform(double low, double high) { return {false, low, high, 1.0}; }
  static Noise gaussian(double scale = 1.0) { return {true, 0.0, 0.0, erg::detail::require_positive("scale", scale)}; }

  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key key) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const auto at = static_cast<bits_t<double>>(c);
      for (int d = 0; d < x.dim; ++d) {
        x(c, d) = static_cast<T>(is_normal ? scale * random::normal<double>(key, at, d) : low + (high - low) * random::uniform<double>(key, at, d));
      }
    }
  }
};

/// Draws of a sampler over blocks: a flow, or a snapshot of one. A teacher's new snapshots take its place.
template <class Q>
struct Drawn {
  Q proposal;

  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key key) const {
    proposal.sample(key, 0, x);
  }
};
template <class Q>
Drawn(Q) -> Drawn<Q>;

/// New chains in every step.
///
/// Source    from data, contrastive divergence: Hinton (2002), section 3; from noise, short-run chains: Nijkamp, Hill, Zhu, Wu (2019), section 2
template <class Start>
struct Fresh {
  static constexpr const char* name = "fresh";
  Start start;

  template <class T>
  void begin(BlockView<T>, BlockView<const T>, random::Key) {}
  template <class T>
  bool before(BlockView<T> x, BlockView<const T> data, random::Key key) {
    start.fill(x, data, key);
    return true;
  }
  template <class T>
  void after(BlockView<const T>) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};
template <class Start>
Fresh(Start) -> Fresh<Start>;

/// Persistent contrastive divergence: chains go on from where they are.
///
/// Chains that start at the data carry the data's mode weights and hide an error of the model's (all gradients between modes vanish).
/// Start them from noise or from a flow to see it.             Source  Tieleman (2008), section 2
template <class Start>
struct Persistent {
  static constexpr const char* name = "persistent";
  Start start;

  template <class T>
  void begin(BlockView<T> x, BlockView<const T> data, random::Key key) {
    start.fill(x, data, key);
  }
  template <class T>
  bool before(BlockView<T>, BlockView<const T>, random::Key) {
    return false;
  }
  template <class T>
  void after(BlockView<const T>) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};
template <class Start>
Persistent(Start) -> Persistent<Start>;

struct ReplayParams {
  int capacity = 10000;      ///< points kept
  double restart = 0.05;     ///< probability that a chain starts anew instead
};

/// A replay buffer: chains start at points of the buffer, drawn without replacement, or anew, and are put back where they were.
///
/// Requires  capacity >= the number of chains, 0 <= restart <= 1
/// Source    Du, Mordatch (2019), algorithm 1; JEM: Grathwohl et al. (2020), algorithm 1
template <class Start = Noise>
class Replay {
 public:
  static constexpr const char* name = "replay";
  explicit Replay(Start s, ReplayParams p = {}) : start(std::move(s)), params(p) {
    erg::detail::require_count("capacity", p.capacity);
    if (!(p.restart >= 0.0 && p.restart <= 1.0)) {
      throw std::invalid_argument("restart = " + erg::detail::number_text(p.restart) + " (is a probability) give one in [0, 1]");
    }
  }
  template <class T>
  void begin(BlockView<T> x, BlockView<const T> data, random::Key key) {
    if (x.n_chains > params.capacity) {
      throw std::invalid_argument("capacity = " + std::to_string(params.capacity) + " (there are " + std::to_string(x.n_chains) +
                                  " chains, each needs a place of its own) give at least as many");
    }
    dim_ = x.dim;
    points_.resize((sizeof(T) * static_cast<std::size_t>(params.capacity) * static_cast<std::size_t>(dim_) + 7) / 8);
    start.fill(buffer<T>(), data, key);
  }
  template <class T>
  bool before(BlockView<T> x, BlockView<const T> data, random::Key key) {
    choose(x.n_chains, key.stream(own_streams));
    start.fill(x, data, key);
    const BlockView<T> points = buffer<T>();
    for (int c = 0; c < x.n_chains; ++c) {
      if (random::uniform<double>(key.stream(own_streams + 1), static_cast<bits_t<double>>(c), 0) < params.restart) continue;
      for (int d = 0; d < dim_; ++d) x(c, d) = points(place_[static_cast<std::size_t>(c)], d);
    }
    return true;
  }
  template <class T>
  void after(BlockView<const T> x) {
    const BlockView<T> points = buffer<T>();
    for (int d = 0; d < dim_; ++d) {
      for (int c = 0; c < x.n_chains; ++c) points(place_[static_cast<std::size_t>(c)], d) = x(c, d);
    }
  }
  /// [capacity, dim]
  template <class T>
  BlockView<T> buffer() {
    return {reinterpret_cast<T*>(points_.data()), params.capacity, dim_, params.capacity};
  }

  void save(io::Writer& w) const {
    w.put(params.capacity), w.put(dim_);
    w.put_vector(points_);
  }
  void load(io::Reader& r) {
    if (r.get<int>() != params.capacity) r.fail("holds a replay buffer of another capacity");
    r.get(dim_);
    r.get_vector(points_);
  }

  Start start;
  ReplayParams params;

 private:
  /// n different places: a permutation, drawn as far as needed and put back, so that the choice depends on the key alone.
  void choose(int n, random::Key key) {
    while (static_cast<int>(order_.size()) < params.capacity) order_.push_back(static_cast<int>(order_.size()));
    place_.resize(static_cast<std::size_t>(n));
    swapped_.resize(static_cast<std::size_t>(n));
    const auto swap = [&](int i, int j) { std::swap(order_[static_cast<std::size_t>(i)], order_[static_cast<std::size_t>(j)]); };
    for (int i = 0; i < n; ++i) {
      const int j = i + static_cast<int>(random::uniform<double>(key, 0, i) * (params.capacity - i));
      swap(i, swapped_[static_cast<std::size_t>(i)] = j);
      place_[static_cast<std::size_t>(i)] = order_[static_cast<std::size_t>(i)];
    }
    for (int i = n - 1; i >= 0; --i) swap(i, swapped_[static_cast<std::size_t>(i)]);
  }

  static constexpr int own_streams = 1 << 14;  // far from those that starts use
  int dim_ = 0;
  std::vector<double> points_;  // as bytes, aligned for either scalar
  std::vector<int> order_, place_, swapped_;
};

}  // namespace erg::train
