// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/half.hpp"
#include "erg/io/archive.hpp"
#include "erg/io/safetensors_header.hpp"
#include "erg/nn/parameters.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Weights as safetensors files, with PyTorch's names and layouts: what torch saved is read here, and the other way round.
///
///   io::write_safetensors("energy.safetensors", network.parameters());
///   io::read_safetensors("energy.safetensors", network);           every name and shape has to agree
/// Format    8 bytes length of the header (little-endian), a JSON object name -> {dtype, shape, data_offsets}, the numbers row-major
/// Source    the safetensors format, version 0.4 (Hugging Face), section Format
namespace erg::io {

namespace detail {
inline float bfloat_to_float(std::uint16_t b) { return std::bit_cast<float>(static_cast<std::uint32_t>(b) << 16); }

template <class U, class T, class F>
void convert(const char* from, std::span<T> to, F&& f) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    U u;
    std::memcpy(&u, from + i * sizeof(U), sizeof(U));
    to[i] = static_cast<T>(f(u));
  }
}
}  // namespace detail

/// A safetensors file in memory, checked: every array lies within the file, has the bytes its shape says, and shares none with another.
class Safetensors {
 public:
  /// Errors    IoError: not there, truncated, no JSON object of tensors, offsets that overlap, leave gaps or run over the end
  [[gnu::cold]] explicit Safetensors(const std::string& path) : path_(path) {
    static_assert(std::endian::native == std::endian::little, "erg: safetensors files are read on little-endian machines.");
    std::FILE* f = std::fopen(path.c_str(), "rb");
    if (f == nullptr) fail(std::strerror(errno));
    char block[65536];
    for (std::size_t n; (n = std::fread(block, 1, sizeof block, f)) > 0;) bytes_.insert(bytes_.end(), block, block + n);
    std::fclose(f);
    if (bytes_.size() < 8) fail("it has " + std::to_string(bytes_.size()) + " bytes: even the length of its header takes 8");
    std::uint64_t length;
    std::memcpy(&length, bytes_.data(), 8);
    if (length > bytes_.size() - 8) fail("its header should have " + std::to_string(length) + " bytes, the file has " + std::to_string(bytes_.size() - 8) + " after the length: it is truncated or no safetensors file");
    start_ = 8 + static_cast<std::size_t>(length);
    try {
      tensors_ = parse_safetensors_header(std::string(bytes_.data() + 8, static_cast<std::size_t>(length)), metadata_);
    } catch (const IoError& e) {
      fail(e.what());
    }
    check_layout();
  }

  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  const std::vector<std::pair<std::string, std::string>>& metadata() const { return metadata_; }
  const TensorEntry* find(const std::string& name) const {
    for (const auto& t : tensors_) {
      if (t.name == name) return &t;
    }
    return nullptr;
  }
  /// The numbers of a tensor, converted (F64 rounds to a float, F16 and BF16 widen exactly).
  /// Errors    IoError: integers or booleans, or another number of them
  template <class T>
  void copy(const TensorEntry& t, std::span<T> to) const {
    const char* from = bytes_.data() + start_ + t.begin;
    if (t.n_values() != to.size()) fail("\"" + t.name + "\" has " + std::to_string(t.n_values()) + " numbers where " + std::to_string(to.size()) + " are wanted");
    const auto as_is = [](auto v) { return v; };
    if (t.dtype == "F32") {
      detail::convert<float>(from, to, as_is);
    } else if (t.dtype == "F64") {
      detail::convert<double>(from, to, as_is);
    } else if (t.dtype == "F16") {
      detail::convert<std::uint16_t>(from, to, erg::detail::half_to_float);
    } else if (t.dtype == "BF16") {
      detail::convert<std::uint16_t>(from, to, detail::bfloat_to_float);
    } else {
      fail("\"" + t.name + "\" is of type " + t.dtype + ": weights are F64, F32, F16 or BF16");
    }
  }
  [[noreturn, gnu::cold]] void fail(const std::string& why) const { throw IoError("cannot read " + path_ + " (" + why + ")"); }

