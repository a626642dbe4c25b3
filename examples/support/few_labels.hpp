// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Ten labels a class of MNIST and all its images: a classifier of the labels alone, and the same as an energy with a generator or with chains.
// Images are seen through 64 principal components. Accuracy, calibration, and whether the energy knows what is no digit.
#pragma once

#include "support/mnist.hpp"
#include "support/picture.hpp"

#include <erg/diagnostics/classification.hpp>
#include <erg/diagnostics/ood.hpp>
#include <erg/generator/generators.hpp>
#include <erg/nn/classifier_energy.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/train/train.hpp>

#include <Eigen/Dense>
#include <chrono>

namespace example {

/// Points in columns, and what they are.
struct LabelledPoints {
  std::vector<float> columns;
  std::vector<int> labels;
  int n = 0;
  erg::BlockView<const float> view() const { return {columns.data(), n, static_cast<int>(columns.size()) / n, n}; }
};

/// The digits as a task with few labels. Copies of labelled and unlabelled images are turned, scaled, sheared and moved a little.
class FewLabels {
 public:
  static constexpr int dim = 64, n_per_class = 10;

  FewLabels(const Digits& digits, const Digits& test, std::uint64_t seed, bool quick) : seed_(seed) {
    const int n = quick ? 12000 : 60000, n_copies = quick ? 20 : 60;
    Eigen::MatrixXf images = rows(digits, n);
    mean_ = images.topRows(10000).colwise().mean();
    {
      const Eigen::MatrixXf centred = images.topRows(10000).rowwise() - mean_;
      const Eigen::MatrixXd covariance = (centred.transpose() * centred).cast<double>() / 10000.0;
      const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(covariance);
      basis_ = eigen.eigenvectors().rowwise().reverse().leftCols(dim).cast<float>();
      basis_ /= static_cast<float>(std::sqrt(eigen.eigenvalues().tail(dim).sum() / dim));  // a mean square of 1
    }
    std::vector<int> order(static_cast<std::size_t>(n)), chosen;
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    erg::random::shuffle(order, erg::random::Key(seed).purpose(erg::random::Purpose::data));
    int taken[10] = {};
    for (const int i : order) {
      const int k = digits.labels[static_cast<std::size_t>(i)];
      if (taken[k] < n_per_class) ++taken[k], chosen.push_back(i);
    }
    Eigen::MatrixXf copies(static_cast<Eigen::Index>(chosen.size()) * n_copies, 784);
    for (int k = 0; k < n_copies; ++k) {
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        const Eigen::Index to = static_cast<Eigen::Index>(i) + k * static_cast<Eigen::Index>(chosen.size());
        copies.row(to) = images.row(chosen[i]);
        if (k > 0) bend(copies.row(to));
        labels.push_back(digits.labels[static_cast<std::size_t>(chosen[i])]);
      }
    }
    labelled = seen(copies, 0.1);
    all = seen(images, 0.1);
    for (int i = 0; i < n; ++i) bend(images.row(i));
    const auto bent = seen(images, 0.1);
    all.insert(all.end(), bent.begin(), bent.end());
    const int n_test = quick ? 3000 : static_cast<int>(test.n());
    pixels_ = rows(test, n_test);
    tested = columns_of_rows(seen(pixels_, 0.0));
    tested.labels.assign(test.labels.begin(), test.labels.begin() + n_test);
  }

  /// Images that are none of the digits', made of the test images or of others, through the same components.
  LabelledPoints letters(const Digits& d) const { return columns_of_rows(seen(rows(d, 2000), 0.0)); }
  LabelledPoints blurred() const {  // means of 5 x 5 pixels, twice: smoother than any digit
    Eigen::MatrixXf x = pixels_.topRows(2000);
    for (int times = 0; times < 2; ++times) {
      const Eigen::MatrixXf from = x;
      for (int i = 0; i < 28; ++i) {
        for (int j = 0; j < 28; ++j) {
          Eigen::VectorXf sum = Eigen::VectorXf::Zero(x.rows());
          for (int a = std::max(0, i - 2); a <= std::min(27, i + 2); ++a) {
            for (int b = std::max(0, j - 2); b <= std::min(27, j + 2); ++b) sum += from.col(28 * a + b);
          }
          x.col(28 * i + j) = sum / 25.0F;
        }
      }
    }
    return columns_of_rows(seen(x, 0.0));
  }
  LabelledPoints flat() const {  // one grey each
    Eigen::MatrixXf x(2000, 784);
    for (int i = 0; i < 2000; ++i) x.row(i).setConstant(static_cast<float>(i) / 2000.0F);
    return columns_of_rows(seen(x, 0.0));
  }
  LabelledPoints noise() const {
    Eigen::MatrixXf x(2000, 784);
    for (int i = 0; i < 2000; ++i) {
      for (int d = 0; d < 784; ++d) x(i, d) = erg::random::uniform<float>(erg::random::Key(9), static_cast<std::uint32_t>(i), d);
    }
    return columns_of_rows(seen(x, 0.0));
  }

