// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All sinks.

#include "erg/run/sinks/acceptance.hpp"
#include "erg/run/sinks/npy.hpp"
#include "erg/run/sinks/online_ess.hpp"
#include "erg/run/sinks/online_moments.hpp"
#include "erg/run/sinks/online_rhat.hpp"
#include "erg/run/sinks/progress.hpp"
#include "erg/run/sinks/trace.hpp"
