// How much of the entropy's gradient estimates of a generator's score deliver, and at which cost, on linear generators where the truth is known:
// isotropic ones of 1 to 100 latents, and probabilistic PCA fitted to MNIST. f = 1 is exact; f = 0 is the gradient of H(x | z), which teaches the
// generator nothing and its noise too much. The mean of the error with its sign, which papers report, is near zero for all of them.
//
//   example_19_score_estimators            a minute
//   example_19_score_estimators --full     ten times the draws
#include "support/picture.hpp"
#include "support/score_study.hpp"

#include <cstring>

int main(int argc, char** argv) {
  const bool quick = argc < 2 || std::strcmp(argv[1], "--full") != 0;
  const example::ScoreStudy many{.batch = 256, .n_learn = quick ? 60 : 400, .n_measured = quick ? 6 : 60};
  std::vector<std::string> names;
  std::vector<double> dims;
  std::vector<std::vector<double>> fractions, rms, signs;
  bool good = true;
  for (const int d : {1, 2, 5, 10, 20, 100}) {
    example::print_head((std::to_string(d) + " latents, isotropic posterior").c_str());
    const auto rows = example::study_all(example::isotropic_linear(d), 0.3 / std::sqrt(1.09), many);
    if (d > 5) good = good && rows[6].f.fraction > 0.9 && rows[6].f.fraction > rows[7].f.fraction && rows[7].f.fraction > rows[8].f.fraction;
    dims.push_back(d);
    names.clear(), fractions.emplace_back(), rms.emplace_back(), signs.emplace_back();
    for (const auto& r : rows) {
      names.push_back(r.name), fractions.back().push_back(r.f.fraction);
      rms.back().push_back(r.f.rms_bias), signs.back().push_back(std::fabs(r.f.signed_bias));
    }
  }
  bool is_mnist = false;
  for (const int d : quick ? std::vector<int>{10} : std::vector<int>{1, 10, 100}) {
    const auto g = example::fitted_ppca(d, &is_mnist);
    char what[120];
    std::snprintf(what, sizeof what, "PPCA %s, %d latents, sigma %.3f", is_mnist ? "fitted to MNIST" : "with a power law (no MNIST here)", d, g.noise());
    example::print_head(what);
    const auto rows = example::study_all(g, g.noise() / std::sqrt(1.0 + g.noise() * g.noise()), {.batch = 128, .n_learn = quick ? 40 : 400, .n_measured = quick ? 3 : 20});
    good = good && rows[6].f.fraction > 0.9;
  }

  example::Picture picture("out/examples/19_score_estimators.png", 1, 3, 1700, 520);
  const std::vector<std::string> colours{example::grey, example::orange, "#E69F00", "#F0E442", example::pink, "#56B4E9", example::blue};
  const auto panel = [&](const char* id, const std::vector<std::vector<double>>& table, const char* title, const char* y, const std::string& how) {
    example::Columns columns{dims};
    for (std::size_t k = 0; k < colours.size(); ++k) {
      columns.emplace_back();
      for (const auto& row : table) columns.back().push_back(std::max(1e-6, row[k]));
    }
    picture.data(id, columns).axes(title, "latent dimensions", y);
    std::string plot = "set logscale x; " + how;
    for (std::size_t k = 0; k < colours.size(); ++k) {
      plot += std::string(k == 0 ? "" : ", ") + "$" + id + " using 1:" + std::to_string(k + 2) + " with linespoints pt 7 ps 0.8 lw 1.5 lc rgb '" + colours[k] + "' title '" + names[k] + "'";
    }
    picture << plot;
  };
  panel("f", fractions, "share of the entropy gradient that is delivered", "f", "set key bottom left; plot [0.9:110][-0.05:1.25] ");
  panel("rms", rms, "root mean square of the bias", "a coordinate", "unset key; set logscale y; plot [0.9:110][1e-3:10] ");
  panel("signs", signs, "mean of the bias with its sign, as reported", "a coordinate", "plot [0.9:110][1e-3:10] ");
  picture.write();
  return good ? 0 : 1;
}
