// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/train/augment.hpp"
#include "erg/train/negatives.hpp"
#include "erg/train/storage.hpp"

namespace erg::train {

/// Where chains go when they end.
///
///   in_place    back to where they were drawn: persistent chains, each with a place of its own. The buffer is full from the start
///   ring        over the oldest; parents stay, so that chains branch, and lineages die out after some `capacity` generations
///   reservoir   the n-th of all points ever put back is kept with probability capacity / n: a fair sample of the whole training, whose
///               late chains hardly ever enter (Vitter, 1985, algorithm R)
enum class WriteBack { in_place, ring, reservoir };

struct ReplayParams {
  int capacity = 10000;      ///< points kept
  double restart = 0.05;     ///< probability that a chain starts anew instead
  WriteBack write_back = WriteBack::in_place;
};

/// A replay buffer: chains start at points of the buffer, or anew, and are put back. Points drawn from the buffer may be transformed first, so
/// that a chain goes on from an augmented end of another.
///
///   Replay{Noise::uniform(0, 1), {.capacity = 10000, .write_back = WriteBack::ring}, Bytes{}, colour_augmentation(shape)}
///
/// In place, points are drawn without replacement; from a ring or a reservoir with it, as soon as there are as many as chains.
/// Requires  capacity >= the number of chains; 0 <= restart <= 1
/// Ensures   a training that is saved and loaded goes on with the same bits
/// Source    Du, Mordatch (2019), algorithm 1; in place: JEM, Grathwohl et al. (2020), algorithm 1; augmented: Du, Li, Tenenbaum, Mordatch
///           (2021), section 3.3
template <class Start = Noise, class Storage = AsIs, class A = NoAugmentation>
class Replay {
 public:
  static constexpr const char* name = "replay";
  explicit Replay(Start s, ReplayParams p = {}, Storage kept_as = {}, A a = {})
      : start(std::move(s)), params(p), storage(kept_as), augmentation(std::move(a)) {
    erg::detail::require_count("capacity", p.capacity);
    if (!(p.restart >= 0.0 && p.restart <= 1.0)) {
      throw std::invalid_argument("restart = " + erg::detail::number_text(p.restart) + " (is a probability) give one in [0, 1]");
    }
  }
  template <class T>
  void begin(BlockView<T> x, BlockView<const T> data, random::Key key) {
    detail::check_augmentation(augmentation, x.dim);
    dim_ = x.dim;
    const auto size = static_cast<std::size_t>(params.capacity) * static_cast<std::size_t>(dim_);
    points_.resize((sizeof(Code<T>) * size + 7) / 8);
    if (x.n_chains > params.capacity) {
      throw std::invalid_argument("capacity = " + std::to_string(params.capacity) + " (there are " + std::to_string(x.n_chains) +
                                  " chains, which a buffer holds at least once) give at least as many");
    }
    if (params.write_back != WriteBack::in_place) return;
    std::vector<T> first(size);
    start.fill(BlockView<T>{first.data(), params.capacity, dim_, params.capacity}, data, key);
    for (std::size_t i = 0; i < size; ++i) codes<T>()[i] = storage.encode(first[i]);
    n_seen_ = params.capacity;
  }
  template <class T>
  bool before(BlockView<T> x, BlockView<const T> data, random::Key key) {
    key_ = key;
    const bool in_place = params.write_back == WriteBack::in_place;
    if (in_place) choose(x.n_chains, key.stream(own_streams));
    start.fill(x, data, key);
    if (!in_place && n_held() < x.n_chains) return true;
    for (int c = 0; c < x.n_chains; ++c) {
      if (random::uniform<double>(key.stream(own_streams + 1), static_cast<bits_t<double>>(c), 0) < params.restart) continue;
      fetch(in_place ? place_[static_cast<std::size_t>(c)] : any(key.stream(own_streams + 2), c), x, c, key.stream(own_streams + 8));
    }
    return true;
  }
  template <class T>
  void after(BlockView<const T> x) {
    for (int c = 0; c < x.n_chains; ++c, ++n_seen_) {
      std::int64_t to = n_seen_;
      if (params.write_back == WriteBack::in_place) {
        to = place_[static_cast<std::size_t>(c)];
      } else if (n_seen_ >= params.capacity) {
        const double u = random::uniform<double>(key_.stream(own_streams + 3), static_cast<bits_t<double>>(c), 0);
        to = params.write_back == WriteBack::ring ? n_seen_ % params.capacity : static_cast<std::int64_t>(u * static_cast<double>(n_seen_ + 1));
      }
      if (to >= params.capacity) continue;
      for (int d = 0; d < dim_; ++d) codes<T>()[at(static_cast<int>(to), d)] = storage.encode(x(c, d));
    }
  }
  /// Points of the buffer as chains would get them, without taking them out; how many were written: none before there are as many.
  template <class T>
  int references(BlockView<T> to, random::Key key) const {
    if (n_held() < to.n_chains) return 0;
    for (int c = 0; c < to.n_chains; ++c) fetch(any(key.stream(own_streams + 4), c), to, c, key.stream(own_streams + 64));
    return to.n_chains;
  }
  /// [capacity, dim], of which the first n_held() mean something.
  template <class T>
  BlockView<T> buffer()
    requires std::is_same_v<Storage, AsIs>
  {
    return {codes<T>(), params.capacity, dim_, params.capacity};
  }
  int n_held() const { return static_cast<int>(std::min<std::int64_t>(n_seen_, params.capacity)); }

