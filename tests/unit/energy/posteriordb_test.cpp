// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The posteriors of posteriordb, integrated numerically with erg's own energies, against the reference draws: the energies are
// what is tested, so no sampler takes part.
#include "support/catch.hpp"
#include "support/data.hpp"

#include "erg/energy/eight_schools.hpp"
#include "erg/energy/kid_score.hpp"

#include <cmath>
#include <map>

using namespace erg;
using P = Pack<double>;

namespace {

/// Data and reference values of a posterior, where the data folder is at hand.
struct Posterior {
  nlohmann::json data, reference;

  static std::optional<Posterior> read(const std::string& name) {
    const auto data = test::read_json("posteriordb/" + name + "/data.json");
    if (!data) return std::nullopt;
    const auto reference = test::read_json("posteriordb/" + name + "/reference.json");
    if (!reference) return std::nullopt;
    return Posterior{*data, *reference};
  }
  std::vector<double> list(const char* name) const { return data.at(name).get<std::vector<double>>(); }
  double value(const std::string& parameter, const char* what) const {
    return reference.at("parameters").at(parameter).at(what).get<double>();
  }
  /// The Monte Carlo standard error of the reference mean, and of its standard deviation (as of a Gaussian).
  double mcse(const std::string& parameter) const { return value(parameter, "sd") / std::sqrt(value(parameter, "ess_bulk")); }
  double mcse_sd(const std::string& parameter) const { return mcse(parameter) / std::sqrt(2.0); }
};

struct Moments {
  double mass = 0.0, first = 0.0, second = 0.0;
  void add(double p, double mean, double variance) {
    mass += p;
    first += p * mean;
    second += p * (variance + mean * mean);
  }
  double mean() const { return first / mass; }
  double sd() const { return std::sqrt(second / mass - mean() * mean()); }
};

/// exp(-U) integrated over theta_trans, given mu and log tau, from U alone: it is a Gaussian in theta_trans_j, so three values of
/// U give its centre and width.
template <class E>
std::map<std::string, Moments> eight_schools_moments(const E& energy) {
  std::map<std::string, Moments> moments;
  const auto u = [&](const double* t, double mu, double log_tau) {
    P x[10];
    for (int j = 0; j < 8; ++j) x[j] = P(t[j]);
    x[8] = P(mu);
    x[9] = P(log_tau);
    return energy(Point<const P, 10>(x)).reg;
  };
  for (double log_tau = -12.0; log_tau < 7.0; log_tau += 0.1) {
    for (double mu = -60.0; mu < 70.0; mu += 0.5) {
      const double zero[8] = {};
      const double base = u(zero, mu, log_tau);
      double centre[8], width[8], log_p = -base;
      for (int j = 0; j < 8; ++j) {
        double t[8] = {};
        t[j] = 1.0;
        const double up = u(t, mu, log_tau);
        t[j] = -1.0;
        const double down = u(t, mu, log_tau);
        const double curvature = up - 2.0 * base + down, slope = 0.5 * (up - down);
        centre[j] = -slope / curvature;
        width[j] = 1.0 / curvature;
        log_p += 0.5 * slope * slope / curvature - 0.5 * std::log(curvature);
      }
      const double p = std::exp(log_p + 30.0), tau = std::exp(log_tau);
      moments["mu"].add(p, mu, 0.0);
      moments["tau"].add(p, tau, 0.0);
      for (int j = 0; j < 8; ++j) {
        moments["theta[" + std::to_string(j + 1) + "]"].add(p, mu + tau * centre[j], tau * tau * width[j]);
      }
    }
  }
  return moments;
}

/// Largest deviation of means and standard deviations from the reference, in its Monte Carlo standard errors.
double worst_deviation(const std::map<std::string, Moments>& moments, const Posterior& posterior) {
  double worst = 0.0;
  for (const auto& [name, m] : moments) {
    worst = std::fmax(worst, std::fabs(m.mean() - posterior.value(name, "mean")) / posterior.mcse(name));
  }
  return worst;
}

/// Without the Jacobian of log tau.
struct NoJacobian {
  EightSchools schools;
  P operator()(Point<const P, 10> x) const { return schools(x) + x[9]; }
};

}  // namespace

TEST_CASE("eight schools has the means of the reference draws", "[energy]") {
  const auto posterior = Posterior::read("eight_schools-eight_schools_noncentered");
  if (!posterior) return;
  const EightSchools schools(posterior->list("y"), posterior->list("sigma"));
  CHECK(worst_deviation(eight_schools_moments(schools), *posterior) < 4.0);
  CHECK(worst_deviation(eight_schools_moments(NoJacobian{schools}), *posterior) > 8.0);
}

TEST_CASE("the data that eight schools has by default are those of posteriordb", "[energy]") {
  const auto posterior = Posterior::read("eight_schools-eight_schools_noncentered");
  if (!posterior) return;
  P x[10];
  for (int d = 0; d < 10; ++d) x[d] = P(0.3 * d - 1.0);
  CHECK(EightSchools{}(Point<const P, 10>(x)).reg == EightSchools(posterior->list("y"), posterior->list("sigma"))(Point<const P, 10>(x)).reg);
}

TEST_CASE("kidscore has the means and deviations of the reference draws", "[energy]") {
  const auto posterior = Posterior::read("kidiq-kidscore_momiq");
  if (!posterior) return;
  const KidScore kid(posterior->list("mom_iq"), posterior->list("kid_score"));
  const char* const names[] = {"beta[1]", "beta[2]"};
  for (int d = 0; d < 2; ++d) {
    CHECK(std::fabs(kid.mean(d) - posterior->value(names[d], "mean")) < 4.0 * posterior->mcse(names[d]));
    CHECK(std::fabs(std::sqrt(kid.covariance(d, d)) - posterior->value(names[d], "sd")) < 4.0 * posterior->mcse_sd(names[d]));
  }
  CHECK(std::fabs(kid.mean_sigma() - posterior->value("sigma", "mean")) < 4.0 * posterior->mcse("sigma"));
}
