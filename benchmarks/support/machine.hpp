// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Which processor, compiler and instructions a figure was measured with.
#pragma once

#include <fstream>
#include <string>
#include <thread>

namespace bench {

inline std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  std::string model = "unknown processor", family, number;
  for (std::string line; std::getline(info, line) && !line.empty();) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon + 2 > line.size()) continue;
    const std::string value = line.substr(colon + 2);
    if (line.rfind("model name", 0) == 0) model = value;
    else if (line.rfind("cpu family", 0) == 0) family = value;
    else if (line.rfind("model\t", 0) == 0) number = value;
  }
  if (!family.empty()) model += " (family " + family + ", model " + number + ")";
  return model + ", " + std::to_string(std::thread::hardware_concurrency()) + " processors";
}

inline std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

inline const char* instructions() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__)
  return "AVX2";
#elif defined(__SSE2__)
  return "SSE2";
#else
  return "scalar";
#endif
}

}  // namespace bench
