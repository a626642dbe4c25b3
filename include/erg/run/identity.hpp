// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"
#include "erg/kernel/view.hpp"
#include "erg/run/plan.hpp"
#include "erg/run/report.hpp"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace erg::detail {

/// The fields of a struct of plain numbers (a kernel's Params), at most eight, as text that tells any two values apart.
struct AnyNumber {
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
  operator T() const;
};
template <class P, class... F>
constexpr int n_fields() {
  if constexpr (sizeof...(F) < 9 && requires { P{F{}..., AnyNumber{}}; }) {
    return n_fields<P, F..., AnyNumber>();
  } else {
    return static_cast<int>(sizeof...(F));
  }
}
/// The shortest text that reads back as x.
[[gnu::cold]] inline std::string exact_text(double x) {
  char number[32];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(number, sizeof number, "%.*g", digits, x);
    if (std::strtod(number, nullptr) == x) break;
  }
  return number;
}
template <class P>
[[gnu::cold]] std::string numbers_text(const P& p) {
  std::string text;
  const auto put = [&text](const auto&... v) {
    const auto one = [&text](double x) {
      text += (text.empty() ? "" : " ") + exact_text(x);
    };
    (one(static_cast<double>(v)), ...);
  };
  if constexpr (std::is_aggregate_v<P>) {
    constexpr int n = n_fields<P>();
    if constexpr (n == 1) { const auto& [a] = p; put(a); }
    if constexpr (n == 2) { const auto& [a, b] = p; put(a, b); }
    if constexpr (n == 3) { const auto& [a, b, c] = p; put(a, b, c); }
    if constexpr (n == 4) { const auto& [a, b, c, d] = p; put(a, b, c, d); }
    if constexpr (n == 5) { const auto& [a, b, c, d, e] = p; put(a, b, c, d, e); }
    if constexpr (n == 6) { const auto& [a, b, c, d, e, f] = p; put(a, b, c, d, e, f); }
    if constexpr (n == 7) { const auto& [a, b, c, d, e, f, g] = p; put(a, b, c, d, e, f, g); }
    if constexpr (n == 8) { const auto& [a, b, c, d, e, f, g, h] = p; put(a, b, c, d, e, f, g, h); }
  }
  return text;
}

/// A kernel with its parameters and the checksum of its metric, as text.
template <class K>
[[gnu::cold]] std::string kernel_text(const K& k) {
  std::string text = kernel_name(k) + "{";
  if constexpr (requires { k.params; }) text += numbers_text(k.params);
  if constexpr (requires { k.metric.inverse_mass().data(); }) {
    const auto& m = k.metric.inverse_mass();
    if (!m.empty()) text += "; metric " + std::to_string(io::checksum(reinterpret_cast<const char*>(m.data()), m.size() * sizeof(m[0])));
  }
  return text + "}";
}
template <class A, class B>
std::string kernel_text(const Cycle<A, B>& k) {
  return "cycle(" + kernel_text(k.first) + ", " + kernel_text(k.second) + ")";
}
template <class A, class B>
std::string kernel_text(const KernelMixture<A, B>& k) {
  return "mix(" + exact_text(k.probability) + ": " + kernel_text(k.first) + ", " + kernel_text(k.second) + ")";
}
template <int N, class K>
std::string kernel_text(const Repeat<N, K>& k) {
  return "repeat<" + std::to_string(N) + ">(" + kernel_text(k.part) + ")";
}

inline constexpr char checkpoint_magic[8] = {'E', 'R', 'G', 'C', 'K', 'P', 'T', '3'};

/// What must be the same for a checkpoint to belong to a run: name and value, in order.
struct Identity {
  std::vector<std::pair<std::string, std::string>> facts;

  [[gnu::cold]] void save(io::Writer& w) const {
    w.put_bytes(checkpoint_magic, sizeof checkpoint_magic);
    w.put(static_cast<std::uint64_t>(facts.size()));
    for (const auto& [name, value] : facts) w.put_string(name), w.put_string(value);
  }
  [[gnu::cold]] void check(io::Reader& r) const {
    char magic[8];
    r.get_bytes(magic, sizeof magic);
    if (std::string(magic, 8) != std::string(checkpoint_magic, 8)) r.fail("is no checkpoint of this version of erg");
    const auto n = r.get<std::uint64_t>();
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::string name = r.get_string(), value = r.get_string();
      const bool known = i < facts.size() && facts[i].first == name;
      if (!known || facts[i].second != value) {
        r.fail("belongs to another run (its " + name + " is " + value + (known ? ", this run's is " + facts[i].second : std::string{}) + ")");
      }
    }
    if (n != facts.size()) r.fail("belongs to another version of erg");
  }
};

/// `start` is a checksum of the chains' first positions and their energies there: it tells an energy with other parameters or data,
/// or another start, from this run's, which no name does.
[[gnu::cold]] inline Identity identity_of(const RunReport& report, const Plan& plan, std::string kernel, const char* energy,
                                          std::size_t scalar, std::uint64_t start, std::size_t n_sinks) {
  const auto text = [](auto v) { return std::to_string(v); };
  return {{{"profile", is_strict_build ? "strict" : "fast"},
           {"scalar size", text(scalar)},
           {"kernel", std::move(kernel)},
           {"energy", energy},
           {"dim", text(report.dim)},
           {"n_chains", text(plan.n_chains)},
           {"n_warmup", text(plan.n_warmup)},
           {"n_draws", text(plan.n_draws)},
           {"thin", text(plan.thin)},
           {"seed", text(plan.seed)},
           {"adaptation", plan.adapt ? (plan.step_size_rule == StepSizeRule::robbins_monro ? "robbins_monro" : "dual_averaging") : "none"},
           {"fingerprint of start and energy", text(start)},
           {"number of sinks", text(n_sinks)}}};
}

}  // namespace erg::detail
