// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Xie, Zheng, Li (2021), Learning energy-based model with variational auto-encoder as amortized sampler, at the scale of two cores: fixed
// points predicted and measured, toys in the plane, digits, and holes in digits. The paper's images are of 32 x 32 pixels and more and its
// Inception features are not here, so what it reports stands beside in words, and distances are those of a classifier trained here.
#include <erg/diagnostics/image_quality.hpp>
#include <erg/kernel/clamp.hpp>

#include <cstring>
#include <filesystem>

#include "support/fixed_points.hpp"
#include "support/ring.hpp"
#include "support/small_digits.hpp"

namespace latent = erg::latent;
namespace nn = erg::nn;
namespace train = erg::train;
using Block = erg::OwnedBlock<float>;
using View = erg::BlockView<const float>;

namespace {

const std::string folder = "out/reproduce/vae/";

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// ---- in the plane -----------------------------------------------------------------------------------------------------------

void plane(int n_seeds, long n_steps) {
  std::printf("\nA ring of eight Gaussians: the same energy, %ld steps, %d seeds; KL(data | p) in nats by the grid\n", n_steps, n_seeds);
  std::printf("%-46s %8s %6s %9s   %8s %8s   %8s\n", "starts, kernel and teacher", "KL", "modes", "weights", "drift.1", "drift", "virial");
  using Way = example::RingRow (*)(const char*, const example::RingPlan&);
  const std::pair<const char*, Way> ways[] = {
      {"noise; Langevin", [](const char* n, const example::RingPlan& p) { return train_ring(n, p, train::Noise::gaussian(1.0), train::NoTeacher{}); }},
      {"CoopNets, mean; Langevin",
       [](const char* n, const example::RingPlan& p) {
         const latent::GaussianDecoder g(example::ring_decoder(), {.sigma = 0.3}, erg::random::Key(p.seed));
         return train_ring(n, p, train::Ancestral{g.snapshot()}, train::RegressionTeacher(g, {.learning_rate = 1e-3}));
       }},
      {"VAE, mean; Langevin (the paper's text)",
       [](const char* n, const example::RingPlan& p) {
         const latent::Vae v(example::ring_decoder(), example::ring_encoder(), {.sigma = 0.15}, erg::random::Key(p.seed));
         return train_ring(n, p, train::Ancestral{v.snapshot()}, train::VariationalTeacher(v, {.learning_rate = 1e-3}));
       }},
      {"VAE, mean; no noise (its released code)",
       [](const char* n, const example::RingPlan& p) {
         const latent::Vae v(example::ring_decoder(), example::ring_encoder(), {.sigma = 0.15}, erg::random::Key(p.seed));
         return train_ring(n, p, train::Ancestral{v.snapshot()}, train::VariationalTeacher(v, {.learning_rate = 2e-4}), erg::Ula<>{{.step_size = 0.004, .temperature = 0.0}});
       }},
      {"VAE, sample; Langevin",
       [](const char* n, const example::RingPlan& p) {
         const latent::Vae v(example::ring_decoder(), example::ring_encoder(), {.sigma = 0.15}, erg::random::Key(p.seed));
         return train_ring(n, p, train::Ancestral{v.snapshot(), latent::Decoding::sample}, train::VariationalTeacher(v, {.learning_rate = 1e-3}));
       }},
  };
  for (const auto& [name, way] : ways) {
    std::vector<example::RingRow> rows;
    for (int s = 0; s < n_seeds; ++s) {
      example::RingPlan p;
      p.n_steps = n_steps, p.seed = static_cast<std::uint64_t>(7 + s);
      try {
        rows.push_back(way(name, p));
      } catch (const train::TrainingError& e) {
        std::printf("%-46s diverged in step %lld\n", name, static_cast<long long>(e.step()));
      }
    }
    if (rows.empty()) continue;
    const auto mean = [&](auto&& f) {
      double sum = 0.0;
      for (const auto& r : rows) sum += static_cast<double>(f(r)) / static_cast<double>(rows.size());
      return sum;
    };
    std::printf("%-46s %8.4f %6.2f %9.4f   %8.4f %8.4f   %8.3f\n", name, mean([](const auto& r) { return r.kl; }), mean([](const auto& r) { return r.n_modes; }),
                mean([](const auto& r) { return r.variation; }), mean([](const auto& r) { return r.first.drift; }), mean([](const auto& r) { return r.last.drift; }),
                mean([](const auto& r) { return r.last.virial; }));
    std::fflush(stdout);
  }
}

// ---- digits -----------------------------------------------------------------------------------------------------------------

constexpr int pixels = example::small_pixels, n_latent = 16;
auto digit_decoder(int n_held = 0) { return nn::Sequential(nn::Dense(n_latent + n_held, 128), nn::SiLU{}, nn::Dense(256), nn::SiLU{}, nn::Dense(pixels), nn::Tanh{}); }
auto digit_encoder() { return nn::mlp<nn::SiLU>(pixels, 256, 128, 2 * n_latent); }
auto digit_energy() {
  return erg::sum(erg::GaussianIsotropic(pixels, 0.5),
                  nn::NeuralEnergy(nn::Sequential(nn::Shape(1, 14, 14), nn::Conv2d(16, 5, {.stride = 2, .padding = 2}), nn::SiLU{}, nn::Conv2d(32, 3, {.stride = 2, .padding = 1}),
                                                  nn::SiLU{}, nn::Conv2d(64, 3, {.padding = 1}), nn::SiLU{}, nn::Flatten{}, nn::Dense(1)),
                                   erg::random::Key(3)));
}

struct Judge {
  const example::DigitClassifier& classifier;
  erg::diag::GaussianFit truth;
  erg::diag::PointSet some_truth;   ///< for precision and recall

