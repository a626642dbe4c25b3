// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Four posteriors of posteriordb against its reference draws: every mean and quantile within 4 combined standard errors. Two of the
// models are library energies, two are written here as a user would, without a gradient.
#include "erg/diagnostics/draws.hpp"
#include "erg/diagnostics/ess.hpp"
#include "erg/diagnostics/mcse.hpp"
#include "erg/diagnostics/moments.hpp"
#include "erg/energy/eight_schools.hpp"
#include "erg/energy/kid_score.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/lane/math.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks/trace.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"

namespace {

using namespace erg;

/// Constrained parameters of every draw, [draw, chain], one vector a parameter.
struct Posterior {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;
  int n_draws = 0, n_chains = 0;
};

/// Draws from the model with adapted HMC, and maps them to the parameters of the reference.
template <class E, class Constrain>
Posterior sample(const E& energy, std::vector<std::string> names, std::vector<double> start, HmcParams params, Constrain&& constrain) {
  Trace<double> trace;
  const auto report = run(Simd<>{}, Hmc{params, DiagonalMetric{}}, energy,
                          {.n_chains = 64, .n_warmup = 600, .n_draws = 500, .seed = 20, .start = std::move(start)}, trace);
  INFO(report);
  CHECK(report.mean_accept > 0.5);
  Posterior p{std::move(names), {}, trace.n_draws(), trace.n_chains()};
  p.values.resize(p.names.size());
  std::vector<double> x(static_cast<std::size_t>(trace.dim()));
  for (int i = 0; i < trace.n_draws(); ++i) {
    for (int c = 0; c < trace.n_chains(); ++c) {
      for (int d = 0; d < trace.dim(); ++d) x[static_cast<std::size_t>(d)] = trace(i, c, d);
      const std::vector<double> y = constrain(x);
      for (std::size_t k = 0; k < y.size(); ++k) p.values[k].push_back(y[k]);
    }
  }
  return p;
}

/// The largest deviation from the reference, in combined standard errors.
double worst_deviation(const Posterior& p, const nlohmann::json& reference) {
  double worst = 0.0;
  const double n_reference = reference.at("n_draws").get<double>();
  for (std::size_t k = 0; k < p.names.size(); ++k) {
    const auto& r = reference.at("parameters").at(p.names[k]);
    const diag::Series s{p.values[k].data(), p.n_draws, p.n_chains, p.n_chains, 1};
    const auto judge = [&](const char* what, double ours, double error, double theirs, double their_error) {
      const double z = std::abs(ours - theirs) / std::hypot(error, their_error);
      UNSCOPED_INFO(p.names[k] << " " << what << ": " << ours << " against " << theirs << ", z = " << z);
      worst = std::max(worst, z);
    };
    judge("mean", diag::mean(s), diag::mcse_mean(s), r.at("mean"), r.at("sd").get<double>() / std::sqrt(r.at("ess_bulk").get<double>()));
    for (const auto& [name, q] : {std::pair{"q05", 0.05}, std::pair{"q50", 0.5}, std::pair{"q95", 0.95}}) {
      // The reference does not state its quantiles' errors: ours, rescaled to its number of draws (it is thinned to independence).
      const double error = diag::mcse_quantile(s, q);
      const double their_error = error * std::sqrt(diag::ess_quantile(s, q) / n_reference);
      judge(name, diag::quantile(s, q), error, r.at(name), their_error);
    }
  }
  return worst;
}

std::vector<double> numbers(const nlohmann::json& j) { return j.get<std::vector<double>>(); }

/// An energy that miscounts a log-scale: times = 1 forgets the Jacobian of a log-transformed parameter.
template <class E, int at, int times = 1>
struct Miscounted {
  static constexpr int dim = E::dim;
  E energy;
  template <Lane L>
  L operator()(Point<const L, dim> x) const {
    return energy(x) + x[at] * times;
  }
};

/// posteriordb's arK-arK: y_t ~ N(alpha + sum_k beta_k y_{t-k}, sigma), x = (alpha, beta_1..5, log sigma).
struct ArK {
  static constexpr int dim = 7;
  std::vector<double> y;
  template <Lane L>
  L operator()(Point<const L, dim> x) const {
    L rss = 0.0;
    for (std::size_t t = 5; t < y.size(); ++t) {
      L r = y[t] - x[0];
      for (int k = 1; k <= 5; ++k) r = r - x[k] * y[t - static_cast<std::size_t>(k)];
      rss = rss + r * r;
    }
    L prior = 0.0;
    for (int d = 0; d < 6; ++d) prior = prior + x[d] * x[d] / 200.0;
    const L sigma = math::exp(x[6]);
    return rss / (2.0 * sigma * sigma) + x[6] * (static_cast<double>(y.size()) - 5.0) + prior + math::log1p(sigma * sigma / 6.25) - x[6];
  }
};

/// posteriordb's sblri-blr: y ~ N(X beta, sigma), x = (beta_1..5, log sigma).
struct Blr {
  static constexpr int dim = 6;
  std::vector<std::vector<double>> rows;
  std::vector<double> y;
  template <Lane L>
  L operator()(Point<const L, dim> x) const {
    L rss = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      L r = y[i];
      for (int d = 0; d < 5; ++d) r = r - x[d] * rows[i][static_cast<std::size_t>(d)];
      rss = rss + r * r;
    }
    L prior = 0.0;
    for (int d = 0; d < 5; ++d) prior = prior + x[d] * x[d] / 200.0;
    const L sigma = math::exp(x[5]);
    return rss / (2.0 * sigma * sigma) + x[5] * static_cast<double>(y.size()) + prior + sigma * sigma / 200.0 - x[5];
  }
};

