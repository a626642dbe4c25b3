// Twenty-five Gaussians on a ring, learnt by contrastive divergence: its usual gradient, with the term that it leaves out (the derivative through
// the sampler's last step, in both signs), and with chains that go on from augmented ends of others. Judged by quadrature. Turned by a multiple of
// 1/25 of a circle, chains stay where data are; turned by any angle they do not, and 20 steps do not bring them back: that trains something else.
#include <erg/kernel/noisy_descent.hpp>
#include <erg/train/monitor.hpp>
#include <erg/train/sampler_kl.hpp>
#include <chrono>
#include "support/plane_ebm.hpp"

namespace train = erg::train;

int main() {
  const auto target = example::ring_of_25();
  const auto data = target.draw(20000, 1), held_out = target.draw(20000, 2);
  const double entropy = target.mean_energy(held_out);
  std::printf("%s; entropy %.4f nats\n\n", target.name.c_str(), entropy);
  std::printf("%-38s %6s %9s %7s %9s %8s %8s %6s\n", "trained by", "modes", "KL(p||m)", "TV", "|CD|", "|KL|/|CD|", "cosine", "s");

  std::vector<std::pair<std::string, example::PlaneReport>> rows;
  std::vector<example::Columns> chains;
  const auto add = [&](const char* name, auto objective, auto initialiser) {
    const auto begin = std::chrono::steady_clock::now();
    // [negatives]
    const auto kernel = erg::NoisyDescent{erg::NoisyDescentParams::tempered(0.01, 1.0)};
    auto negatives = train::chains(erg::Simd{}, kernel, std::move(initialiser), {.n_chains = 256, .n_steps = 20});
    // [negatives]
    double norm = 0.0, ratio = NAN, cosine = NAN;
    example::Columns after;
    const auto report = example::train_plane(target, data, held_out, std::move(negatives), train::NoTeacher{},
                                             {.n_steps = 500, .n_chains = 256, .clip = 1.0, .average = 0.98}, std::move(objective), [&](auto& trainer) {
                                               const auto& r = trainer.report();
                                               norm = r.gradient_norm;
                                               if (r.terms.size() == 2) ratio = r.terms[1].gradient_norm / r.terms[0].gradient_norm, cosine = r.terms[1].cosine;
                                               after = example::columns_of(trainer.negatives().positions(), 256);
                                             });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("%-38s %6d %9.4f %7.4f %9.4f %8.2f %8.2f %6.1f\n", name, report.n_covered(target), report.nll - entropy, report.total_variation, norm, ratio,
                cosine, seconds.count());
    std::fflush(stdout);
    rows.emplace_back(name, report);
    chains.push_back(std::move(after));
  };

  // [rows]
  const train::Contrastive cd{};
  const auto noise = train::Noise::uniform(-6.0, 6.0);
  const train::Replay buffer{noise, {.capacity = 10000, .restart = 0.05}};
  const train::Replay augmented{noise, {.capacity = 10000, .restart = 0.05}, train::AsIs{}, train::Rotate{.n_fold = 25}};
  const train::Replay anywhere{noise, {.capacity = 10000, .restart = 0.05}, train::AsIs{}, train::Rotate{}};
  const train::SamplerKl published{{.n_steps = 1}}, exact{{.n_steps = 1, .sign = train::KlSign::exact}};
  add("CD", cd, buffer);
  add("CD + KL, as published", train::Terms(cd, published), buffer);
  add("CD + KL, as differentiated", train::Terms(cd, exact), buffer);
  add("CD + KL + turns by 1/25", train::Terms(cd, published), augmented);
  add("CD + KL + turns by any angle", train::Terms(cd, published), anywhere);
  // [rows]

  example::Picture picture("out/examples/17_improved_cd.png", 2, 5, 2100, 880);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string id = std::to_string(i);
    picture.data("p" + id, rows[i].second.density).data("c" + id, chains[i]);
    picture.axes(rows[i].first, "x_0", "x_1") << "unset key; plot [-6.5:6.5][-6.5:6.5] $p" + id + " using 1:2:3 with image";
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    picture.axes("its chains", "x_0", "x_1")
        << "plot [-6.5:6.5][-6.5:6.5] $c" + std::to_string(i) + " using 1:2 with points pt 7 ps 0.4 lc rgb '" + example::blue + "'";
  }
  picture.write();
  // What is trained on where chains belong ends near the data, whatever the term.
  bool good = true;
  for (std::size_t i = 0; i < 4; ++i) good = good && rows[i].second.nll - entropy < 1.5;
  return good ? 0 : 1;
}
