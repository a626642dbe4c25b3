// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"

#include <cctype>
#include <cstddef>
#include <utility>

/// The header of a safetensors file: the little JSON that it is made of, read and written.
namespace erg::io {

/// What the header says of one tensor.
struct TensorEntry {
  std::string name, dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  ///< bytes after the header

  bool has_shape(const std::vector<int>& other) const {
    bool same = shape.size() == other.size();
    for (std::size_t i = 0; same && i < shape.size(); ++i) same = shape[i] == static_cast<std::uint64_t>(other[i]);
    return same;
  }
  std::uint64_t n_values() const {
    std::uint64_t n = 1;
    for (const auto extent : shape) n *= extent;
    return n;
  }
  /// Whether the bytes are exactly what the shape needs, with no overflow on the way.
  bool holds(std::uint64_t bytes_each) const {
    std::uint64_t n = bytes_each;
    for (const auto extent : shape) {
      if (extent == 0) return begin == end;
      if (n > (end - begin) / extent) return false;
      n *= extent;
    }
    return n == end - begin;
  }
  std::string shape_text() const {
    std::string s = "[";
    for (const auto extent : shape) s += (s.size() > 1 ? ", " : "") + std::to_string(extent);
    return s + "]";
  }
  std::string text() const {
    std::string quoted;
    for (const char c : name) quoted += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
    return "\"" + quoted + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape_text() + ",\"data_offsets\":[" + std::to_string(begin) + "," +
           std::to_string(end) + "]}";
  }
};

/// Bytes of one number; 0 for types the format may yet grow.
inline std::uint64_t bytes_of_dtype(const std::string& dtype) {
  for (const auto& [name, bytes] : {std::pair{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
                                    {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1}, {"BOOL", 1}}) {
    if (dtype == name) return static_cast<std::uint64_t>(bytes);
  }
  return 0;
}

namespace detail {

/// As much JSON as a safetensors header has: objects, arrays of counts, strings.
class HeaderParser {
 public:
  explicit HeaderParser(const std::string& text) : text_(text) {}

  std::vector<TensorEntry> parse(std::vector<std::pair<std::string, std::string>>& metadata) {
    std::vector<TensorEntry> tensors;
    object([&](const std::string& name) {
      if (name == "__metadata__") {
        object([&](const std::string& key) { metadata.emplace_back(key, string()); });
      } else {
        for (const auto& t : tensors) {
          if (t.name == name) fail("the name \"" + name + "\" twice");
        }
        tensors.push_back(tensor(name));
      }
    });
    blank();
    if (at_ != text_.size()) fail("something after its end");
    return tensors;
  }

 private:
  TensorEntry tensor(const std::string& name) {
    TensorEntry t;
    t.name = name;
    bool has_dtype = false, has_shape = false, has_offsets = false;
    object([&](const std::string& key) {
      if (key == "dtype") {
        t.dtype = string();
        has_dtype = true;
      } else if (key == "shape") {
        t.shape = counts();
        has_shape = true;
      } else if (key == "data_offsets") {
        const auto offsets = counts();
        if (offsets.size() != 2) fail("data_offsets of \"" + name + "\" that are no pair");
        t.begin = offsets[0];
        t.end = offsets[1];
        has_offsets = true;
      } else {
        fail("the unknown key \"" + key + "\" in \"" + name + "\"");
      }
    });
    if (!has_dtype || !has_shape || !has_offsets) fail("a tensor, \"" + name + "\", without dtype, shape or data_offsets");
    return t;
  }
  template <class F>
  void object(F&& f) {
    expect('{');
    if (accept('}')) return;
    do {
      blank();
      const std::string key = string();
      expect(':');
      f(key);
    } while (accept(','));
    expect('}');
  }
  std::vector<std::uint64_t> counts() {
    std::vector<std::uint64_t> v;
    expect('[');
    if (accept(']')) return v;
    do {
      blank();
      std::uint64_t n = 0;
      const std::size_t first = at_;
      for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        if (n > (UINT64_MAX - 9) / 10) fail("a number beyond 64 bits");
        n = 10 * n + static_cast<std::uint64_t>(text_[at_] - '0');
      }
      if (at_ == first) fail("no count where one should be");
      v.push_back(n);
    } while (accept(','));
    expect(']');
    return v;
  }
  std::string string() {
    expect('"');
    std::string s;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\') {
        if (at_ >= text_.size()) break;
        c = text_[at_++];
        if (c == 'u') {
          unicode(s);
          continue;
        }
        const char* from = "\"\\/bfnrt";
        const char* to = "\"\\/\b\f\n\r\t";
        const char* found = std::strchr(from, c);
        if (found == nullptr || c == '\0') fail("an escape that JSON does not have");
        c = to[found - from];
      }
      s += c;
    }
    expect('"');
    return s;
  }
  /// \uXXXX, as UTF-8; surrogates are kept one by one.
  void unicode(std::string& s) {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      if (at_ >= text_.size() || !std::isxdigit(static_cast<unsigned char>(text_[at_]))) fail("an escape that JSON does not have");
      const char c = text_[at_++];
      code = 16 * code + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    if (code < 0x80) {
      s += static_cast<char>(code);
    } else if (code < 0x800) {
      s += static_cast<char>(0xc0 | (code >> 6));
      s += static_cast<char>(0x80 | (code & 63));
    } else {
      s += static_cast<char>(0xe0 | (code >> 12));
      s += static_cast<char>(0x80 | ((code >> 6) & 63));
      s += static_cast<char>(0x80 | (code & 63));
    }
  }
  void blank() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool accept(char c) {
    blank();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("no '") + c + "' where it should be");
  }
  [[noreturn]] void fail(const std::string& what) const { throw IoError("its header has " + what + ", at byte " + std::to_string(at_) + " of it"); }

  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// Tensors and metadata of a header. Errors    IoError, which says what is wrong and where
[[gnu::cold]] inline std::vector<TensorEntry> parse_safetensors_header(const std::string& text, std::vector<std::pair<std::string, std::string>>& metadata) {
  return detail::HeaderParser(text).parse(metadata);
}

}  // namespace erg::io
