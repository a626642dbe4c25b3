// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/optimizer.hpp"
#include "erg/run/checkpoint.hpp"
#include "erg/run/control.hpp"
#include "erg/train/chains.hpp"
#include "erg/train/objective.hpp"
#include "erg/train/scheduled.hpp"
#include "erg/train/teacher.hpp"

#include <typeinfo>

namespace erg::train {

/// When the amortiser has fallen behind the model: rounds in which only it learns, until chains accept its proposals again.
struct CatchUp {
  double min_accept = 0.0;   ///< of the global kernel; 0: never
  int patience = 5;          ///< steps in a row below it before the energy stands still
  int most = 50;             ///< rounds at most
};

struct TrainerParams {
  int batch = 256;            ///< data points a step
  double clip = 0.0;          ///< longest gradient; 0: as it is
  double largest_gap = 1e6;   ///< |E_data[U] - E_model[U]| beyond which training has diverged
  CatchUp catch_up{};
  double average = 0.0;       ///< in [0, 1): weight of the past in a running average of the parameters; 0: none is kept
  std::uint64_t seed = 1;
  int n_threads = 1;          ///< for gradients by the parameters; the same result for any number
};

/// The training loop of every method: what differs are the parts.
///
///   train::Trainer trainer(energy, data, train::chains(Simd<>{}, Ula{{.step_size = 0.02}}, train::Persistent{train::Noise::gaussian()}),
///                          train::Contrastive{}, nn::Adam<float>{}, train::NoTeacher{}, {.batch = 256});
///   trainer.run(2000, train::Table{});
///   trainer.energy();                                    trained
///
/// A step: a batch of data; negatives start and are moved by their kernel under the present parameters; gradient of the objective;
/// optimizer; the teacher learns from the negatives, and its new snapshot goes to kernels and starts.
/// Ensures   the same bits for any number of threads; a training that was saved and loaded goes on as if it had never stopped
/// Errors    TrainingError where a number stops being finite or the energies part beyond largest_gap: nothing is substituted, the energy
///           has the parameters of the last good step and the last checkpoint stands
/// Requires  E: Trainable; chains of negatives hold E by reference, so a Trainer is not copied or moved
template <class E, class T, class Negatives, class Objective, class Optimizer, class Teacher>
class Trainer {
  static_assert(Trainable<E, T>, "erg: this energy cannot be trained. It needs n_parameters(), update(f), restore(theta), copy_parameters(to) or "
                                 "parameters().flat(), and add_parameter_gradient(x, w, to, u); see erg/train/concepts.hpp.");
  using Bank = decltype(std::declval<Negatives>().template bind<T>(std::declval<const E&>(), std::uint64_t{}));
  static_assert(Bank::has_chains || !Objective::needs_negatives, "erg: this objective needs negatives: give train::chains(...).");
  static constexpr bool looks_back = requires(const Objective& o) { o.n_recorded(); };
  static constexpr bool watches_path = !looks_back && requires(const Objective& o, random::Key key, Bank& b) { o.wants_path(key), b.keep_path(true); };
  static_assert(requires(Bank& b) { b.trail(); } || !looks_back,
                "erg: this objective looks through the last steps of the chains, which must be plain Langevin steps: give Ula or NoisyDescent as "
                "the kernel, and augmentations to the replay buffer.");

