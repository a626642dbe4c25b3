// A run that is killed half-way and goes on as if nothing had happened, to the last bit.
#include <erg/erg.hpp>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

#include "support/picture.hpp"

/// A sink that kills its own process, as a power cut would: no destructor runs, no file is closed.
struct PowerCut {
  int at = -1;
  static constexpr bool is_stateless = true;  // nothing of it belongs in a checkpoint
  void on_draw(const erg::Draw<double>& draw) const {
    if (draw.index == at) std::raise(SIGKILL);
  }
};

int main() {
  const std::string path = "out/examples/07_checkpoint.erg";
  std::filesystem::create_directories("out/examples");
  std::filesystem::remove(path);

  const erg::Hmc kernel{{.step_size = 0.2, .n_leapfrog = 10}, erg::DiagonalMetric{}};
  const erg::EightSchools energy;
  const erg::Plan plan{.n_chains = 16, .n_warmup = 500, .n_draws = 4000, .seed = 11};

  const auto run = [&](erg::Trace<double>& trace, PowerCut cut) {
    // [checkpoint]
    return erg::run(erg::Simd{}, kernel, energy, plan, trace, cut, erg::Checkpoint{path, 500});  // saved every 500 draws
    // [checkpoint]
  };

  const pid_t child = fork();
  if (child == 0) {
    erg::Trace<double> lost;
    run(lost, {.at = 2345});
    _exit(0);  // not reached
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status)) return 1;
  std::printf("%-26s killed by signal %d at draw 2345; %s holds the first 2000 draws\n", "first process", WTERMSIG(status), path.c_str());

  erg::Trace<double> resumed, whole;
  const auto second = run(resumed, {});
  std::filesystem::remove(path);
  const auto reference = run(whole, {});
  std::filesystem::remove(path);

  int n_different = 0;
  for (int t = 0; t < whole.n_draws(); ++t) {
    for (int c = 0; c < whole.n_chains(); ++c) {
      for (int d = 0; d < whole.dim(); ++d) n_different += resumed(t, c, d) != whole(t, c, d);
    }
  }
  std::printf("\n%-26s %8s  %8s  %8s  %8s\n", "run", "resumed", "draws", "seconds", "accept");
  for (const auto& [name, r] : {std::pair{"second process", &second}, std::pair{"never interrupted", &reference}}) {
    std::printf("%-26s %8s  %8d  %8.3f  %8.4f\n", name, r->resumed ? "yes" : "no", r->n_draws, r->seconds, r->mean_accept);
  }
  std::printf("\nnumbers that differ: %d of %d\n\n", n_different, whole.n_draws() * whole.n_chains() * whole.dim());

  example::Picture p("out/examples/07_checkpoint.png", 1, 1, 1000, 380);
  const auto each = [&](const erg::Trace<double>& trace, int from, int to) {
    example::Columns c(2);
    for (int t = from; t < to; ++t) c[0].push_back(t), c[1].push_back(trace(t, 0, 8));
    return c;
  };
  p.data("whole", each(whole, 1900, 2500)).data("resumed", each(resumed, 2000, 2500));
  p.axes("eight schools, chain 0: checkpoint at draw 2000, killed at 2345", "draw", "mu");
  p << "set yrange [-15:30]; set arrow from 2000,-15 to 2000,21 nohead dt 2 lc rgb '#7F7F7F'; set arrow from 2345,-15 to 2345,21 nohead dt 2 lc rgb '#7F7F7F'";
  p << "set key top right horizontal; plot $whole using 1:2 with lines lw 5 lc rgb '#9ecae1' title 'never interrupted', "
       "$resumed using 1:2 with lines lw 1.2 lc rgb '#D55E00' title 'resumed'";
  p.write();
  return n_different == 0 && second.resumed ? 0 : 1;
}
