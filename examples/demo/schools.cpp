// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Eight schools, non-centred, against the reference draws of posteriordb.
#include "demo/report.hpp"

#include "erg/energy/eight_schools.hpp"
#include "erg/kernel/hmc.hpp"

namespace demo {
namespace {

struct Reference {
  const char* name;
  double mean, error, q05, q50, q95;
};
/// posteriordb, eight_schools-eight_schools_noncentered: 10 000 draws; error is the standard error of the mean.
constexpr Reference reference[10] = {
    {"theta[1]", 6.1505, 0.0559, -1.6806, 5.5892, 16.3287},
    {"theta[2]", 4.9396, 0.0463, -2.2180, 4.7730, 12.8157},
    {"theta[3]", 3.9059, 0.0541, -4.9140, 4.1061, 11.8444},
    {"theta[4]", 4.7960, 0.0476, -2.6703, 4.6958, 12.6390},
    {"theta[5]", 3.6144, 0.0463, -4.2646, 3.8206, 10.6025},
    {"theta[6]", 4.0511, 0.0485, -3.8651, 4.1639, 11.5156},
    {"theta[7]", 6.3172, 0.0499, -0.8542, 5.7954, 15.3053},
    {"theta[8]", 4.8840, 0.0543, -3.3171, 4.7873, 13.5493},
    {"mu", 4.4105, 0.0330, -0.9361, 4.3651, 9.8319},
    {"tau", 3.6021, 0.0320, 0.2567, 2.7471, 9.7320},
};

}  // namespace

Part schools() {
  announce("eight schools, hmc");
  erg::Trace<double> trace;
  const auto report = erg::run(erg::Threads<>{}, erg::Hmc{{.step_size = 0.2, .n_leapfrog = 10, .jitter = 0.5}, erg::DiagonalMetric{}},
                               erg::EightSchools{}, {.n_chains = 128, .n_warmup = 1000, .n_draws = 1000, .seed = 2}, trace);
  // x = (theta_trans_1..8, mu, log tau) -> (theta_1..8, mu, tau)
  const auto parameter = [&](int t, int c, int j) {
    const double tau = std::exp(trace(t, c, 9));
    return j < 8 ? trace(t, c, 8) + tau * trace(t, c, j) : j == 8 ? trace(t, c, 8) : tau;
  };
  std::vector<Moment> moments;
  example::Columns intervals(7);
  for (int j = 0; j < 10; ++j) {
    const auto& r = reference[j];
    moments.push_back({values(trace, [&](int t, int c) { return parameter(t, c, j); }), r.mean, r.error});
    const erg::diag::Series s{moments.back().values.data(), trace.n_draws(), trace.n_chains(), trace.n_chains(), 1};
    const double row[] = {10.0 - j, erg::diag::quantile(s, 0.05), erg::diag::quantile(s, 0.5), erg::diag::quantile(s, 0.95), r.q05, r.q50, r.q95};
    for (std::size_t k = 0; k < 7; ++k) intervals[k].push_back(row[k]);
  }

  example::Picture p("out/demo/schools.png", 2, 2, 1200, 950);
  p.data("draws", example::scatter(trace, 0, 9, 4000)).data("intervals", intervals);
  p.data("lines", example::lines(trace, 2, 250, [&](int t, int c) { return trace(t, c, 9); }));
  p.data("tau", example::histogram(trace, 0, 20, 80, [&](int t, int c) { return std::exp(trace(t, c, 9)); }));
  p << "unset key";
  p.axes("4000 draws", "first school, standardised", "log tau");
  p << "plot [-4:4][-5:4] $draws using 1:2 with points pt 7 ps 0.22 lc rgb '" + std::string(example::blue) + "'";
  p.axes("log tau of two chains", "draw", "log tau");
  p << "plot [0:250][-5:4] for [k=2:3] $lines using 1:k with lines lw 1.3 lc rgb word('" + std::string(example::blue) + " " + example::orange +
           "', k-1)";
  p.axes("spread between schools", "tau", "density");
  p << "set style fill solid 0.55 noborder; plot [0:20][0:*] $tau using 1:2 with boxes lc rgb '" + std::string(example::blue) + "'";
  p.axes("5 %, 50 % and 95 % quantiles", "effect of coaching, points", "");
  std::string tics = "set ytics (";
  for (int j = 0; j < 10; ++j) tics += std::string(j > 0 ? ", " : "") + "'" + (j < 8 ? "school " + std::to_string(j + 1) : reference[j].name) + "' " + std::to_string(10 - j);
  p << tics + ") ; set yrange [0.3:11.9]; set xrange [-7:20]; set key top right horizontal";
  p << "plot $intervals using 3:($1+0.14):2:4 with xerrorbars pt 7 ps 0.8 lw 1.6 lc rgb '" + std::string(example::blue) +
           "' title 'erg', $intervals using 6:($1-0.14):5:7 with xerrorbars pt 5 ps 0.7 lw 1.6 lc rgb '" + example::orange + "' title 'posteriordb'";
  Part part;
  add_row(part, "eight schools", "hmc, diagonal metric", report, trace, moments);
  part.picture = p.draw();
  return part;
}

}  // namespace demo
