// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/ula.hpp"

namespace erg::train {

/// The Langevin step as programs for energy-based models write it, as a Ula.
///
///   x <- x - step dU/dx + noise xi          which samples about exp(-U / T), T = noise^2 / (2 step)
///
/// At temperature 1 noise = sqrt(2 step). JEM's own numbers, step = 1 and noise = .01, are T = 5e-5: nearly gradient descent, and its energies
/// are learnt for that. With the same noise at temperature 1 the step is 5e-5, 20000 times smaller. On U = l x^2 / 2 the stationary variance
/// is noise^2 / (step l (2 - step l)), and there is none from step l = 2 on. Say which one a table is of.
inline Ula<> sgld(double step, double noise) {
  erg::detail::require_positive("step", step);
  erg::detail::require_not_negative("noise", noise);
  return Ula<>({.step_size = 2.0 * step, .temperature = noise * noise / (2.0 * step)});
}

}  // namespace erg::train
