// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/random/key.hpp"
#include "erg/tile/block_tile.hpp"

#include <memory>
#include <span>

namespace erg::flow {

/// A flow that does not change: shared, cheap to copy, with the version it was taken at. An energy and a proposal like the flow itself.
template <class F>
class Snapshot {
 public:
  using Scalar = typename F::Scalar;
  using T = Scalar;

  explicit Snapshot(const F& flow) : flow_(std::make_shared<const F>(flow)) {}

  const F& operator*() const { return *flow_; }
  const F* operator->() const { return flow_.get(); }
  std::uint64_t version() const { return flow_->version(); }
  int dim() const { return flow_->dim(); }
  double log_z() const { return 0.0; }
  void log_density(BlockView<const T> x, std::span<T> log_p) const { flow_->log_density(x, log_p); }
  void value(BlockView<const T> x, std::span<T> u) const { flow_->value(x, u); }
  void gradient(BlockView<const T> x, BlockView<T> g) const { flow_->gradient(x, g); }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const { flow_->value_and_gradient(x, u, g); }
  void sample(random::Key key, std::uint32_t first, BlockView<T> x) const { flow_->sample(key, first, x); }
  void sample(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) const { flow_->sample(keys, first, x, u); }
  void sample_with_log_density(random::Key key, std::uint32_t first, BlockView<T> x, std::span<T> log_p) const {
    flow_->sample_with_log_density(key, first, x, log_p);
  }

 private:
  std::shared_ptr<const F> flow_;
};

}  // namespace erg::flow
