// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/adapt/adaptor.hpp"
#include "erg/io/archive.hpp"
#include "erg/run/engine.hpp"
#include "erg/run/sink.hpp"

#include <limits>
#include <optional>
#include <typeinfo>

namespace erg {

/// The chains of a run and what moves them: what `run` is made of, for programs that want the steps in their own hands.
///
///   Sampler<float, Simd<>, Mala<>, Ring> sampler(exec, kernel, energy, plan);
///   sampler.warm_up(no_hook);            adapts, then freezes the parameters: sampler.kernel() is the tuned kernel
///   sampler.sample(n, on_draw);          n draws
///
/// Everything a resumed run needs is positions, what kernels carry, parameters and a step counter: see save and load.
template <class T, ExecPolicy Exec, class Kernel, class E>
class Sampler {
 public:
  [[gnu::cold]] Sampler(const Exec& exec, Kernel kernel, const E& energy, const Plan& plan)
      : plan_(plan), kernel_(std::move(kernel)), engine_((plan.validate(dim_of(energy)), exec), energy, plan.n_chains),
        counts_(engine_type::parts, engine_.chains().stride()), key_(plan.seed) {
    for_each_part(kernel_, [&](auto& part) {
      if constexpr (requires { part.validate(); }) part.validate();
      if constexpr (requires { prepare_metric(part.metric, 1); }) prepare_metric(part.metric, dim_of(energy));
      if constexpr (requires { part.prepare(1); }) part.prepare(dim_of(energy));
      adaptors_.emplace_back(part, dim_of(energy), plan.n_warmup, plan.step_size_rule == StepSizeRule::robbins_monro);
    });
    counts_.clear();
    total_.divergences.assign(static_cast<std::size_t>(plan.n_chains), 0);
    total_.non_finite = total_.divergences;
    moved_.assign(static_cast<std::size_t>(plan.n_chains), 0);
    accept_.assign(static_cast<std::size_t>(engine_type::parts), 0.0);
    transitions_ = accept_;
    look_at_kernel();
  }

  Sampler(const Sampler&) = delete;  // its view of the kernel points into itself
  Sampler& operator=(const Sampler&) = delete;

  const Kernel& kernel() const { return kernel_; }
  Ensemble<T>& chains() { return engine_.chains(); }
  /// Steps done since the start, warm-up included.
  std::uint64_t step() const { return step_; }
  int n_drawn() const {
    const auto w = static_cast<std::uint64_t>(plan_.n_warmup);
    return step_ <= w ? 0 : static_cast<int>((step_ - w) / static_cast<std::uint64_t>(plan_.thin));
  }

  /// Puts the chains at their start. Throws std::invalid_argument where an energy there is not finite.
  [[gnu::cold]] void start() {
    Ensemble<T>& x = engine_.chains();
    engine_.place(plan_, key_.purpose(random::Purpose::start));
    engine_.initialise(*view_, key_);
    for (int c = 0; c < plan_.n_chains; ++c) {
      if (std::isfinite(x.energy()[c])) continue;
      throw std::invalid_argument("the energy of chain " + std::to_string(c) +
                                  " is not finite at its start (no step could be judged against it) set Plan::start to points inside the "
                                  "support, or check the energy there");
    }
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
      counts_.clear();
      engine_.advance(*view_, key_.at(step_), launch, counts_, {}, 0, 1);
      step_ += static_cast<std::uint64_t>(launch);
      gradients_ += counts_.gradients;
      if (adapts) adapt(i);
      on_step(static_cast<int>(step_), plan_.n_warmup);
    }
    if (adapts && static_cast<int>(step_) == plan_.n_warmup && last > 0) freeze();
  }

