// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// Energies, kernels, runs, sinks, diagnostics of chains and log Z. The rest is included by part (docs/start.md has a table). For faster builds
// include what you use: each header stands alone.

#include "erg/diagnostics/energy_distance.hpp"
#include "erg/diagnostics/ksd.hpp"
#include "erg/diagnostics/mcse.hpp"
#include "erg/diagnostics/mmd.hpp"
#include "erg/diagnostics/mode_weights.hpp"
#include "erg/diagnostics/summary.hpp"
#include "erg/energy/energies.hpp"
#include "erg/estimate/estimate.hpp"
#include "erg/kernel/kernels.hpp"
#include "erg/lane/math.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks.hpp"
