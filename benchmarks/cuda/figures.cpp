// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The figures of the GPU: erg against cuRAND and hand-written CUDA in this process, and against JAX and PyTorch in theirs, on the
// same device. Without a device, or without nvcc, every line says so.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "cpu/check.hpp"
#include "cuda/device.hpp"
#include "support/peer.hpp"

namespace bench {
namespace {

using Chains = std::shared_ptr<Sampler>;

/// On the wall, and long enough that a launch does not show. What the processor's clock does meanwhile is no matter.
PairOptions device_options() {
  PairOptions options;
  options.wall = true;
  options.seconds_per_block = 50e-3;
  options.tolerance = std::numeric_limits<double>::infinity();
  return options;
}

template <class Check>
Measurement compare_chains(const Chains& ours, const Chains& reference, double items, const std::vector<float>& start, Check check) {
  if (const std::string why = gpu::why_not(); !why.empty()) return unmeasured(why);
  for (const Chains& side : {ours, reference}) {
    if (const std::string wrong = check(*side); !wrong.empty())
      return unmeasured((side == ours ? "erg's side fails its check: " : "the reference fails its check: ") + wrong);
    side->set_positions(start);
  }
  const auto steps = [](Chains side) { return [side](std::size_t n) { side->step(n); }; };
  return compare(steps(ours), steps(reference), items, device_options());
}

Measurement compare_normals() {
  if (const std::string why = gpu::why_not(); !why.empty()) return unmeasured(why);
  int fastest = 64;
  double least = std::numeric_limits<double>::infinity();
  for (const int block : {64, 128, 256, 512}) {
    gpu::normals_curand(4096, block);
    const double start = seconds_now(true);
    gpu::normals_curand(65536, block);
    const double took = seconds_now(true) - start;
    if (took < least) least = took, fastest = block;
  }
  return compare([](std::size_t n) { gpu::normals_erg()(256 * n); }, [fastest](std::size_t n) { gpu::normals_curand(256 * n, fastest); },
                 256.0 * gpu::normals_threads, device_options());
}

/// The number after "key": in a line of JSON; NaN where there is none.
double number_in(const std::string& json, const std::string& key) {
  const auto at = json.find('"' + key + '"');
  return at == std::string::npos ? NAN : std::strtod(json.c_str() + json.find(':', at) + 1, nullptr);
}

double mean_square(const std::vector<float>& x) {
  double sum = 0.0;
  for (const float v : x) sum += static_cast<double>(v) * v;
  return sum / static_cast<double>(x.size());
}

/// erg's time in this process against a peer's in its own; both are medians over blocks of the same work.
Measurement compare_peer(const Chains& ours, const char* peer, const char* what, double items, const std::vector<float>& start) {
  if (const std::string why = gpu::why_not(); !why.empty()) return unmeasured(why);
  const std::string answer = ask_peer("gpu.py", std::string(peer) + ' ' + what);
  Measurement m;
  m.reference_measured = number_in(answer, "ns_per_chain_step");
  if (!std::isfinite(*m.reference_measured))
    return unmeasured(answer.find("unmeasured") == std::string::npos ? std::string(peer) + " did not run" : std::string(peer) + " is not installed");
  if (answer.find("cpu") != std::string::npos) return unmeasured(std::string(peer) + " found no GPU");
  ours->set_positions(start);
  const Work steps = [ours](std::size_t n) { ours->step(n); };
  const PairedTimes t = time_in_pairs(steps, steps, device_options());
  if (const double theirs = number_in(answer, "mean_square"), own = mean_square(ours->positions()); std::abs(own - theirs) > 0.03 * theirs)
    return unmeasured("the two sides do not sample the same: mean squares " + std::to_string(own) + " and " + std::to_string(theirs));
  m.measured = 1e9 * t.first.median / items;
  m.ratio = *m.reference_measured / *m.measured;
  m.low = number_in(answer, "low") / *m.measured;
  m.high = number_in(answer, "high") / *m.measured;
  return m;
}

/// What `--work NAME` does under a profiler: some launches of that figure and nothing else.
int do_work(const std::string& name) {
  const Chains chains = name == "ula" ? gpu::erg_ula(usual_ring, 1) : gpu::erg_hmc(1);
  chains->set_positions(name == "ula" ? exact_ring(usual_ring, 1, gpu::ring_chains) : exact_gaussian(1, gpu::gaussian_chains));
  chains->step(name == "ula" ? 256 : 16);
  return 0;
}

/// Share of the limit that binds, from the counters of Nsight Compute: the busiest of the arithmetic pipes or the memory.
Measurement limit_of(const std::string& name) {
  if (const std::string why = gpu::why_not(); !why.empty()) return unmeasured(why);
  // The longest kernel of the run is the one that steps; one line a kernel and metric.
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command =
      "ncu --csv --metrics dram__throughput.avg.pct_of_peak_sustained_elapsed,gpu__time_duration.sum,"
      "sm__throughput.avg.pct_of_peak_sustained_elapsed '" + self + "' --work " + name + " 2>/dev/null";
  double longest = 0.0, time = 0.0, memory = 0.0, best_compute = 0.0, best_memory = 0.0;
  if (std::FILE* pipe = popen(command.c_str(), "r")) {
    for (char text[4096]; std::fgets(text, sizeof text, pipe) != nullptr;) {
      const std::string row = text;
      const auto last = row.rfind('"'), first = last == std::string::npos || last == 0 ? std::string::npos : row.rfind('"', last - 1);
      if (first == std::string::npos) continue;
      std::string digits = row.substr(first + 1, last - first - 1);
      digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
      const double value = std::strtod(digits.c_str(), nullptr);
      const auto is = [&](const char* metric) { return row.find(metric) != std::string::npos; };
      if (is("dram__throughput")) memory = value;  // the metrics of a kernel come in the order of the alphabet
      if (is("gpu__time_duration")) time = value;
      if (is("sm__throughput") && time >= longest) longest = time, best_compute = value, best_memory = memory;
    }
    pclose(pipe);
  }
  if (longest == 0.0) return unmeasured("no counters: ncu is missing or may not read them");
  Measurement m;
  m.measured = longest;
  m.ratio = std::max(best_compute, best_memory) / 100.0;
  std::printf("%s: arithmetic %.0f %% of its peak, memory %.0f %%\n", name.c_str(), best_compute, best_memory);
  return m;
}

void add_figures() {
  const char *ring = "ULA, ring of 8 Gaussians, 2^20 chains, float", *hmc = "HMC L=10, Gaussian D=100, 2^17 chains, float";
  const char *logistic = "HMC L=10, logistic 1000 x 25, 2^16 chains, float", *unit = "ns a chain-step";
  const auto check_ring = [](Sampler& s) { return check_ula(s, usual_ring, gpu::ring_chains); };
  const auto check_gaussian = [](Sampler& s) { return check_hmc(s, gpu::gaussian_chains); };
  const auto ring_start = [] { return exact_ring(usual_ring, 1, gpu::ring_chains); };
  const auto gaussian_start = [] { return exact_gaussian(1, gpu::gaussian_chains); };
  const auto logistic_start = [] { return std::vector<float>(25 * gpu::logistic_chains, 0.0F); };

  add_figure({"standard normals in a kernel, float", "curand_normal4, Philox", "ns a normal", Aim::at_least, 1.0, compare_normals});
  const auto guarded = [](auto f) { return [f]() -> Measurement { return gpu::why_not().empty() ? f() : unmeasured(gpu::why_not()); }; };
  add_figure({ring, "by hand, CUDA and cuRAND", unit, Aim::at_least, 1.0, guarded([=] {
                return compare_chains(gpu::erg_ula(usual_ring, 1), gpu::hand_ula(usual_ring, 2), gpu::ring_chains, ring_start(), check_ring);
              })});
  add_figure({hmc, "by hand, CUDA and cuRAND", unit, Aim::at_least, 0.9, guarded([=] {
                return compare_chains(gpu::erg_hmc(1), gpu::hand_hmc(2), gpu::gaussian_chains, gaussian_start(), check_gaussian);
              })});
  for (const char* peer : {"jax-threefry", "jax-rbg", "torch"}) {
    add_figure({ring, peer, unit, Aim::at_least, 10.0,
                guarded([=] { return compare_peer(gpu::erg_ula(usual_ring, 1), peer, "ula_ring", gpu::ring_chains, ring_start()); })});
  }
  for (const char* peer : {"jax-threefry", "jax-rbg"}) {
    add_figure({hmc, peer, unit, Aim::at_least, 3.0,
                guarded([=] { return compare_peer(gpu::erg_hmc(1), peer, "hmc_gaussian", gpu::gaussian_chains, gaussian_start()); })});
    add_figure({logistic, peer, unit, Aim::at_least, 1.5,
                guarded([=] { return compare_peer(gpu::erg_logistic(1), peer, "hmc_logistic", gpu::logistic_chains, logistic_start()); })});
  }
  add_figure({"ULA, ring: share of the limit", "counters: arithmetic or memory", "ns a launch", Aim::at_least, 0.6, [] { return limit_of("ula"); }});
  add_figure({"HMC, Gaussian: share of the limit", "counters: arithmetic or memory", "ns a launch", Aim::at_least, 0.6, [] { return limit_of("hmc"); }});
  add_figure({"strict profile: time of ULA, ring", "fast profile", unit, Aim::publish, 0.0, guarded([=] {
                Measurement m = compare_chains(gpu::erg_ula(usual_ring, 1), gpu::erg_ula_strict(usual_ring, 1), gpu::ring_chains, ring_start(), check_ring);
                std::swap(m.measured, m.reference_measured);
                return m;
              })});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--work") return bench::do_work(argv[2]);
  std::printf("GPU: %s\n", bench::gpu::device_name().c_str());
  bench::add_figures();
  return bench::run_figures(argc, argv);
}
