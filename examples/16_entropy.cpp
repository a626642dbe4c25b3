// How large is the entropy of a law that only a sampler knows? Estimates that err to known sides, bounds that hold, and what they are good for:
// a gradient that spreads points, information that two coordinates share, and scores that find strangers.
#include <erg/diagnostics/ood.hpp>
#include <erg/energy/gaussian_mixture.hpp>
#include <erg/entropy/entropy.hpp>
#include <erg/random/normal.hpp>
#include <cstdio>
#include <iostream>
#include "support/picture.hpp"

namespace ent = erg::entropy;

namespace {

constexpr double noise = 0.3;
/// Points [n, 2] column-major, and the centres they were drawn about.
struct Points {
  std::vector<float> x, centres;
  int n;
  explicit Points(int n_points) : x(2 * static_cast<std::size_t>(n_points)), centres(x.size()), n(n_points) {}
  erg::BlockView<const float> view() const { return {x.data(), n, 2, n}; }
  erg::BlockView<const float> means() const { return {centres.data(), n, 2, n}; }
};

// [generator]
/// A crescent: x = (2 z, z^2 - 1) + 0.3 e. Its density has no formula.
Points draw(int n, std::uint64_t seed) {
  Points p(n);
  for (int i = 0; i < n; ++i) {
    double z[3];
    for (int d = 0; d < 3; ++d) z[d] = erg::random::normal<double>(erg::random::Key(seed), static_cast<std::uint32_t>(i), d);
    const double g[2] = {2 * z[0], z[0] * z[0] - 1};
    for (int d = 0; d < 2; ++d) {
      const auto at = static_cast<std::size_t>(d * n + i);
      p.centres[at] = static_cast<float>(g[d]);
      p.x[at] = static_cast<float>(g[d] + noise * z[1 + d]);
    }
  }
  return p;
}
// [generator]

}  // namespace

