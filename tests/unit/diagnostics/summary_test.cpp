// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/summary.hpp>

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

#include <erg/diagnostics/mcse.hpp>

namespace diag = erg::diag;

namespace {

/// Two named quantities, the second of which may be spoiled.
struct NamedDraws {
  std::vector<double> first, second;
  int n_draws() const { return 1000; }
  int n_chains() const { return 4; }
  int dim() const { return 2; }
  diag::Series series(int d) const { return diag::series_of(d == 0 ? first : second, 4); }
  const char* name(int d) const { return d == 0 ? "mu" : "log_tau"; }
};

NamedDraws good_draws() {
  erg::test::chains::NormalSource source(21);
  return {source.normals(4000), source.normals(4000, 2, 3)};
}

std::string printed(const diag::Summary& summary) {
  std::ostringstream text;
  text << summary;
  return text.str();
}

}  // namespace

TEST_CASE("a summary row equals the functions it stands for", "[diagnostics]") {
  const NamedDraws draws = good_draws();
  const diag::Summary summary = diag::summarize(draws);
  REQUIRE(summary.rows.size() == 2);
  for (int d = 0; d < 2; ++d) {
    const diag::SummaryRow& row = summary.rows[static_cast<std::size_t>(d)];
    const diag::Series s = draws.series(d);
    CHECK(row.name == draws.name(d));
    CHECK(row.mean == diag::mean(s));
    CHECK(row.mcse == diag::mcse_mean(s));
    CHECK(row.sd == diag::sd(s));
    CHECK(row.q5 == diag::quantile(s, 0.05));
    CHECK(row.q50 == diag::median(s));
    CHECK(row.q95 == diag::quantile(s, 0.95));
    CHECK(row.ess_bulk == diag::ess_bulk(s));
    CHECK(row.ess_tail == diag::ess_tail(s));
    CHECK(row.rhat == diag::rhat(s));
  }
  CHECK(summary.worst_rhat() == std::max(summary.rows[0].rhat, summary.rows[1].rhat));
  CHECK(summary.warnings().empty());
}

TEST_CASE("a summary prints as an aligned table", "[diagnostics]") {
  diag::Summary summary{{{"mu", 0.5, 0.01, 1, -1.25, 0.5, 2, 3951.4, 3800, 1.0004},
                         {"log_tau", -12.3456, 0.1, 3, -17, -12, -7, 900, 950, 1.002}},
                        1000,
                        4,
                        {}};
  CHECK(printed(summary) ==
        "4 chains of 1000 draws\n"
        "           mean  mcse  sd     q5  q50  q95  ess_bulk  ess_tail   rhat\n"
        "mu          0.5  0.01   1  -1.25  0.5    2      3951      3800  1.000\n"
        "log_tau  -12.35   0.1   3    -17  -12   -7       900       950  1.002\n");
}

TEST_CASE("a summary warns of chains that disagree, few effective draws and undefined figures", "[diagnostics]") {
  NamedDraws draws = good_draws();
  for (std::size_t i = 3000; i < 4000; ++i) draws.second[i] += 5;
  const auto shifted = diag::summarize(draws).warnings();
  REQUIRE(shifted.size() == 2);
  CHECK(shifted[0] == "1 of 2 quantities with rhat > 1.01 (the chains disagree): log_tau; run longer or reparametrise");
  CHECK(shifted[1] ==
        "1 of 2 quantities with ess_bulk or ess_tail < 400 (the errors are not reliable): log_tau; draw more or mix "
        "faster");

  draws = good_draws();
  draws.second[17] = std::nan("");
  const diag::Summary broken = diag::summarize(draws);
  REQUIRE(broken.warnings().size() == 1);
  CHECK_THAT(broken.warnings()[0], erg::test::contains("1 of 2 quantities without a defined rhat or ess"));
  CHECK_THAT(printed(broken), erg::test::contains("warning: 1 of 2 quantities without"));
  CHECK(std::isnan(broken.worst_rhat()));
  CHECK(std::isnan(broken.least_ess()));

  draws = good_draws();
  CHECK(diag::summarize(draws, {.max_rhat = 0.5, .min_ess = 1e6}).warnings().size() == 2);
}

TEST_CASE("long lists of names are cut and counted", "[diagnostics]") {
  const std::vector<double> flat(80, 1.0);  // [4 draws, 2 chains, 10 coordinates], all constant
  const diag::Summary summary = diag::summarize(diag::DrawsView(flat.data(), 4, 2, 10));
  REQUIRE(summary.warnings().size() == 1);
  CHECK_THAT(summary.warnings()[0], erg::test::contains("10 of 10 quantities"));
  CHECK_THAT(summary.warnings()[0], erg::test::contains("x[0], x[1], x[2], x[3], x[4], x[5] and 4 more"));
}

TEST_CASE("a run of few draws has a summary with warnings, an empty run has none", "[diagnostics]") {
  const std::vector<double> x = {1, 2, 3};
  const diag::Summary summary = diag::summarize(diag::DrawsView(x.data(), 3, 1, 1));
  CHECK(summary.rows[0].mean == 2);
  CHECK(std::isnan(summary.rows[0].rhat));
  CHECK(summary.warnings().size() == 1);
  ERG_CHECK_THROWS(diag::summarize(diag::DrawsView(x.data(), 0, 1, 1)), std::invalid_argument, "n_draws = 0 (");
  ERG_CHECK_THROWS(diag::summarize(diag::DrawsView(x.data(), 3, 0, 1)), std::invalid_argument, "n_chains = 0 (");
}
