// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/adapt/adaptor.hpp"
#include "erg/io/archive.hpp"
#include "erg/run/engine.hpp"
#include "erg/run/sink.hpp"

#include <limits>
#include <typeinfo>

namespace erg {

/// The chains of a run and what moves them: what `run` is made of, for programs that want the steps in their own hands.
///
///   Sampler<float, Simd<>, Mala<>, Ring> sampler(exec, kernel, energy, plan);
///   sampler.start();                                             places the chains and evaluates energies: before anything else
///   sampler.warm_up(plan.n_warmup, [](int done, int of) {});     adapts, then freezes the parameters: sampler.kernel() is the tuned kernel
///   sampler.sample(plan.n_draws, true, on_draw);                 that many draws, on_draw(const Draw<float>&) returns a Control
///
/// The energy is not copied: it has to live as long as the sampler.
/// Everything a resumed run needs is positions, what kernels carry, parameters and a step counter: see save and load.
template <class T, ExecPolicy Exec, class Kernel, class E>
class Sampler {
 public:
  [[gnu::cold]] Sampler(const Exec& exec, Kernel kernel, const E& energy, const Plan& plan)
      : plan_(plan), kernel_(std::move(kernel)), engine_((plan.validate(dim_of(energy)), exec), energy, plan.n_chains), key_(plan.seed) {
    for_each_part(kernel_, [&](auto& part) {
      if constexpr (requires { part.validate(); }) part.validate();
      if constexpr (requires { prepare_metric(part.metric, 1); }) prepare_metric(part.metric, dim_of(energy));
      if constexpr (requires { part.prepare(1); }) part.prepare(dim_of(energy));
      adaptors_.emplace_back(part, dim_of(energy), plan.n_warmup, plan.step_size_rule == StepSizeRule::robbins_monro);
    });
    engine_.use(kernel_);
  }

  Sampler(const Exec&, Kernel, const E&&, const Plan&) = delete;  // the energy would be gone before the first step

  Sampler(const Sampler&) = delete;  // the engine's view of the kernel points into it
  Sampler& operator=(const Sampler&) = delete;

  const Kernel& kernel() const { return kernel_; }
  /// The chains as they are now, to read.
  Ensemble<T>& chains() { return engine_.chains(); }
  /// What a run record says of where and how the chains run.
  std::string place_name() const { return engine_.place_name(); }
  bool contracts() { return engine_.contracts(); }
  /// Steps done since the start, warm-up included.
  std::uint64_t step() const { return step_; }
  int n_drawn() const {
    const auto w = static_cast<std::uint64_t>(plan_.n_warmup);
    return step_ <= w ? 0 : static_cast<int>((step_ - w) / static_cast<std::uint64_t>(plan_.thin));
  }

  /// Puts the chains at their start. Throws std::invalid_argument where an energy there is not finite.
  [[gnu::cold]] void start() {
    engine_.place(plan_, key_.purpose(random::Purpose::start));
    engine_.initialise(key_);
    Ensemble<T>& x = engine_.chains();
    for (int c = 0; c < plan_.n_chains; ++c) {
      if (std::isfinite(x.energy()[c])) continue;
      throw std::invalid_argument("the energy of chain " + std::to_string(c) +
                                  " is not finite at its start (no step could be judged against it) set Plan::start to points inside the "
                                  "support, or check the energy there");
    }
  }

  /// For chains whose energy or positions were changed from outside: energies and gradients belong to the positions again, and what
  /// kernels carry starts anew.
  void refresh() { engine_.initialise(key_.at(step_)); }
  /// f(kernel) changes the kernel between steps.
  template <class F>
  void change_kernel(F&& f) {
    f(kernel_);
    engine_.use(kernel_);
  }

  /// Checksum of the real chains' positions and energies.
  [[gnu::cold]] std::uint64_t fingerprint() {
    Ensemble<T>& x = engine_.chains();
    std::uint64_t sum = 0;
    const auto add = [&](const T* column) {
      sum = sum * 31 + io::checksum(reinterpret_cast<const char*>(column), sizeof(T) * static_cast<std::size_t>(plan_.n_chains));
    };
    for (int d = 0; d < x.dim(); ++d) add(x.position(d));
    add(x.energy());
    return sum;
  }

  /// Warm-up steps from where the sampler is, at most n of them; on_step(done, n_warmup) after each launch.
  template <class F>
  void warm_up(int n, F&& on_step) {
    const int last = std::min(plan_.n_warmup, static_cast<int>(step_) + n);
    const bool adapts = plan_.adapt && tunes_any();
    while (static_cast<int>(step_) < last) {
      const int i = static_cast<int>(step_);
      const int launch = adapts ? 1 : std::min(last - i, max_launch);
      engine_.advance({key_.at(step_), launch}, false);
      step_ += static_cast<std::uint64_t>(launch);
      if (adapts) adapt(i);
      on_step(static_cast<int>(step_), plan_.n_warmup);
    }
    if (adapts && static_cast<int>(step_) == plan_.n_warmup && last > 0) freeze();
  }

