// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Grenioux, Moulines, Gabrie (2023), Balanced training of energy-based models with adaptive flow sampling, at the scale of two cores: an energy
// trained with a flow's proposals gets the weights of modes right, the same energy trained with local moves does not. The paper's figures were
// not at hand when this was written, so what it reports stands here in words, beside the numbers measured.
#include <erg/diagnostics/mode_weights.hpp>
#include <erg/estimate/estimate.hpp>
#include <erg/flow/fit.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/flow/spline_flow.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/run/sinks/trace.hpp>
#include <erg/train/deploy.hpp>

#include <chrono>
#include <cstring>
#include <iostream>

#include "support/plane_ebm.hpp"

namespace train = erg::train;
namespace est = erg::estimate;
using example::PlaneReport;

namespace {

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Mean and standard error over seeds; the error of one seed is none.
struct Seeds {
  std::vector<double> v;
  double mean() const {
    double s = 0.0;
    for (const double x : v) s += x / static_cast<double>(v.size());
    return s;
  }
  double error() const {
    double s = 0.0;
    for (const double x : v) s += (x - mean()) * (x - mean());
    return v.size() < 2 ? NAN : std::sqrt(s / static_cast<double>(v.size() - 1) / static_cast<double>(v.size()));
  }
  std::string text() const {
    char t[48];
    if (v.size() < 2) {
      std::snprintf(t, sizeof t, "%7.4f          ", mean());
    } else {
      std::snprintf(t, sizeof t, "%7.4f (%.4f) ", mean(), error());
    }
    return t;
  }
};

// ---- in the plane -----------------------------------------------------------------------------------------------------------

struct PlaneRow {
  const char* name;
  Seeds variation, excess;
  PlaneReport last{};
};

/// Rows of one target over seeds: what moved the negatives, total variation of the mode weights, held-out nats above the entropy.
std::vector<PlaneRow> plane(const example::PlaneTarget& target, int n_seeds, long n_steps) {
  std::vector<PlaneRow> rows{{"CD: MALA from the data", {}, {}}, {"PCD: ULA from noise", {}, {}}, {"PCD: MALA from noise", {}, {}},
                             {"the flow alone", {}, {}},          {"flow-assisted", {}, {}}};
  const train::ChainsParams local{.n_chains = 512, .n_steps = 10, .adapt = true};
  const erg::Mala<> mala{{.step_size = 0.05}};
  for (int seed = 0; seed < n_seeds; ++seed) {
    const auto at = static_cast<std::uint64_t>(2 * seed);
    const auto data = target.draw(20000, 1 + at), held_out = target.draw(20000, 2 + at);
    const auto columns = example::by_columns(data, 2);
    const int n = static_cast<int>(data.size() / 2);
    const double entropy = target.mean_energy(held_out);
    const auto add = [&](std::size_t row, PlaneReport r) {
      rows[row].variation.v.push_back(r.total_variation);
      rows[row].excess.v.push_back(r.nll - entropy);
      rows[row].last = std::move(r);
    };
    const example::PlaneTraining plan{.n_steps = n_steps, .n_chains = 512};
    const auto noise = train::Persistent{train::Noise::gaussian(4.0)};
    add(0, example::train_plane(target, data, held_out, train::chains(erg::Threads<>{2}, mala, train::Fresh{train::AtData{}}, local), train::NoTeacher{}, plan));
    add(1, example::train_plane(target, data, held_out, train::chains(erg::Threads<>{2}, erg::Ula<>{{.step_size = 0.05}}, noise, local), train::NoTeacher{}, plan));
    add(2, example::train_plane(target, data, held_out, train::chains(erg::Threads<>{2}, mala, noise, local), train::NoTeacher{}, plan));
    auto flow = erg::flow::spline(2, 4, 64, 64);
    erg::flow::fit(flow, {columns.data(), n, 2, n}, {.n_steps = n_steps, .seed = at, .n_threads = 2});
    add(3, example::look_at(flow, target, held_out));
    const auto q = flow.snapshot();
    add(4, example::train_plane(target, data, held_out,
                                train::chains(erg::Threads<>{2}, erg::cycle(erg::Imh{q}, mala), train::Persistent{train::Drawn{q}},
                                              {.n_chains = 512, .n_steps = 5, .adapt = true}),
                                train::FlowTeacher(flow), plan));
  }
  return rows;
}

// ---- mixtures in many dimensions ------------------------------------------------------------------------------------------------

/// Four modes of unit variance at (+-a on the first half, +-a on the second), a = 0.591 sqrt(2 log d), of weights .1 .2 .3 .4.
erg::GaussianMixture<> mixture(int dim) {
  const double a = 0.591 * std::sqrt(2.0 * std::log(dim));
  std::vector<double> centres;
  for (int k = 0; k < 4; ++k) {
    for (int d = 0; d < dim; ++d) centres.push_back((d < dim / 2 ? k & 1 : k >> 1) != 0 ? a : -a);
  }
  return {{0.1, 0.2, 0.3, 0.4}, centres, {1, 1, 1, 1}};
}
int mode_of(erg::BlockView<const float> x, int c) {
  double half[2] = {0.0, 0.0};
  for (int d = 0; d < x.dim; ++d) half[d < x.dim / 2 ? 0 : 1] += static_cast<double>(x(c, d));
  return (half[0] > 0.0 ? 1 : 0) + (half[1] > 0.0 ? 2 : 0);
}
using Weights = std::vector<double>;
double variation(const Weights& w) {
  const double truth[] = {0.1, 0.2, 0.3, 0.4};
  double sum = 0.0;
  for (std::size_t k = 0; k < 4; ++k) sum += 0.5 * std::fabs(w[k] - truth[k]);
  return sum;
}
void print_weights(const char* name, const Weights& w, const std::string& rest) {
  std::printf("  %-38s %6.3f %6.3f %6.3f %6.3f   %6.4f  %s\n", name, w[0], w[1], w[2], w[3], variation(w), rest.c_str());
  std::fflush(stdout);
}

struct MixtureResult {
  int dim;
  Weights assisted, local, flow;
};

MixtureResult many_dimensions(int dim, int hidden, long n_fit, long n_steps) {
  const Clock clock;
  const auto truth = mixture(dim);
  const int n = 20000, m = 10000;
  const auto size = static_cast<std::size_t>(dim);
  std::vector<double> at(size);
  double entropy = 0.0;
  const auto draw = [&](int count, std::uint64_t seed, bool sums) {
    std::vector<float> rows;
    for (int i = 0; i < count; ++i) {
      truth.sample<double>(erg::random::Key(seed), static_cast<std::uint64_t>(i), erg::Point<double>(at.data(), dim));
      for (const double v : at) rows.push_back(static_cast<float>(v));
      if (sums) entropy += truth(erg::Point<const double>(at.data(), dim)) / count;
    }
    return rows;
  };
  const auto data = draw(n, 1, false), held_out = draw(m, 2, true);
  const auto columns = example::by_columns(data, dim), held_columns = example::by_columns(held_out, dim);
  const erg::BlockView<const float> x{columns.data(), n, dim, n}, held{held_columns.data(), m, dim, m};

  std::printf("d = %d: entropy %.3f nats\n", dim, entropy);
  auto flow = erg::flow::real_nvp(dim, 8, hidden, hidden);
  erg::flow::fit(flow, x, {.n_steps = n_fit, .batch = 512, .n_threads = 2});
  const auto base = flow.snapshot();
  MixtureResult result{dim, {}, {}, {}};

  // Draws of the base and their modes: the weights of any tilt of it are averages over them.
  const int n_base = 40000;
  std::vector<float> drawn(static_cast<std::size_t>(n_base) * size), u(static_cast<std::size_t>(n_base));
  const erg::BlockView<const float> base_draws{drawn.data(), n_base, dim, n_base};
  base.sample(erg::random::Key(77), 0, {drawn.data(), n_base, dim, n_base});
  const auto weigh = [&](const auto& net, double& ess) {
    net.value(base_draws, u);
    const double least = static_cast<double>(*std::min_element(u.begin(), u.end()));
    Weights w(4);
    double sum = 0.0, squares = 0.0;
    for (int c = 0; c < n_base; ++c) {
      const double v = std::exp(least - static_cast<double>(u[static_cast<std::size_t>(c)]));
      w[static_cast<std::size_t>(mode_of(base_draws, c))] += v;
      sum += v, squares += v * v;
    }
    for (double& v : w) v /= sum;
    ess = sum * sum / squares;
    return w;
  };
  const auto nll_of = [&](const auto& energy) {
    std::vector<float> e(static_cast<std::size_t>(m));
    erg::batch_value(energy, held, std::span<float>(e));
    double sum = 0.0;
    for (const float v : e) sum += static_cast<double>(v) / m;
    return sum;
  };
  const auto text = [](const char* format, auto... v) {
    char t[160];
    std::snprintf(t, sizeof t, format, v...);
    return std::string(t);
  };
  std::printf("  %-38s %6s %6s %6s %6s   %6s\n", "energy", "w1", "w2", "w3", "w4", "TV");
  {
    const auto flat = example::flat_network(dim, 256);
    double ess = 0.0;
    result.flow = weigh(flat, ess);
    print_weights("the flow alone", result.flow, text("held-out - entropy %.3f", nll_of(base) - entropy));
  }
  const auto fit_energy = [&](auto negatives, auto teacher, auto&& use) {
    train::Trainer trainer(erg::tilt(base, example::flat_network(dim, 256)), train::Data<float>(data, dim), std::move(negatives), train::Contrastive{},
                           train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 5e-4}}, erg::nn::CosineRate(n_steps, 0.01)), std::move(teacher),
                           {.batch = 512, .n_threads = 2});
    trainer.run(n_steps);
    use(trainer);
  };
  const erg::Mala<> mala{{.step_size = 1.2 * std::pow(dim, -1.0 / 3.0)}};
  fit_energy(train::chains(erg::Threads<>{2}, mala, train::Persistent{train::Noise::gaussian(2.0)}, {.n_chains = 512, .n_steps = 4, .adapt = true}),
             train::NoTeacher{}, [&](auto& trainer) {
               double ess = 0.0;
               result.local = weigh(trainer.energy().second(), ess);
               print_weights("PCD: MALA from noise", result.local, text("(by importance, ESS %.0f of %d)", ess, n_base));
             });
  fit_energy(train::chains(erg::Threads<>{2}, erg::cycle(erg::prefetch<3>(erg::Imh{base}), mala), train::Persistent{train::Drawn{base}},
                           {.n_chains = 512, .n_steps = 2, .adapt = true}),
             train::FlowTeacher(flow, {.learning_rate = 2e-4}), [&](auto& trainer) {
               const auto q = trainer.teacher().flow().snapshot();
               erg::Trace<float> trace;
               erg::Plan plan{.n_chains = 256, .n_warmup = 50, .n_draws = 100, .seed = 9};
               const auto kernel = erg::cycle(erg::Imh{q}, trainer.negatives().kernel().second);
               plan.adapt = false;
               std::vector<float> start(256 * size);
               q.sample(erg::random::Key(8), 0, {start.data(), 256, dim, 256});
               plan.start.assign(start.begin(), start.end());
               erg::run<float>(erg::Threads<>{2}, kernel, trainer.energy(), plan, trace);
               const auto modes = est::mode_report(trace, truth);
               result.assisted = modes.soft.weight;
               const est::LogZ z = est::log_z(trainer.energy(), q, trace, 20000, 5);
               const auto distance = est::total_variation(trainer.energy(), q, trace, 20000, 6);
               print_weights("flow-assisted", result.assisted, text("held-out - entropy %.3f", nll_of(trainer.energy()) + z.estimate - entropy));
               std::printf("    log Z %.4f (%.4f), between %.4f and %.4f; flow and energy apart by %.3f to %.3f in total variation\n", z.estimate,
                           z.standard_error, z.lower.value, z.upper.value, distance.lower(), distance.upper());
               const auto samples = train::deploy(erg::Threads<>{2}, kernel, q, trainer.energy(), 4096, {.n_filter = 20});
               std::printf("    new samples: %.1f us each, 20 steps after the flow, acceptance %.2f; at most %.1e of them still the flow's as far as seen\n",
                           1e6 * samples.seconds_per_sample(), samples.accept, samples.not_forgotten);
             });
  std::printf("  %.0f s\n\n", clock.seconds());
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
  const Clock clock;
  std::printf("Balanced training of energies with adaptive flow sampling (arXiv 2306.00684), %s\n\n", full ? "full" : "quick");
  std::printf("reported: with flow proposals the weights of modes are right and chains mix; with ULA and related methods they are not\n");
  std::printf("          (from the abstract; its tables were not at hand)\n\n");

  std::vector<example::PlaneTarget> targets{example::four_gaussians()};
  if (full) {
    targets.push_back(example::eight_gaussians());
    targets.push_back(example::two_moons());
    targets.push_back(example::four_rings());
  }
  const int n_seeds = full ? 2 : 1;
  example::Picture picture("out/reproduce/flow/plane.png", static_cast<int>(targets.size()), 4, 1600, 60 + 370 * static_cast<int>(targets.size()));
  bool good = true;
  std::printf("in the plane, by quadrature; mean (standard error) over %d seed%s\n", n_seeds, n_seeds > 1 ? "s" : "");
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const auto& target = targets[t];
    const Clock of_target;
    std::printf("%-18s %-26s %-18s %s\n", target.name.c_str(), "energy trained by", "TV of weights", "held-out - entropy, nats");
    std::fflush(stdout);
    const auto rows = plane(target, n_seeds, full ? 2000 : 500);
    for (const auto& r : rows) std::printf("%-18s %-26s %s  %s\n", "", r.name, r.variation.text().c_str(), r.excess.text().c_str());
    std::printf("%-18s %.0f s\n", "", of_target.seconds());
    good = good && rows[4].variation.mean() <= 0.03 && rows[4].excess.mean() <= rows[3].excess.mean();
    const std::string id = std::to_string(t), r = std::to_string(target.reach), range = "unset key; plot [-" + r + ":" + r + "][-" + r + ":" + r + "] ";
    picture.data("truth" + id, example::density([&](double a, double b) { return target.energy(a, b); }, -target.reach, target.reach, -target.reach, target.reach));
    picture.data("pcd" + id, rows[2].last.density).data("flow" + id, rows[3].last.density).data("assisted" + id, rows[4].last.density);
    picture.axes(target.name, "x_0", "x_1") << range + "$truth" + id + " using 1:2:3 with image";
    picture.axes("energy, PCD with MALA from noise", "x_0", "x_1") << range + "$pcd" + id + " using 1:2:3 with image";
    picture.axes("the flow alone", "x_0", "x_1") << range + "$flow" + id + " using 1:2:3 with image";
    picture.axes("energy, flow-assisted", "x_0", "x_1") << range + "$assisted" + id + " using 1:2:3 with image";
  }
  std::printf("\nmixtures of four Gaussians of weights .1 .2 .3 .4 in d dimensions\n\n");
  std::vector<MixtureResult> results{many_dimensions(16, 64, full ? 4000 : 1000, full ? 1500 : 200)};
  if (full) {
    results.push_back(many_dimensions(32, 76, 4000, 1500));
    results.push_back(many_dimensions(64, 102, 4000, 1500));
  }
  example::Picture bars("out/reproduce/flow/mixtures.png", 1, static_cast<int>(results.size()), 480 * static_cast<int>(results.size()), 420);
  for (const auto& r : results) {
    good = good && variation(r.assisted) <= 0.03;
    example::Columns c(5);
    for (std::size_t k = 0; k < 4; ++k) {
      const double row[] = {static_cast<double>(k + 1), 0.1 * static_cast<double>(k + 1), r.local[k], r.flow[k], r.assisted[k]};
      for (std::size_t i = 0; i < 5; ++i) c[i].push_back(row[i]);
    }
    const std::string id = "w" + std::to_string(r.dim);
    bars.data(id, c).axes("d = " + std::to_string(r.dim), "mode", "weight");
    const auto box = [&](const char* shift, int column, const char* colour, const char* title) {
      return "$" + id + " using ($1" + shift + "):" + std::to_string(column) + " with boxes lc rgb '" + colour + "' title '" + title + "'";
    };
    bars << "set key top left; set style fill solid 0.8 noborder; set boxwidth 0.2; plot [0.4:4.6][0:1] " + box("-0.3", 2, example::grey, "truth") + ", " +
                box("-0.1", 3, example::orange, "PCD: MALA") + ", " + box("+0.1", 4, example::green, "flow alone") + ", " +
                box("+0.3", 5, example::blue, "flow-assisted");
  }
  picture.write();
  bars.write();
  std::printf("%.0f s in all; %s\n", clock.seconds(), good ? "the ordering is the paper's" : "NOT the ordering of the paper");
  return good ? 0 : 1;
}
