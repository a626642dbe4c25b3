// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/weights.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/nn/block.hpp"

namespace erg::entropy::detail {

/// Double sums over lanes in one order, whatever the width: element i goes to sum i mod 8, and those eight are added in turn.
class EightSums {
  using L = simd_lane<double, default_arch>;

 public:
  static constexpr int n = 8, n_lanes = n / width_v<L>;
  static_assert(n % width_v<L> == 0, "erg: registers of more than eight doubles need more sums.");
  static std::ptrdiff_t padded(std::ptrdiff_t size) { return (size + n - 1) / n * n; }

  EightSums() {
    for (auto& v : sum_) v = L(0.0);
  }
  /// The lane'th lane of eight elements.
  ERG_INLINE void add(int lane, L v) { sum_[lane] = sum_[lane] + v; }
  double total() const {
    alignas(64) double each[n];
    for (int i = 0; i < n_lanes; ++i) lane::store(each + i * width_v<L>, sum_[i]);
    double s = 0.0;
    for (const double v : each) s += v;
    return s;
  }

 private:
  L sum_[n_lanes];
};

/// Sums over references of Gaussians about a query, in lanes of references, in double; nothing underflows.
///
///   S(x) = sum_j w_j exp(-|x - y_j|^2 / (2 h^2))          coordinates divided by a scale each first
///
/// Numerics  the order of sums does not depend on the lane: the same bits on all in the strict profile
class GaussianSums {
  using L = simd_lane<double, default_arch>;

 public:
  template <class T>
  GaussianSums(BlockView<const T> y, const std::vector<double>& scale, const std::vector<double>& weights)
      : n_(y.n_chains), dim_(y.dim), n_lanes_(static_cast<int>(EightSums::padded(y.n_chains)) / width_v<L>), stride_(n_lanes_ * width_v<L>), scale_(scale) {
    double* to = memory_.require(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(dim_ + 2));
    std::fill_n(to, stride_ * (dim_ + 2), 0.0);
    for (int d = 0; d < dim_; ++d) {
      for (int j = 0; j < n_; ++j) to[d * stride_ + j] = static_cast<double>(y(j, d)) / scale[static_cast<std::size_t>(d)];
      std::fill(to + d * stride_ + n_, to + (d + 1) * stride_, lane::Format<double>::infinity);  // padding is far from all: never nearer than the least
    }
    std::copy(weights.begin(), weights.end(), to + dim_ * stride_);  // padding weighs nothing
  }

  int n() const { return n_; }
  int dim() const { return dim_; }
  const std::vector<double>& scale() const { return scale_; }
  /// Coordinate d of reference j, scaled.
  double reference(int j, int d) const { return memory_.data()[d * stride_ + j]; }

  /// Squared distances of x (scaled) to the references, and the least of them over those that are not `own`.
  double distances(const double* x, int own) {
    double* row = memory_.data() + (dim_ + 1) * stride_;
    const double* y = memory_.data();
    for (int g = 0; g < n_lanes_; ++g) {
      L sum = L(0.0);
      for (int d = 0; d < dim_; ++d) {
        const L r = lane::load<L>(y + d * stride_ + g * width_v<L>) - L(x[d]);
        sum = lane::mul_add(r, r, sum);
      }
      lane::store(row + g * width_v<L>, sum);
    }
    own_ = own;
    least_ = lane::Format<double>::infinity;
    for (int j = 0; j < n_; ++j) least_ = j != own && row[j] < least_ ? row[j] : least_;
    return least_;
  }
  /// log S for the distances taken last. With `keep` the shares w_j exp(...) / S take the place of the distances.
  double log_sum(double h, bool keep = false) {
    double* row = memory_.data() + (dim_ + 1) * stride_;
    const double* w = memory_.data() + dim_ * stride_;
    const L rate = L(-0.5 / (h * h)), least = L(least_);
    const double kept_own = own_ >= 0 ? row[own_] : 0.0;
    if (own_ >= 0) row[own_] = lane::Format<double>::highest;
    EightSums sums;
    for (int first = 0; first < n_lanes_; first += EightSums::n_lanes) {
      for (int i = 0; i < EightSums::n_lanes; ++i) {
        const int g = first + i;
        const L each = math::exp((lane::load<L>(row + g * width_v<L>) - least) * rate) * lane::load<L>(w + g * width_v<L>);
        sums.add(i, each);
        if (keep) lane::store(row + g * width_v<L>, each);
      }
    }
    const double total = sums.total();
    if (keep) {
      for (int j = 0; j < n_; ++j) row[j] /= total;
    } else if (own_ >= 0) {
      row[own_] = kept_own;
    }
    return std::log(total) - 0.5 * least_ / (h * h);
  }
  /// The shares that log_sum kept.
  const double* shares() const { return memory_.data() + (dim_ + 1) * stride_; }

