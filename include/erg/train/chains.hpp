// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/ula.hpp"
#include "erg/run/run.hpp"
#include "erg/tile/owned_block.hpp"
#include "erg/train/concepts.hpp"
#include "erg/train/replay.hpp"

namespace erg::train {

struct ChainsParams {
  int n_chains = 256;
  int n_steps = 30;           ///< of the kernel, in each step of training
  bool adapt = false;         ///< step sizes follow the acceptance, log h += t^-0.6 (accept - target_accept)
};

namespace detail {
template <class T, class E, class Exec, class Kernel, class Initialiser>
class ChainBank;
}

/// Negatives that a kernel moves: an initialiser, a kernel, where it runs.
///
///   chains(Simd<>{}, Ula{{.step_size = 0.02}}, Persistent{Noise::gaussian()}, {.n_chains = 256, .n_steps = 30})
template <class Exec, class Kernel, class Initialiser>
struct Chains {
  Exec exec;
  Kernel kernel;
  Initialiser initialiser;
  ChainsParams params;

  template <class T, class E>
  detail::ChainBank<T, E, Exec, Kernel, Initialiser> bind(const E& energy, std::uint64_t seed) && {
    return {std::move(*this), energy, seed};
  }
};
template <class Exec, class Kernel, class Initialiser>
auto chains(Exec exec, Kernel kernel, Initialiser initialiser, ChainsParams params = {}) {
  erg::detail::require_count("n_steps", params.n_steps, 0);
  return Chains<Exec, Kernel, Initialiser>{std::move(exec), std::move(kernel), std::move(initialiser), params};
}

namespace detail {

/// Gives a kernel's proposals a new snapshot, where they are of its type.
template <class K, class Q>
void renew_proposals(K& part, const Q& q) {
  const auto renew = [&](auto& p) {
    if constexpr (requires { p = q; }) {
      p = q;
    } else if constexpr (requires { p.renew(q); }) {
      p.renew(q);
    }
  };
  if constexpr (requires { part.proposal; }) renew(part.proposal);
  if constexpr (requires { part.part.proposal; }) renew(part.part.proposal);
}
/// The deviation of the noise that a Langevin step adds to coordinate d; the noise itself is that of the step's address.
template <LangevinKernel K>
double noise_scale(const K& kernel, int) {
  return langevin_law(kernel).noise;
}
template <class M>
  requires(!LangevinKernel<Ula<M>>) && requires(const M& m) { metric_view<double>(m).template factor<double>(1.0, 0); }
double noise_scale(const Ula<M>& kernel, int d) {
  return metric_view<double>(kernel.metric).template factor<double>(std::sqrt(kernel.params.step_size * kernel.params.temperature), d);
}
template <class K>
inline constexpr bool has_proposal = requires(K& k) { k.proposal; } || requires(K& k) { k.part.proposal; };

/// The chains of a training: a Sampler whose energy changes under it.
template <class T, class E, class Exec, class Kernel, class Initialiser>
class ChainBank {
 public:
  static constexpr bool has_chains = true;

  ChainBank(Chains<Exec, Kernel, Initialiser> c, const E& energy, std::uint64_t seed)
      : params_(c.params), kernel_text_(erg::detail::kernel_text(c.kernel)), initialiser_(std::move(c.initialiser)), chain_key_(seed), sampler_(c.exec, std::move(c.kernel), energy, plan(c.params, seed)) {
    for_each_part([&](auto& part) {
      using K = std::remove_cvref_t<decltype(part)>;
      if constexpr (adapt::tunes_step_size<K>) {
        rules_.emplace_back(part.params.step_size, part.params.target_accept);
      } else {
        rules_.emplace_back(1.0, 0.0);
      }
    });
  }

