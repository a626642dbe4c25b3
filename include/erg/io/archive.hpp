// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <unistd.h>

namespace erg {

/// A file could not be read or written, or is not what it should be.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace io {

/// FNV-1a over bytes: enough to tell a truncated or damaged file, not a signature.
inline std::uint64_t checksum(const char* data, std::size_t n) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (std::size_t i = 0; i < n; ++i) h = (h ^ static_cast<unsigned char>(data[i])) * 0x100000001b3u;
  return h;
}

namespace detail {
/// Writes a neighbour of `path`, flushes it to the disk and renames it: at no moment is there half a file at `path`. put(file) writes, and says
/// whether all was taken.
template <class Put>
[[gnu::cold]] void write_whole(const std::string& path, Put&& put) {
  const std::string draft = path + ".part";
  std::FILE* f = std::fopen(draft.c_str(), "wb");
  if (f == nullptr) throw IoError("cannot write " + path + " (" + std::strerror(errno) + ") check that the folder exists and is writable");
  const bool written = put(f) && std::fflush(f) == 0 && ::fsync(::fileno(f)) == 0;
  const bool closed = std::fclose(f) == 0;
  if (!written || !closed || std::rename(draft.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    std::remove(draft.c_str());
    throw IoError("cannot write " + path + " (" + why + ") the last complete file, if any, is untouched");
  }
}
}  // namespace detail

/// Bytes to be written as one file, all or nothing.
class Writer {
 public:
  template <class V>
    requires std::is_trivially_copyable_v<V>
  void put(const V& v) {
    put_bytes(&v, sizeof v);
  }
  void put_bytes(const void* p, std::size_t n) {
    const auto* c = static_cast<const char*>(p);
    bytes_.insert(bytes_.end(), c, c + n);
  }
  void put_string(const std::string& s) {
    put(static_cast<std::uint64_t>(s.size()));
    put_bytes(s.data(), s.size());
  }
  template <class V>
  void put_vector(const std::vector<V>& v) {
    put(static_cast<std::uint64_t>(v.size()));
    put_bytes(v.data(), v.size() * sizeof(V));
  }
  std::size_t size() const { return bytes_.size(); }

  /// As write_whole.
  [[gnu::cold]] void commit(const std::string& path) {
    put(checksum(bytes_.data(), bytes_.size()));
    detail::write_whole(path, [&](std::FILE* f) { return std::fwrite(bytes_.data(), 1, bytes_.size(), f) == bytes_.size(); });
  }

 private:
  std::vector<char> bytes_;
};

/// The bytes of such a file, checked before anything is taken from them.
class Reader {
 public:
  [[gnu::cold]] explicit Reader(const std::string& path) : path_(path) {
    std::FILE* f = std::fopen(path.c_str(), "rb");
    if (f == nullptr) throw IoError("cannot read " + path + " (" + std::strerror(errno) + ")");
    char block[65536];
    for (std::size_t n; (n = std::fread(block, 1, sizeof block, f)) > 0;) bytes_.insert(bytes_.end(), block, block + n);
    std::fclose(f);
    if (bytes_.size() < sizeof(std::uint64_t)) fail("is shorter than any checkpoint");
    std::uint64_t stored;
    std::memcpy(&stored, bytes_.data() + bytes_.size() - sizeof stored, sizeof stored);
    bytes_.resize(bytes_.size() - sizeof stored);
    if (stored != checksum(bytes_.data(), bytes_.size())) fail("is truncated, damaged or no checkpoint: its checksum does not match");
  }

  template <class V>
    requires std::is_trivially_copyable_v<V>
  void get(V& v) {
    get_bytes(&v, sizeof v);
  }
  template <class V>
  V get() {
    V v;
    get(v);
    return v;
  }
  void get_bytes(void* p, std::size_t n) {
    if (n > bytes_.size() - at_) fail("ends too early");
    if (n == 0) return;  // an empty vector may have no address, which memcpy does not take
    std::memcpy(p, bytes_.data() + at_, n);
    at_ += n;
  }
  std::string get_string() {
    const auto n = get<std::uint64_t>();
    if (n > bytes_.size() - at_) fail("ends too early");
    std::string s(bytes_.data() + at_, static_cast<std::size_t>(n));
    at_ += static_cast<std::size_t>(n);
    return s;
  }
  template <class V>
  void get_vector(std::vector<V>& v) {
    const auto n = get<std::uint64_t>();
    if (n > (bytes_.size() - at_) / sizeof(V)) fail("ends too early");
    v.resize(static_cast<std::size_t>(n));
    get_bytes(v.data(), v.size() * sizeof(V));
  }
  [[noreturn, gnu::cold]] void fail(const std::string& why) const { throw IoError(path_ + " " + why + "; delete it to start the run anew"); }

 private:
  std::string path_;
  std::vector<char> bytes_;
  std::size_t at_ = 0;
};

}  // namespace io
}  // namespace erg
