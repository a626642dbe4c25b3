// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/train/concepts.hpp"

#include <chrono>
#include <cstdio>

namespace erg::train {

/// A row of a table every so many steps, while training runs: trainer.run(2000, train::Table{.every = 100}).
///
///     step   U(data)  U(model)     gap    |grad|   teacher   accept          s
struct Table {
  std::int64_t every = 100;
  std::FILE* stream = stdout;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  bool has_header = false;

  void operator()(const StepReport& r) {
    if (!has_header) {
      erg::detail::require_positive("every", static_cast<double>(every));
      std::fprintf(stream, "%8s %10s %10s %10s %10s %10s  %-18s %7s\n", "step", "U(data)", "U(model)", "gap", "|gradient|", "teacher", "accept", "s");
      has_header = true;
    }
    if ((r.step + 1) % every != 0) return;
    const auto number = [this](double v) {
      if (v == v) {
        std::fprintf(stream, " %10.4g", v);
      } else {
        std::fprintf(stream, " %10s", "-");
      }
    };
    std::fprintf(stream, "%8lld", static_cast<long long>(r.step + 1));
    const bool has_negatives = r.model_energy == r.model_energy;
    number(r.data_energy), number(r.model_energy), number(has_negatives ? r.gap() : r.objective), number(r.gradient_norm), number(r.teacher_loss);
    std::string accept;
    char text[16];
    for (const double a : r.accept) {
      std::snprintf(text, sizeof text, a == a ? "%.2f " : "- ", a);
      accept += text;
    }
    if (r.n_catch_up > 0) accept += "+" + std::to_string(r.n_catch_up);
    std::fprintf(stream, "  %-18s %7.1f\n", accept.c_str(), std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    std::fflush(stream);
  }
};

}  // namespace erg::train
