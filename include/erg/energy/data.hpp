// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"
#include "erg/detail/placement.hpp"

#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace erg {

/// Data of an energy: an array of numbers that goes where the energy goes, to the memory of a GPU too, where all chains share it.
///
///   struct Regression {
///     static constexpr bool on_device = true;      // all my data is in erg::Data, or in members that a plain copy copies
///     erg::Data<double> y;
///     ...  y[i] in operator()
///   };
///
/// Copies are deep. An energy is copied for a device as it is: whatever composes energies needs to know nothing of this.
/// Requires  T trivially copyable; 0 <= i < size(), unchecked
template <class T>
class Data {
  static_assert(std::is_trivially_copyable_v<T>, "erg: Data<T> holds plain numbers; keep vectors of vectors as one array.");

 public:
  explicit Data(int n = 0) : data_(new T[static_cast<std::size_t>(n)]()), size_(n) {}
  Data(const std::vector<T>& values) : Data(static_cast<int>(values.size())) {
    if (size_ > 0) std::memcpy(data_, values.data(), bytes());
  }
  Data(const Data& other) : size_(other.size_) {
    if (detail::Placement* placement = detail::Placement::active()) {
      data_ = static_cast<T*>(placement->place(other.data_, bytes()));
      is_owner_ = false;
    } else {
      data_ = new T[static_cast<std::size_t>(size_)];
      if (size_ > 0) std::memcpy(data_, other.data_, bytes());
    }
  }
  Data(Data&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), is_owner_(std::exchange(other.is_owner_, true)) {}
  Data& operator=(Data other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(is_owner_, other.is_owner_);
    return *this;
  }
  ~Data() {
    if (is_owner_) delete[] data_;
  }

  void set(int i, const T& value) { data_[i] = value; }
  ERG_FN int size() const { return size_; }
  ERG_FN const T& operator[](int i) const { return data_[i]; }
  ERG_FN const T* begin() const { return data_; }
  ERG_FN const T* end() const { return data_ + size_; }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

  T* data_;
  int size_;
  bool is_owner_ = true;
};

/// Whether a plain copy of an energy (or proposal) is all that a device needs: its members are plain numbers, or it says
/// `static constexpr bool on_device = true`, which promises that everything else is in erg::Data.
template <class E>
inline constexpr bool runs_on_device = [] {
  if constexpr (requires { E::on_device; }) {
    return static_cast<bool>(E::on_device);
  } else {
    return std::is_trivially_copyable_v<E>;
  }
}();

}  // namespace erg
