// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Neal's funnel in ten dimensions: one step size fits either its mouth or its neck; a mixture of step sizes fits both.
#include "demo/report.hpp"

#include "erg/energy/funnel.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/mix.hpp"

namespace demo {
namespace {

struct Page {
  example::Picture picture{"out/demo/funnel.png", 2, 3, 1350, 850};
  Part part;
};

template <class Kernel>
void sample(Page& page, const std::string& name, const Kernel& kernel, bool adapt) {
  announce("Neal's funnel, " + name);
  const erg::Funnel<10> target;
  erg::Trace<double> trace;
  const auto report = erg::run(erg::Threads<>{}, kernel, target,
                               {.n_chains = 128, .n_warmup = 1000, .n_draws = 600, .thin = 20, .seed = 3, .adapt = adapt}, trace);
  const auto v = [&](int t, int c) { return trace(t, c, 0); };
  // The other coordinates have a variance of 90 and no estimate of it worth the name: v tells whether the neck was reached.
  std::vector<Moment> moments;
  moments.push_back({values(trace, v), 0.0});
  moments.push_back({values(trace, [&](int t, int c) { return v(t, c) * v(t, c); }), 9.0});
  add_row(page.part, "Neal's funnel", name, report, trace, moments);

  auto& p = page.picture;
  const std::string id = std::to_string(page.part.rows.size());
  p.data("draws" + id, example::scatter(trace, 1, 0, 2500)).data("lines" + id, example::lines(trace, 2, 400, v));
  p.data("bins" + id, example::histogram(trace, -12, 12, 96, v));
  p << "unset key";
  p.axes(name + ": 2500 draws", "x_1", "v");
  p << "plot [-12:12][-11:11] $density using 1:2:3 with image, $draws" + id + " using 1:2 with points pt 7 ps 0.22 lc rgb '" + example::orange + "'";
  p.axes("v of two chains", "draw", "v");
  p << "plot [0:400][-11:11] for [k=2:3] $lines" + id + " using 1:k with lines lw 1.2 lc rgb word('" + example::blue + " " + example::orange + "', k-1)";
  p.axes("v, all chains", "v", "density");
  p << "set key top right; set style fill solid 0.55 noborder; plot [-12:12][0:0.2] $bins" + id + " using 1:2 with boxes lc rgb '" + example::blue +
           "' title 'draws', exp(-x*x/18)/sqrt(18*pi) with lines lw 2.2 lc rgb '" + example::orange + "' title 'truth'";
}

}  // namespace

Part funnel() {
  Page page;
  // The square root of the density of (x_1, v): so the mouth shows too.
  page.picture.data("density", example::density([](double x, double v) { return 0.5 * (v * v / 18 + v / 2 + 0.5 * x * x * std::exp(-v)); },
                                                -12, 12, -11, 11));
  sample(page, "hmc", erg::Hmc{{.step_size = 0.1, .n_leapfrog = 16, .jitter = 0.2}}, true);
  sample(page, "mix of 3 hmc",
         erg::mix(erg::weighted(1, erg::Hmc{{.step_size = 0.6, .n_leapfrog = 16, .jitter = 0.4}}),
                  erg::weighted(1, erg::Hmc{{.step_size = 0.12, .n_leapfrog = 16, .jitter = 0.4}}),
                  erg::weighted(1, erg::Hmc{{.step_size = 0.025, .n_leapfrog = 16, .jitter = 0.4}})),
         false);
  page.part.picture = page.picture.draw();
  return page.part;
}

}  // namespace demo
