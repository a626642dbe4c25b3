// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// MNIST's files, where they are: a folder `mnist` with the original IDX files, gzipped.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace example {

struct Digits {
  std::vector<std::uint8_t> pixels;   ///< [n, 28 * 28], row by row
  std::vector<std::uint8_t> labels;
  std::size_t n() const { return labels.size(); }
};

namespace detail {
inline std::vector<std::uint8_t> gunzip(const std::string& path) {
  std::vector<std::uint8_t> bytes;
  if (std::FILE* pipe = popen(("gzip -dc '" + path + "'").c_str(), "r")) {
    std::uint8_t block[65536];
    for (std::size_t n; (n = std::fread(block, 1, sizeof block, pipe)) > 0;) bytes.insert(bytes.end(), block, block + n);
    if (pclose(pipe) != 0) bytes.clear();
  }
  return bytes;
}
}  // namespace detail

/// The folder of a data set: in $ERG_DATA, else in data/ or shared/data/ of this folder or one above it.
inline std::optional<std::string> find_data(const std::string& name) {
  namespace fs = std::filesystem;
  if (const char* folder = std::getenv("ERG_DATA"); folder != nullptr && fs::exists(fs::path(folder) / name)) return (fs::path(folder) / name).string();
  for (fs::path at = fs::current_path();; at = at.parent_path()) {
    for (const char* folder : {"data", "shared/data"}) {
      if (fs::exists(at / folder / name)) return (at / folder / name).string();
    }
    if (at == at.parent_path()) return std::nullopt;
  }
}

/// Images of the files "part-images-idx3-ubyte.gz" and "part-labels-idx1-ubyte.gz" of a folder, or nothing and a sentence.
inline std::optional<Digits> load_digits(const std::string& name, const std::string& part) {
  const std::string images_name = part + "-images-idx3-ubyte.gz", labels_name = part + "-labels-idx1-ubyte.gz";
  const auto folder = find_data(name);
  if (!folder) {
    std::printf("no %s here (looked for a folder %s in $ERG_DATA, data/ and shared/data/): download %s and %s into data/%s\n", name.c_str(), name.c_str(),
                images_name.c_str(), labels_name.c_str(), name.c_str());
    return std::nullopt;
  }
  const auto images = detail::gunzip(*folder + "/" + images_name), labels = detail::gunzip(*folder + "/" + labels_name);
  if (images.size() < 16 || labels.size() < 8 || (images.size() - 16) / 784 != labels.size() - 8) {
    std::printf("the files in %s are no %s (images and labels do not fit each other): download them again\n", folder->c_str(), name.c_str());
    return std::nullopt;
  }
  return Digits{{images.begin() + 16, images.end()}, {labels.begin() + 8, labels.end()}};
}
/// MNIST's training digits.
inline std::optional<Digits> load_mnist() { return load_digits("mnist", "train"); }

}  // namespace example
