// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>

namespace erg {

/// What device code sees of a buffer: trivially copyable, owns nothing.
template <class T>
struct BufferView {
  T* data = nullptr;
  std::size_t size = 0;
  ERG_FN T& operator[](std::size_t i) const { return data[i]; }
};

namespace detail {

/// Owns n values of T in the memory of a machine (exec/cuda/machine.hpp), zero at first.
template <class T, class Machine>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>, "erg: a Buffer holds plain numbers.");

 public:
  Buffer() = default;
  Buffer(Machine& machine, std::size_t n, const char* what) : machine_(&machine), size_(n) {
    if (n == 0) return;
    data_ = static_cast<T*>(machine.allocate(bytes(), what));
    machine.clear(data_, bytes());
  }
  Buffer(Buffer&& other) noexcept
      : machine_(other.machine_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(machine_, other.machine_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) machine_->release(data_, bytes());
  }

  BufferView<T> view() const { return {data_, size_}; }
  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  void upload(const T* from, std::size_t n) { machine_->upload(data_, from, n * sizeof(T)); }
  /// Waits for what was launched before.
  void download(T* to, std::size_t n) const { machine_->download(to, data_, n * sizeof(T)); }

 private:
  Machine* machine_ = nullptr;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace erg
