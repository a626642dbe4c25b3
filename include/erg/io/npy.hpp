// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"

#include <bit>
#include <cstdlib>
#include <limits>
#include <utility>

/// NumPy's array file, format version 1.0: numpy.load reads what is written here.
/// Source    NumPy Enhancement Proposal 1, A Simple File Format for NumPy Arrays
namespace erg::io {

namespace detail {
inline constexpr std::size_t npy_header_size = 128;

template <class T>
std::string npy_type() {
  static_assert(std::is_arithmetic_v<T>, "erg: an .npy file holds numbers.");
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return std::string(std::endian::native == std::endian::little ? "<" : ">") + kind + std::to_string(sizeof(T));
}
template <class T>
std::string npy_dict(const std::vector<std::size_t>& shape) {
  std::string dict = "{'descr': '" + npy_type<T>() + "', 'fortran_order': False, 'shape': (";
  for (const auto n : shape) dict += std::to_string(n) + ", ";
  return dict + "), }";
}
/// 128 bytes: magic, version, length, and a Python dict padded with blanks.
template <class T>
std::string npy_header(const std::vector<std::size_t>& shape) {
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>((npy_header_size - 10) & 0xff);
  header += '\0';
  header += npy_dict<T>(shape);
  header.resize(npy_header_size - 1, ' ');
  return header + '\n';
}
}  // namespace detail

/// An array that grows by rows, row-major; valid whenever `flush` has returned.
///
/// Shapes    [row, ...]; a row is `row_shape`
/// Errors    IoError: not writable, or a shape too long for the header (both on opening), disk full
template <class T>
class NpyFile {
 public:
  NpyFile() = default;
  NpyFile(NpyFile&& other) noexcept { *this = std::move(other); }
  NpyFile& operator=(NpyFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(path_, other.path_);
    std::swap(shape_, other.shape_);
    return *this;
  }
  ~NpyFile() { close(); }

  /// Opens for writing. What the file holds stays until `truncate`.
  void open(const std::string& path, std::vector<std::size_t> row_shape) {
    close();
    path_ = path;
    shape_ = std::move(row_shape);
    shape_.insert(shape_.begin(), std::numeric_limits<std::size_t>::max());  // what it may grow to
    if (detail::npy_dict<T>(shape_).size() > detail::npy_header_size - 11) fail("a shape of " + std::to_string(shape_.size()) + " extents does not fit into its header", "join some");
    shape_[0] = 0;
    file_ = std::fopen(path.c_str(), "r+b");
    if (file_ == nullptr && errno == ENOENT) file_ = std::fopen(path.c_str(), "w+b");
    if (file_ == nullptr) {
      throw IoError("cannot write " + path + " (" + std::strerror(errno) + ") check that the folder exists and is writable");
    }
  }
  std::size_t n_rows() const { return shape_.empty() ? 0 : shape_[0]; }

  /// Keeps the first n rows of what the file holds, checked to be there, and goes on behind them.
  void truncate(std::size_t n) {
    std::fseek(file_, 0, SEEK_END);
    const auto keep = static_cast<long>(detail::npy_header_size + n * row_size() * sizeof(T));
    if (n > 0) {
      const char* what = "put the file of that run back, or delete the checkpoint to start anew";
      if (std::ftell(file_) < keep) fail("it has fewer rows than the checkpoint says", what);
      std::string header(detail::npy_header_size, ' ');
      std::rewind(file_);
      if (std::fread(header.data(), 1, header.size(), file_) != header.size() || but_rows(header) != but_rows(detail::npy_header<T>(shape_))) {
        fail("it holds an array of another shape or type", what);
      }
    }
    shape_[0] = n;
    put_header();
    check(std::fflush(file_) == 0 && ::ftruncate(::fileno(file_), keep) == 0 && std::fseek(file_, keep, SEEK_SET) == 0);
  }
  /// Appends values; `end_rows` after whole rows.
  void put(const T* values, std::size_t n) { check(std::fwrite(values, sizeof(T), n, file_) == n); }
  void end_rows(std::size_t n = 1) { shape_[0] += n; }

