// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// ULA and MALA on the ring of Gaussians by hand: sixteen chains a register, state in registers over all steps of a call, the
// random numbers a function of (seed, chain, step) as erg's are, exp and log our own.
//
// The target's form is used as a good hand would: centres at equal distance from the origin drop |x|^2 and |centre|^2 out of
// the softmax, and log2(e) is folded into the centres so that the exponential is a power of two.
#include "avx512_math.hpp"
#include "sampler.hpp"

#if defined(ERG_BENCH_AVX512)
#include <bit>

namespace bench {
namespace {

using namespace avx512;

/// 2^x for x <= 0: 1 + r Q4(r), r = x - round(x). Relative error 1e-7; below 2^-120 it stays there, because one subnormal
/// weight among sixteen chains costs a microcode assist of some 150 cycles in each instruction that meets it.
[[gnu::always_inline]] inline F exp2(F x) {
  x = _mm512_max_ps(x, set(-120.0F));
  const F n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const F r = _mm512_sub_ps(x, n);
  F p = _mm512_fmadd_ps(set(1.326324651e-3F), r, set(9.671467356e-3F));
  p = _mm512_fmadd_ps(p, r, set(5.550736934e-2F));
  p = _mm512_fmadd_ps(p, r, set(2.402224243e-1F));
  p = _mm512_fmadd_ps(p, r, set(6.931470037e-1F));
  p = _mm512_fmadd_ps(p, r, set(1.0F));
  return _mm512_scalef_ps(p, n);
}

struct Density {
  float slope_x[8], slope_y[8];    // centre / sigma^2 * log2(e): exponents
  float center_x[8], center_y[8];  // centre / sigma^2: pulls
  float inverse_variance;

  explicit Density(const Ring& target) {
    const double precision = 1.0 / (target.sigma * target.sigma);
    inverse_variance = static_cast<float>(precision);
    for (int k = 0; k < 8; ++k) {
      center_x[k] = static_cast<float>(target.centre(k, 0) * precision);
      center_y[k] = static_cast<float>(target.centre(k, 1) * precision);
      slope_x[k] = static_cast<float>(target.centre(k, 0) * precision * 1.4426950408889634);
      slope_y[k] = static_cast<float>(target.centre(k, 1) * precision * 1.4426950408889634);
    }
  }

  /// Writes the gradient; returns U(x) where asked for.
  template <bool want_value>
  [[gnu::always_inline]] F evaluate(F x, F y, F& gradient_x, F& gradient_y) const {
    F a[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) a[k] = _mm512_fmadd_ps(y, set(slope_y[k]), _mm512_mul_ps(x, set(slope_x[k])));
    const F largest = _mm512_max_ps(_mm512_max_ps(_mm512_max_ps(a[0], a[1]), _mm512_max_ps(a[2], a[3])),
                                    _mm512_max_ps(_mm512_max_ps(a[4], a[5]), _mm512_max_ps(a[6], a[7])));
    F total[2] = {set(0.0F), set(0.0F)}, pull_x[2] = {set(0.0F), set(0.0F)}, pull_y[2] = {set(0.0F), set(0.0F)};
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
      const F weight = exp2(_mm512_sub_ps(a[k], largest));
      total[k % 2] = _mm512_add_ps(total[k % 2], weight);
      pull_x[k % 2] = _mm512_fmadd_ps(weight, set(center_x[k]), pull_x[k % 2]);
      pull_y[k % 2] = _mm512_fmadd_ps(weight, set(center_y[k]), pull_y[k % 2]);
    }
    const F sum = _mm512_add_ps(total[0], total[1]);
    const F inverse = _mm512_div_ps(set(1.0F), sum);
    gradient_x = _mm512_fmsub_ps(x, set(inverse_variance), _mm512_mul_ps(_mm512_add_ps(pull_x[0], pull_x[1]), inverse));
    gradient_y = _mm512_fmsub_ps(y, set(inverse_variance), _mm512_mul_ps(_mm512_add_ps(pull_y[0], pull_y[1]), inverse));
    if constexpr (want_value) {
      const F square = _mm512_fmadd_ps(x, x, _mm512_mul_ps(y, y));
      const LogParts parts = log_parts(sum);
      const F log2_part = _mm512_mul_ps(_mm512_add_ps(largest, parts.exponent), set(0.6931471806F));
      return _mm512_fmsub_ps(square, set(0.5F * inverse_variance), _mm512_add_ps(log2_part, parts.mantissa_log));
    }
    return set(0.0F);
  }
};

class Chains : public Sampler {
 public:
  Chains(const Ring& target, std::uint64_t seed)
      : density_(target),
        keys_(seed),
        x_(2 * Ring::n_chains),
        step_size_(static_cast<float>(target.step_size)),
        noise_(__builtin_sqrtf(2.0F * step_size_)) {}
  void set_positions(const std::vector<float>& x) override {
    x_ = x;
    n_proposed_ = n_accepted_ = 0;
  }
  std::vector<float> positions() const override { return x_; }

