// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All estimates: log Z and its bounds, distances of a proposal from its target, weights of modes.

#include "erg/estimate/anneal.hpp"
#include "erg/estimate/log_z.hpp"
#include "erg/estimate/mode_weights.hpp"
#include "erg/estimate/psis.hpp"
#include "erg/estimate/total_variation.hpp"
#include "erg/estimate/weigh.hpp"