  /// n draws, thin steps apart; f(draw) for each unless `with_draws` is false. f may return Control::stop. Returns the draws done.
  template <class F>
  int sample(int n, bool with_draws, F&& f) {
    return sample_batches(n, with_draws ? DrawsGo::to_host : DrawsGo::nowhere, [&](const detail::DrawBuffer<T>& draws, int first, int size) {
      for (int i = 0; i < size; ++i) {
        if (with_draws && f(view_of_draw(draws, first + i, i)) == Control::stop) return Taken{i + 1, Control::stop};
      }
      return Taken{size, Control::proceed};
    });
  }
  /// How many draws of a batch were taken, and whether there shall be more.
  struct Taken {
    int n;
    Control control;
  };
  /// The same where draws stay on the device: f(draws, index of the first, number) returns a Taken.
  template <class F>
  int sample_away(int n, F&& f) {
    return sample_batches(n, DrawsGo::nowhere_else, f);
  }
  auto& engine() { return engine_; }
  /// Room for draws that stay where they are made, or go to the host; returns how many are made at once.
  int reserve_draws(bool for_host) { return engine_.reserve_draws(max_launch, for_host); }

  /// Adds what the sampler counted to a report.
  [[gnu::cold]] void report(RunReport& r) {
    const auto& ledger = engine_.ledger();
    const detail::ChainTotals& totals = engine_.totals();
    const auto of_chains = [&](const auto& v) { return std::vector<std::int64_t>(v.begin(), v.begin() + plan_.n_chains); };
    r.divergences = of_chains(totals.divergent);
    r.non_finite = of_chains(totals.non_finite);
    r.gradient_evals = ledger.gradients_total * plan_.n_chains;
    r.n_workers = engine_.n_workers();
    double accept = 0.0, transitions = 0.0;
    int p = 0;
    for_each_part(kernel_, [&](const auto& part) {
      PartReport pr;
      const double n = ledger.transitions_total[p], a = ledger.accept_total[p];
      pr.name = kernel_name(part);
      pr.n_transitions = n;
      pr.mean_accept = n > 0.0 ? a / (n * plan_.n_chains) : 0.0;
      if constexpr (requires { part.params.step_size; }) pr.step_size = part.params.step_size;
      accept += a;
      transitions += n;
      r.parts.push_back(pr);
      ++p;
    });
    r.mean_accept = transitions > 0.0 ? accept / (transitions * plan_.n_chains) : 0.0;
    for (int c = 0; c < plan_.n_chains; ++c) {
      if (transitions > 0.0 && totals.moved[static_cast<std::size_t>(c)] == 0) r.stuck_chains.push_back(c);
    }
  }

  /// Everything that the rest of the run depends on: the same bytes wherever the chains ran.
  [[gnu::cold]] void save(io::Writer& w) {
    w.put(step_);
    w.put(engine_.ledger());
    const detail::ChainTotals& totals = engine_.totals();
    const auto put = [&](const auto* of_chains) { w.put_bytes(of_chains, sizeof *of_chains * static_cast<std::size_t>(plan_.n_chains)); };
    put(totals.moved.data()), put(totals.divergent.data()), put(totals.non_finite.data());
    for (auto& a : adaptors_) a.fields([&](auto& v) { w.put(v); });
    Ensemble<T>& x = engine_.chains();
    for (int c = 0; c < x.n_columns(); ++c) put(x.data() + c * x.stride());
    for_each_part(kernel_, [&](auto& part) { save_part(w, part); });
  }
  [[gnu::cold]] void load(io::Reader& r) {
    r.get(step_);
    detail::Ledger<engine_type::parts> ledger;
    detail::ChainTotals totals(engine_.chains().stride());
    const auto get = [&](auto* of_chains) { r.get_bytes(of_chains, sizeof *of_chains * static_cast<std::size_t>(plan_.n_chains)); };
    r.get(ledger);
    get(totals.moved.data()), get(totals.divergent.data()), get(totals.non_finite.data());
    engine_.set_ledger(ledger);
    engine_.set_totals(std::move(totals));
    for (auto& a : adaptors_) a.fields([&](auto& v) { r.get(v); });
    Ensemble<T>& x = engine_.chains();
    for (int c = 0; c < x.n_columns(); ++c) {
      T* column = x.data() + c * x.stride();
      get(column);
      std::fill(column + plan_.n_chains, column + x.stride(), column[plan_.n_chains - 1]);  // padding chains stand with the last
    }
    engine_.chains_changed();
    for_each_part(kernel_, [&](auto& part) { load_part(r, part); });
    engine_.use(kernel_);
  }

