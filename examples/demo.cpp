// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Three targets and a trained energy, one table, a picture each. scripts/demo builds and runs it.
#include "demo/report.hpp"

#include <chrono>
#include <exception>

namespace {

void print(const std::vector<demo::Row>& rows) {
  std::printf("\n%-18s %-20s %8s %11s %12s %11s %12s %12s\n", "target", "kernel", "seconds", "acceptance", "worst R-hat", "bulk ESS/s", "weights off",
              "moments off");
  const std::string* last = nullptr;
  for (const auto& r : rows) {
    char weights[32] = "-";
    if (!std::isnan(r.weight_error)) std::snprintf(weights, sizeof weights, "%.3f", r.weight_error);
    const bool same = last != nullptr && *last == r.target;
    std::printf("%-18s %-20s %8.2f %11.3f %12.3f %11.2g %12s %9.1f se\n", same ? "" : r.target.c_str(), r.kernel.c_str(), r.seconds, r.acceptance,
                r.rhat, r.ess_per_second, weights, r.moment_error);
    last = &r.target;
  }
  std::printf(
      "\nseconds      warm-up and sampling                      acceptance   mean over chains and steps; ula accepts whatever it proposes\n"
      "worst R-hat  over coordinates; chains agree below 1.01  bulk ESS/s   effective draws a second, of the worst coordinate\n"
      "weights off  sum over modes of |share - truth|          moments off  largest error of E x, E x^2 in its standard errors;\n"
      "                                                                     where R-hat is large, not to be trusted\n\n");
}

}  // namespace

int main() try {
  const auto begin = std::chrono::steady_clock::now();
  std::printf("sampling\n");
  demo::Part all;
  std::string pictures;
  for (auto* sample : {demo::ring, demo::schools, demo::funnel, demo::trained}) {
    const demo::Part part = sample();
    all.rows.insert(all.rows.end(), part.rows.begin(), part.rows.end());
    all.warnings.insert(all.warnings.end(), part.warnings.begin(), part.warnings.end());
    pictures += part.picture + '\n';
  }
  print(all.rows);
  for (const auto& warning : all.warnings) std::printf("%s\n", warning.c_str());
  std::printf("\n%.1f s in all\n%s", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), pictures.c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "demo: %s\n", error.what());
  return 1;
}
