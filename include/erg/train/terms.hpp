// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/optimizer.hpp"
#include "erg/train/objective.hpp"

#include <tuple>

namespace erg::train {

namespace detail {
template <class Objective>
inline constexpr bool looks_back = requires(const Objective& o) { o.n_recorded(); };
}

/// The sum of several objectives, each of whose gradients the report names: train::Terms(Contrastive{}, SamplerKl{}).
///
/// Ensures   the gradient is that of the sum, and the same for any number of threads
template <class... Objective>
class Terms {
 public:
  static constexpr bool needs_negatives = (Objective::needs_negatives || ...);
  static constexpr const char* name = "terms";

  explicit Terms(Objective... o) : terms_(std::move(o)...) {}

  int n_recorded() const
    requires(detail::looks_back<Objective> || ...)
  {
    // 0 is all of them, the most there can be.
    int most = -1;
    each([&](const auto& t) {
      if constexpr (requires { t.n_recorded(); }) most = most == 0 || t.n_recorded() == 0 ? 0 : std::max(most, t.n_recorded());
    });
    return most;
  }
  int n_references() const {
    int most = 0;
    each([&](const auto& t) {
      if constexpr (requires { t.n_references(); }) most = std::max(most, t.n_references());
    });
    return most;
  }

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    std::vector<T> first, own(to.size());
    each([&](auto& term) {
      std::fill(own.begin(), own.end(), T(0));
      term.add_gradient(energy, batch, std::span<T>(own), pieces, report);
      TermReport r{term.name, nn::norm(std::span<const T>(own)), 1.0};
      if (first.empty()) {
        first = own;
      } else {
        double product = 0.0;
        for (std::size_t i = 0; i < own.size(); ++i) product += static_cast<double>(first[i]) * static_cast<double>(own[i]);
        r.cosine = product / (r.gradient_norm * nn::norm(std::span<const T>(first)));
      }
      report.terms.push_back(std::move(r));
      for (std::size_t i = 0; i < own.size(); ++i) to[i] += own[i];
    });
  }

  template <int i>
  auto& term() {
    return std::get<i>(terms_);
  }

 private:
  template <class F>
  void each(F&& f) {
    std::apply([&](auto&... t) { (f(t), ...); }, terms_);
  }
  template <class F>
  void each(F&& f) const {
    std::apply([&](const auto&... t) { (f(t), ...); }, terms_);
  }

  std::tuple<Objective...> terms_;
};

}  // namespace erg::train
