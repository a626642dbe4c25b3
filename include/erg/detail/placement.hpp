// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace erg::detail {

/// Where arrays go while an object is copied for a device. While one is active in a thread, copies of erg::Data made there put their
/// numbers where it says and do not own them.
class Placement {
 public:
  /// A copy of the bytes that outlives the object, as the device sees it.
  virtual void* place(const void* data, std::size_t bytes) = 0;

  static Placement*& active() {
    static thread_local Placement* placement = nullptr;
    return placement;
  }

 protected:
  ~Placement() = default;
};

/// Makes a placement active for a scope.
class Placing {
 public:
  explicit Placing(Placement& p) : before_(Placement::active()) { Placement::active() = &p; }
  Placing(const Placing&) = delete;
  Placing& operator=(const Placing&) = delete;
  ~Placing() { Placement::active() = before_; }

 private:
  Placement* before_;
};

}  // namespace erg::detail
