// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All estimates of entropies, divergences, informations and scores but SpectralStein (erg/entropy/stein.hpp, which compiles Eigen).

#include "erg/entropy/bounds.hpp"
#include "erg/entropy/gaussian_fit.hpp"
#include "erg/entropy/kernel_density.hpp"
#include "erg/entropy/knn.hpp"
#include "erg/entropy/mutual_information.hpp"
