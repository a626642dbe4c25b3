// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace erg::nn {

/// What flows between layers, for one chain: channels of height x width pixels. A plain vector has its length as channels.
///
/// Layout   feature (c, y, x) is number (c * height + y) * width + x, PyTorch's order; in a block of chains it is one column.
struct Shape {
  int channels = 0, height = 1, width = 1;

  constexpr Shape() = default;
  constexpr Shape(int features) : channels(features) {}
  constexpr Shape(int c, int h, int w) : channels(c), height(h), width(w) {}

  constexpr int n_pixels() const { return height * width; }
  constexpr int size() const { return channels * n_pixels(); }
  constexpr int index(int c, int y, int x) const { return (c * height + y) * width + x; }
  constexpr bool operator==(const Shape&) const = default;

  std::string text() const {
    std::string s = std::to_string(channels);  // built up: GCC 12 warns falsely where a literal comes first
    if (n_pixels() == 1) return s;
    s.insert(s.begin(), '(');
    for (const int size : {height, width}) s.append(", ").append(std::to_string(size));
    return s.append(1, ')');
  }
};

namespace detail {
/// A layer that is given another shape than it takes says so.
[[noreturn, gnu::cold]] inline void reject_shape(const std::string& layer, const std::string& takes, Shape given) {
  throw std::invalid_argument(layer + " given " + given.text() + " features (it takes " + takes +
                              ") let its sizes follow from the layer before it");
}
}  // namespace detail

}  // namespace erg::nn
