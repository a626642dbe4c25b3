// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/view.hpp"
#include "erg/run/plan.hpp"
#include "erg/run/report.hpp"

#include <cstdlib>
#include <span>
#include <string>
#include <tuple>
#include <typeinfo>
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
    static_assert(n <= 8, "erg: a checkpoint compares at most eight parameters of a kernel; group the others in a member beside params.");
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

/// Draws of a proposal and their energies, as a checksum: a distribution with other parameters has others.
template <class Q>
[[gnu::cold]] std::uint64_t proposal_checksum(const Q& q) {
  constexpr int n = 16;
  const random::Key key(0);
  if constexpr (Proposal<Q, Pack<double>>) {
    const int dim = dim_of(q);
    std::vector<double> numbers;
    LanePosition<Pack<double>, dynamic> x;
    for (int c = 0; c < n; ++c) {
      draw_from(q, key, LaneChains<Pack<double>>{bits_t<Pack<double>>(static_cast<std::uint64_t>(c))}, x, dim);
      for (int d = 0; d < dim; ++d) numbers.push_back(x[d].reg);
      numbers.push_back(erg::value(q, std::as_const(x)).reg);
    }
    return io::checksum(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  } else if constexpr (BatchProposal<Q, double> || BatchProposal<Q, float>) {
    using S = std::conditional_t<BatchProposal<Q, double>, double, float>;
    const int dim = dim_of(q);
    std::vector<S> numbers(static_cast<std::size_t>(n * (dim + 1)));
    q.sample(std::span<const random::Key>(&key, 1), 0, BlockView<S>{numbers.data() + n, n, dim, n}, std::span<S>(numbers).first(n));
    return io::checksum(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(S));
  } else {
    return 0;
  }
}
/// A few points transformed, as a checksum.
template <class A>
[[gnu::cold]] std::uint64_t augmentation_checksum(const A& a, int dim) {
  std::vector<double> numbers;
  for (std::uint32_t c = 0; c < 16; ++c) {
    std::vector<double> x(static_cast<std::size_t>(dim));
    for (int d = 0; d < dim; ++d) x[static_cast<std::size_t>(d)] = random::uniform<double>(random::Key(0), c, d);
    numbers.push_back(a.apply(random::Key(1), c, std::span<double>(x)));
    numbers.insert(numbers.end(), x.begin(), x.end());
  }
  return io::checksum(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
}
/// Probabilities, which a few points would not tell apart.
template <class A>
[[gnu::cold]] std::string probabilities_text(const A& a) {
  std::string text;
  if constexpr (requires { a.probability; }) text += " " + exact_text(a.probability);
  if constexpr (requires { a.augmentation; }) text += probabilities_text(a.augmentation);
  if constexpr (requires { a.augmentations; }) std::apply([&](const auto&... part) { ((text += probabilities_text(part)), ...); }, a.augmentations);
  return text;
}

template <class A, class B>
std::string kernel_text(const Cycle<A, B>& k, int dim = 0);
template <class A, class B>
std::string kernel_text(const KernelMixture<A, B>& k, int dim = 0);
template <int N, class K>
std::string kernel_text(const Repeat<N, K>& k, int dim = 0);
template <int N, class Q>
std::string kernel_text(const Prefetch<N, Q>& k, int dim = 0);

/// A kernel with its parameters, the checksum of its metric, and the types of its proposal and augmentation, as text. dim: of the energy, where
/// proposals and augmentations are to be compared by what they do as well; 0 where they may learn.
template <class K>
[[gnu::cold]] std::string kernel_text(const K& k, int dim = 0) {
  std::string text = kernel_name(k) + "{";
  if constexpr (requires { k.params; }) text += numbers_text(k.params);
  if constexpr (requires { k.proposal; }) {
    text += std::string("; ") + typeid(k.proposal).name();
    if (dim > 0) text += " " + std::to_string(proposal_checksum(k.proposal));
  }
  if constexpr (requires { k.augmentation; }) {
    text += std::string("; ") + typeid(k.augmentation).name() + probabilities_text(k.augmentation);
    if (dim > 0) text += " " + std::to_string(augmentation_checksum(k.augmentation, dim));
  }
  if constexpr (requires { k.metric.inverse_mass().data(); }) {
    const auto& m = k.metric.inverse_mass();
    if (!m.empty()) text += "; metric " + std::to_string(io::checksum(reinterpret_cast<const char*>(m.data()), m.size() * sizeof(m[0])));
  }
  return text + "}";
}
template <class A, class B>
std::string kernel_text(const Cycle<A, B>& k, int dim) {
  return "cycle(" + kernel_text(k.first, dim) + ", " + kernel_text(k.second, dim) + ")";
}
template <class A, class B>
std::string kernel_text(const KernelMixture<A, B>& k, int dim) {
  return "mix(" + exact_text(k.probability) + ": " + kernel_text(k.first, dim) + ", " + kernel_text(k.second, dim) + ")";
}
template <int N, class K>
std::string kernel_text(const Repeat<N, K>& k, int dim) {
  return "repeat<" + std::to_string(N) + ">(" + kernel_text(k.part, dim) + ")";
}
template <int N, class Q>
std::string kernel_text(const Prefetch<N, Q>& k, int dim) {
  return "prefetch<" + std::to_string(N) + ">(" + kernel_text(k.part, dim) + ")";
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
