// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/adapt/step_size.hpp"
#include "erg/adapt/welford.hpp"
#include "erg/adapt/windows.hpp"
#include "erg/kernel/view.hpp"

#include <variant>

namespace erg::adapt {

template <class K>
inline constexpr bool tunes_step_size = requires(K& k) {
  k.params.step_size;
  k.params.target_accept;
};
template <class K>
inline constexpr bool tunes_dense_metric = requires(K& k, std::vector<double> m) { k.metric.set_inverse_mass(m, 1); };
template <class K>
inline constexpr bool tunes_diagonal_metric = requires(K& k, std::vector<double> m) { k.metric.set_inverse_mass(m); };

/// What warm-up learns about one part of a kernel. Kernels are const while they step; the adaptor returns new parameters.
class PartAdaptor {
 public:
  template <class K>
  PartAdaptor(const K& k, int dim, int n_warmup, bool robbins_monro) : windows_(n_warmup) {
    if constexpr (tunes_step_size<K>) {
      if (robbins_monro) {
        rule_ = RobbinsMonro(k.params.step_size, k.params.target_accept);
      } else {
        rule_ = DualAveraging(k.params.step_size, k.params.target_accept);
      }
    }
    if constexpr (tunes_dense_metric<K> || tunes_diagonal_metric<K>) moments_ = Welford(dim, tunes_dense_metric<K>);
  }

  /// After warm-up step i: acceptance pooled over chains (NaN where the part did not move); pool(moments) adds the chains' positions.
  template <class K, class Pool>
  void update(K& k, int i, double accept, Pool&& pool) {
    if constexpr (tunes_step_size<K>) {
      if (accept == accept) k.params.step_size = std::visit([&](auto& r) { return observe(r, accept, k.params.step_size); }, rule_);
    }
    if constexpr (tunes_dense_metric<K> || tunes_diagonal_metric<K>) {
      if (windows_.collects(i)) pool(moments_);
      if (windows_.closes(i) && moments_.count() >= 2.0) {
        if constexpr (tunes_dense_metric<K>) {
          k.metric.set_inverse_mass(moments_.regularised_covariance(), static_cast<int>(moments_.mean().size()));
        } else {
          k.metric.set_inverse_mass(moments_.regularised_covariance());
        }
        moments_.restart();
        // A step of the old metric says little about the new one, whose natural scale is one.
        if constexpr (tunes_step_size<K>) std::visit([&](auto& r) { restart(r, k.params.step_size); }, rule_);
      }
    }
  }
  /// Freezes: the parameters a run keeps.
  template <class K>
  void finish(K& k) const {
    if constexpr (tunes_step_size<K>) k.params.step_size = std::visit([&](const auto& r) { return final(r, k.params.step_size); }, rule_);
  }

  template <class F>
  void fields(F&& f) {
    std::visit([&](auto& r) { if constexpr (!std::is_same_v<std::decay_t<decltype(r)>, std::monostate>) r.fields(f); }, rule_);
    moments_.fields(f);
  }

 private:
  static double observe(std::monostate, double, double h) { return h; }
  template <class R>
  static double observe(R& r, double a, double) {
    return r.observe(a);
  }
  static void restart(std::monostate, double) {}
  template <class R>
  static void restart(R& r, double h) {
    r.restart(h);
  }
  static double final(std::monostate, double h) { return h; }
  template <class R>
  static double final(const R& r, double) {
    return r.final_step_size();
  }

  Windows windows_;
  std::variant<std::monostate, DualAveraging, RobbinsMonro> rule_;
  Welford moments_;
};

}  // namespace erg::adapt