  /// n draws, thin steps apart; f(draw) for each unless `with_draws` is false. f may return Control::stop. Returns the draws done.
  template <class F>
  int sample(int n, bool with_draws, F&& f) {
    if (with_draws) reserve_draws();
    const int at_once = with_draws ? draws_at_once_ : std::max(1, max_launch / plan_.thin);
    int done = 0;
    while (done < n) {
      const int batch = std::min(n - done, at_once);
      launch_draws(batch, with_draws);
      for (int i = 0; i < batch; ++i) {
        ++done;
        if (with_draws && f(view_of_draw(n_drawn() - batch + i, i)) == Control::stop) return done;
      }
    }
    return done;
  }

  /// Adds what the sampler counted to a report.
  [[gnu::cold]] void report(RunReport& r) const {
    r.divergences = total_.divergences;
    r.non_finite = total_.non_finite;
    r.gradient_evals = gradients_ * plan_.n_chains;
    r.n_workers = engine_.n_workers();
    double accept = 0.0, transitions = 0.0;
    std::size_t p = 0;
    for_each_part(kernel_, [&](const auto& part) {
      PartReport pr;
      pr.name = kernel_name(part);
      pr.n_transitions = transitions_[p];
      pr.mean_accept = transitions_[p] > 0.0 ? accept_[p] / (transitions_[p] * plan_.n_chains) : 0.0;
      if constexpr (requires { part.params.step_size; }) pr.step_size = part.params.step_size;
      accept += accept_[p];
      transitions += transitions_[p];
      r.parts.push_back(pr);
      ++p;
    });
    r.mean_accept = transitions > 0.0 ? accept / (transitions * plan_.n_chains) : 0.0;
    for (int c = 0; c < plan_.n_chains; ++c) {
      if (transitions > 0.0 && moved_[static_cast<std::size_t>(c)] == 0) r.stuck_chains.push_back(c);
    }
  }

  /// Everything that the rest of the run depends on.
  [[gnu::cold]] void save(io::Writer& w) {
    w.put(step_);
    fields([&](auto& v) { w.put(v); }, [&](auto& v) { w.put_vector(v); });
    w.put_bytes(engine_.chains().data(), bytes_of_chains());
    for_each_part(kernel_, [&](auto& part) { save_part(w, part); });
  }
  [[gnu::cold]] void load(io::Reader& r) {
    r.get(step_);
    fields([&](auto& v) { r.get(v); }, [&](auto& v) { r.get_vector(v); });
    r.get_bytes(engine_.chains().data(), bytes_of_chains());
    for_each_part(kernel_, [&](auto& part) { load_part(r, part); });
    look_at_kernel();
  }

 private:
  using engine_type = detail::Engine<T, Exec, Kernel, E>;
  static constexpr int max_launch = 256;  // keeps sums of a launch exact enough in float, and sinks close behind the chains

  void look_at_kernel() { view_.emplace(kernel_view<T>(kernel_)); }
  bool tunes_any() {
    bool any = false;
    for_each_part(kernel_, [&](auto& part) {
      using K = std::remove_cvref_t<decltype(part)>;
      any = any || adapt::tunes_step_size<K> || adapt::tunes_diagonal_metric<K> || adapt::tunes_dense_metric<K>;
    });
    return any;
  }
  void adapt(int i) {
    Ensemble<T>& x = engine_.chains();
    std::size_t p = 0;
    for_each_part(kernel_, [&](auto& part) {
      adaptors_[p].update(part, i, mean_accept(p), plan_.n_chains, [&](int c, int d) { return x(c, d); });
      ++p;
    });
    look_at_kernel();
  }
  void freeze() {
    std::size_t p = 0;
    for_each_part(kernel_, [&](auto& part) { adaptors_[p++].finish(part); });
    look_at_kernel();
  }
  /// Pooled over chains in their order, whatever tile or thread they ran in. NaN where the part did not move.
  double mean_accept(std::size_t p) const {
    const double n = counts_.transitions[p] * plan_.n_chains;
    return n > 0.0 ? sum_accept(p) / n : std::numeric_limits<double>::quiet_NaN();
  }
  double sum_accept(std::size_t p) const {
    const double* a = counts_.accept.data() + static_cast<std::ptrdiff_t>(p) * stride();
    double sum = 0.0;
    for (int c = 0; c < plan_.n_chains; ++c) sum += a[c];
    return sum;
  }