  void save(io::Writer& w) const {
    w.put(params.capacity), w.put(params.write_back), w.put_string(storage.name), w.put(dim_), w.put(n_seen_);
    w.put_vector(points_);
  }
  void load(io::Reader& r) {
    if (r.get<int>() != params.capacity) r.fail("holds a replay buffer of another capacity");
    if (r.get<WriteBack>() != params.write_back) r.fail("holds a replay buffer that chains go back to in another way");
    if (r.get_string() != storage.name) r.fail("holds a replay buffer that keeps numbers in another way");
    r.get(dim_), r.get(n_seen_);
    r.get_vector(points_);
  }

  Start start;
  ReplayParams params;
  Storage storage;
  A augmentation;

 private:
  template <class T>
  using Code = typename Storage::template Code<T>;
  template <class T>
  Code<T>* codes() {
    return reinterpret_cast<Code<T>*>(points_.data());
  }
  std::size_t at(int place, int d) const { return static_cast<std::size_t>(place) + static_cast<std::size_t>(d) * static_cast<std::size_t>(params.capacity); }
  int any(random::Key key, int c) const {
    return static_cast<int>(random::uniform<double>(key, static_cast<bits_t<double>>(c), 0) * n_held());
  }
  /// Chain c from a place, augmented.
  template <class T>
  void fetch(int place, BlockView<T> x, int c, random::Key key) const {
    std::vector<T> v(static_cast<std::size_t>(dim_));
    const auto* from = reinterpret_cast<const Code<T>*>(points_.data());
    for (int d = 0; d < dim_; ++d) {
      const double u = std::is_same_v<Storage, Bytes> ? random::uniform<double>(key, static_cast<bits_t<double>>(c), d) : 0.0;
      v[static_cast<std::size_t>(d)] = storage.template decode<T>(from[at(place, d)], u);
    }
    augmentation.apply(key.stream(1), static_cast<std::uint32_t>(c), std::span<T>(v));
    for (int d = 0; d < dim_; ++d) x(c, d) = v[static_cast<std::size_t>(d)];
  }
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
  std::int64_t n_seen_ = 0;
  random::Key key_;             // of the step under way
  std::vector<double> points_;  // as bytes, aligned for either scalar
  std::vector<int> order_, place_, swapped_;
};

}  // namespace erg::train
