// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"
#include "erg/run/plan.hpp"
#include "erg/run/sink.hpp"

#include <string>
#include <utility>

namespace erg {

/// Makes a run resumable: pass it to `run` beside the sinks.
///
/// The state is written to `path` every `every` draws (warm-up: steps) and at the end, each time as a whole new file. If the file
/// is there when the run starts, the run goes on from it, and ends with the same bits as if it had never stopped. A file of another
/// run (kernel, energy, dimension, chains, seed, scalar, plan) or a damaged one is refused with a sentence.
/// Requires  sinks that keep state can be saved: void save(io::Writer&) const; void load(io::Reader&)
/// Errors    IoError
struct Checkpoint {
  std::string path;
  int every = 1000;
};

namespace detail {

template <class S>
concept is_checkpoint = std::is_same_v<std::remove_cvref_t<S>, Checkpoint>;
template <class S>
concept can_be_saved = requires(const S& c, S& s, io::Writer& w, io::Reader& r) {
  c.save(w);
  s.load(r);
};
template <class S>
concept keeps_nothing = requires { requires std::remove_cvref_t<S>::is_stateless; };

inline constexpr char checkpoint_magic[8] = {'E', 'R', 'G', 'C', 'K', 'P', 'T', '1'};

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

[[gnu::cold]] inline Identity identity_of(const RunReport& report, const Plan& plan, const char* energy, std::size_t scalar,
                                          std::size_t n_sinks) {
  const auto text = [](auto v) { return std::to_string(v); };
  return {{{"kernel", report.kernel},
           {"energy", energy},
           {"dim", text(report.dim)},
           {"scalar size", text(scalar)},
           {"n_chains", text(plan.n_chains)},
           {"n_warmup", text(plan.n_warmup)},
           {"n_draws", text(plan.n_draws)},
           {"thin", text(plan.thin)},
           {"seed", text(plan.seed)},
           {"profile", is_strict_build ? "strict" : "fast"},
           {"number of sinks", text(n_sinks)}}};
}

}  // namespace detail
}  // namespace erg
