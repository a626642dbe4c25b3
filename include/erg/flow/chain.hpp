// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/bijector.hpp"

#include <stdexcept>
#include <tuple>
#include <vector>

namespace erg::flow {

namespace detail {
[[noreturn, gnu::cold]] inline void reject_dim(int expected, int given) {
  throw std::invalid_argument("a bijector of dim = " + std::to_string(given) + " after one of dim = " + std::to_string(expected) +
                              " (a flow keeps the dimension) give all the same");
}
}  // namespace detail

/// Bijectors one after another, the first nearest to the latent side; itself a bijector.
///
/// Where no way back follows, all share the rows of one tape: a pass given only n_scratch() rows keeps nothing.
template <class... Bijectors>
class Chain {
  static constexpr std::size_t n_parts = sizeof...(Bijectors);
  static_assert(n_parts >= 1, "erg: Chain needs at least one bijector.");

 public:
  explicit Chain(Bijectors... parts) : parts_(std::move(parts)...) {
    int w = 0, row = 0;
    each<false>([&](auto i, const auto& part) {
      if (part.dim() != dim()) detail::reject_dim(dim(), part.dim());
      weights_[i] = w;
      rows_[i] = row;
      w += part.n_parameters();
      row += part.n_tape();
      scratch_ = std::max(scratch_, scratch_rows(part));
    });
    n_parameters_ = w;
    n_tape_ = row;
  }

  int dim() const { return std::get<0>(parts_).dim(); }
  int n_parameters() const { return n_parameters_; }
  int n_tape() const { return n_tape_; }
  int n_scratch() const { return scratch_; }
  template <int I>
  const auto& part() const {
    return std::get<static_cast<std::size_t>(I)>(parts_);
  }
  void describe(nn::ParameterList& list) const {
    each<false>([&](auto i, const auto& part) { list.within(std::to_string(i), [&] { part.describe(list); }); });
  }
  template <class T>
  void refresh(T* w) const {
    each<false>([&](auto i, const auto& part) { flow::refresh(part, w + weights_[i]); });
  }

  template <Way way, class L>
  void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const {
    const bool keeps = tape.n_features >= n_tape_;
    each<way == Way::to_latent>([&](auto i, const auto& part) {
      part.template map<way, L>(w + weights_[i], v, log_det, keeps ? tape.rows(rows_[i], part.n_tape()) : tape);
    });
  }
  template <Way way, class L>
  void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const {
    each<way == Way::to_data>([&](auto i, const auto& part) {
      part.template back<way, L>(w + weights_[i], v, g, gl, tape.rows(rows_[i], part.n_tape()), gw.from(weights_[i]));
    });
  }
  template <class L>
  void observe(Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const {
    each<true>([&](auto i, const auto& part) { flow::observe<L>(part, w + weights_[i], v, log_det, tape); });
  }

  template <class B>
  static int scratch_rows(const B& part) {
    if constexpr (requires { part.n_scratch(); }) {
      return part.n_scratch();
    } else {
      return part.n_tape();
    }
  }

 private:
  template <bool backwards, class F>
  void each(F&& f) const {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      if constexpr (backwards) {
        (f(std::integral_constant<std::size_t, n_parts - 1 - i>{}, std::get<n_parts - 1 - i>(parts_)), ...);
      } else {
        (f(std::integral_constant<std::size_t, i>{}, std::get<i>(parts_)), ...);
      }
    }(std::make_index_sequence<n_parts>{});
  }

  std::tuple<Bijectors...> parts_;
  int weights_[n_parts] = {}, rows_[n_parts] = {};
  int n_parameters_ = 0, n_tape_ = 0, scratch_ = 0;
};

/// Any number of bijectors of one type, known when the program runs; one's code however many there are.
template <class B>
class Stack {
 public:
  explicit Stack(std::vector<B> parts) : parts_(std::move(parts)) {
    if (parts_.empty()) throw std::invalid_argument("a stack of 0 bijectors (it maps nothing) give at least one");
    for (const B& part : parts_) {
      if (part.dim() != dim()) detail::reject_dim(dim(), part.dim());
      weights_.push_back(n_parameters_);
      rows_.push_back(n_tape_);
      n_parameters_ += part.n_parameters();
      n_tape_ += part.n_tape();
      scratch_ = std::max(scratch_, Chain<B>::scratch_rows(part));
    }
  }
  /// make(0), ..., make(n - 1).
  template <class Make>
  Stack(int n, Make&& make) : Stack(made(n, make)) {}

  int size() const { return static_cast<int>(parts_.size()); }
  const B& operator[](int i) const { return parts_[static_cast<std::size_t>(i)]; }
  int dim() const { return parts_[0].dim(); }
  int n_parameters() const { return n_parameters_; }
  int n_tape() const { return n_tape_; }
  int n_scratch() const { return scratch_; }
  void describe(nn::ParameterList& list) const {
    for (int i = 0; i < size(); ++i) list.within(std::to_string(i), [&] { (*this)[i].describe(list); });
  }
  template <class T>
  void refresh(T* w) const {
    for (int i = 0; i < size(); ++i) flow::refresh((*this)[i], w + weight(i));
  }

  template <Way way, class L>
  void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const {
    const bool keeps = tape.n_features >= n_tape_;
    for (int step = 0; step < size(); ++step) {
      const int i = way == Way::to_data ? step : size() - 1 - step;
      (*this)[i].template map<way, L>(w + weight(i), v, log_det, keeps ? tape.rows(row(i), (*this)[i].n_tape()) : tape);
    }
  }
  template <Way way, class L>
  void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const {
    for (int step = 0; step < size(); ++step) {
      const int i = way == Way::to_data ? size() - 1 - step : step;
      (*this)[i].template back<way, L>(w + weight(i), v, g, gl, tape.rows(row(i), (*this)[i].n_tape()), gw.from(weight(i)));
    }
  }
  template <class L>
  void observe(Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const {
    for (int i = size() - 1; i >= 0; --i) flow::observe<L>((*this)[i], w + weight(i), v, log_det, tape);
  }

 private:
  template <class Make>
  static std::vector<B> made(int n, Make& make) {
    std::vector<B> parts;
    for (int i = 0; i < n; ++i) parts.push_back(make(i));
    return parts;
  }
  int weight(int i) const { return weights_[static_cast<std::size_t>(i)]; }
  int row(int i) const { return rows_[static_cast<std::size_t>(i)]; }

  std::vector<B> parts_;
  std::vector<int> weights_, rows_;
  int n_parameters_ = 0, n_tape_ = 0, scratch_ = 0;
};

}  // namespace erg::flow
