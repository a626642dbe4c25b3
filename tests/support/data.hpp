// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Real data for tests: looked for in the folder ERG_DATA names, then data/, then ../shared/data/ beside the repository.
#pragma once

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

/// The parsed file, or nothing and a line that marks the test as skipped.
inline std::optional<nlohmann::json> read_json(const std::string& name) {
  std::string looked;
  for (const auto& folder : data_folders()) {
    std::ifstream in(folder + "/" + name);
    if (in) return nlohmann::json::parse(in);
    looked += (looked.empty() ? "" : ", ") + folder;
  }
  std::cout << "erg: skipped, " << name << " is in none of " << looked << "; set ERG_DATA to the folder that has it\n";
  return std::nullopt;
}

}  // namespace erg::test