  std::vector<float> labelled, all;   ///< row-major
  std::vector<int> labels;
  LabelledPoints tested;

 private:
  static Eigen::MatrixXf rows(const Digits& d, int n) {
    n = std::min(n, static_cast<int>(d.n()));
    Eigen::MatrixXf x(n, 784);
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < 784; ++k) x(i, k) = static_cast<float>(d.pixels[static_cast<std::size_t>(i) * 784 + static_cast<std::size_t>(k)]) / 255.0F;
    }
    return x;
  }
  std::vector<float> seen(const Eigen::MatrixXf& x, double deviation) const {
    const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> z = (x.rowwise() - mean_) * basis_;
    std::vector<float> v(z.data(), z.data() + z.size());
    for (std::size_t i = 0; deviation > 0.0 && i < v.size(); ++i) v[i] += static_cast<float>(deviation * erg::random::normal<double>(erg::random::Key(seed_ + 100), i, 0));
    return v;
  }
  static LabelledPoints columns_of_rows(const std::vector<float>& v) {
    LabelledPoints p;
    p.n = static_cast<int>(v.size()) / dim;
    p.columns.resize(v.size());
    for (int i = 0; i < p.n; ++i) {
      for (int d = 0; d < dim; ++d) p.columns[static_cast<std::size_t>(d * p.n + i)] = v[static_cast<std::size_t>(i * dim + d)];
    }
    return p;
  }
  /// Up to 12 degrees, 12 %, a shear of .15 and 1.5 pixels.
  template <class Row>
  void bend(Row row) {
    const auto within = [&](double most) { return most * (2.0 * erg::random::uniform<double>(erg::random::Key(seed_ + 200), count_++, 0) - 1.0); };
    const double angle = within(0.21), scale = 1.0 + within(0.12), shear = within(0.15), dx = within(1.5), dy = within(1.5);
    const double c = std::cos(angle) / scale, s = std::sin(angle) / scale;
    std::vector<float> x(784);
    for (int k = 0; k < 784; ++k) x[static_cast<std::size_t>(k)] = row(k);
    erg::train::detail::resample(std::span<float>(x), erg::nn::Shape(1, 28, 28), true, [&](int i, int j, double& y, double& u) {
      const double a = i - 13.5, b = j - 13.5;
      u = c * b + (s + shear) * a + 13.5 + dx, y = -s * b + c * a + 13.5 + dy;
    });
    for (int k = 0; k < 784; ++k) row(k) = x[static_cast<std::size_t>(k)];
  }

  std::uint64_t seed_, count_ = 0;
  Eigen::RowVectorXf mean_;
  Eigen::MatrixXf basis_, pixels_;
};

/// How a classifier energy does.
struct LabelRow {
  std::string name;
  erg::Calibration calibration;
  double cross_entropy = 0.0, seconds = 0.0;
  std::vector<double> by_energy, by_confidence;   ///< areas under the curves, of each kind of other images
  std::vector<double> at, accuracy;               ///< after which steps
};

struct LabelStudy {
  long n_steps = 3000;
  int batch = 128;
  std::uint64_t seed = 1;
  int n_threads = 1;
};

