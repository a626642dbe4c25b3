// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/train/data.hpp"
#include "erg/train/objective.hpp"

namespace erg::train {

/// The cross-entropy of labels, for energies that classify.
///
///   weight E[-log p(y | x)] over minibatches of labelled points, which have their own epochs
///
/// Semi-supervised: few labelled points here, all points as the trainer's data. Fully labelled: give the trainer's data and its batch, and the
/// minibatches are the same.
/// Source    Grathwohl et al. (2020), Your classifier is secretly an energy based model, eq. (8)
template <class T = float>
class CrossEntropy {
 public:
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "cross-entropy of labels";

  /// labels[i] belongs to observation i.
  CrossEntropy(Data<T> labelled, std::vector<int> labels, int batch, double weight = 1.0)
      : data_(std::move(labelled)), labels_(std::move(labels)), batch_(erg::detail::require_count("batch", batch)),
        weight_(erg::detail::require_not_negative("weight", weight)) {
    erg::detail::require_size("labels", labels_, data_.n(), "one for each observation");
    values_.resize(static_cast<std::size_t>(batch) * static_cast<std::size_t>(data_.dim()));
    rows_.resize(static_cast<std::size_t>(batch));
    batch_labels_.resize(rows_.size());
  }

  template <class E>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    const BlockView<T> x{values_.data(), batch_, data_.dim(), batch_};
    data_.batch(batch.key, batch.key.step(), x, rows_);
    for (std::size_t c = 0; c < rows_.size(); ++c) batch_labels_[c] = labels_[static_cast<std::size_t>(rows_[c])];
    sums_.assign(rows_.size(), 0.0);
    pieces.add(batch_, to, [&](int first, int n, std::span<T> sum) {
      sums_[static_cast<std::size_t>(first)] = energy.add_cross_entropy_gradient(
          BlockView<const T>{x.data + first, n, x.dim, x.stride}, std::span<const int>(batch_labels_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)),
          weight_, sum, batch_);
    });
    report.cross_entropy = 0.0;
    for (const double v : sums_) report.cross_entropy += v;
    if (!(report.objective == report.objective)) report.objective = report.cross_entropy;
  }

 private:
  Data<T> data_;
  std::vector<int> labels_;
  int batch_;
  double weight_;
  std::vector<T> values_;
  std::vector<int> rows_, batch_labels_;
  std::vector<double> sums_;
};

/// The mean entropy of p(y | x) over the data batch: what makes a classifier with few labels decide between points and not through them.
///
///   weight E_data[H[p(y | x)]]
struct ConditionalEntropy {
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "conditional entropy";
  double weight = 1.0;
  double last = 0.0;   ///< its mean at the last evaluation

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport&) {
    std::vector<double> sums(static_cast<std::size_t>(batch.data.n_chains), 0.0);
    pieces.add(batch.data.n_chains, to, [&](int first, int n, std::span<T> sum) {
      sums[static_cast<std::size_t>(first)] =
          energy.add_conditional_entropy_gradient(BlockView<const T>{batch.data.data + first, n, batch.data.dim, batch.data.stride}, weight, sum, batch.data.n_chains);
    });
    last = 0.0;
    for (const double v : sums) last += v;
  }
};

}  // namespace erg::train