 private:
  void check_layout() const {
    std::vector<const TensorEntry*> order;
    for (const auto& t : tensors_) order.push_back(&t);
    std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->begin < b->begin || (a->begin == b->begin && a->end < b->end); });
    std::uint64_t at = 0;
    for (const auto* t : order) {
      const std::string name = "\"" + t->name + "\"";
      if (t->end < t->begin || t->end > bytes_.size() - start_) {
        fail(name + " ends at byte " + std::to_string(t->end) + " of " + std::to_string(bytes_.size() - start_) + ": the file is truncated or its offsets are wrong");
      }
      if (t->begin < at) fail(name + " begins at byte " + std::to_string(t->begin) + ", before the one in front of it ends: offsets overlap");
      if (t->begin > at) fail(name + " begins at byte " + std::to_string(t->begin) + ", " + std::to_string(t->begin - at) + " after the one in front of it: the format allows no gaps");
      if (const auto size = bytes_of_dtype(t->dtype); size > 0 && !t->holds(size)) {
        fail(name + " takes " + std::to_string(t->end - t->begin) + " bytes, which is not what its shape " + t->shape_text() + " in " + t->dtype + " needs");
      }
      at = t->end;
    }
    if (at != bytes_.size() - start_) fail("it has " + std::to_string(bytes_.size() - start_ - at) + " bytes that belong to no tensor");
  }

  std::string path_;
  std::vector<char> bytes_;
  std::size_t start_ = 0;
  std::vector<TensorEntry> tensors_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

/// Fills the parameters of a network from a file. `prefix` stands before the network's names in the file ("energy." for a member).
/// Errors    IoError, and the network stays as it was: a name missing or unknown, another shape, anything Safetensors refuses
template <class Network>
[[gnu::cold]] void read_safetensors(const std::string& path, Network& network, const std::string& prefix = "") {
  using T = typename Network::Scalar;
  const Safetensors file(path);
  std::vector<T> values(static_cast<std::size_t>(network.n_parameters()));
  const auto& slices = network.parameters().slices();
  for (const auto& s : slices) {
    const TensorEntry* t = file.find(prefix + s.name);
    if (t == nullptr) {
      std::string known;
      for (const auto& other : file.tensors()) known += (known.empty() ? "" : ", ") + other.name;
      file.fail("it has no \"" + prefix + s.name + "\"; it has: " + (known.empty() ? "nothing" : known));
    }
    if (!t->has_shape(s.shape)) {
      TensorEntry wanted;
      for (const int n : s.shape) wanted.shape.push_back(static_cast<std::uint64_t>(n));
      file.fail("\"" + t->name + "\" has shape " + t->shape_text() + " where the network has " + wanted.shape_text() + ": it is of another network");
    }
    file.copy(*t, nn::Parameters<T>::of(std::span<T>(values), s));
  }
  for (const auto& t : file.tensors()) {
    bool wanted = t.name.compare(0, prefix.size(), prefix) != 0;
    for (const auto& s : slices) wanted = wanted || t.name == prefix + s.name;
    if (!wanted) file.fail("it has \"" + t.name + "\", which the network does not know: it is of another network");
  }
  network.restore(values);
}

/// Writes parameters, all or nothing: F32 or F64 as they are, names and shapes as the slices have them.
/// Errors    IoError: not writable, disk full; what was at `path` is then untouched
template <class T>
[[gnu::cold]] void write_safetensors(const std::string& path, const nn::Parameters<T>& parameters, const std::string& prefix = "") {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "erg: weights are written as float or double.");
  std::string header = "{";
  for (const auto& s : parameters.slices()) {
    TensorEntry t;
    t.name = prefix + s.name;
    t.dtype = sizeof(T) == 4 ? "F32" : "F64";
    for (const int n : s.shape) t.shape.push_back(static_cast<std::uint64_t>(n));
    t.begin = static_cast<std::uint64_t>(s.offset) * sizeof(T);
    t.end = t.begin + static_cast<std::uint64_t>(s.size()) * sizeof(T);
    header += (header.size() > 1 ? "," : "") + t.text();
  }
  header += "}";
  while (header.size() % 8 != 0) header += ' ';
  const auto length = static_cast<std::uint64_t>(header.size());
  const auto flat = parameters.flat();
  detail::write_whole(path, [&](std::FILE* f) {
    return std::fwrite(&length, 1, 8, f) == 8 && std::fwrite(header.data(), 1, header.size(), f) == header.size() &&
           std::fwrite(flat.data(), sizeof(T), flat.size(), f) == flat.size();
  });
}

}  // namespace erg::io
