// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Grathwohl, Kelly, Hashemi, Norouzi, Swersky, Duvenaud (2021), No MCMC for me: amortized sampling for fast and stable training of energy-based
// models, at the scale of two cores. What the paper reports and how well it is known is in docs/reproduce-the-papers/vera.md.
#include "vera/parts.hpp"

#include <chrono>
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
  const bool quick = argc < 2 || std::strcmp(argv[1], "--full") != 0;
  const char* only = argc > 2 ? argv[2] : "";  // the name of one part
  const auto part = [&](const char* name, void (*f)(bool)) {
    if (*only != 0 && std::strcmp(only, name) != 0) return;
    const auto begin = std::chrono::steady_clock::now();
    f(quick);
    std::fprintf(stderr, "%s: %.0f s\n", name, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  };
  part("estimators", vera::estimators);
  part("temperatures", vera::temperatures);
  part("speed", vera::speed);
  part("exact_likelihoods", vera::exact_likelihoods);
  part("few_labels", vera::few_labels);
  return 0;
}
