// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All of generators and of the estimates of their score. Training them: erg/train/generator_teacher.hpp.

#include "erg/generator/delivered_fraction.hpp"
#include "erg/generator/generator.hpp"
#include "erg/generator/hmc_score.hpp"
#include "erg/generator/importance_score.hpp"
#include "erg/generator/linear_gaussian.hpp"
#include "erg/generator/rejection_score.hpp"