/// Trains with the given negatives, objective and teacher, and looks at the end.
template <class Negatives, class Objective, class Teacher>
LabelRow train_labels(std::string name, const FewLabels& task, const std::vector<LabelledPoints>& others, const LabelStudy& p, Negatives negatives, Objective objective, Teacher teacher) {
  namespace train = erg::train;
  using erg::nn::LeakyReLU;
  LabelRow row;
  row.name = std::move(name);
  const auto begin = std::chrono::steady_clock::now();
  train::Trainer t(erg::nn::ClassifierEnergy(erg::nn::mlp<LeakyReLU>(FewLabels::dim, 300, 300, 10), erg::random::Key(p.seed)), train::Data<float>(task.all, FewLabels::dim),
                   std::move(negatives), std::move(objective),
                   train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 1e-3, .beta1 = 0.5, .beta2 = 0.9}}, erg::nn::CosineRate(p.n_steps, 0.02)), std::move(teacher),
                   {.batch = p.batch, .seed = p.seed, .n_threads = p.n_threads});
  std::vector<float> probabilities(static_cast<std::size_t>(task.tested.n) * 10);
  const erg::BlockView<float> at{probabilities.data(), task.tested.n, 10, task.tested.n};
  for (int i = 1; i <= 10; ++i) {
    t.run(p.n_steps / 10);
    t.energy().probabilities(task.tested.view(), at);
    row.calibration = erg::calibration([&](int c, int k) { return at(c, k); }, 10, task.tested.labels, 15);
    row.at.push_back(static_cast<double>(t.step())), row.accuracy.push_back(100.0 * row.calibration.accuracy);
    std::fprintf(stderr, "%s, step %ld: %.2f %%\n", row.name.c_str(), static_cast<long>(t.step()), row.accuracy.back());
  }
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (int c = 0; c < task.tested.n; ++c) row.cross_entropy -= std::log(std::max(1e-30, static_cast<double>(at(c, task.tested.labels[static_cast<std::size_t>(c)])))) / task.tested.n;
  const auto scores = [&](const LabelledPoints& x, bool by_energy) {
    std::vector<float> u(static_cast<std::size_t>(x.n)), q(static_cast<std::size_t>(x.n) * 10);
    std::vector<double> s;
    t.energy().value(x.view(), u);
    t.energy().probabilities(x.view(), {q.data(), x.n, 10, x.n});
    for (int c = 0; c < x.n; ++c) {
      double most = 0.0;
      for (int k = 0; k < 10; ++k) most = std::max(most, static_cast<double>(q[static_cast<std::size_t>(k * x.n + c)]));
      s.push_back(by_energy ? -static_cast<double>(u[static_cast<std::size_t>(c)]) : most);
    }
    return s;
  };
  for (const auto& other : others) {
    row.by_energy.push_back(erg::diag::auroc(scores(task.tested, true), scores(other, true), {.n_resamples = 20}).value);
    row.by_confidence.push_back(erg::diag::auroc(scores(task.tested, false), scores(other, false), {.n_resamples = 20}).value);
  }
  return row;
}

