// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Eight Gaussians on a ring, of unequal weights: local moves stay where they start, a cycle with a global move does not.
#include "demo/report.hpp"

#include "erg/diagnostics/mode_weights.hpp"
#include "erg/energy/gaussian.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/kernel/cycle.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/mala.hpp"
#include "erg/kernel/ula.hpp"

namespace demo {
namespace {

constexpr int n_modes = 8;
using Target = erg::RingOfGaussians<n_modes>;

const Target& target() {
  static const Target ring(4.0, 0.4, {1, 2, 3, 4, 4, 3, 2, 1});
  return ring;
}
double energy(double x, double y) {
  const double at[] = {x, y};
  return target()(erg::Point<const double, 2>(at));
}

struct Page {
  example::Picture picture{"out/demo/ring.png", 3, 4, 1500, 1050};
  std::vector<std::string> kernels;
  std::vector<std::vector<double>> weights;
  Part part;
};

template <class Kernel>
void sample(Page& page, const std::string& name, const Kernel& kernel) {
  announce("ring of Gaussians, " + name);
  erg::Trace<float> trace;
  const auto report = erg::run<float>(erg::Threads<>{}, kernel, target(),
                                      {.n_chains = 1024, .n_warmup = 500, .n_draws = 250, .thin = 8, .seed = 1}, trace);
  std::vector<double> centres, truth;
  for (int k = 0; k < n_modes; ++k) {
    centres.insert(centres.end(), {target().mode_centre(k, 0), target().mode_centre(k, 1)});
    truth.push_back(target().mode_weight(k));
  }
  const auto weights = erg::diag::mode_weights(trace, {centres.data(), n_modes, 2}).weight;
  std::vector<Moment> moments;
  for (int d = 0; d < 2; ++d) {
    const double mean = target().mean(d);
    moments.push_back({values(trace, [&](int t, int c) { return trace(t, c, d); }), mean});
    moments.push_back({values(trace, [&](int t, int c) { return double(trace(t, c, d)) * trace(t, c, d); }),
                       target().covariance(d, d) + mean * mean});
  }
  add_row(page.part, "ring of Gaussians", name, report, trace, moments, erg::diag::l1_distance(weights, truth));

  const auto degrees = [&](int t, int c) {
    return std::atan2(trace(t, c, 1), trace(t, c, 0)) * 57.29577951308232;
  };
  const std::string id = std::to_string(page.kernels.size());
  page.picture.data("draws" + id, example::scatter(trace, 0, 1, 250, 0, 1)).data("angle" + id, example::lines(trace, 3, 250, degrees));
  page.kernels.push_back(name);
  page.weights.push_back(weights);
}

}  // namespace

Part ring() {
  Page page;
  sample(page, "ula", erg::Ula{{.step_size = 0.05}});
  sample(page, "mala", erg::Mala{{.step_size = 0.3}});
  sample(page, "hmc", erg::Hmc{{.step_size = 0.3, .n_leapfrog = 5, .jitter = 0.3}});
  // The global move proposes from one wide Gaussian over all modes.
  sample(page, "cycle(mala, imh)", erg::cycle(erg::Mala{{.step_size = 0.3}}, erg::Imh{erg::GaussianIsotropic<2>(3.2)}));

  auto& p = page.picture;
  p.data("density", example::density(energy, -6, 6, -6, 6));
  example::Columns bars(2 + page.kernels.size());
  for (int k = 0; k < n_modes; ++k) {
    bars[0].push_back(k);
    bars[1].push_back(target().mode_weight(k));
    for (std::size_t i = 0; i < page.kernels.size(); ++i) bars[i + 2].push_back(page.weights[i][static_cast<std::size_t>(k)]);
  }
  p.data("bars", bars);
  p << "unset key; set border 3";
  for (std::size_t i = 0; i < page.kernels.size(); ++i) {
    const std::string id = std::to_string(i);
    p.axes(page.kernels[i] + ", one chain", "x_0", i == 0 ? "x_1" : "");
    p << "plot [-6:6][-6:6] $density using 1:2:3 with image, $draws" + id + " using 1:2 with points pt 7 ps 0.4 lc rgb '" + example::orange + "'";
  }
  p << "set ytics -180,90,180";
  for (std::size_t i = 0; i < page.kernels.size(); ++i) {
    const std::string id = std::to_string(i);
    p.axes("angle of three chains", "draw", i == 0 ? "degrees" : "");
    p << "plot [0:250][-200:200] for [k=2:4] $angle" + id + " using 1:k with points pt 7 ps 0.25 lc rgb word('" + example::blue + " " +
             example::orange + " " + example::green + "', k-1)";
  }
  p << "set ytics autofreq; set style fill solid 0.55 noborder; set boxwidth 0.8; set xtics 0,1,7; set key top right";
  for (std::size_t i = 0; i < page.kernels.size(); ++i) {
    p.axes("weights of the modes", "mode", i == 0 ? "weight" : "");
    p << "plot [-0.6:7.6][0:0.36] $bars using 1:" + std::to_string(i + 3) + " with boxes lc rgb '" + example::blue +
             "' title 'draws', $bars using ($1-0.4):2:(0.8):(0) with vectors nohead lw 2.5 lc rgb '" + example::orange + "' title 'truth'";
  }
  page.part.picture = p.draw();
  return page.part;
}

}  // namespace demo
