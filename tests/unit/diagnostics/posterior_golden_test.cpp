// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// R-hat, ESS and MCSE against the R package posterior: tests/golden/posterior.R.
#include "golden/posterior_data.hpp"
#include "golden/posterior_values.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <cstddef>
#include <iterator>

#include <erg/diagnostics/ess.hpp>
#include <erg/diagnostics/mcse.hpp>
#include <erg/diagnostics/rhat.hpp>

namespace diag = erg::diag;
namespace golden = erg::test::posterior_golden;

namespace {

// Both sides work in double, in different order; 1e-10 relative leaves room for the transform's rounding and nothing
// else.
void check_same(const char* what, double ours, double theirs) {
  INFO(what << ": ours " << ours << ", posterior " << theirs);
  if (std::isnan(theirs) || std::isinf(theirs)) {
    CHECK(((std::isnan(ours) && std::isnan(theirs)) || ours == theirs));
  } else {
    CHECK(std::abs(ours - theirs) <= 1e-10 * std::abs(theirs));
  }
}

}  // namespace

TEST_CASE("the data sets are those that R saw", "[diagnostics][golden]") {
  const auto sets = golden::data_sets();
  REQUIRE(sets.size() == std::size(golden::values));
  for (std::size_t k = 0; k < sets.size(); ++k) {
    const auto& truth = golden::values[k];
    INFO(truth.name);
    CHECK(sets[k].name == truth.name);
    CHECK(sets[k].n_draws == truth.n_draws);
    CHECK(sets[k].n_chains == truth.n_chains);
    double checksum = 0;
    for (const double v : sets[k].x)
      if (std::isfinite(v)) checksum += v;
    CHECK(checksum == truth.checksum);  // one sum in one order: equal, not close
  }
}

TEST_CASE("rhat, ess and mcse agree with posterior to 1e-10", "[diagnostics][golden]") {
  const auto sets = golden::data_sets();
  for (std::size_t k = 0; k < sets.size(); ++k) {
    const auto& truth = golden::values[k];
    const diag::Series s = diag::series_of(sets[k].x, sets[k].n_chains);
    INFO(truth.name);
    check_same("rhat", diag::rhat(s), truth.rhat);
    check_same("rhat_basic", diag::rhat_basic(s), truth.rhat_basic);
    check_same("rhat_basic unsplit", diag::rhat_basic(s, false), truth.rhat_basic_unsplit);
    check_same("ess_bulk", diag::ess_bulk(s), truth.ess_bulk);
    check_same("ess_tail", diag::ess_tail(s), truth.ess_tail);
    check_same("ess_mean", diag::ess_mean(s), truth.ess_mean);
    check_same("ess_sd", diag::ess_sd(s), truth.ess_sd);
    check_same("ess_basic unsplit", diag::ess_basic(s, false), truth.ess_basic_unsplit);
    check_same("mcse_mean", diag::mcse_mean(s), truth.mcse_mean);
    check_same("mcse_sd", diag::mcse_sd(s), truth.mcse_sd);
    for (std::size_t i = 0; i < std::size(golden::probs); ++i) {
      const double p = golden::probs[i];
      INFO("p = " << p);
      check_same("quantile", diag::quantile(s, p), truth.quantile[i]);
      check_same("ess_quantile", diag::ess_quantile(s, p), truth.ess_quantile[i]);
      check_same("mcse_quantile", diag::mcse_quantile(s, p), truth.mcse_quantile[i]);
    }
  }
}

TEST_CASE("the layout of the draws does not change a diagnostic", "[diagnostics][golden]") {
  const auto sets = golden::data_sets();
  const auto& set = sets[1];
  std::vector<double> interleaved(3 * set.x.size(), -7.0);  // [draw, chain, 3], the quantity in the middle
  for (int c = 0; c < set.n_chains; ++c)
    for (int i = 0; i < set.n_draws; ++i)
      interleaved[static_cast<std::size_t>((i * set.n_chains + c) * 3 + 1)] =
          set.x[static_cast<std::size_t>(c * set.n_draws + i)];
  const diag::Series strided{interleaved.data() + 1, set.n_draws, set.n_chains, 3 * set.n_chains, 3};
  const diag::Series packed = diag::series_of(set.x, set.n_chains);
  CHECK(diag::rhat(strided) == diag::rhat(packed));
  CHECK(diag::ess_bulk(strided) == diag::ess_bulk(packed));
  CHECK(diag::mcse_sd(strided) == diag::mcse_sd(packed));
}
