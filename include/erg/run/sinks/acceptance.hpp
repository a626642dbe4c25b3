// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/sink.hpp"

#include <iomanip>
#include <ostream>

namespace erg {

/// Acceptance of every part of a kernel, in the order of the cycle: a line a part when printed.
///
///   Acceptance acceptance;
///   run(exec, cycle(Mala{{.step_size = 0.02}}, Imh{q}), energy, plan, acceptance);
///   std::cout << acceptance;             acceptance[0].mean_accept
///
/// Filled at the end of the run, with what happened after warm-up; before that there are no parts.
class Acceptance {
 public:
  void on_begin(const RunInfo&) { parts_.clear(); }
  void on_end(const RunReport& report) { parts_ = report.parts; }

  int size() const { return static_cast<int>(parts_.size()); }
  const PartReport& operator[](int part) const { return parts_[static_cast<std::size_t>(part)]; }
  auto begin() const { return parts_.begin(); }
  auto end() const { return parts_.end(); }

  friend std::ostream& operator<<(std::ostream& out, const Acceptance& a) {
    const auto flags = out.flags();
    const auto precision = out.precision();
    for (const PartReport& part : a) {
      out << std::left << std::setw(12) << part.name << std::right << std::fixed << std::setprecision(3) << " acceptance "
          << part.mean_accept << " in " << std::setprecision(0) << part.n_transitions << " transitions a chain";
      if (part.step_size > 0.0) out << std::defaultfloat << std::setprecision(4) << ", step size " << part.step_size;
      out << '\n';
    }
    out.flags(flags);
    out.precision(precision);
    return out;
  }

 private:
  std::vector<PartReport> parts_;
};

}  // namespace erg
