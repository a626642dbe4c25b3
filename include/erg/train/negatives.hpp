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
///   Persistent{start}     persistent contrastive divergence Replay{start, params}          a buffer, with restarts (train/replay.hpp)
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
class Noise {
 public:
  /// Uniform on [-1, 1].
  Noise() = default;
  static Noise uniform(double low, double high) {
    erg::detail::require_interval(low, high);
    return {false, low, high, 1.0};
  }
  /// Normal with a standard deviation of `scale`.
  static Noise gaussian(double scale = 1.0) { return {true, 0.0, 0.0, erg::detail::require_positive("scale", scale)}; }

  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key key) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const auto at = static_cast<bits_t<double>>(c);
      for (int d = 0; d < x.dim; ++d) {
        x(c, d) = static_cast<T>(is_normal_ ? scale_ * random::normal<double>(key, at, d) : low_ + (high_ - low_) * random::uniform<double>(key, at, d));
      }
    }
  }

 private:
  Noise(bool is_normal, double low, double high, double scale) : is_normal_(is_normal), low_(low), high_(high), scale_(scale) {}

  bool is_normal_ = false;
  double low_ = -1.0, high_ = 1.0, scale_ = 1.0;
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

}  // namespace erg::train