  /// Keeps the positions before each of the last n steps (0: of all), and n_references points of the buffer.
  void record(int n, int n_references) {
    const int n_recorded = n == 0 ? params_.n_steps : n;
    if (n < 0 || n_recorded > params_.n_steps) {
      throw std::invalid_argument("an objective that looks through " + std::to_string(n) + " steps (chains make " +
                                  std::to_string(params_.n_steps) + " in each step of training) look through fewer or make more");
    }
    const auto size = static_cast<std::size_t>(params_.n_chains) * static_cast<std::size_t>(writable().dim);
    trail_values_.resize(size * static_cast<std::size_t>(n_recorded));
    for (int i = 0; i < n_recorded; ++i) {
      trail_.push_back({trail_values_.data() + size * static_cast<std::size_t>(i), params_.n_chains, writable().dim, params_.n_chains});
    }
    trail_keys_.resize(static_cast<std::size_t>(n_recorded));
    reference_values_.resize(static_cast<std::size_t>(n_references) * static_cast<std::size_t>(writable().dim));
    n_references_ = n_references;
    keeps_ = true;
  }
  /// From the next draw on keeps the positions before every step, or no longer.
  void keep_path(bool keeps) {
    if (keeps && trail_.empty()) record(0, 0);
    keeps_ = keeps;
  }
  std::span<const BlockView<const T>> path() const { return keeps_ ? std::span<const BlockView<const T>>(trail_) : std::span<const BlockView<const T>>{}; }
  Trail<T> trail() const
    requires LangevinKernel<Kernel>
  {
    return {trail_, trail_keys_, langevin_law(sampler_.kernel())};
  }
  BlockView<const T> references() { return {n_held_ > 0 ? reference_values_.data() : nullptr, n_held_, writable().dim, n_references_}; }

  int n_chains() const { return params_.n_chains; }
  const Kernel& kernel() const { return sampler_.kernel(); }
  auto& sampler() { return sampler_; }
  Initialiser& initialiser() { return initialiser_; }

  void begin(BlockView<const T> data, random::Key key) {
    initialiser_.begin(writable(), data, key);
    pad();
  }
  /// Chains start, their energies are those of the present parameters, they move.
  void draw(BlockView<const T> data, random::Key key, StepReport& report) {
    if (initialiser_.before(writable(), data, key)) pad();
    keep_starts();
    sampler_.refresh();
    report.accept.clear();
    report.accept_global = StepReport::nan;
    if (params_.n_steps > 0) {
      const auto before = accepts();
      const auto move = [&](int n) { sampler_.sample(n, false, [](const auto&) { return Control::proceed; }); };
      const std::size_t n_recorded = keeps_ ? trail_.size() : 0;
      if (params_.n_steps > static_cast<int>(n_recorded)) move(params_.n_steps - static_cast<int>(n_recorded));
      for (std::size_t i = 0; i < n_recorded; ++i) {
        const BlockView<const T> x = positions();
        T* to = trail_values_.data() + i * static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim);
        for (int d = 0; d < x.dim; ++d) std::copy_n(x.column(d), x.n_chains, to + static_cast<std::ptrdiff_t>(d) * x.n_chains);
        trail_keys_[i] = chain_key_.at(sampler_.step());
        move(1);
      }
      take_accepts(before, report);
    }
    n_held_ = 0;
    if constexpr (requires(BlockView<T> to) { initialiser_.references(to, key); }) {
      if (n_references_ > 0) n_held_ = initialiser_.references(BlockView<T>{reference_values_.data(), n_references_, writable().dim, n_references_}, key);
    }
    initialiser_.after(positions());
  }
  BlockView<const T> positions() {
    Ensemble<T>& x = sampler_.chains();
    return {x.position(), x.n_chains(), x.dim(), x.stride()};
  }
  /// Where the chains were before the last draw's steps.
  BlockView<const T> starts() const { return {starts_.data(), params_.n_chains, dim_, params_.n_chains}; }
  /// The noise that the last draw's steps added to each chain, drawn again from its addresses: of Langevin kernels without a dense metric,
  /// else nothing.
  BlockView<const T> noise() {
    if constexpr (requires(const Kernel& k) { noise_scale(k, 0); }) {
      OwnedBlock<T> xi(params_.n_chains, dim_);
      noise_.assign(starts_.size(), T(0));
      for (int i = 0; i < params_.n_steps; ++i) {
        fill_normal(xi.view(), chain_key_.at(first_step_ + static_cast<std::uint64_t>(i)));
        for (int d = 0; d < dim_; ++d) {
          const T scale = static_cast<T>(noise_scale(sampler_.kernel(), d));
          const T* from = xi.view().column(d);
          T* to = noise_.data() + static_cast<std::ptrdiff_t>(d) * params_.n_chains;
          for (int c = 0; c < params_.n_chains; ++c) to[c] += scale * from[c];
        }
      }
      return {noise_.data(), params_.n_chains, dim_, params_.n_chains};
    } else {
      return {};
    }
  }
  std::span<const T> energies() { return {sampler_.chains().energy(), static_cast<std::size_t>(params_.n_chains)}; }

  /// New proposals for kernels, and starts, that hold one of this type.
  template <class Q>
  void renew(const Q& q) {
    sampler_.change_kernel([&](Kernel& k) { erg::for_each_part(k, [&](auto& part) { renew_proposals(part, q); }); });
    if constexpr (requires { initialiser_.start.proposal = q; }) initialiser_.start.proposal = q;
  }