constexpr double limit = 4.0;  // combined standard errors; P(any of 40 beyond) is 0.3 %, and the seed is fixed

std::vector<double> schools_parameters(const std::vector<double>& x) {
  std::vector<double> y;
  const double tau = std::exp(x[9]);
  for (std::size_t j = 0; j < 8; ++j) y.push_back(x[8] + tau * x[j]);
  y.push_back(x[8]);
  y.push_back(tau);
  return y;
}
const std::vector<std::string> schools_names{"theta[1]", "theta[2]", "theta[3]", "theta[4]", "theta[5]",
                                             "theta[6]", "theta[7]", "theta[8]", "mu",       "tau"};

}  // namespace

TEST_CASE("eight schools agrees with the reference draws, and does not without its Jacobian", "[posteriordb]") {
  const auto reference = test::read_json("posteriordb/eight_schools-eight_schools_noncentered/reference.json");
  if (!reference) return;
  const HmcParams params{.step_size = 0.2, .n_leapfrog = 12, .jitter = 0.3};
  CHECK(worst_deviation(sample(EightSchools{}, schools_names, {}, params, schools_parameters), *reference) < limit);
  const Miscounted<EightSchools, 9> broken{EightSchools{}};
  CHECK(worst_deviation(sample(broken, schools_names, {}, params, schools_parameters), *reference) > 2.0 * limit);
}

TEST_CASE("kidiq agrees with the reference draws, and does not with six children counted twice", "[posteriordb]") {
  const auto reference = test::read_json("posteriordb/kidiq-kidscore_momiq/reference.json");
  const auto data = test::read_json("posteriordb/kidiq-kidscore_momiq/data.json");
  if (!reference || !data) return;
  const KidScore energy(numbers(data->at("mom_iq")), numbers(data->at("kid_score")));
  const std::vector<std::string> names{"beta[1]", "beta[2]", "sigma"};
  const auto constrain = [](const std::vector<double>& x) { return std::vector<double>{x[0], x[1], std::exp(x[2])}; };
  // Intercept and slope are correlated at -0.99: long trajectories of small steps.
  const HmcParams params{.step_size = 0.1, .n_leapfrog = 60, .jitter = 0.3};
  const std::vector<double> start{25.0, 0.6, 3.0};
  CHECK(worst_deviation(sample(energy, names, start, params, constrain), *reference) < limit);
  const Miscounted<KidScore, 2, 6> broken{energy};  // as if six of 434 children had been counted twice
  CHECK(worst_deviation(sample(broken, names, start, params, constrain), *reference) > 2.0 * limit);
}

TEST_CASE("an autoregression written without a gradient agrees with the reference draws", "[posteriordb]") {
  const auto reference = test::read_json("posteriordb/arK-arK/reference.json");
  const auto data = test::read_json("posteriordb/arK-arK/data.json");
  if (!reference || !data) return;
  const auto constrain = [](const std::vector<double>& x) {
    std::vector<double> y(x);
    y[6] = std::exp(x[6]);
    return y;
  };
  const std::vector<std::string> names{"alpha", "beta[1]", "beta[2]", "beta[3]", "beta[4]", "beta[5]", "sigma"};
  CHECK(worst_deviation(sample(ArK{numbers(data->at("y"))}, names, {0, 0, 0, 0, 0, 0, -1}, {.step_size = 0.1, .n_leapfrog = 15, .jitter = 0.3}, constrain),
                        *reference) < limit);
}

TEST_CASE("a linear regression written without a gradient agrees with the reference draws", "[posteriordb]") {
  const auto reference = test::read_json("posteriordb/sblri-blr/reference.json");
  const auto data = test::read_json("posteriordb/sblri-blr/data.json");
  if (!reference || !data) return;
  Blr energy{{}, numbers(data->at("y"))};
  for (const auto& row : data->at("X")) energy.rows.push_back(numbers(row));
  const auto constrain = [](const std::vector<double>& x) {
    std::vector<double> y(x);
    y[5] = std::exp(x[5]);
    return y;
  };
  const std::vector<std::string> names{"beta[1]", "beta[2]", "beta[3]", "beta[4]", "beta[5]", "sigma"};
  CHECK(worst_deviation(sample(energy, names, {1, 1, 1, 1, 1, 0}, {.step_size = 0.05, .n_leapfrog = 15, .jitter = 0.3}, constrain), *reference) < limit);
}
