// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg's samplers behind the harness's interface, wherever they run, and the kernels and energies of the figures.
// Included once for each set of compiler flags. One program must not hold two versions of one inline function, so the files
// that include this rename the namespaces first: `#define erg erg_strict` makes another library of it.
#include <erg/energy/gaussian.hpp>
#include <erg/energy/ring_of_gaussians.hpp>
#include <erg/exec/policies.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/run/run.hpp>

#include <limits>

#include "cpu/sampler.hpp"

namespace bench {
namespace {

/// The chains of a run with no sinks, in stretches: erg::run less its setting up and its report.
template <class Exec, class Kernel, class Energy>
class Run final : public Sampler {
 public:
  Run(Exec exec, Kernel kernel, Energy energy, int n_chains, std::uint64_t seed)
      : exec_(exec), kernel_(kernel), energy_(std::move(energy)), n_chains_(n_chains), seed_(seed) {}
  Run(const Run&) = delete;  // the sampler refers to the energy
  void set_positions(const std::vector<float>& x) override {
    erg::Plan plan;
    plan.n_chains = n_chains_;
    plan.n_draws = std::numeric_limits<int>::max();
    plan.seed = seed_++;
    plan.start.assign(x.begin(), x.end());
    sampler_ = std::make_unique<Chains>(exec_, kernel_, energy_, plan);
    sampler_->start();
  }
  std::vector<float> positions() const override {
    std::vector<float> x;
    for (int d = 0; d < erg::dim_of(energy_); ++d)
      for (int i = 0; i < n_chains_; ++i) x.push_back(sampler_->chains()(i, d));
    return x;
  }
  double acceptance() const override {
    erg::RunReport report;
    sampler_->report(report);
    return report.mean_accept;
  }
  void step(std::size_t n_steps) override {
    sampler_->sample(static_cast<int>(n_steps), false, [](const auto&) { return erg::Control::proceed; });
    if constexpr (requires { sampler_->engine().machine(); }) sampler_->engine().machine().synchronize();
  }

 private:
  using Chains = erg::Sampler<float, Exec, Kernel, Energy>;
  Exec exec_;
  Kernel kernel_;
  Energy energy_;
  int n_chains_;
  std::uint64_t seed_;
  std::unique_ptr<Chains> sampler_;
};

template <class Exec, class Kernel, class Energy>
std::unique_ptr<Sampler> make_run(Exec exec, Kernel kernel, Energy energy, int n_chains, std::uint64_t seed) {
  return std::make_unique<Run<Exec, Kernel, Energy>>(exec, kernel, std::move(energy), n_chains, seed);
}

// erg's h is the noise's variance, the references' half of it.
erg::Ula<> ula_of(const Ring& r) { return erg::Ula<>({.step_size = 2.0 * r.step_size}); }
erg::Mala<> mala_of(const Ring& r) { return erg::Mala<>({.step_size = 2.0 * r.step_size}); }
erg::Hmc<> ring_hmc_of(const Ring& r) { return erg::Hmc<>({.step_size = 0.5 * r.sigma, .n_leapfrog = 5}); }
erg::RingOfGaussians<8> energy_of(const Ring& r) { return erg::RingOfGaussians<8>(r.radius, r.sigma); }
erg::Hmc<> hmc() { return erg::Hmc<>({.step_size = Gaussian::step_size, .n_leapfrog = Gaussian::n_leapfrog}); }
erg::GaussianIsotropic<Gaussian::dim> gaussian() { return erg::GaussianIsotropic<Gaussian::dim>{}; }

}  // namespace
}  // namespace bench