/// The experiment. Returns whether the joint model gained on the labels alone.
inline bool few_labels(bool quick, const std::string& path) {
  namespace train = erg::train;
  namespace generator = erg::generator;
  const auto digits = load_mnist(), test = load_digits("mnist", "t10k");
  if (!digits || !test) return true;
  const auto letters = load_digits("notmnist", "t10k");
  const int n_seeds = quick ? 1 : 3, dim = FewLabels::dim;
  LabelStudy p{.n_steps = quick ? 250 : 3000, .n_threads = quick ? 1 : 2};
  std::vector<std::string> kinds{"letters", "blurred", "flat", "noise"};
  std::vector<std::vector<double>> accuracies;
  std::vector<LabelRow> first;
  for (int seed = 1; seed <= n_seeds; ++seed) {
    p.seed = static_cast<std::uint64_t>(seed);
    const FewLabels task(*digits, *test, p.seed, quick);
    std::vector<LabelledPoints> others;
    if (letters) others.push_back(task.letters(*letters));
    if (!letters && seed == 1) kinds.erase(kinds.begin());
    others.push_back(task.blurred()), others.push_back(task.flat()), others.push_back(task.noise());

    std::size_t index = 0;
    const auto add = [&](LabelRow row) {
      if (seed == 1) accuracies.emplace_back(), first.push_back(row);
      accuracies[index++].push_back(100.0 * row.calibration.accuracy);
    };
    // [few labels]
    const generator::Generator g(erg::nn::mlp<erg::nn::SiLU>(32, 200, 200, dim), {.start = 0.2, .least = 0.01, .most = 0.3}, erg::random::Key(p.seed + 10));
    const generator::ImportanceScore<float> score({.n_samples = 5});
    const train::GeneratorTeacher teacher(g, score, {.lambda = 1e-2, .learning_rate = 6e-4}, erg::nn::CosineRate(p.n_steps, 0.02));
    const auto draws = train::draws(g, p.batch);
    const auto labels = [&](double weight) { return train::CrossEntropy<float>(train::Data<float>(task.labelled, dim), task.labels, 100, weight); };
    const auto smooth = [](double weight) { return train::VirtualAdversarial({.weight = weight, .reach = 1.0}); };
    add(train_labels("labels alone", task, others, p, train::NoNegatives{}, train::Terms{labels(1.0), train::ConditionalEntropy{0.0}, smooth(0.0)}, train::NoTeacher{}));
    add(train_labels("JEM + VERA", task, others, p, draws, train::Terms{train::Contrastive{.energy_l2 = 0.1}, train::GradientPenalty{.weight = 1.0}, labels(100.0), train::ConditionalEntropy{5.0}, smooth(0.0)},
                     teacher));
    add(train_labels("JEM + VERA + VAT", task, others, p, draws, 
                     train::Terms{train::Contrastive{}, train::GradientPenalty{.weight = 0.1}, labels(100.0), train::ConditionalEntropy{5.0}, smooth(100.0)}, teacher));
    // [few labels]
    add(train_labels("VAT", task, others, p, train::NoNegatives{}, train::Terms{labels(1.0), train::ConditionalEntropy{0.05}, smooth(1.0)}, train::NoTeacher{}));
    if (seed > 1) continue;
    // JEM with chains, at both temperatures: rate and noise of the program, and rate = noise^2 / 2.
    const auto jem = [&](const char* name, double rate, double noise) {
      add(train_labels(name, task, others, p,
                       train::chains(erg::Simd<>{}, erg::NoisyDescent<>({.step_size = rate, .noise = noise}),
                                     train::Replay{train::Noise::uniform(-1.0, 1.0), {.capacity = 10000, .restart = 0.05}}, {.n_chains = p.batch, .n_steps = 20}),
                       train::Terms{train::Contrastive{.energy_l2 = 0.1}, labels(100.0), train::ConditionalEntropy{5.0}, smooth(0.0)}, train::NoTeacher{}));
    };
    jem("JEM, T = 5e-5", 1.0, 0.01);
    jem("JEM, T = 1", 5e-5, 0.01);
  }

  std::printf("100 labels of %s; %d steps of %d points\n  %-20s %10s %8s %8s %8s", quick ? "12000 digits" : "60000 digits", static_cast<int>(p.n_steps), p.batch, "", "accuracy", "sd", "ECE", "nats");
  for (const auto& k : kinds) std::printf(" %17s", (k + ": -U, max p").c_str());
  std::printf(" %8s\n", "s");
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto& a = accuracies[i];
    double mean = 0.0, square = 0.0;
    for (const double v : a) mean += v / static_cast<double>(a.size());
    for (const double v : a) square += (v - mean) * (v - mean);
    std::printf("  %-20s %9.2f%% %8.2f %8.3f %8.3f", first[i].name.c_str(), mean, a.size() > 1 ? std::sqrt(square / static_cast<double>(a.size() - 1)) : 0.0, first[i].calibration.error,
                first[i].cross_entropy);
    for (std::size_t k = 0; k < kinds.size(); ++k) std::printf("        %.3f %.3f", first[i].by_energy[k], first[i].by_confidence[k]);
    std::printf(" %8.1f\n", first[i].seconds);
  }
  Picture picture(path, 1, 2, 1150, 480);
  const std::vector<std::string> colours{grey, blue, green, pink, orange, "#E69F00"};
  std::string lines, bins = "plot [0:1][0:1] x with lines lc rgb '#c0c0c0' notitle";
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string id = std::to_string(i);
    picture.data("a" + id, {first[i].at, first[i].accuracy});
    lines += std::string(i == 0 ? "plot [0:*][50:100] " : ", ") + "$a" + id + " using 1:2 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '" + colours[i] + "' title '" + first[i].name + "'";
    if (i > 2) continue;
    Columns c(2);
    for (const auto& b : first[i].calibration.bins) {
      if (b.n >= 20) c[0].push_back(b.confidence), c[1].push_back(b.accuracy);
    }
    if (c[0].empty()) continue;
    picture.data("b" + id, c);
    bins += ", $b" + id + " using 1:2 with linespoints pt 7 ps 0.8 lw 1.5 lc rgb '" + colours[i] + "' title '" + first[i].name + "'";
  }
  picture.axes("test accuracy", "step", "per cent") << "set key bottom right; " + lines;
  picture.axes("calibration", "confidence", "accuracy") << "set key top left; " + bins;
  picture.write();
  return accuracies[2][0] > accuracies[0][0];
}

}  // namespace example
