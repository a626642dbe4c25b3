// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The discrete Fourier transform behind autocovariances.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace erg::diag::detail {

/// X_k = sum_j x_j exp(-2 pi i j k / n), in place, for n a power of two.
///
/// Cost      O(n log n); the plan holds n/2 twiddle factors and one work array, reused by every call
/// Numerics  twiddle factors come from cos and sin of their own angle, so the error grows as log n
/// Errors    std::invalid_argument when n is not a power of two
/// Source    Stockham's self-sorting radix-2 form: Van Loan (1992), Computational Frameworks for the FFT, section 1.7
class Fft {
 public:
  explicit Fft(std::size_t n) : n_(n), cos_(n / 2), sin_(n / 2), work_re_(n), work_im_(n) {
    if (!std::has_single_bit(n))
      throw std::invalid_argument("n = " + std::to_string(n) + " (a transform's length must be a power of two)");
    for (std::size_t j = 0; j < n / 2; ++j) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n);
      cos_[j] = std::cos(angle);
      sin_[j] = std::sin(angle);
    }
  }

  std::size_t size() const { return n_; }

  void forward(std::vector<double>& re, std::vector<double>& im) {
    // Invariant: n_groups * run == n / 2. Runs are contiguous and share a twiddle factor, so the inner loop vectorises.
    for (std::size_t n_groups = n_ / 2, run = 1; n_groups >= 1; n_groups /= 2, run *= 2) {
      for (std::size_t group = 0; group < n_groups; ++group) {
        const double c = cos_[group * run], s = sin_[group * run];
        const double* a_re = re.data() + group * run;
        const double* a_im = im.data() + group * run;
        const double* b_re = a_re + n_ / 2;
        const double* b_im = a_im + n_ / 2;
        double* out_re = work_re_.data() + 2 * group * run;
        double* out_im = work_im_.data() + 2 * group * run;
        for (std::size_t k = 0; k < run; ++k) {
          const double d_re = a_re[k] - b_re[k], d_im = a_im[k] - b_im[k];
          out_re[k] = a_re[k] + b_re[k];
          out_im[k] = a_im[k] + b_im[k];
          out_re[run + k] = d_re * c + d_im * s;
          out_im[run + k] = d_im * c - d_re * s;
        }
      }
      std::swap(re, work_re_);
      std::swap(im, work_im_);
    }
  }

 private:
  std::size_t n_;
  std::vector<double> cos_, sin_, work_re_, work_im_;
};

}  // namespace erg::diag::detail
