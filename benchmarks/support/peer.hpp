// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Peers in Python: a script under benchmarks/peers run by $ERG_PYTHON, else python3.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
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
inline std::string peer_command(const std::string& script, const std::string& arguments) {
  const char* python = std::getenv("ERG_PYTHON");
  std::string command(python == nullptr ? "python3" : python);
  return command.append(" '" ERG_BENCH_PEERS "/").append(script).append("' ").append(arguments).append(" 2>/dev/null");
}
/// The last line of peers/SCRIPT with these arguments.
inline std::string ask_peer(const std::string& script, const std::string& arguments) { return last_line_of(peer_command(script, arguments)); }

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

/// A peer's script that stays: for every line with a number of units that it is given, it answers with the CPU seconds they took.
class Peer {
 public:
  explicit Peer(const std::string& command) {
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0) return;
    child_ = fork();
    if (child_ == 0) {
      dup2(to[0], 0);
      dup2(from[1], 1);
      for (const int f : {to[0], to[1], from[0], from[1]}) close(f);
      execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    to_ = fdopen(to[1], "w");
    from_ = fdopen(from[0], "r");
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (to_ != nullptr) std::fclose(to_);  // the script ends with its input
    if (from_ != nullptr) std::fclose(from_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  /// Seconds of n units; not positive where the peer has gone.
  double seconds(std::size_t n) {
    char text[256];
    if (to_ == nullptr || std::fprintf(to_, "%zu\n", n) < 0 || std::fflush(to_) != 0) return -1.0;
    return std::fgets(text, sizeof text, from_) == nullptr ? -1.0 : std::strtod(text, nullptr);
  }

 private:
  pid_t child_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

/// Our work and a peer's in turn, A B, B A, ..., both by CPU time; the ratio within each pair.
inline Measurement compare_with_peer(const Work& work, const std::string& script, const std::string& arguments, int n_pairs = 15) {
  signal(SIGPIPE, SIG_IGN);
  Peer peer(peer_command(script, arguments));
  double theirs = peer.seconds(2);
  if (!(theirs > 0.0)) return unmeasured("the peer does not run here: is there a python3 with torch?");
  constexpr double block = 0.1;
  theirs = peer.seconds(2) / 2;
  const auto n_theirs = static_cast<std::size_t>(std::max(1.0, block / theirs));
  PairOptions options;
  options.seconds_per_block = block;
  const std::size_t n_ours = units_for(work, options);
  const auto ours = [&] {
    const double start = seconds_now();
    work(n_ours);
    return (seconds_now() - start) / static_cast<double>(n_ours);
  };
  const auto other = [&] { return peer.seconds(n_theirs) / static_cast<double>(n_theirs); };
  std::vector<double> a, b, ratios;
  for (int i = 0; i < n_pairs; ++i) {
    double x = 0.0, y = 0.0;
    if (i % 2 == 0) {
      x = ours();
      y = other();
    } else {
      y = other();
      x = ours();
    }
    if (!(y > 0.0)) return unmeasured("the peer stopped");
    a.push_back(x);
    b.push_back(y);
    ratios.push_back(y / x);
  }
  const Spread r = spread_of(ratios);
  Measurement m;
  m.n_pairs = n_pairs;
  m.measured = 1e9 * spread_of(a).median;
  m.reference_measured = 1e9 * spread_of(b).median;
  m.ratio = r.median;
  m.low = r.low;
  m.high = r.high;
  return m;
}

}  // namespace bench