 private:
  using engine_type = detail::engine_for<T, Exec, Kernel, E>;
  static constexpr int max_launch = 256;  // keeps sums of a launch exact enough in float, and sinks close behind the chains

  bool tunes_any() {
    bool any = false;
    for_each_part(kernel_, [&](auto& part) {
      using K = std::remove_cvref_t<decltype(part)>;
      any = any || adapt::tunes_step_size<K> || adapt::tunes_diagonal_metric<K> || adapt::tunes_dense_metric<K>;
    });
    return any;
  }
  void adapt(int i) {
    const auto& ledger = engine_.ledger();
    std::size_t p = 0;
    for_each_part(kernel_, [&](auto& part) {
      // pooled over chains in a fixed order, wherever they ran; NaN where the part did not move
      const double n = static_cast<double>(ledger.transitions[p]) * plan_.n_chains;
      const double accept = n > 0.0 ? ledger.accept[p] / n : std::numeric_limits<double>::quiet_NaN();
      adaptors_[p++].update(part, i, accept, [&](adapt::Welford& moments) { engine_.pool(moments); });
    });
    engine_.use(kernel_);
  }
  void freeze() {
    std::size_t p = 0;
    for_each_part(kernel_, [&](auto& part) { adaptors_[p++].finish(part); });
    engine_.use(kernel_);
  }
  enum class DrawsGo { nowhere, to_host, nowhere_else };
  template <class F>
  int sample_batches(int n, DrawsGo where, F&& f) {
    const bool records = where != DrawsGo::nowhere, sends = where == DrawsGo::to_host;
    const int at_once = records ? reserve_draws(sends) : std::max(1, max_launch / plan_.thin);
    const int ahead = sends ? engine_type::n_batches * at_once : at_once;
    const int before = n_drawn();
    int done = 0, launched = 0;
    while (done < n) {
      // Ahead of the batch that is looked at, others are under way where the engine can.
      while (launched < n && launched < done + ahead) {
        const int size = std::min(n - launched, at_once), batch = launched / at_once;
        launch_draws(size, records ? engine_.draws_of(batch) : detail::DrawBuffer<T>{});
        if (sends) engine_.send_draws(batch, size);
        launched += size;
      }
      const int size = std::min(n - done, at_once), batch = done / at_once;
      const Taken taken = f(sends ? engine_.wait_for_draws(batch) : records ? engine_.draws_of(batch) : detail::DrawBuffer<T>{}, before + done, size);
      done += taken.n;
      if (taken.control == Control::stop) return done;
    }
    return done;
  }
  void launch_draws(int n, detail::DrawBuffer<T> draws) {
    const auto origin = static_cast<std::uint64_t>(plan_.n_warmup);
    std::uint64_t steps = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(plan_.thin);
    const int before = n_drawn();
    while (steps > 0) {
      const int launch = static_cast<int>(std::min<std::uint64_t>(steps, max_launch));
      detail::DrawBuffer<T> here = draws;
      if (draws.data != nullptr) here.data = draws.draw(n_drawn() - before);
      engine_.advance({key_.at(step_), launch, here, origin, plan_.thin}, true);
      step_ += static_cast<std::uint64_t>(launch);
      steps -= static_cast<std::uint64_t>(launch);
    }
  }
  Draw<T> view_of_draw(const detail::DrawBuffer<T>& draws, int index, int slot) const {
    const T* p = draws.draw(slot);
    return {index, plan_.n_chains, draws.n_columns - 1, p, draws.stride, p + (draws.n_columns - 1) * draws.stride};
  }

  template <class K>
  static void save_part(io::Writer& w, K& part) {
    if constexpr (requires { part.params.step_size; }) w.put(part.params.step_size);
    if constexpr (adapt::tunes_diagonal_metric<K> || adapt::tunes_dense_metric<K>) w.put_vector(part.metric.inverse_mass());
  }
  template <class K>
  static void load_part(io::Reader& r, K& part) {
    if constexpr (requires { part.params.step_size; }) r.get(part.params.step_size);
    if constexpr (adapt::tunes_diagonal_metric<K> || adapt::tunes_dense_metric<K>) {
      std::vector<double> m;
      r.get_vector(m);
      if constexpr (adapt::tunes_dense_metric<K>) {
        part.metric.set_inverse_mass(m, static_cast<int>(std::lround(std::sqrt(static_cast<double>(m.size())))));
      } else {
        part.metric.set_inverse_mass(m);
      }
    }
  }

  Plan plan_;
  Kernel kernel_;
  engine_type engine_;
  random::Key key_;
  std::vector<adapt::PartAdaptor> adaptors_;
  std::uint64_t step_ = 0;
};

}  // namespace erg
