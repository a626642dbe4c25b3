// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iomanip>
#include <ostream>
#include <string>
#include <vector>

namespace erg {

enum class StopReason { finished, stopped_by_sink };

/// What one part of a kernel did while sampling.
struct PartReport {
  std::string name;
  double mean_accept = 0.0;    ///< mean of min(1, exp(-energy_error)) over chains and transitions; 1 for unadjusted kernels
  double n_transitions = 0.0;  ///< per chain
  double step_size = 0.0;      ///< in use after warm-up; 0 where the part has none
};

/// What a run did. Nothing is substituted or retried: what went wrong is counted here, and printed.
struct RunReport {
  std::string kernel, lane, profile;   ///< profile: "strict", or "fast" and why not strict
  std::uint64_t seed = 0;
  int n_chains = 0, dim = 0, n_warmup = 0, n_draws = 0, thin = 1, n_workers = 1;
  bool resumed = false;
  StopReason stop_reason = StopReason::finished;
  double seconds = 0.0;                ///< of this process: warm-up, sampling and sinks
  double gradient_evals = 0.0;         ///< over all chains, warm-up included
  double mean_accept = 0.0;            ///< over all parts
  std::vector<PartReport> parts;
  std::vector<std::int64_t> divergences;   ///< [chain], while sampling
  std::vector<std::int64_t> non_finite;    ///< [chain], proposals rejected for a non-finite energy or position
  std::vector<int> stuck_chains;           ///< chains that never moved while sampling

  std::int64_t n_divergent() const { return sum(divergences); }
  std::int64_t n_non_finite() const { return sum(non_finite); }

  [[gnu::cold]] friend std::ostream& operator<<(std::ostream& out, const RunReport& r) {
    const auto flags = out.flags();
    const auto precision = out.precision();
    out << r.kernel << ": " << r.n_draws << " draws of " << r.n_chains << " chains, dim " << r.dim << ", after " << r.n_warmup
        << " warm-up steps; seed " << r.seed << (r.resumed ? ", resumed" : "") << '\n'
        << "  " << r.lane << " on " << r.n_workers << (r.n_workers == 1 ? " thread" : " threads") << ", profile " << r.profile << '\n'
        << std::fixed << std::setprecision(3) << "  " << r.seconds << " s, " << std::scientific << r.gradient_evals
        << " gradient evaluations\n"
        << std::fixed;
    for (const auto& p : r.parts) {
      out << "  " << std::left << std::setw(8) << p.name << std::right << " acceptance " << std::setprecision(3) << p.mean_accept;
      if (p.step_size > 0.0) out << ", step size " << std::defaultfloat << std::setprecision(4) << p.step_size << std::fixed;
      out << '\n';
    }
    if (r.n_divergent() > 0) out << "  warning: " << r.n_divergent() << " divergent proposals (energy error above the kernel's max_energy_error); a smaller step size or another parametrisation helps\n";
    if (r.n_non_finite() > 0) out << "  warning: " << r.n_non_finite() << " proposals had a non-finite energy and were rejected\n";
    if (!r.stuck_chains.empty()) {
      out << "  warning: " << r.stuck_chains.size() << " chains never moved, chain " << r.stuck_chains.front() << " the first of them\n";
    }
    if (r.stop_reason == StopReason::stopped_by_sink) out << "  stopped early by a sink\n";
    out.flags(flags);
    out.precision(precision);
    return out;
  }

 private:
  static std::int64_t sum(const std::vector<std::int64_t>& v) {
    std::int64_t s = 0;
    for (const auto x : v) s += x;
    return s;
  }
};

}  // namespace erg