 protected:
  Density density_;
  RoundKeys keys_;
  std::vector<float> x_;
  std::uint32_t time_ = 0;
  std::uint64_t n_proposed_ = 0, n_accepted_ = 0;
  float step_size_, noise_;
};

template <bool shared_blocks>
class Ula final : public Chains {
 public:
  using Chains::Chains;
  void step(std::size_t n_steps) override {
    const Density density = density_;
    const RoundKeys keys = keys_;
    const F drift = set(-step_size_), noise = set(noise_);
    for (std::uint32_t chain = 0; chain < Ring::n_chains; chain += 16) {
      const I even = every_other_from(chain), odd = every_other_from(chain + 1);
      F x = _mm512_loadu_ps(&x_[chain]), y = _mm512_loadu_ps(&x_[Ring::n_chains + chain]);
      const auto move = [&](I w0, I w1) __attribute__((always_inline)) {
        F n0, n1, gx, gy;
        normal_pair(w0, w1, n0, n1);
        density.evaluate<false>(x, y, gx, gy);
        x = _mm512_fmadd_ps(gx, drift, _mm512_fmadd_ps(n0, noise, x));
        y = _mm512_fmadd_ps(gy, drift, _mm512_fmadd_ps(n1, noise, y));
      };
      for (std::uint32_t t = 0; t < n_steps; ++t) {
        const Words w = philox(even, odd, time_ + t, 0, 0, keys);
        move(w.w0, w.w1);
        if constexpr (shared_blocks)
          if (++t < n_steps) move(w.w2, w.w3);
      }
      _mm512_storeu_ps(&x_[chain], x);
      _mm512_storeu_ps(&x_[Ring::n_chains + chain], y);
    }
    time_ += static_cast<std::uint32_t>(n_steps);
  }
};

class Mala final : public Chains {
 public:
  using Chains::Chains;
  double acceptance() const override { return static_cast<double>(n_accepted_) / static_cast<double>(n_proposed_); }
  void step(std::size_t n_steps) override {
    const Density density = density_;
    const RoundKeys keys = keys_;
    const F h = set(step_size_), noise = set(noise_), quarter = set(0.25F / step_size_);
    std::uint64_t n_accepted = 0;
    for (std::uint32_t chain = 0; chain < Ring::n_chains; chain += 16) {
      const I even = every_other_from(chain), odd = every_other_from(chain + 1);
      F x = _mm512_loadu_ps(&x_[chain]), y = _mm512_loadu_ps(&x_[Ring::n_chains + chain]);
      F gx, gy, energy = density.evaluate<true>(x, y, gx, gy);
      for (std::uint32_t t = 0; t < n_steps; ++t) {
        const Words w = philox(even, odd, time_ + t, 0, 0, keys);
        F n0, n1, proposal_gx, proposal_gy;
        normal_pair(w.w0, w.w1, n0, n1);
        const F px = _mm512_fmadd_ps(n0, noise, _mm512_fnmadd_ps(h, gx, x));
        const F py = _mm512_fmadd_ps(n1, noise, _mm512_fnmadd_ps(h, gy, y));
        const F proposal_energy = density.evaluate<true>(px, py, proposal_gx, proposal_gy);
        const F back_x = _mm512_fmadd_ps(h, proposal_gx, _mm512_sub_ps(x, px));
        const F back_y = _mm512_fmadd_ps(h, proposal_gy, _mm512_sub_ps(y, py));
        const F forth = _mm512_mul_ps(set(0.5F), _mm512_fmadd_ps(n0, n0, _mm512_mul_ps(n1, n1)));
        const F back = _mm512_fmadd_ps(back_x, back_x, _mm512_mul_ps(back_y, back_y));
        const F log_ratio = _mm512_fnmadd_ps(back, quarter, _mm512_add_ps(forth, _mm512_sub_ps(energy, proposal_energy)));
        const F uniform = _mm512_fmadd_ps(_mm512_cvtepu32_ps(w.w2), set(0x1p-32F), set(0x1p-33F));
        // min's second operand wins where the first is NaN, so a broken proposal must be caught by the ordered comparison.
        const __mmask16 finite = _mm512_cmp_ps_mask(log_ratio, log_ratio, _CMP_ORD_Q);
        const F ratio = avx512::exp(_mm512_min_ps(log_ratio, set(0.0F)));
        const __mmask16 accepted = _mm512_mask_cmp_ps_mask(finite, uniform, ratio, _CMP_LT_OQ);
        x = _mm512_mask_mov_ps(x, accepted, px);
        y = _mm512_mask_mov_ps(y, accepted, py);
        gx = _mm512_mask_mov_ps(gx, accepted, proposal_gx);
        gy = _mm512_mask_mov_ps(gy, accepted, proposal_gy);
        energy = _mm512_mask_mov_ps(energy, accepted, proposal_energy);
        n_accepted += static_cast<std::uint64_t>(std::popcount(static_cast<unsigned>(accepted)));
      }
      _mm512_storeu_ps(&x_[chain], x);
      _mm512_storeu_ps(&x_[Ring::n_chains + chain], y);
    }
    time_ += static_cast<std::uint32_t>(n_steps);
    n_accepted_ += n_accepted;
    n_proposed_ += n_steps * Ring::n_chains;
  }
};

}  // namespace

std::unique_ptr<Sampler> reference_ula_avx512(const Ring& target, std::uint64_t seed) {
  return std::make_unique<Ula<false>>(target, seed);
}
std::unique_ptr<Sampler> reference_ula_avx512_shared_blocks(const Ring& target, std::uint64_t seed) {
  return std::make_unique<Ula<true>>(target, seed);
}
std::unique_ptr<Sampler> reference_mala_avx512(const Ring& target, std::uint64_t seed) {
  return std::make_unique<Mala>(target, seed);
}

}  // namespace bench
#else
namespace bench {
std::unique_ptr<Sampler> reference_ula_avx512(const Ring&, std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> reference_ula_avx512_shared_blocks(const Ring&, std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> reference_mala_avx512(const Ring&, std::uint64_t) { return nullptr; }
}  // namespace bench
#endif
