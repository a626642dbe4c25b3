// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "compile_time.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bench {
namespace {

double children_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU seconds of one compilation; negative if it fails.
double compile(const std::string& file) {
  const std::string command = "'" ERG_BENCH_COMPILER "' -std=c++20 -O2 -I'" ERG_BENCH_SOURCE "/include' -isystem '" ERG_BENCH_EIGEN
                              "' -pthread -c '" + file + "' -o /dev/null >/dev/null 2>&1";
  const double start = children_seconds();
  if (std::system(command.c_str()) != 0) return -1.0;
  return children_seconds() - start;
}

}  // namespace

Measurement measure_compile_time() {
  std::string name = (std::filesystem::temp_directory_path() / "erg_bench_XXXXXX.cpp").string();
  const int file = mkstemps(name.data(), 4);
  if (file < 0) return unmeasured("no temporary file could be made");
  std::ofstream(name) << "#include <Eigen/Dense>\n";
  const std::string example = ERG_BENCH_SOURCE "/examples/01_hello_hmc.cpp";
  std::vector<double> ours, eigen, ratios;
  Measurement m;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double a = compile(example), b = compile(name);
    if (a < 0.0) m.unmeasured = "examples/01_hello_hmc.cpp does not compile with " ERG_BENCH_COMPILER;
    if (b < 0.0) m.unmeasured = "<Eigen/Dense> does not compile with " ERG_BENCH_COMPILER;
    if (!m.unmeasured.empty()) break;
    ours.push_back(a);
    eigen.push_back(b);
    ratios.push_back(a / b);
  }
  std::remove(name.c_str());
  if (!m.unmeasured.empty()) return m;
  const Spread ratio = spread_of(ratios);
  m.measured = spread_of(ours).median;
  m.reference_measured = spread_of(eigen).median;
  m.ratio = ratio.median;
  m.low = ratio.low;
  m.high = ratio.high;
  m.n_pairs = static_cast<int>(ratios.size());
  m.reached = *m.ratio <= 3.0 && *m.measured <= 4.0;
  return m;
}

}  // namespace bench
