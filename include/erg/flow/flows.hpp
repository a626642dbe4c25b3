// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All normalizing flows, their training and checks.

#include "erg/flow/autoregressive_flow.hpp"
#include "erg/flow/check.hpp"
#include "erg/flow/fit.hpp"
#include "erg/flow/latent_pullback.hpp"
#include "erg/flow/linear.hpp"
#include "erg/flow/real_nvp.hpp"
#include "erg/flow/spline_flow.hpp"
