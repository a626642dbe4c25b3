// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/placement.hpp"
#include "erg/exec/cuda/buffer.hpp"

#include <cstring>
#include <new>
#include <vector>

namespace erg::detail {

/// The bytes of an X that was copied for a device, as an argument of a launch. Large ones stand in device memory.
template <class X, bool is_small = sizeof(X) <= 1024>
struct DeviceRef {
  alignas(X) unsigned char bytes[sizeof(X)];
  ERG_FN const X& operator*() const { return *reinterpret_cast<const X*>(bytes); }
};
template <class X>
struct DeviceRef<X, false> {
  const unsigned char* bytes;
  ERG_FN const X& operator*() const { return *reinterpret_cast<const X*>(bytes); }
};

/// Arrays of energies, kernels and metrics in device memory. Copying the same object again, with some numbers changed, takes the places
/// of the time before: what has not changed is not sent again.
template <class Machine>
class Uploads final : public Placement {
 public:
  explicit Uploads(Machine& machine) : machine_(machine) {}

  void* place(const void* data, std::size_t bytes) override {
    if (next_ == items_.size()) items_.emplace_back();
    Item& item = items_[next_++];
    if (item.copy.size() == bytes && (bytes == 0 || std::memcmp(item.copy.data(), data, bytes) == 0)) return item.buffer.data();
    if (item.copy.size() != bytes) item.buffer = Buffer<unsigned char, Machine>(machine_, bytes, "the data of the energy");
    const auto* from = static_cast<const unsigned char*>(data);
    item.copy.assign(from, from + bytes);
    if (bytes > 0) item.buffer.upload(from, bytes);
    return item.buffer.data();
  }
  /// A copy of x for the device: its erg::Data in device memory, the rest as bytes.
  template <class X>
  DeviceRef<X> copy(const X& x) {
    alignas(X) unsigned char bytes[sizeof(X)];
    std::memset(bytes, 0, sizeof bytes);
    {
      const Placing placing(*this);
      X* there = ::new (static_cast<void*>(bytes)) X(x);
      DeviceRef<X> ref = send<X>(bytes);
      there->~X();
      return ref;
    }
  }
  /// From here on the objects of the last round come again, in the same order.
  void restart() { next_ = 0; }

 private:
  struct Item {
    Buffer<unsigned char, Machine> buffer;
    std::vector<unsigned char> copy;
  };
  template <class X>
  DeviceRef<X> send(const unsigned char* bytes) {
    DeviceRef<X> ref;
    if constexpr (sizeof(X) <= 1024) {
      std::memcpy(ref.bytes, bytes, sizeof(X));
    } else {
      ref.bytes = static_cast<const unsigned char*>(place(bytes, sizeof(X)));
    }
    return ref;
  }

  Machine& machine_;
  std::vector<Item> items_;
  std::size_t next_ = 0;
};

}  // namespace erg::detail
