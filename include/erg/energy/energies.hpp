// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

/// The energies that come with erg, their algebra, and check_gradient.
#include "erg/energy/affine.hpp"
#include "erg/energy/banana.hpp"
#include "erg/energy/bayesian_linear.hpp"
#include "erg/energy/bayesian_logistic.hpp"
#include "erg/energy/check_gradient.hpp"
#include "erg/energy/condition.hpp"
#include "erg/energy/double_well.hpp"
#include "erg/energy/eight_schools.hpp"
#include "erg/energy/funnel.hpp"
#include "erg/energy/gaussian.hpp"
#include "erg/energy/gaussian_dense.hpp"
#include "erg/energy/gaussian_mixture.hpp"
#include "erg/energy/kid_score.hpp"
#include "erg/energy/mixture.hpp"
#include "erg/energy/phi4.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/energy/scaled.hpp"
#include "erg/energy/sum.hpp"
#include "erg/energy/value_and_gradient.hpp"
