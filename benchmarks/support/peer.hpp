// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Peers in Python: a script under benchmarks/peers run by $ERG_PYTHON, else python3.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/figure.hpp"

namespace bench {

/// The last line that a command prints; empty where it fails.
inline std::string last_line_of(const std::string& command) {
  std::string answer;
  if (std::FILE* pipe = popen(command.c_str(), "r")) {
    for (char text[1024]; std::fgets(text, sizeof text, pipe) != nullptr;) answer = text;
    if (pclose(pipe) != 0) answer.clear();
  }
  return answer;
}
/// The last line of peers/SCRIPT with these arguments.
inline std::string ask_peer(const std::string& script, const std::string& arguments) {
  const char* python = std::getenv("ERG_PYTHON");
  std::string command(python == nullptr ? "python3" : python);
  command.append(" '" ERG_BENCH_PEERS "/").append(script).append("' ").append(arguments).append(" 2>/dev/null");
  return last_line_of(command);
}

/// Our work against the seconds that a peer's script prints for the same.
inline Measurement against_torch(const std::string& script, const std::string& arguments, const Work& work) {
  const double torch = std::strtod(ask_peer(script, arguments).c_str(), nullptr);
  if (!(torch > 0.0)) return unmeasured("python3 has no torch here");
  const PairedTimes t = time_in_pairs(work, work, PairOptions{});
  Measurement m;
  m.measured = 1e9 * t.first.median;
  m.reference_measured = 1e9 * torch;
  m.ratio = torch / t.first.median;
  return m;
}

}  // namespace bench