int main() {
  const std::vector<double> sd{noise};
  const Points points = draw(1000, 1), others = draw(4000, 2), many = draw(6000, 3);

  // A normalised density that is roughly right. A flow fitted to `others` goes in the same places.
  std::vector<double> weights, middles, widths;
  for (double z = -2.4; z < 2.5; z += 0.4) {
    weights.push_back(std::exp(-0.5 * z * z));
    middles.insert(middles.end(), {2 * z, z * z - 1});
    widths.push_back(0.5);
  }
  const erg::GaussianMixture<2> density(weights, middles, widths);

  // [estimates]
  const ent::Bracket truth = ent::generator_entropy(many.means(), many.view(), sd), bracket = ent::generator_entropy(points.means(), points.view(), sd);
  ent::Table table;
  const auto add = [&](ent::Estimate e, const char* name) { e.method = name, table.rows.push_back(e); };
  add(ent::Knn<>{}(points.view()), "kNN, k = 3");
  add(ent::Knn<>{.k = 30}(points.view()), "kNN, k = 30");
  add(ent::KernelDensity{}(points.view()), "kernel density");
  add(ent::GaussianFit{}(points.view()), "Gaussian");
  add(ent::cross_entropy(density, points.view()), "normalised density");  // that these points had no part in
  add(bracket.lower, "generator, lower");
  add(bracket.upper, "generator, upper");
  std::printf("From 6000 draws and their centres the entropy is between %.4f and %.4f (s.e. %.4f). From 1000:\n\n", truth.lower.value, truth.upper.value,
              truth.upper.standard_error);
  std::cout << table << '\n';
  // [estimates]

  // [information]
  const erg::BlockView<const float> first{points.x.data(), 1000, 1, 1000}, second{points.x.data() + 1000, 1000, 1, 1000};
  const ent::Estimate shared = ent::Ksg{}(first, second);
  std::vector<float> gaussian(2000);  // of the same variances
  for (std::size_t i = 0; i < 2000; ++i) gaussian[i] = erg::random::normal<float>(erg::random::Key(4), static_cast<std::uint32_t>(i), 0) * (i < 1000 ? 2.0f : 1.45f);
  const ent::Estimate apart = ent::knn_divergence(points.view(), {gaussian.data(), 1000, 2, 1000});
  std::cout << ent::Table{{shared, apart}} << '\n';
  // [information]

  // [gradient]
  Points spread = draw(300, 5);
  const Points before = spread;
  std::vector<float> g(600);
  const auto k = ent::Knn<>::k_for_gradient(300, 2);
  double h0 = 0.0, h1 = 0.0;
  for (int step = 0; step < 40; ++step) {  // up the entropy: each point moves away from its k-th neighbour, and its followers from it
    h1 = ent::Knn<>{.k = k}(erg::BlockView<const float>(spread.view()), {g.data(), 300, 2, 300}).value;
    if (step == 0) h0 = h1;
    for (std::size_t i = 0; i < g.size(); ++i) spread.x[i] += 5.0f * g[i];
  }
  std::printf("40 steps up its gradient: entropy %.3f -> %.3f\n\n", h0, h1);
  // [gradient]

  // [strangers]
  const Points known = draw(500, 6);
  Points strange(500);  // a ring about the crescent
  for (std::size_t i = 0; i < 500; ++i) {
    const double angle = 6.2832 * erg::random::uniform<double>(erg::random::Key(7), static_cast<std::uint32_t>(i), 0);
    strange.x[i] = static_cast<float>(2.5 * std::cos(angle)), strange.x[500 + i] = static_cast<float>(1 + 2.5 * std::sin(angle));
  }
  const auto scores = [&](const Points& p) {
    std::vector<float> u(500);
    erg::batch_value(density, p.view(), std::span<float>(u));
    std::vector<double> s;
    for (const float v : u) s.push_back(-static_cast<double>(v));
    return s;
  };
  const auto closeness = [&](const Points& p) {
    std::vector<double> s;
    for (const double d : ent::Neighbours{}(p.view(), others.view(), 1).distance) s.push_back(-d);
    return s;
  };
  const auto middle = [](const Points& p) {
    std::vector<double> s;
    for (std::size_t i = 0; i < 500; ++i) s.push_back(-static_cast<double>(p.x[i]) * static_cast<double>(p.x[i]));
    return s;
  };
  erg::diag::DetectionTable found;
  found.rows.push_back(erg::diag::detect("-energy of the density", scores(known), scores(strange)));
  found.rows.push_back(erg::diag::detect("distance to the nearest", closeness(known), closeness(strange)));
  found.rows.push_back(erg::diag::detect("-x_0^2, a baseline", middle(known), middle(strange)));
  std::cout << found << '\n';
  // [strangers]

  example::Picture picture("out/examples/16_entropy.png", 1, 3, 1500, 480);
  example::Columns rows(3), law(2), moved(2);
  std::string names;  // beside the error bars, where there is room for them
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    rows[0].push_back(-static_cast<double>(i));
    rows[1].push_back(table.rows[i].value);
    rows[2].push_back(2 * table.rows[i].standard_error);
    const bool left = table.rows[i].value > 3.3;
    const double beside = table.rows[i].value + (left ? -1.0 : 1.0) * (rows[2].back() + 0.04);
    names += "set label '" + table.rows[i].method + "' at " + std::to_string(beside) + ",-" + std::to_string(i) + (left ? " right; " : " left; ");
  }
  for (std::size_t i = 0; i < 300; ++i) {
    for (std::size_t d = 0; d < 2; ++d) law[d].push_back(static_cast<double>(before.x[300 * d + i])), moved[d].push_back(static_cast<double>(spread.x[300 * d + i]));
  }
  picture.data("rows", rows).data("law", law).data("moved", moved);
  picture.axes("1000 points, two standard errors", "nats", "");
  picture << "unset key; unset ytics; " + names;
  const std::string low = std::to_string(truth.lower.value), high = std::to_string(truth.upper.value);
  picture << "set arrow 1 from " + low + ",-6.6 to " + low + ",0.9 nohead lw 1.5 lc rgb '" + example::grey + "'; set arrow 2 from " + high + ",-6.6 to " + high +
                 ",0.9 nohead lw 1.5 lc rgb '" + example::grey + "'";
  picture << std::string("plot [2.3:4.1][-6.6:0.9] $rows using 2:1:3 with xerrorbars pt 7 ps 0.8 lw 1.5 lc rgb '") + example::blue + "'";
  picture << "unset label; unset arrow; set ytics";
  const auto cloud = [&](const char* name, const char* colour) {
    picture << std::string("plot [-7:7][-3:8] $") + name + " using 1:2 with points pt 7 ps 0.35 lc rgb '" + colour + "'";
  };
  picture.axes("300 points of the crescent", "x_0", "x_1");
  cloud("law", example::blue);
  picture.axes("after 40 steps up the entropy", "x_0", "x_1");
  cloud("moved", example::orange);
  picture.write();
  const bool holds = bracket.covers(truth.lower.value, 4.0) && std::abs(table.rows[0].value - truth.lower.value) < 0.15 && table.rows[3].value > truth.upper.value;
  return holds && h1 > h0 && found.rows[0].auroc.low > found.rows[2].auroc.high ? 0 : 1;
}