 public:
  Trainer(E energy, Data<T> data, Negatives negatives, Objective objective = {}, Optimizer optimizer = Optimizer{}, Teacher teacher = Teacher{},
          TrainerParams params = {})
      : params_((validate(params), params)), energy_(std::move(energy)), data_(std::move(data)), objective_(std::move(objective)),
        optimizer_(std::move(optimizer)), teacher_(std::move(teacher)), bank_(std::move(negatives).template bind<T>(energy_, params.seed)),
        pieces_(params.n_threads), average_(params.average), key_(params.seed), batch_values_(static_cast<std::size_t>(params.batch) * static_cast<std::size_t>(data_.dim())) {
    if (data_.dim() != dim_of(energy_)) {
      throw std::invalid_argument("data of dim = " + std::to_string(data_.dim()) + " (the energy has dim = " + std::to_string(dim_of(energy_)) +
                                  ") give an energy of the data's space");
    }
    if constexpr (looks_back) bank_.record(objective_.n_recorded(), objective_.n_references());
  }
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  const E& energy() const { return energy_; }
  /// The energy with the running average of its parameters, where there is one; what a layer keeps beside them stays as it is.
  E averaged() const {
    E e = energy_;
    if (params_.average > 0.0 && !average_.average().empty()) {
      e.update([&](std::span<T> theta) { std::copy(average_.average().begin(), average_.average().end(), theta.begin()); });
    }
    return e;
  }
  const Data<T>& data() const { return data_; }
  Teacher& teacher() { return teacher_; }
  Bank& negatives() { return bank_; }
  Optimizer& optimizer() { return optimizer_; }
  /// Steps done.
  std::int64_t step() const { return step_; }
  const StepReport& report() const { return report_; }

  /// One step.
  const StepReport& advance() {
    const random::Key key = key_.at(static_cast<std::uint64_t>(step_));
    const StepBatch<T> start{next_batch(), {}, key};
    if (!has_begun_) {
      teacher_.renew(energy_, bank_);
      bank_.begin(start.data, key.purpose(random::Purpose::start));
      has_begun_ = true;
    }
    report_ = StepReport{};
    report_.step = step_;
    if constexpr (watches_path) bank_.keep_path(objective_.wants_path(key));
    bank_.draw(start.data, key.purpose(random::Purpose::start), report_);
    const random::Key drawn = catch_up(start);
    StepBatch<T> batch = with_negatives(start);
    batch.key = drawn;
    require_finite_negatives(batch);

    gradient_.assign(static_cast<std::size_t>(energy_.n_parameters()), T(0));
    objective_.add_gradient(energy_, batch, std::span<T>(gradient_), pieces_, report_);
    require_sound();
    report_.gradient_norm = params_.clip > 0.0 ? nn::clip_norm(std::span<T>(gradient_), params_.clip) : nn::norm(std::span<const T>(gradient_));
    if (!std::isfinite(report_.gradient_norm)) diverged("the gradient is not finite");
    good_.resize(gradient_.size());
    erg::detail::copy_parameters<T>(energy_, std::span<T>(good_));
    if (params_.average > 0.0 && average_.average().empty()) average_.update(std::span<const T>(good_));
    energy_.update([&](std::span<T> theta) { optimizer_.step(theta, std::span<const T>(gradient_)); });

    if (params_.average > 0.0) {
      now_.resize(gradient_.size());
      erg::detail::copy_parameters<T>(energy_, std::span<T>(now_));
      average_.update(std::span<const T>(now_));
    }

    try {
      teacher_.learn(energy_, batch, pieces_, report_);
    } catch (const TrainingError&) {
      energy_.restore(good_);
      throw;
    }
    teacher_.renew(energy_, bank_);
    ++step_;
    return report_;
  }

  /// n steps; on_step(report) after each may return Control::stop. Returns the last report.
  template <class F>
  const StepReport& run(std::int64_t n, F&& on_step) {
    advance_by(n, on_step);
    return report_;
  }
  const StepReport& run(std::int64_t n) {
    return run(n, [](const StepReport&) {});
  }
  /// Up to step n in all, with a checkpoint: goes on from the file where it is there, and writes it every so many steps and at the end.
  template <class F>
  const StepReport& run(std::int64_t n, const Checkpoint& checkpoint, F&& on_step) {
    erg::detail::require_positive("every", static_cast<double>(checkpoint.every));
    if (erg::detail::file_exists(checkpoint.path)) {
      load(checkpoint.path);
    } else {
      save(checkpoint.path);
    }
    for (bool goes_on = true; goes_on && step_ < n;) {
      goes_on = advance_by(std::min<std::int64_t>(n, (step_ / checkpoint.every + 1) * checkpoint.every) - step_, on_step);
      save(checkpoint.path);
    }
    return report_;
  }

