// A stranger's program for a GPU. It ends with 0 where there is none, too: what is tested is that it compiles and starts.
#include <cstdio>
#include <string>

#include <erg/erg.hpp>
#include <erg/exec/cuda.cuh>

struct Ring {
  static constexpr int dim = 2;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1] + 1e-12) - 3.0;
    return 8.0 * off * off;
  }
};

int main(int argc, char**) {
  if (erg::is_strict_build != (argc > 1)) return 1;
  try {
    erg::OnlineMoments moments;
    const auto report = erg::run<float>(erg::Cuda{}, erg::Hmc{{.step_size = 0.15, .n_leapfrog = 8}}, Ring{},
                                        {.n_chains = 1024, .n_warmup = 50, .n_draws = 100, .seed = 7}, moments);
    std::printf("%s, %s: sd %.3f\n", report.lane.c_str(), report.profile.c_str(), moments.sd(0));
    return report.profile == (argc > 1 ? "strict" : "fast") ? 0 : 1;
  } catch (const erg::CudaError& e) {
    std::printf("%s\n", e.what());
    return std::string(e.what()).empty();
  }
}
