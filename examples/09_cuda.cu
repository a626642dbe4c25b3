// The same energy, kernel and run on a GPU: only the first argument of run is another. Where there is none, the functions of its threads
// are stepped on the host, and must give the bits of one lane.
#include <erg/exec/cuda.cuh>
#include <erg/exec/cuda/emulate.hpp>
#include <cstdio>
#include "09_cuda/ring.hpp"

void print(const Row& r) {
  std::printf("%-46s  %8d  %8.3f  %10.3f  %7.4f  %+8.4f\n", r.lane.c_str(), r.n_chains, r.seconds, 1e9 * r.seconds / r.n_steps / r.n_chains,
              r.sd, r.error);
}

int main() {
  std::printf("%-46s  %8s  %8s  %10s  %7s  %8s\n", "lane", "chains", "seconds", "ns a step", "sd", "error");
  print(sample_on_cpu(1 << 12));
  try {
    // [cuda]
    (void)sample(erg::Cuda{}, 1024);  // the first launch starts the device, which takes a while
    const Row row = sample(erg::Cuda{}, 1 << 20);
    // [cuda]
    print(row);
    std::printf("\nprofile %s; a step is an HMC transition of 16 leapfrog steps\n", row.profile.c_str());
    return row.error > -0.01 && row.error < 0.01 ? 0 : 1;
  } catch (const erg::CudaError& e) {
    const Row emulated = sample(erg::EmulatedCuda{}, 256), one_lane = sample(erg::Serial{}, 256);
    print(emulated);
    print(one_lane);
    std::printf("\n%s\nThe stand-in steps the functions of a GPU's threads one after the other: it shows what they compute, not how fast.\n", e.what());
    return emulated.sd == one_lane.sd ? 0 : 1;
  }
}
