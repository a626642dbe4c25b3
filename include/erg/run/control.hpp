// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

namespace erg {

/// What a hook may return to end a run, a training or a fit after what it was just shown. Chains of a run are stepped in launches: what its
/// report counts (acceptance, gradients) includes the rest of the launch that was under way.
enum class Control { proceed, stop };

namespace detail {
/// What a hook says that need not say anything.
template <class F, class... A>
Control control_of(F&& hook, const A&... shown) {
  using R = decltype(hook(shown...));
  static_assert(std::is_void_v<R> || std::is_same_v<R, Control>, "erg: a hook returns nothing or an erg::Control; what it returns would be ignored.");
  if constexpr (std::is_same_v<R, Control>) {
    return hook(shown...);
  } else {
    hook(shown...);
    return Control::proceed;
  }
}
}  // namespace detail
}  // namespace erg