  [[gnu::cold]] void reserve_draws() {
    if (draws_at_once_ > 0) return;
    Ensemble<T>& x = engine_.chains();
    columns_ = x.dim() + 1;
    const auto bytes = static_cast<std::size_t>(columns_) * static_cast<std::size_t>(x.stride()) * sizeof(T);
    draws_at_once_ = std::max(1, std::min(max_launch, static_cast<int>((std::size_t{1} << 22) / bytes)));
    draws_ = Ensemble<T>(x.n_chains(), (columns_ * draws_at_once_ + 1) / 2, 0);
  }
  void launch_draws(int n, bool with_draws) {
    const auto origin = static_cast<std::uint64_t>(plan_.n_warmup);
    std::uint64_t steps = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(plan_.thin);
    detail::DrawBuffer<T> buffer{with_draws ? draws_.data() : nullptr, stride(), columns_};
    int recorded = 0;
    while (steps > 0) {
      const int launch = static_cast<int>(std::min<std::uint64_t>(steps, max_launch));
      counts_.clear();
      detail::DrawBuffer<T> here = buffer;
      if (with_draws) here.data = buffer.draw(recorded);
      const int before = n_drawn();
      engine_.advance(*view_, key_.at(step_), launch, counts_, here, origin, plan_.thin);
      step_ += static_cast<std::uint64_t>(launch);
      steps -= static_cast<std::uint64_t>(launch);
      recorded += n_drawn() - before;
      add_counts();
    }
  }
  void add_counts() {
    gradients_ += counts_.gradients;
    for (std::size_t p = 0; p < accept_.size(); ++p) {
      accept_[p] += sum_accept(p);
      transitions_[p] += counts_.transitions[p];
      const unsigned char* moved = counts_.moved.data() + static_cast<std::ptrdiff_t>(p) * stride();
      for (std::size_t c = 0; c < moved_.size(); ++c) moved_[c] |= moved[c];
    }
    for (std::size_t c = 0; c < moved_.size(); ++c) {
      total_.divergences[c] += counts_.divergent[c];
      total_.non_finite[c] += counts_.non_finite[c];
    }
  }
  Draw<T> view_of_draw(int index, int slot) {
    const detail::DrawBuffer<T> buffer{draws_.data(), stride(), columns_};
    const T* p = buffer.draw(slot);
    return {index, plan_.n_chains, columns_ - 1, p, stride(), p + (columns_ - 1) * stride()};
  }
  std::ptrdiff_t stride() const { return const_cast<engine_type&>(engine_).chains().stride(); }
  std::size_t bytes_of_chains() {
    Ensemble<T>& x = engine_.chains();
    return static_cast<std::size_t>(x.n_columns()) * static_cast<std::size_t>(x.stride()) * sizeof(T);
  }

  template <class Number, class Vector>
  void fields(Number&& number, Vector&& vector) {
    number(gradients_);
    vector(accept_), vector(transitions_), vector(moved_), vector(total_.divergences), vector(total_.non_finite);
    for (auto& a : adaptors_) a.fields(number);
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
  std::optional<typename engine_type::Kern> view_;  // of kernel_: made anew when parameters change, not at every launch
  engine_type engine_;
  detail::StepCounts counts_;
  random::Key key_;
  std::vector<adapt::PartAdaptor> adaptors_;
  std::uint64_t step_ = 0;
  double gradients_ = 0.0;  // per chain
  std::vector<double> accept_, transitions_;
  std::vector<unsigned char> moved_;
  RunReport total_;
  Ensemble<T> draws_;
  int draws_at_once_ = 0, columns_ = 0;
};

}  // namespace erg
