// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Real data for tests: looked for in the folder ERG_DATA names, then data/, then ../shared/data/ beside the repository.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace erg::test {

inline std::vector<std::string> data_folders() {
  std::vector<std::string> folders;
  if (const char* named = std::getenv("ERG_DATA")) folders.push_back(named);
  std::string root = __FILE__;
  for (int up = 0; up < 3; ++up) root = root.substr(0, root.find_last_of('/') == std::string::npos ? 0 : root.find_last_of('/'));
  if (root.empty()) root = ".";
  folders.push_back(root + "/data");
  folders.push_back(root + "/../shared/data");
  return folders;
}

/// Where the file is, or nothing and a line that marks the test as skipped.
inline std::optional<std::string> find_file(const std::string& name) {
  std::string looked;
  for (const auto& folder : data_folders()) {
    if (std::ifstream(folder + "/" + name)) return folder + "/" + name;
    looked += (looked.empty() ? "" : ", ") + folder;
  }
  std::cout << "erg: skipped, " << name << " is in none of " << looked << "; set ERG_DATA to the folder that has it\n";
  return std::nullopt;
}

/// The parsed file, or nothing.
inline std::optional<nlohmann::json> read_json(const std::string& name) {
  const auto path = find_file(name);
  if (!path) return std::nullopt;
  std::ifstream in(*path);
  return nlohmann::json::parse(in);
}

/// What gzip finds in the file, or nothing.
inline std::optional<std::vector<std::uint8_t>> read_gzipped(const std::string& name) {
  const auto path = find_file(name);
  if (!path) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  if (std::FILE* pipe = popen(("gzip -dc '" + *path + "'").c_str(), "r")) {
    std::uint8_t block[65536];
    for (std::size_t n; (n = std::fread(block, 1, sizeof block, pipe)) > 0;) bytes.insert(bytes.end(), block, block + n);
    if (pclose(pipe) == 0) return bytes;
  }
  std::cout << "erg: skipped, gzip does not read " << *path << "\n";
  return std::nullopt;
}

}  // namespace erg::test