  /// Everything the rest of the training depends on, as one file; all or nothing.
  [[gnu::cold]] void save(const std::string& path) {
    io::Writer w;
    w.put_string(identity());
    w.put(step_), w.put(has_begun_), w.put(n_below_);
    std::vector<T> theta(static_cast<std::size_t>(energy_.n_parameters()));
    erg::detail::copy_parameters<T>(energy_, std::span<T>(theta));
    w.put_vector(theta);
    w.put_vector(good_);
    optimizer_.save(w);
    average_.save(w);
    teacher_.save(w);
    bank_.save(w);
    w.commit(path);
  }
  [[gnu::cold]] void load(const std::string& path) {
    io::Reader r(path);
    if (const std::string theirs = r.get_string(); theirs != identity()) {
      r.fail("belongs to another training (it is of " + theirs + "; this is of " + identity() + ")");
    }
    r.get(step_), r.get(has_begun_), r.get(n_below_);
    std::vector<T> theta;
    r.get_vector(theta);
    energy_.restore(theta);
    r.get_vector(good_);
    optimizer_.load(r);
    average_.load(r);
    teacher_.load(r);
    if (has_begun_) teacher_.renew(energy_, bank_);
    bank_.load(r);
  }

 private:
  static constexpr int streams_of_round = 64;  // random numbers of their own for each round of catching up: below those that teachers call their own

  /// Whether on_step let all n be made.
  template <class F>
  bool advance_by(std::int64_t n, F&& on_step) {
    for (std::int64_t i = 0; i < n; ++i) {
      advance();
      if (erg::detail::control_of(on_step, report_) == Control::stop) return false;
    }
    return true;
  }
  static void validate(const TrainerParams& p) {
    erg::detail::require_count("batch", p.batch);
    erg::detail::require_not_negative("clip", p.clip);
    erg::detail::require_positive("largest_gap", p.largest_gap);
    erg::detail::require_count("n_threads", p.n_threads);
    erg::detail::require_fraction("average", p.average);
    erg::detail::require_count("patience", p.catch_up.patience);
    erg::detail::require_count("most", p.catch_up.most);
    if (p.catch_up.most > 128) {
      erg::detail::reject("most", p.catch_up.most, "must be <= 128, the rounds that have random numbers of their own");
    }
  }
  std::string identity() const {
    const auto text = [](auto v) { return std::to_string(v); };
    return std::string(typeid(E).name()) + ", " + text(energy_.n_parameters()) + " parameters; " + text(data_.n()) + " x " + text(data_.dim()) +
           " data of checksum " +
           text(io::checksum(reinterpret_cast<const char*>(data_.values().data()), data_.values().size() * sizeof(T))) + "; batch " +
           text(params_.batch) + ", seed " + text(params_.seed) + ", clip " + text(params_.clip) + "; negatives: " + bank_.text() + "; " +
           typeid(Objective).name() + ", " + typeid(Optimizer).name() + ", " + typeid(Teacher).name();
  }
  BlockView<const T> next_batch() {
    const BlockView<T> to{batch_values_.data(), params_.batch, data_.dim(), params_.batch};
    data_.batch(key_, static_cast<std::uint64_t>(step_), to);
    return BlockView<const T>(to);
  }
  StepBatch<T> with_negatives(StepBatch<T> batch) {
    if constexpr (Bank::has_chains) {
      batch.negatives = bank_.positions();
      if constexpr (requires { bank_.starts(); }) batch.starts = bank_.starts();
      if constexpr (requires { objective_.wants_noise(batch.key), bank_.noise(); }) {
        if (objective_.wants_noise(batch.key)) batch.noise = bank_.noise();
      }
    }
    if constexpr (watches_path) batch.path = bank_.path();
    if constexpr (looks_back) batch.trail = bank_.trail(), batch.references = bank_.references();
    return batch;
  }
  /// Returns the key that the present negatives were drawn with: teachers find the latents of their starts by it.
  random::Key catch_up(const StepBatch<T>& start) {
    random::Key drawn = start.key;
    if constexpr (Bank::has_chains) {
      const CatchUp& c = params_.catch_up;
      if (!(c.min_accept > 0.0) || !(report_.accept_global < c.min_accept)) {
        n_below_ = 0;
        return drawn;
      }
      if (++n_below_ < c.patience) return drawn;
      while (report_.accept_global < c.min_accept && report_.n_catch_up < c.most) {
        StepReport round = report_;
        StepBatch<T> batch = with_negatives(start);
        batch.key = drawn;
        teacher_.learn(energy_, batch, pieces_, round);
        teacher_.renew(energy_, bank_);
        drawn = start.key.stream((1 + report_.n_catch_up) * streams_of_round);
        bank_.draw(start.data, drawn.purpose(random::Purpose::start), round);
        round.n_catch_up = report_.n_catch_up + 1;
        report_ = round;
      }
      if (report_.accept_global >= c.min_accept) n_below_ = 0;
    }
    return drawn;
  }

