// The weights of modes that an energy learns depend on the kernel that moves its negatives: the same network, the same budget of steps, judged
// by quadrature. Local kernels leave the weights where the chains happened to start; a flow that proposes jumps gets them right.
#include <erg/flow/fit.hpp>
#include <erg/flow/spline_flow.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <chrono>
#include "support/plane_ebm.hpp"

namespace train = erg::train;

int main() {
  const auto target = example::four_gaussians();
  const auto data = target.draw(20000, 1), held_out = target.draw(20000, 2);
  std::printf("%s, weights .1 .2 .3 .4; entropy %.4f nats\n\n", target.name.c_str(), target.mean_energy(held_out));
  std::printf("%-44s %6s %6s %6s %6s  %6s  %8s  %6s\n", "negatives", "w1", "w2", "w3", "w4", "TV", "held-out", "s");

  std::vector<std::pair<std::string, example::PlaneReport>> rows;
  const auto add = [&](const char* name, auto negatives, auto teacher) {
    const auto begin = std::chrono::steady_clock::now();
    const auto report = example::train_plane(target, data, held_out, std::move(negatives), std::move(teacher), {.n_steps = 500, .n_chains = 256});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("%-44s", name);
    for (const double w : report.weights) std::printf(" %6.3f", w);
    std::printf("  %6.3f  %8.3f  %6.1f\n", report.total_variation, report.nll, seconds.count());
    std::fflush(stdout);
    rows.emplace_back(name, report);
  };
  // [rows]
  const auto noise = train::Noise::gaussian(4.0);
  const train::ChainsParams ten{.n_chains = 256, .n_steps = 10, .adapt = true};
  const erg::Ula<> ula{{.step_size = 0.05}};
  const erg::Mala<> mala{{.step_size = 0.05}};
  const erg::Hmc<> hmc{{.step_size = 0.2, .n_leapfrog = 5}};
  add("CD-10: ULA, from the data", train::chains(erg::Simd{}, ula, train::Fresh{train::AtData{}}, ten), train::NoTeacher{});
  add("PCD: ULA, from noise", train::chains(erg::Simd{}, ula, train::Persistent{noise}, ten), train::NoTeacher{});
  add("PCD: MALA, from noise", train::chains(erg::Simd{}, mala, train::Persistent{noise}, ten), train::NoTeacher{});
  add("PCD: HMC, from noise", train::chains(erg::Simd{}, hmc, train::Persistent{noise}, {256, 2, true}), train::NoTeacher{});
  add("replay buffer: ULA, 5 % anew", train::chains(erg::Simd{}, ula, train::Replay{noise, {.capacity = 10000, .restart = 0.05}}, ten),
      train::NoTeacher{});
  add("short runs: ULA, from noise", train::chains(erg::Simd{}, ula, train::Fresh{noise}, {256, 30}), train::NoTeacher{});
  // [rows]
  const auto columns = example::by_columns(data, 2);
  const int n = static_cast<int>(data.size() / 2);
  auto flow = erg::flow::spline(2, 4, 64, 64);
  erg::flow::fit(flow, {columns.data(), n, 2, n}, {.n_steps = 600});
  const auto q = flow.snapshot();
  add("flow-assisted: IMH and MALA",
      train::chains(erg::Simd{}, erg::cycle(erg::Imh{q}, mala), train::Persistent{train::Drawn{q}}, {256, 5, true}), train::FlowTeacher(flow));
  std::printf("%-44s", "(the flow alone)");
  const auto alone = example::look_at(flow, target, held_out);
  for (const double w : alone.weights) std::printf(" %6.3f", w);
  std::printf("  %6.3f  %8.3f\n%-44s  0.100  0.200  0.300  0.400\n\n", alone.total_variation, alone.nll, "(the truth)");

  example::Picture picture("out/examples/14_mode_weights.png", 2, 4, 1700, 850);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    picture.data("p" + std::to_string(i), rows[i].second.density);
    picture.axes(rows[i].first, "x_0", "x_1") << "unset key; plot [-7:7][-7:7] $p" + std::to_string(i) + " using 1:2:3 with image";
  }
  example::Columns bars(rows.size() + 2);
  for (int k = 0; k < 4; ++k) {
    bars[0].push_back(k + 1.0), bars[1].push_back(target.mode_weights[static_cast<std::size_t>(k)]);
    for (std::size_t i = 0; i < rows.size(); ++i) bars[i + 2].push_back(rows[i].second.weights[static_cast<std::size_t>(k)]);
  }
  picture.data("bars", bars).axes("weights of the modes", "mode", "weight");
  const auto boxes = [](const std::string& which, const char* colour, const char* title) {
    return "using " + which + " with boxes lc rgb '" + colour + "' title '" + title + "'";
  };
  picture << "set key top left; set style fill solid 0.8 noborder; set boxwidth 0.25; plot [0.4:4.6][0:1] $bars " +
                 boxes("($1-0.25):2", example::grey, "truth") + ", $bars " + boxes("1:5", example::orange, "PCD: MALA") + ", $bars " +
                 boxes("($1+0.25):" + std::to_string(rows.size() + 2), example::blue, "flow-assisted");
  picture.write();
  const double flow_error = rows.back().second.total_variation;
  return flow_error < 0.06 && rows[2].second.total_variation > 3.0 * flow_error ? 0 : 1;
}
