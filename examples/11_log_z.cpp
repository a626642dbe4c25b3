// The normalising constant of a density with an unbalanced pair of modes, five ways, and the weights of its modes from two samplers.
#include <erg/erg.hpp>
#include <iostream>
#include "support/picture.hpp"

// [target]
/// Three modes in the plane, exp(-U) with log Z = 2: what one would know only here.
const erg::GaussianMixture<2> modes({0.7, 0.2, 0.1}, {-3, 0, 3, 2, 2, -3}, {0.8, 0.6, 0.7});
struct Target {
  static constexpr int dim = 2;
  template <erg::Lane L> ERG_FN L operator()(erg::Point<const L, dim> x) const { return modes(x) - L(2.0); }
};
// [target]

int main() {
  namespace est = erg::estimate;
  const Target target;

  // [proposal]
  const erg::GaussianMixture<2> partial({0.6, 0.4}, {-3, 0, 3, 2}, {0.9, 0.8});                    // knows two of the three modes
  const erg::GaussianMixture<2> rough({1, 1, 1}, {-3, 0, 3, 2, 2, -3}, {1, 1, 1});                 // knows where all are, not how heavy
  const erg::DefensiveMixture safe(partial, erg::GaussianIsotropic<2>(3.0), 0.3);                  // three tenths wide enough for everything
  // [proposal]

  // [chains]
  const erg::Plan plan{.n_chains = 64, .n_warmup = 500, .n_draws = 2000, .seed = 11, .start_scale = 3.0};
  erg::Trace<double> local, both;
  erg::run(erg::Simd{}, erg::Mala{{.step_size = 0.5}}, target, plan, local);
  erg::run(erg::Simd{}, erg::cycle(erg::Mala{{.step_size = 0.5}}, erg::prefetch<4>(erg::Imh(safe))), target, plan, both);
  // [chains]

  // [log_z]
  est::LogZTable table;
  const auto add = [&](est::LogZ z, const char* name) { z.method = name, table.rows.push_back(z); };
  add(est::log_z(target, partial, 20000, 1), "IS, partial proposal");           // draws of the proposal alone
  add(est::log_z(target, partial, both, 20000, 1), "bridge, partial proposal");  // and of the chains: both bounds
  add(est::log_z(target, rough, 20000, 1), "IS, rough proposal");
  add(est::log_z(target, rough, both, 20000, 1), "bridge, rough proposal");
  add(est::anneal(erg::Mala{{.step_size = 0.3}}, erg::GaussianIsotropic<2>(3.0), target, {.n_draws = 4000, .n_temperatures = 50}), "annealed from N(0, 9 I)");
  std::cout << "log Z = 2\n\n" << table << '\n';
  // [log_z]
  const est::LogZTable& rows = table;

  // [distance]
  std::cout << "partial proposal: " << est::total_variation(target, partial, both, 20000, 1);
  std::cout << "rough proposal:   " << est::total_variation(target, rough, both, 20000, 1) << '\n';
  // [distance]

  // [modes]
  const auto stuck = est::mode_report(local, modes), mixed = est::mode_report(both, modes);
  std::cout << "MALA alone\n" << stuck << "\nMALA and independent proposals\n" << mixed << '\n';
  // [modes]

  example::Picture p("out/examples/11_log_z.png", 1, 2, 1150, 430);
  example::Columns z(7), m(6);
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const auto& r = rows.rows[i];
    const double row[] = {static_cast<double>(rows.rows.size() - i), r.estimate, 2 * r.standard_error, r.lower.value, 2 * r.lower.standard_error,
                          r.upper.value, 2 * r.upper.standard_error};
    for (std::size_t k = 0; k < 7; ++k) z[k].push_back(row[k]);
  }
  for (std::size_t k = 0; k < mixed.truth.size(); ++k) {
    const double row[] = {static_cast<double>(k), mixed.truth[k], stuck.soft.weight[k], mixed.soft.weight[k],
                          2 * stuck.soft.standard_error[k], 2 * mixed.soft.standard_error[k]};
    for (std::size_t c = 0; c < 6; ++c) m[c].push_back(row[c]);
  }
  p.data("z", z).data("m", m);
  p.axes("log Z, two standard errors", "", "");
  std::string names;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) names += (i > 0 ? ", '" : "'") + rows.rows[i].method + "' " + std::to_string(rows.rows.size() - i);
  p << "set lmargin at screen 0.19; set ytics (" + names + "); set yrange [0.4:5.9]; set xrange [1.85:2.12]; set xtics 0.1; set key top right; set datafile missing 'nan'; "
       "set arrow 1 from 2,graph 0 to 2,graph 1 nohead dt 2 lc rgb '" + std::string(example::grey) + "'; "
       "plot $z using 4:($1+0.15):5 with xerrorbars pt 9 lc rgb '" + example::blue + "' title 'lower bound', "
       "$z using 6:($1-0.15):7 with xerrorbars pt 11 lc rgb '" + example::pink + "' title 'upper bound', "
       "$z using 2:1:3 with xerrorbars pt 7 lw 2 lc rgb '" + example::orange + "' title 'estimate'; unset arrow 1";
  p.axes("mode weights, two standard errors", "mode", "weight");
  p << "unset lmargin; set lmargin at screen 0.62; set ytics auto; set xrange [*:*]; set yrange [*:*]; set key top right; set xtics 1; set boxwidth 0.25; set style fill solid 0.7 noborder; "
       "plot [-0.6:2.7][0:0.9] $m using ($1-0.25):2 with boxes lc rgb '" + std::string(example::grey) + "' title 'true', "
       "$m using 1:3 with boxes lc rgb '" + example::orange + "' title 'MALA alone', "
       "$m using ($1+0.25):4 with boxes lc rgb '" + example::blue + "' title 'with independent proposals', "
       "$m using 1:($3-$5):(0):(2*$5) with vectors nohead lw 1.5 lc rgb '#404040' notitle, "
       "$m using ($1+0.25):($4-$6):(0):(2*$6) with vectors nohead lw 1.5 lc rgb '#404040' notitle";
  p.write();

  const est::LogZ& best = rows.rows[3];
  return best.problem.empty() && std::abs(best.estimate - 2.0) < 5 * best.standard_error && !rows.rows[1].warning.empty() ? 0 : 1;
}
