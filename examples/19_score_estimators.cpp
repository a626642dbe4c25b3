// How much of the entropy's gradient estimates of a generator's score deliver, and at which cost, on linear generators where the truth is known.
// f = 1 is exact; f = 0 is the gradient of H(x | z), which teaches the generator nothing and its noise too much. The mean of the error with
// its sign, which papers report, is near zero for all of them.
#include <chrono>
#include <cstdlib>
#include <erg/generator/generators.hpp>
#include "support/picture.hpp"

namespace generator = erg::generator;
using Real = float;

namespace {

/// d latents of 2d dimensions, noise .3, every latent twice: an isotropic posterior.
generator::LinearGaussian<Real> linear(int d) {
  std::vector<double> w(static_cast<std::size_t>(2 * d * d), 0.0), b(static_cast<std::size_t>(2 * d), 0.0);
  for (int i = 0; i < 2 * d; ++i) w[static_cast<std::size_t>(i * d + i / 2)] = 0.7071068;
  return {w, b, {0.3, 0.01, 1.0}};
}

struct Row {
  std::string name;
  generator::DeliveredFraction f;
  double microseconds;   ///< a draw
};

/// Lets an estimator learn, then measures it.
template <class Score>
Row study(std::string name, const generator::LinearGaussian<Real>& g, Score score, bool quick) {
  erg::Pieces<Real> pieces(1);
  const int batch = 256, n_learn = quick ? 60 : 250;
  generator::Table<Real> latents, noises, draws, scores;
  const auto z = latents.shaped(batch, g.n_latent()), eps = noises.shaped(batch, g.dim()), x = draws.shaped(batch, g.dim()), s = scores.shaped(batch, g.dim());
  double seconds = 0.0;
  for (int i = 0; i < n_learn; ++i) {
    const erg::random::Key key = erg::random::Key(3).at(static_cast<std::uint64_t>(i));
    g.latents(key.purpose(erg::random::Purpose::start), 0, z, eps);
    g.sample(z, eps, x);
    const auto begin = std::chrono::steady_clock::now();
    score.estimate(g, z, x, key.purpose(erg::random::Purpose::user), s, pieces);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    score.learn(g, z, x, key.purpose(erg::random::Purpose::user), pieces);
  }
  generator::ExactScore exact;
  return {std::move(name), generator::delivered_fraction(g, score, exact, erg::random::Key(4), batch, quick ? 6 : 20, pieces), 1e6 * seconds / (n_learn * batch)};
}

}  // namespace

int main(int argc, char**) {
  const bool quick = argc < 2;
  const double eta = 0.3 / std::sqrt(1.09);
  std::vector<std::string> names;
  std::vector<std::vector<double>> fractions;
  std::vector<double> dims;
  bool good = true;
  for (const int d : {1, 2, 5, 10, 20, 100}) {
    const auto g = linear(d);
    using generator::Force;
    using Importance = generator::ImportanceScore<Real>;
    using Hmc = generator::HmcScore<Real>;
    std::vector<Row> rows;
    const auto importance = [&](int k, double r) { return Importance({.n_samples = k, .proposal_scale = r, .start = eta}); };
    rows.push_back(study("conditional", g, generator::ConditionalScore{}, quick));
    rows.push_back(study("VERA, K = 20", g, importance(20, 1.0), quick));
    rows.push_back(study("K = 100, r = sqrt 3", g, importance(100, 1.7320508), quick));
    rows.push_back(study("HMC, prior's force", g, Hmc({.step_size = 0.2 * eta / std::sqrt(d), .jitter = 0.0, .force = Force::prior_only}), quick));
    rows.push_back(study("HMC, no jitter", g, Hmc({.step_size = eta, .jitter = 0.0}), quick));
    auto accurate = generator::HmcScoreParams::accurate();
    accurate.step_size = eta;
    rows.push_back(study("HMC, accurate", g, Hmc(accurate), quick));
    accurate.n_resample = 20;
    rows.push_back(study("resampled, then HMC", g, Hmc(accurate, {.start = eta}), quick));
    std::printf("%d latents\n%-22s %8s %8s %8s %8s %10s %10s %10s\n", d, "", "f", "error", "ESS", "accept", "RMS bias", "signed", "us a draw");
    for (const Row& r : rows) {
      std::printf("%-22s %8.3f %8.3f %8.2f %8.2f %10.4f %10.4f %10.2f\n", r.name.c_str(), r.f.fraction, r.f.standard_error, r.f.report.ess, r.f.report.accept, r.f.rms_bias,
                  r.f.signed_bias, r.microseconds);
    }
    std::printf("\n");
    std::fflush(stdout);
    if (d > 5) good = good && rows[5].f.fraction > 0.9 && rows[5].f.fraction > rows[1].f.fraction;
    dims.push_back(d);
    names.clear();
    std::vector<double> column;
    for (const Row& r : rows) names.push_back(r.name), column.push_back(r.f.fraction);
    fractions.push_back(column);
  }
  example::Picture picture("out/examples/19_score_estimators.png", 1, 1, 800, 520);
  example::Columns columns{dims};
  for (std::size_t k = 0; k < names.size(); ++k) {
    columns.emplace_back();
    for (const auto& column : fractions) columns.back().push_back(column[k]);
  }
  picture.data("f", columns).axes("share of the entropy gradient that is delivered", "latent dimensions", "f");
  const std::vector<std::string> colours{example::grey, example::orange, "#E69F00", example::pink, "#56B4E9", example::blue, example::green};
  std::string plot = "set logscale x; set key outside right center; plot [0.9:110][0:1.25] ";
  for (std::size_t k = 0; k < names.size(); ++k) {
    plot += std::string(k == 0 ? "" : ", ") + "$f using 1:" + std::to_string(k + 2) + " with linespoints pt 7 ps 0.8 lw 1.5 lc rgb '" + colours[k] + "' title '" + names[k] + "'";
  }
  picture << plot;
  picture.write();
  return good ? 0 : 1;
}
