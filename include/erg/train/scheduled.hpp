// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"

#include <span>
#include <utility>

namespace erg::train {

/// An optimizer whose learning rate follows a schedule (nn/schedule.hpp).
template <class Optimizer, class Schedule>
class Scheduled {
 public:
  Scheduled(Optimizer o, Schedule s) : optimizer_(std::move(o)), schedule_(std::move(s)) {}
  template <class T>
  void step(std::span<T> theta, std::span<const T> gradient, double factor = 1.0) {
    optimizer_.step(theta, gradient, factor * schedule_(step_++));
  }
  void save(io::Writer& w) const {
    optimizer_.save(w);
    w.put(step_);
  }
  void load(io::Reader& r) {
    optimizer_.load(r);
    r.get(step_);
  }

 private:
  Optimizer optimizer_;
  Schedule schedule_;
  long step_ = 0;
};

}  // namespace erg::train
