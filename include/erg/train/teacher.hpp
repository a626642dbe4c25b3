// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/loss.hpp"
#include "erg/train/chains.hpp"
#include "erg/train/data.hpp"
#include "erg/train/taught_model.hpp"

/// Who learns from the negatives: an amortiser that proposes or starts the chains. Each has
///
///   learn(energy, batch, pieces, report)   after the energy's step, from its negatives
///   renew(energy, negatives)               gives kernels and starts what has been learnt
///   save, load
namespace erg::train {

/// Nobody.
struct NoTeacher {
  template <class E, class T>
  void learn(const E&, const StepBatch<T>&, Pieces<T>&, StepReport&) {}
  template <class E, class Negatives>
  void renew(const E&, Negatives&) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};

struct FlowTeacherParams {
  int n_updates = 1;             ///< steps of the flow in a step of training
  int batch = 256;               ///< states of chains in each
  double learning_rate = 1e-3;   ///< of Adam
  double clip = 1.0;             ///< longest gradient; 0: as it is
  int history = 8;               ///< steps of training whose last states are kept to learn from
  double anchor_first = 1.0;     ///< share of the data in the loss, at the start,
  double anchor_last = 0.1;      ///< and from step anchor_steps on
  int anchor_steps = 500;
  double reverse = 0.0;          ///< share of the reverse KL in the rest, which needs dU/dx; in [0, 1)
};

/// A flow that follows the model: maximum likelihood of the chains' states, with an anchor in the data.
///
///   L = g E_data[-log q] + (1 - g) ((1 - reverse) E_chains[-log q] + reverse KL(q | p)),   g from anchor_first to anchor_last
///
/// The states are those of the last `history` steps, held fixed: a few more than the present ones, so that the flow does not fit these
/// few, and not many more, as the model has moved since. Kernels hold snapshots, so that one sweep sees one density.
/// Source    Grenioux, Moulines, Gabrie (2023), section 3; Gabrie, Rotskoff, Vanden-Eijnden (2022), eq. (9)
template <class Flow>
class FlowTeacher : public DescendingModel<Flow> {
 public:
  using T = typename Flow::Scalar;

  explicit FlowTeacher(Flow f, FlowTeacherParams p = {}) : DescendingModel<Flow>(std::move(f), "flow", {.learning_rate = p.learning_rate}), params(p) {
    erg::detail::require_count("n_updates", p.n_updates, 0);
    erg::detail::require_count("batch", p.batch);
    erg::detail::require_count("history", p.history);
    erg::detail::require_not_negative("clip", p.clip);
    erg::detail::require_fraction("reverse", p.reverse);
    for (const double g : {p.anchor_first, p.anchor_last}) {
      if (!(g >= 0.0 && g <= 1.0)) erg::detail::reject("anchor", g, "is a share, in [0, 1]");
    }
  }

  const Flow& flow() const { return this->model_; }

  template <class E>
  void learn(const E& energy, const StepBatch<T>& batch, Pieces<T>& pieces, StepReport& report) {
    keep(batch.negatives);
    const double t = std::min(1.0, static_cast<double>(batch.key.step()) / std::max(1, params.anchor_steps));
    const double anchor = params.anchor_first + t * (params.anchor_last - params.anchor_first);
    const double reverse = (1.0 - anchor) * params.reverse, forward = 1.0 - anchor - reverse;
    report.teacher_loss = 0.0;
    for (int i = 0; i < params.n_updates; ++i) {
      const random::Key key = batch.key.purpose(random::Purpose::user).stream(i);
      const double loss = this->descend(key, params.clip, 1.0, [&](std::span<T> to) {
        double sum = 0.0;
        if (forward > 0.0) sum += forward * flow::forward_kl(flow(), some_states(key), {}, to, pieces, forward);
        if (anchor > 0.0) sum += anchor * flow::forward_kl(flow(), batch.data, {}, to, pieces, anchor);
        if (reverse > 0.0) sum += reverse * flow::reverse_kl(flow(), energy, key.purpose(random::Purpose::start), params.batch, to, pieces, reverse);
        return sum;
      });
      report.teacher_loss += loss / params.n_updates;
    }
  }

  void save(io::Writer& w) const {
    DescendingModel<Flow>::save(w);
    w.put_vector(states_);
    w.put(params.history), w.put(next_), w.put(n_kept_), w.put(rows_), w.put(dim_);
  }
  void load(io::Reader& r) {
    DescendingModel<Flow>::load(r);
    r.get_vector(states_);
    if (r.template get<int>() != params.history) r.fail("holds the states of another number of steps (history)");
    r.get(next_), r.get(n_kept_), r.get(rows_), r.get(dim_);
  }

  FlowTeacherParams params;

 private:
  /// States of a step, [chain, dim], behind those of the steps before it.
  void keep(BlockView<const T> x) {
    rows_ = x.n_chains;
    dim_ = x.dim;
    const auto size = static_cast<std::size_t>(rows_) * static_cast<std::size_t>(dim_);
    states_.resize(size * static_cast<std::size_t>(params.history));
    for (int d = 0; d < dim_; ++d) std::copy_n(x.column(d), rows_, states_.data() + static_cast<std::size_t>(next_) * size + static_cast<std::size_t>(d * rows_));
    next_ = (next_ + 1) % params.history;
    n_kept_ = std::min(n_kept_ + 1, params.history);
  }
  /// `batch` of them, drawn with replacement.
  BlockView<const T> some_states(random::Key key) {
    chosen_.resize(static_cast<std::size_t>(params.batch) * static_cast<std::size_t>(dim_));
    const BlockView<T> to{chosen_.data(), params.batch, dim_, params.batch};
    for (int c = 0; c < params.batch; ++c) {
      const int i = static_cast<int>(random::uniform<double>(key, 0, c) * (static_cast<double>(n_kept_) * rows_));
      const T* from = states_.data() + static_cast<std::ptrdiff_t>(i / rows_) * rows_ * dim_ + i % rows_;
      for (int d = 0; d < dim_; ++d) to(c, d) = from[static_cast<std::ptrdiff_t>(d) * rows_];
    }
    return BlockView<const T>(to);
  }

  std::vector<T> states_, chosen_;
  int next_ = 0, n_kept_ = 0, rows_ = 0, dim_ = 0;
};

/// For an energy tilt(flow, network) whose training moves both: the model's own base proposes.
///
/// The gradient by the flow's parameters is then part of the likelihood's, E_data[-d log q] - E_model[-d log q].
struct TiedFlow {
  template <class E, class T>
  void learn(const E&, const StepBatch<T>&, Pieces<T>&, StepReport&) {}
  template <class E, class Negatives>
  void renew(const E& energy, Negatives& negatives) {
    negatives.renew(energy.first().snapshot());
  }
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};

}  // namespace erg::train