  void save(io::Writer& w) {
    sampler_.save(w);
    initialiser_.save(w);
    for (auto& r : rules_) r.fields([&](auto& v) { w.put(v); });
  }
  void load(io::Reader& r) {
    sampler_.load(r);
    initialiser_.load(r);
    for (auto& rule : rules_) rule.fields([&](auto& v) { r.get(v); });
  }
  /// What they are, with the kernel as it was given: its step sizes may have been adapted since.
  std::string text() const {
    return std::string(initialiser_.name) + ", " + kernel_text_ + " x " + std::to_string(params_.n_steps) + ", " +
           std::to_string(params_.n_chains) + " chains";
  }

 private:
  static Plan plan(const ChainsParams& p, std::uint64_t seed) {
    Plan plan;
    plan.n_chains = p.n_chains;
    plan.n_warmup = 0;
    plan.n_draws = std::numeric_limits<int>::max();
    plan.adapt = false;
    plan.seed = seed;
    return plan;
  }
  template <class F>
  void for_each_part(F&& f) {
    sampler_.change_kernel([&](Kernel& k) { erg::for_each_part(k, f); });
  }
  BlockView<T> writable() {
    Ensemble<T>& x = sampler_.chains();
    return {x.position(), x.n_chains(), x.dim(), x.stride()};
  }
  void keep_starts() {
    const BlockView<const T> x = positions();
    dim_ = x.dim;
    starts_.resize(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(dim_));
    for (int d = 0; d < dim_; ++d) std::copy_n(x.column(d), x.n_chains, starts_.data() + static_cast<std::ptrdiff_t>(d) * x.n_chains);
    first_step_ = sampler_.step();
  }
  /// Padding chains stand with the last.
  void pad() {
    Ensemble<T>& x = sampler_.chains();
    for (int d = 0; d < x.dim(); ++d) std::fill(x.position(d) + x.n_chains(), x.position(d) + x.stride(), x.position(d)[x.n_chains() - 1]);
    sampler_.engine().chains_changed();
  }
  std::vector<std::pair<double, double>> accepts() {
    std::vector<std::pair<double, double>> a;
    const auto& ledger = sampler_.engine().ledger();
    for (std::size_t p = 0; p < rules_.size(); ++p) a.emplace_back(ledger.accept_total[p], ledger.transitions_total[p]);
    return a;
  }
  void take_accepts(const std::vector<std::pair<double, double>>& before, StepReport& report) {
    const auto now = accepts();
    double global = 0.0;
    int n_global = 0;
    std::size_t p = 0;
    for_each_part([&](auto& part) {
      using K = std::remove_cvref_t<decltype(part)>;
      const double n = (now[p].second - before[p].second) * params_.n_chains;
      const double a = n > 0.0 ? (now[p].first - before[p].first) / n : StepReport::nan;
      report.accept.push_back(a);
      if (has_proposal<K>) global += a, ++n_global;
      if constexpr (adapt::tunes_step_size<K>) {
        if (params_.adapt && a == a) part.params.step_size = rules_[p].observe(a);
      }
      ++p;
    });
    if (n_global > 0) report.accept_global = global / n_global;
  }

  ChainsParams params_;
  std::string kernel_text_;
  std::uint64_t first_step_ = 0;
  int dim_ = 0;
  std::vector<T> starts_, noise_;
  Initialiser initialiser_;
  random::Key chain_key_;  // that of the sampler
  Sampler<T, Exec, Kernel, E> sampler_;
  std::vector<adapt::RobbinsMonro> rules_;
  std::vector<T> trail_values_, reference_values_;
  std::vector<BlockView<const T>> trail_;
  std::vector<random::Key> trail_keys_;
  int n_references_ = 0, n_held_ = 0;
  bool keeps_ = false;  // positions before steps
};

/// No negatives: score matching, maximum likelihood of a normalised energy.
struct NoBank {
  static constexpr bool has_chains = false;
  template <class T>
  void begin(BlockView<const T>, random::Key) {}
  template <class T>
  void draw(BlockView<const T>, random::Key, StepReport&) {}
  template <class Q>
  void renew(const Q&) {}
  void save(io::Writer&) {}
  void load(io::Reader&) {}
  std::string text() const { return "none"; }
};

}  // namespace detail

/// For objectives that look at data alone.
struct NoNegatives {
  template <class T, class E>
  detail::NoBank bind(const E&, std::uint64_t) && {
    return {};
  }
};

}  // namespace erg::train
