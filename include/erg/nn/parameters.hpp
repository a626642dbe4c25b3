// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/block.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace erg::nn {

/// One named array of parameters, row-major, as PyTorch names and shapes it.
struct ParameterSlice {
  std::string name;          ///< "0.weight"
  std::vector<int> shape;    ///< [out, in], [out, in, height, width], ...
  int offset = 0;            ///< into the flat span
  double bound = 0.0;        ///< PyTorch's start: uniform on [-bound, bound]; 0: the constant `start`
  double start = 0.0;
  bool is_state = false;     ///< kept and saved, but not trained (the vectors of a power iteration)

  int size() const {
    int n = 1;
    for (const int extent : shape) n *= extent;
    return n;
  }
  /// Inputs of one output, and outputs of one input.
  int fan_in() const { return shape.size() < 2 ? size() : size() / shape[0]; }
  int fan_out() const { return shape.size() < 2 ? size() : size() / shape[1]; }
};

/// The parameters of a network in order, as its layers list them.
class ParameterList {
 public:
  /// Names get `prefix` and a dot in front until the end of `f`.
  template <class F>
  void within(const std::string& prefix, F&& f) {
    const std::string before = prefix_;
    prefix_ += prefix + ".";
    f();
    prefix_ = before;
  }
  void add(const std::string& name, std::vector<int> shape, double bound, double start = 0.0, bool is_state = false) {
    ParameterSlice s{prefix_ + name, std::move(shape), size_, bound, start, is_state};
    size_ += s.size();
    slices_.push_back(std::move(s));
  }
  const std::vector<ParameterSlice>& slices() const { return slices_; }
  int size() const { return size_; }

 private:
  std::vector<ParameterSlice> slices_;
  std::string prefix_;
  int size_ = 0;
};

/// All parameters of a network: one flat, aligned span, and names for its slices.
template <class T>
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(const ParameterList& list) : slices_(list.slices()), size_(list.size()) { values_.require(padded()); }

  int size() const { return size_; }
  std::span<T> flat() { return {values_.data(), static_cast<std::size_t>(size_)}; }
  std::span<const T> flat() const { return {values_.data(), static_cast<std::size_t>(size_)}; }
  const std::vector<ParameterSlice>& slices() const { return slices_; }

  /// f(std::span<T> theta) may change what is trained; state (constants, running statistics) is its to read, and stays as it was.
  template <class F>
  void change(F&& f) {
    std::vector<T> kept;
    const auto each_state = [&](auto&& g) {
      for (const auto& s : slices_) {
        if (s.is_state) g(of(flat(), s));
      }
    };
    each_state([&](std::span<T> state) { kept.insert(kept.end(), state.begin(), state.end()); });
    f(flat());
    auto from = kept.cbegin();
    each_state([&](std::span<T> state) {
      std::copy_n(from, state.size(), state.begin());
      from += static_cast<std::ptrdiff_t>(state.size());
    });
  }
  /// All numbers, state included, as saved by an `owner` like this.
  void put(std::span<const T> values, const char* owner) {
    if (static_cast<int>(values.size()) != size_) {
      throw std::invalid_argument(std::to_string(values.size()) + " parameters (the " + owner + " has " + std::to_string(size_) +
                                  ") give those of the same " + owner);
    }
    std::copy(values.begin(), values.end(), flat().begin());
  }
  void require_gradient(std::span<const T> to, const char* owner) const {
    if (static_cast<int>(to.size()) == size_) return;
    throw std::invalid_argument("a gradient of " + std::to_string(to.size()) + " numbers (the " + owner + " has " + std::to_string(size_) +
                                " parameters) give one for each");
  }

  /// The array of a name; std::invalid_argument where there is none.
  std::span<T> operator[](const std::string& name) { return of(flat(), find(name)); }
  std::span<const T> operator[](const std::string& name) const { return of(flat(), find(name)); }
  /// The part of a flat span (a gradient's, say) that belongs to a slice.
  template <class U>
  static std::span<U> of(std::span<U> flat, const ParameterSlice& s) {
    return flat.subspan(static_cast<std::size_t>(s.offset), static_cast<std::size_t>(s.size()));
  }
  const ParameterSlice& find(const std::string& name) const {
    for (const auto& s : slices_) {
      if (s.name == name) return s;
    }
    std::string known;
    for (const auto& s : slices_) known += (known.empty() ? "" : ", ") + s.name;
    throw std::invalid_argument("no parameter \"" + name + "\" (there are: " + known + ")");
  }

 private:
  std::size_t padded() const { return static_cast<std::size_t>(size_) + static_cast<std::size_t>(per_line<T>); }

  std::vector<ParameterSlice> slices_;
  Arena<T> values_;
  int size_ = 0;
};

}  // namespace erg::nn
