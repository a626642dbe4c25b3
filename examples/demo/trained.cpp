// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// An energy that is learnt: a network trained on points, then sampled like any other energy. In the plane all it claims can
// be checked by quadrature.
#include "demo/report.hpp"

#include "erg/diagnostics/mode_weights.hpp"
#include "erg/kernel/cycle.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/mala.hpp"
#include "support/plane_ebm.hpp"

namespace demo {

Part trained() {
  namespace train = erg::train;
  announce("a network on eight Gaussians of unequal weights, by contrastive divergence");
  const example::PlaneTarget target = example::eight_gaussians();
  std::vector<double> centres;
  for (int k = 0; k < 8; ++k) centres.push_back(4.0 * std::cos(0.7853981633974483 * k)), centres.push_back(4.0 * std::sin(0.7853981633974483 * k));
  const auto data = target.draw(10000, 1), held_out = target.draw(10000, 2);
  const long n_steps = 1000;
  train::Trainer trainer(example::tilted_gaussian(4.0), train::Data<float>(data, 2),
                         train::chains(erg::Threads<>{}, erg::Mala<>{{.step_size = 0.1}}, train::Fresh{train::AtData{}}, {.n_chains = 256, .n_steps = 15}), train::Contrastive{},
                         train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 2e-3}}, erg::nn::CosineRate(n_steps, 0.01)), train::NoTeacher{}, {.batch = 256});
  example::Columns gap(2);
  double smooth = 0.0;
  trainer.run(n_steps, [&](const train::StepReport& r) {
    smooth += 0.05 * (std::fabs(r.gap()) - smooth);
    if (r.step % 4 == 0) gap[0].push_back(static_cast<double>(r.step)), gap[1].push_back(smooth);
  });
  const auto look = example::look_at(trainer.energy(), target, held_out);

  announce("the trained network, cycle(hmc, imh)");
  erg::Trace<float> trace;
  const auto report = erg::run<float>(erg::Threads<>{}, erg::cycle(erg::Hmc{{.step_size = 0.25, .n_leapfrog = 5, .jitter = 0.3}}, erg::Imh{erg::GaussianIsotropic<2>(4.0)}), trainer.energy(),
                                      {.n_chains = 512, .n_warmup = 200, .n_draws = 100, .thin = 4, .seed = 4}, trace);
  // What the energy says itself, by the grid
  double mass = 0.0, mean[2] = {}, square[2] = {};
  for (std::size_t i = 0; i < look.density[0].size(); ++i) {
    mass += look.density[2][i];
    for (std::size_t d = 0; d < 2; ++d) mean[d] += look.density[d][i] * look.density[2][i], square[d] += look.density[d][i] * look.density[d][i] * look.density[2][i];
  }
  Part part;
  std::vector<Moment> moments;
  for (int d = 0; d < 2; ++d) {
    moments.push_back({values(trace, [&](int t, int c) { return double(trace(t, c, d)); }), mean[d] / mass});
    moments.push_back({values(trace, [&](int t, int c) { return double(trace(t, c, d)) * trace(t, c, d); }), square[d] / mass});
  }
  const auto weights = erg::diag::mode_weights(trace, {centres.data(), 8, 2}).weight;
  add_row(part, "trained network", "cycle(hmc, imh)", report, trace, moments, erg::diag::l1_distance(weights, look.weights));
  char text[200];
  std::snprintf(text, sizeof text, "trained network: %d parameters, %ld steps; KL(data | network) = %.3f nats by the grid; truth of its row is its own", trainer.energy().n_parameters(),
                n_steps, look.nll - target.mean_energy(held_out));
  part.warnings.push_back(text);

  example::Picture p("out/demo/trained.png", 2, 2, 1000, 950);
  example::Columns points(2);
  for (std::size_t i = 0; i < 3000; i += 2) points[0].push_back(static_cast<double>(data[i])), points[1].push_back(static_cast<double>(data[i + 1]));
  p.data("points", points).data("density", look.density).data("draws", example::scatter(trace, 0, 1, 1500)).data("gap", gap);
  p << "unset key; set size ratio 1";
  const std::string range = "plot [-6:6][-6:6] ", dots = " using 1:2 with points pt 7 ps 0.3 lc rgb '";
  p.axes("1500 of 10000 data points", "x_0", "x_1") << range + "$points" + dots + example::grey + "'";
  p.axes("density of the trained network", "x_0", "x_1") << range + "$density using 1:2:3 with image";
  p.axes("1500 draws of it", "x_0", "x_1") << range + "$draws" + dots + example::orange + "'";
  p.axes("|U(data) - U(chains)|, smoothed", "step", "");
  p << "set size noratio; set logscale y; plot $gap using 1:2 with lines lw 1.6 lc rgb '" + std::string(example::blue) + "'";
  part.picture = p.draw();
  return part;
}

}  // namespace demo