 private:
  int n_, dim_, n_lanes_;
  std::ptrdiff_t stride_;
  std::vector<double> scale_;
  nn::Arena<double> memory_;
  int own_ = -1;
  double least_ = 0.0;
};

/// -sum_i w_i log S(x_i) with what its error and its gradient need.
struct LogSums {
  double value = 0.0;
  std::vector<double> term;     ///< -log S(x_i)
  std::vector<double> reliance; ///< of reference j: sum_i w_i share_ij
  std::vector<double> by_query, by_reference;  ///< derivatives, [point, dim] column-major, by unscaled coordinates; empty unless asked for
};

template <class T>
LogSums log_sums(BlockView<const T> x, GaussianSums& s, double h, const std::vector<double>& w, bool leave_own_out, bool with_gradient) {
  const int n = x.n_chains, dim = x.dim;
  LogSums out;
  out.term.resize(static_cast<std::size_t>(n));
  out.reliance.assign(static_cast<std::size_t>(s.n()), 0.0);
  if (with_gradient) {
    out.by_query.assign(static_cast<std::size_t>(n) * static_cast<std::size_t>(dim), 0.0);
    out.by_reference.assign(static_cast<std::size_t>(s.n()) * static_cast<std::size_t>(dim), 0.0);
  }
  std::vector<double> at(static_cast<std::size_t>(dim));
  for (int i = 0; i < n; ++i) {
    const double weight = w[static_cast<std::size_t>(i)];
    for (int d = 0; d < dim; ++d) at[static_cast<std::size_t>(d)] = static_cast<double>(x(i, d)) / s.scale()[static_cast<std::size_t>(d)];
    s.distances(at.data(), leave_own_out ? i : -1);
    const double t = -s.log_sum(h, true);
    out.term[static_cast<std::size_t>(i)] = t;
    out.value += weight * t;
    const double* share = s.shares();
    for (int j = 0; j < s.n(); ++j) out.reliance[static_cast<std::size_t>(j)] += weight * share[j];
    for (int d = 0; d < dim && with_gradient; ++d) {
      const double rate = weight / (h * h * s.scale()[static_cast<std::size_t>(d)]);
      double sum = 0.0;
      for (int j = 0; j < s.n(); ++j) {
        const double pull = rate * share[j] * (at[static_cast<std::size_t>(d)] - s.reference(j, d));
        sum += pull;
        out.by_reference[static_cast<std::size_t>(d) * static_cast<std::size_t>(s.n()) + static_cast<std::size_t>(j)] -= pull;
      }
      out.by_query[static_cast<std::size_t>(d) * static_cast<std::size_t>(n) + static_cast<std::size_t>(i)] = sum;
    }
  }
  return out;
}
/// Standard error of sum_i w_i t_i where t_i is -log of a sum over the same points: first order of the jackknife.
inline double error_of_log_sums(const LogSums& s, const std::vector<double>& w) {
  std::vector<double> without(w.size());
  for (std::size_t j = 0; j < w.size(); ++j) without[j] = (s.value + s.reliance[j] - w[j] * s.term[j]) / (1.0 - w[j]) - w[j];
  return jackknife_error(without);
}

}  // namespace erg::entropy::detail
