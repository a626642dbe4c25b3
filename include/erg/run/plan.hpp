// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/random/key.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace erg {

/// How warm-up finds a step size.
enum class StepSizeRule { dual_averaging, robbins_monro };

/// What a run does. Set what you need by name: {.n_chains = 256, .n_warmup = 500, .n_draws = 1000, .seed = 7}.
struct Plan {
  int n_chains = 4;             ///< >= 1
  int n_warmup = 0;             ///< steps in which parameters adapt; not recorded
  int n_draws = 1000;           ///< draws recorded of each chain, >= 0
  int thin = 1;                 ///< steps from one draw to the next, >= 1
  std::uint64_t seed = 0;
  std::vector<double> start{};  ///< empty: N(0, start_scale^2) at the seed's address; dim values: all chains there;
                                ///< n_chains * dim values: [chain, dim], chain contiguous
  double start_scale = 1.0;     ///< > 0
  bool adapt = true;            ///< false: warm-up steps leave the parameters alone
  StepSizeRule step_size_rule = StepSizeRule::dual_averaging;

  [[gnu::cold]] void validate(int dim) const {
    detail::require_count("n_chains", n_chains);
    detail::require_count("n_warmup", n_warmup, 0);
    detail::require_count("n_draws", n_draws, 0);
    detail::require_count("thin", thin);
    detail::require_positive("start_scale", start_scale);
    detail::require_count("dim", dim);
    if (dim > random::max_dim) {
      throw std::invalid_argument("dim = " + std::to_string(dim) + " (a step has addresses for 2^29 numbers per chain)");
    }
    if (n_steps() > random::max_steps) {
      throw std::invalid_argument("n_draws * thin + n_warmup = " + std::to_string(n_steps()) +
                                  " (random numbers have addresses for 2^48 steps) take fewer");
    }
    const auto d = static_cast<std::size_t>(dim), n = static_cast<std::size_t>(n_chains);
    if (!start.empty() && start.size() != d && start.size() != n * d) {
      throw std::invalid_argument("start has " + std::to_string(start.size()) + " values (the energy has dim = " + std::to_string(dim) +
                                  " and the plan n_chains = " + std::to_string(n_chains) + ") give dim or n_chains * dim of them");
    }
    for (std::size_t i = 0; i < start.size(); ++i) {
      if (!std::isfinite(start[i])) detail::require_finite("start[" + std::to_string(i) + "]", start[i]);  // throws
    }
  }
  std::uint64_t n_steps() const {
    return static_cast<std::uint64_t>(n_warmup) + static_cast<std::uint64_t>(n_draws) * static_cast<std::uint64_t>(thin);
  }
};

}  // namespace erg