  /// On the disk: all rows and a header that counts them.
  void flush() {
    check(std::fflush(file_) == 0);
    put_header();
    check(std::fseek(file_, 0, SEEK_END) == 0 && std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0);
  }
  void close() {
    if (file_ != nullptr) std::fclose(file_);
    file_ = nullptr;
  }

 private:
  /// A header less the number of rows (and the blanks that make up for it).
  static std::string but_rows(const std::string& header) {
    const auto open = header.find('('), comma = header.find(',', open), end = header.find_last_not_of(" \n");
    return open == std::string::npos || comma == std::string::npos ? header : header.substr(0, open) + header.substr(comma, end - comma);
  }
  std::size_t row_size() const {
    std::size_t n = 1;
    for (std::size_t i = 1; i < shape_.size(); ++i) n *= shape_[i];
    return n;
  }
  void put_header() {
    const std::string header = detail::npy_header<T>(shape_);
    std::rewind(file_);
    check(std::fwrite(header.data(), 1, header.size(), file_) == header.size());
  }
  void check(bool ok) const {
    if (!ok) fail(std::strerror(errno), "what was flushed before is intact");
  }
  [[noreturn]] void fail(const std::string& why, const char* what) const {
    throw IoError("cannot write " + path_ + " (" + why + ") " + what);
  }

  std::FILE* file_ = nullptr;
  std::string path_;
  std::vector<std::size_t> shape_;
};

/// A whole array, row-major.
template <class T>
struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<T> values;
};

/// Writes an array in one go. Requires  at least one extent      Errors    IoError; std::invalid_argument where values do not fill the shape
template <class T>
void write_npy(const std::string& path, const std::vector<T>& values, const std::vector<std::size_t>& shape) {
  std::size_t n = 1;
  for (const auto extent : shape) n *= extent;
  if (shape.empty() || n != values.size()) {
    throw std::invalid_argument(std::to_string(values.size()) + " values (the shape has room for " + std::to_string(shape.empty() ? 0 : n) +
                                ") give one per place");
  }
  NpyFile<T> file;
  file.open(path, {shape.begin() + 1, shape.end()});
  file.truncate(0);
  file.put(values.data(), n);
  file.end_rows(shape[0]);
  file.flush();
}

/// Reads a row-major array of T; like numpy.load it leaves alone what follows the array, as the rows of a run that was killed.
/// Errors    IoError: not there, not .npy, other numbers than T, column-major, too short
template <class T>
NpyArray<T> read_npy(const std::string& path) {
  const auto fail = [&](const std::string& why) { throw IoError("cannot read " + path + " (" + why + ")"); };
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (f == nullptr) fail(std::strerror(errno));
  std::vector<char> bytes;
  char block[65536];
  for (std::size_t n; (n = std::fread(block, 1, sizeof block, f)) > 0;) bytes.insert(bytes.end(), block, block + n);
  std::fclose(f);
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY\x01", 7) != 0) fail("it is no .npy file of version 1");
  const std::size_t at = 10 + static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  if (bytes.size() < at) fail("it ends in its header");
  const std::string header(bytes.data() + 10, at - 10);
  if (header.find("'" + detail::npy_type<T>() + "'") == std::string::npos) fail("it does not hold " + detail::npy_type<T>() + ": " + header);
  if (header.find("'fortran_order': False") == std::string::npos) fail("it is not row-major");
  NpyArray<T> array;
  std::size_t n = 1;
  const std::size_t open = header.find('('), shut = header.find(')');
  if (open == std::string::npos || shut == std::string::npos) fail("its header has no shape");
  for (const char* p = header.c_str() + open + 1; p < header.c_str() + shut;) {
    char* end;
    const auto extent = std::strtoull(p, &end, 10);
    if (end == p) break;
    array.shape.push_back(extent);
    n *= extent;
    for (p = end; *p == ',' || *p == ' ';) ++p;
  }
  if ((bytes.size() - at) / sizeof(T) < n) fail("it is shorter than its shape says");
  array.values.resize(n);
  if (n > 0) std::memcpy(array.values.data(), bytes.data() + at, n * sizeof(T));
  return array;
}

}  // namespace erg::io
