// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/ops.hpp"

namespace erg {

/// Chains a block tile holds at most.
inline constexpr int block_capacity = 256;

/// One value of type V (a lane, a mask) per group of chains of a block: an eager array that lives on the stack.
///
/// Operators work group by group, so `const auto dh = a + b - c;` means in a block what it means in a lane. L is the lane that
/// fixes the group's width.
template <class L, class V = L>
struct Column {
  static constexpr int capacity = block_capacity / width_v<L>;

  int n_groups = 0;
  V group[capacity];

  Column() = default;
  explicit Column(int n) : n_groups(n) {}
};

/// The masks of a block.
template <class L>
using MaskColumn = Column<L, mask_t<L>>;

template <class T>
inline constexpr bool is_column = false;
template <class L, class V>
inline constexpr bool is_column<Column<L, V>> = true;

/// f of the values of each chain. The same call on lanes is f itself.
template <class F, class L, class V, class... Vs>
ERG_INLINE auto per_chain(F&& f, const Column<L, V>& a, const Column<L, Vs>&... rest) {
  Column<L, decltype(f(a.group[0], rest.group[0]...))> r(a.n_groups);
  for (int i = 0; i < a.n_groups; ++i) r.group[i] = f(a.group[i], rest.group[i]...);
  return r;
}

#define ERG_COLUMN_OPERATOR(op)                                                               \
  template <class L, class V>                                                                 \
  auto operator op(const Column<L, V>& a, const Column<L, V>& b) {                            \
    return per_chain([](const V& x, const V& y) { return x op y; }, a, b);                          \
  }                                                                                           \
  template <class L>                                                                          \
  auto operator op(const Column<L>& a, std::type_identity_t<L> b) {                           \
    return per_chain([b](const L& x) { return x op b; }, a);                                        \
  }                                                                                           \
  template <class L>                                                                          \
  auto operator op(std::type_identity_t<L> a, const Column<L>& b) {                           \
    return per_chain([a](const L& y) { return a op y; }, b);                                        \
  }
ERG_COLUMN_OPERATOR(+)
ERG_COLUMN_OPERATOR(-)
ERG_COLUMN_OPERATOR(*)
ERG_COLUMN_OPERATOR(/)
ERG_COLUMN_OPERATOR(<)
ERG_COLUMN_OPERATOR(>)
ERG_COLUMN_OPERATOR(<=)
ERG_COLUMN_OPERATOR(>=)
ERG_COLUMN_OPERATOR(==)
ERG_COLUMN_OPERATOR(!=)
#undef ERG_COLUMN_OPERATOR

template <class L>
auto operator-(const Column<L>& a) {
  return per_chain([](const L& x) { return -x; }, a);
}
template <class L>
MaskColumn<L> operator&&(const MaskColumn<L>& a, const MaskColumn<L>& b) {
  return per_chain([](const mask_t<L>& x, const mask_t<L>& y) { return x && y; }, a, b);
}
template <class L>
MaskColumn<L> operator||(const MaskColumn<L>& a, const MaskColumn<L>& b) {
  return per_chain([](const mask_t<L>& x, const mask_t<L>& y) { return x || y; }, a, b);
}

template <class L>
MaskColumn<L> operator!(const MaskColumn<L>& a) {
  return per_chain([](const mask_t<L>& x) { return !x; }, a);
}

}  // namespace erg