  void require_finite_negatives(const StepBatch<T>& batch) {
    if constexpr (Bank::has_chains) {
      for (int d = 0; d < batch.negatives.dim; ++d) {
        for (int c = 0; c < batch.negatives.n_chains; ++c) {
          if (std::isfinite(batch.negatives(c, d))) continue;
          diverged("coordinate " + std::to_string(d) + " of negative " + std::to_string(c) + " is " +
                   erg::detail::number_text(static_cast<double>(batch.negatives(c, d))));
        }
      }
    }
  }
  void require_sound() {
    const auto bad = [](double v, double limit) { return v == v && !(std::fabs(v) <= limit); };
    if (bad(report_.data_energy, 1e300) || bad(report_.objective, 1e300)) diverged("the mean energy of the data is infinite");
    if (Objective::needs_negatives && !(std::fabs(report_.gap()) <= params_.largest_gap)) {
      diverged("the mean energies of data and negatives are " + erg::detail::number_text(report_.data_energy) + " and " +
               erg::detail::number_text(report_.model_energy));
    }
    if (!Objective::needs_negatives && report_.objective != report_.objective) diverged("the objective is not a number");
  }
  [[noreturn, gnu::cold]] void diverged(const std::string& what) {
    if (!good_.empty()) energy_.restore(good_);
    throw TrainingError("training diverged in step " + std::to_string(step_) + ": " + what +
                            " (the energy has the parameters of the step before) lower the learning rate or the kernel's step size, clip "
                            "gradients, or confine the energy",
                        step_);
  }

  TrainerParams params_;
  E energy_;
  Data<T> data_;
  Objective objective_;
  Optimizer optimizer_;
  Teacher teacher_;
  Bank bank_;
  Pieces<T> pieces_;
  nn::Ema<T> average_;
  random::Key key_;
  std::vector<T> batch_values_, gradient_, good_, now_;
  StepReport report_;
  std::int64_t step_ = 0;
  bool has_begun_ = false;
  int n_below_ = 0;
};

template <class E, class T, class Negatives, class Objective = Contrastive, class Optimizer = nn::Adam<T>, class Teacher = NoTeacher>
Trainer(E, Data<T>, Negatives, Objective = {}, Optimizer = Optimizer{}, Teacher = Teacher{}, TrainerParams = {})
    -> Trainer<E, T, Negatives, Objective, Optimizer, Teacher>;

}  // namespace erg::train