  void row(const char* name, View x) const {
    const auto f = classifier.features(x);
    const auto few = classifier.features(erg::rows_of(x, 0, std::min(x.n_chains, 1000)));
    const auto pr = erg::diag::precision_recall(few, some_truth);
    std::printf("%-46s %8.3f %9.3f %7.3f %7.2f\n", name, erg::diag::frechet_distance(erg::diag::gaussian_fit(f), truth), pr.precision, pr.recall,
                erg::diag::inception_score(classifier.probabilities(x)));
    std::fflush(stdout);
  }
};

/// Trains an energy of digits; prints FD of starts and negatives, and returns nothing but pictures.
template <class Start, class Teacher>
void digits(const char* name, const Judge& judge, const std::vector<float>& rows, const Start& start, Teacher teacher, long n_steps, int n_draw) {
  const Clock clock;
  train::Trainer t(digit_energy(), train::Data<float>(rows, pixels),
                   train::chains(erg::Threads<>{2}, erg::Ula<>{{.step_size = 4e-3}}, train::Fresh{start}, {.n_chains = 64, .n_steps = 20}),
                   train::Watched{train::Contrastive{}, {.every = std::max(1L, n_steps / 4)}},
                   train::Scheduled(nn::Adam<float>{{.learning_rate = 5e-4, .beta1 = 0.5}}, nn::CosineRate(n_steps, 0.05)), std::move(teacher),
                   {.batch = 64, .clip = 10.0, .n_threads = 2});
  try {
    t.run(n_steps, [&](const train::StepReport& r) {
      const auto& v = r.revision;
      if (v.rms == v.rms) std::printf("  %-30s step %5lld  gap %8.2f  drift %.3f  noise %.3f  virial %.3f, of data %.3f  %.0f s\n", name, static_cast<long long>(r.step), r.gap(), v.drift, v.noise, v.virial, v.data_virial, clock.seconds());
    });
  } catch (const train::TrainingError& e) {
    std::printf("  %s: %s\n", name, e.what());
  }
  Block starts(n_draw, pixels), ends(n_draw, pixels);
  for (int first = 0; first + 64 <= n_draw; first += 64) {
    train::StepReport unused;
    t.negatives().draw(View{rows.data(), 1, pixels, 1}, erg::random::Key(77).at(static_cast<std::uint64_t>(first)).purpose(erg::random::Purpose::start), unused);
    for (int d = 0; d < pixels; ++d) {
      for (int c = 0; c < 64; ++c) starts.view()(first + c, d) = t.negatives().starts()(c, d), ends.view()(first + c, d) = t.negatives().positions()(c, d);
    }
  }
  judge.row((std::string(name) + ": starts").c_str(), starts.view());
  judge.row((std::string(name) + ": revised").c_str(), ends.view());
  std::string file = name;
  std::replace(file.begin(), file.end(), ' ', '_');
  example::write_sheet(folder + file + ".pgm", ends.view(), 14, 8, 16);
  example::write_sheet(folder + file + "_starts.pgm", starts.view(), 14, 8, 16);
}

/// Maximum likelihood on the data themselves: the VAE alone.
template <class Model>
void fit(Model& model, const std::vector<float>& rows, long n_steps, double rate = 1e-3) {
  train::Data<float> data(rows, pixels);
  nn::Adam<float> adam({.learning_rate = rate});
  erg::Pieces<float> pieces(2);
  Block x(128, pixels);
  std::vector<float> g(static_cast<std::size_t>(model.n_parameters()));
  const nn::CosineRate schedule(n_steps, 0.05);
  for (long i = 0; i < n_steps; ++i) {
    data.batch(erg::random::Key(5), static_cast<std::uint64_t>(i), x.view());
    std::fill(g.begin(), g.end(), 0.0F);
    model.add_gradient(x.view(), erg::random::Key(6).at(static_cast<std::uint64_t>(i)), g, pieces);
    model.update([&](std::span<float> theta) { adam.step(theta, std::span<const float>(g), schedule(i)); });
  }
}

void generation(const Judge& judge, const std::vector<float>& rows, View held_out, long n_steps) {
  std::printf("\nDigits of 14 x 14 pixels, %ld steps of 64; distances are Frechet distances of this classifier's 64 features, not FID\n", n_steps);
  std::printf("%-46s %8s %9s %7s %7s\n", "images", "FD", "precision", "recall", "score");
  judge.row("training against test digits: the floor", held_out);
  const int n_draw = 2048;
  latent::Vae alone(digit_decoder(), digit_encoder(), {.sigma = 0.2}, erg::random::Key(1));
  fit(alone, rows, n_steps);
  Block x(n_draw, pixels);
  alone.sample(erg::random::Key(9), 0, x.view(), latent::Decoding::mean);
  judge.row("VAE of the data, means", x.view());
  alone.sample(erg::random::Key(9), 0, x.view(), latent::Decoding::sample);
  judge.row("VAE of the data, samples", x.view());
  const latent::GaussianDecoder generator(digit_decoder(), {.sigma = 0.3}, erg::random::Key(1));
  digits("CoopNets", judge, rows, train::Ancestral{generator.snapshot()}, train::RegressionTeacher(generator, {.learning_rate = 5e-4}), n_steps, n_draw);
  const latent::Vae vae(digit_decoder(), digit_encoder(), {.sigma = 0.2}, erg::random::Key(1));
  digits("VAE as sampler", judge, rows, train::Ancestral{vae.snapshot()}, train::VariationalTeacher(vae, {.learning_rate = 5e-4}), n_steps, n_draw);
}

// ---- holes ------------------------------------------------------------------------------------------------------------------

/// Means over images of the dB of each, in the hole and in all; and structural similarity of the whole.
void quality(const char* name, View x, View truth, const latent::Split& split) {
  double hole = 0.0, all = 0.0, similar = 0.0;
  std::vector<double> a(pixels), b(pixels), ha, hb;
  const auto grey = [](float v) { return std::round(127.5 * (std::clamp(static_cast<double>(v), -1.0, 1.0) + 1.0)); };
  for (int c = 0; c < x.n_chains; ++c) {
    ha.clear(), hb.clear();
    for (int d = 0; d < pixels; ++d) {
      const auto i = static_cast<std::size_t>(d);
      a[i] = grey(split.is_held(d) ? truth(c, d) : x(c, d)), b[i] = grey(truth(c, d));
      if (!split.is_held(d)) ha.push_back(a[i]), hb.push_back(b[i]);
    }
    hole += std::min(erg::diag::psnr(ha, hb, 255.0), 60.0) / x.n_chains, all += std::min(erg::diag::psnr(a, b, 255.0), 60.0) / x.n_chains;
    similar += erg::diag::ssim({a, 14, 14}, {b, 14, 14}, 255.0) / x.n_chains;
  }
  std::printf("%-46s %9.2f %9.2f %8.4f\n", name, hole, all, similar);
  std::fflush(stdout);
}

void inpainting(const std::vector<float>& rows, View held_out, long n_steps) {
  std::vector<bool> held(pixels, true);
  for (int y = 4; y < 11; ++y) {
    for (int z = 4; z < 11; ++z) held[static_cast<std::size_t>(y * 14 + z)] = false;
  }
  const latent::Split split(held);
  const int n_held = split.n_held(), n_free = split.n_free();
  std::printf("\nA hole of 7 x 7 in 14 x 14 pixels, %ld steps: mean dB, and structural similarity of the whole\n", n_steps);
  std::printf("%-46s %9s %9s %8s\n", "what fills the hole", "in hole", "in all", "SSIM");
  const int n = std::min(1000, held_out.n_chains);
  const View truth = erg::rows_of(held_out, 0, n);
  Block x(n, pixels);
  const auto fresh = [&] {
    for (int d = 0; d < pixels; ++d) std::copy_n(truth.column(d), n, x.view().column(d));
  };
  std::vector<double> mean(pixels);
  for (std::size_t i = 0; i < rows.size(); ++i) mean[i % pixels] += static_cast<double>(rows[i]) / (static_cast<double>(rows.size()) / pixels);
  for (int d = 0; d < pixels; ++d) std::fill_n(x.view().column(d), n, static_cast<float>(mean[static_cast<std::size_t>(d)]));
  quality("the mean digit", x.view(), truth, split);

  // The same decoder without a latent to speak of: a regression, the best there is for PSNR
  const auto decoder = [&] { return nn::Sequential(nn::Dense(n_latent + n_held, 256), nn::SiLU{}, nn::Dense(256), nn::SiLU{}, nn::Dense(n_free), nn::Tanh{}); };
  latent::GaussianDecoder regression(decoder(), {.sigma = 0.3}, erg::random::Key(1), split);
  {
    train::Data<float> data(rows, pixels);
    nn::Adam<float> adam({.learning_rate = 1e-3});
    const nn::CosineRate schedule(n_steps, 0.05);
    Block batch(128, pixels), z(128, n_latent);  // z = 0
    std::vector<float> g(static_cast<std::size_t>(regression.n_parameters())), w(128, 1.0F / 128), u(128);
    for (long i = 0; i < n_steps; ++i) {
      data.batch(erg::random::Key(5), static_cast<std::uint64_t>(i), batch.view());
      std::fill(g.begin(), g.end(), 0.0F);
      regression.observation(batch.view(), z.view(), w, u, g);
      regression.update([&](std::span<float> theta) { adam.step(theta, std::span<const float>(g), schedule(i)); });
    }
    Block zero(n, n_latent);
    fresh();
    regression.mean(zero.view(), x.view());
    quality("regression, the same network", x.view(), truth, split);
  }
  const auto model = [&] { return latent::Vae(decoder(), digit_encoder(), {.sigma = 0.2}, erg::random::Key(1), split); };
  auto alone = model();
  fit(alone, rows, n_steps);
  const auto fill = [&](const char* name, const auto& m) {
    Block zero(n, n_latent), mean_of(n, pixels);
    fresh();
    m.mean(zero.view(), x.view());
    quality((std::string(name) + ", z = 0").c_str(), x.view(), truth, split);
    m.sample(erg::random::Key(4), 0, x.view(), latent::Decoding::mean);
    quality((std::string(name) + ", one draw").c_str(), x.view(), truth, split);
  };
  fill("conditional VAE of the data", alone);
  train::Trainer t(digit_energy(), train::Data<float>(rows, pixels),
                   train::chains(erg::Threads<>{2}, erg::Ula{{.step_size = 4e-3}, erg::ClampMetric(split.flags())}, train::Fresh{train::Ancestral{alone.snapshot()}},
                                 {.n_chains = 64, .n_steps = 20}),
                   train::Contrastive{}, train::Scheduled(nn::Adam<float>{{.learning_rate = 5e-4, .beta1 = 0.5}}, nn::CosineRate(n_steps, 0.05)),
                   train::VariationalTeacher(alone, {.learning_rate = 1e-4}), {.batch = 64, .clip = 10.0, .n_threads = 2});
  try {
    t.run(n_steps);
  } catch (const train::TrainingError& e) {
    std::printf("  %s\n", e.what());
  }
  fill("conditional VAE taught by the chains", t.teacher().model());
  // and revised: a sampler of its own on the trained energy
  erg::Plan plan;
  plan.n_chains = n, plan.n_warmup = 0, plan.n_draws = 1, plan.adapt = false;
  for (int d = 0; d < pixels; ++d) {
    for (int c = 0; c < n; ++c) plan.start.push_back(static_cast<double>(x.view()(c, d)));
  }
  const erg::Ula kernel{{.step_size = 4e-3, .temperature = 0.0}, erg::ClampMetric(split.flags())};
  erg::Sampler<float, erg::Simd<>, std::remove_const_t<decltype(kernel)>, std::remove_cvref_t<decltype(t.energy())>> sampler(erg::Simd{}, kernel, t.energy(), plan);
  sampler.start();
  sampler.sample(20, false, [](const auto&) { return erg::Control::proceed; });
  for (int d = 0; d < pixels; ++d) std::copy_n(sampler.chains().position(d), n, x.view().column(d));
  quality("energy: that draw, 20 steps without noise", x.view(), truth, split);
  example::write_sheet(folder + "holes.pgm", x.view(), 14, 8, 16);
  example::write_sheet(folder + "holes_truth.pgm", truth, 14, 8, 16);
}

}  // namespace

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
  std::filesystem::create_directories(folder);
  std::printf("Fixed points of amortised training in one dimension: precision l of U = l x^2 / 2 on N(0, 1)\n");
  const auto rows = example::fixed_points(full ? 4000 : 500);
  example::print_fixed_points(rows);
  plane(full ? 5 : 1, full ? 3000 : 600);
  const auto digits = example::load_mnist();
  if (!digits) return 0;
  const std::size_t n_train = 50000;
  const auto images = example::small_images(*digits, 0, n_train);
  const auto test = example::block_of_rows(example::small_images(*digits, n_train, 10000), pixels);
  const Clock clock;
  const example::DigitClassifier classifier(images, digits->labels, full ? 4000 : 1200);
  std::printf("\nclassifier: accuracy %.4f on held-out digits (%.0f s)\n", classifier.accuracy(test.view(), digits->labels.data() + n_train), clock.seconds());
  const std::vector<float> first(images.begin(), images.begin() + 10000 * pixels);
  const auto truth = example::block_of_rows(first, pixels);
  const Judge judge{classifier, erg::diag::gaussian_fit(classifier.features(truth.view())), classifier.features(erg::rows_of(truth.view(), 0, 1000))};
  generation(judge, images, test.view(), full ? 6000 : 300);
  inpainting(images, test.view(), full ? 6000 : 400);
  std::printf("\nReported: CIFAR-10 FID 36.2 against 36.4 of CoopNets (one seed each); PSNR in holes of facades 21.62 against 20.47 dB of conditional CoopNets.\n");
  return 0;
}
