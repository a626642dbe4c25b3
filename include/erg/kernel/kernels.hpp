// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All kernels and their compositions.

#include "erg/kernel/augment.hpp"
#include "erg/kernel/barker.hpp"
#include "erg/kernel/bind.hpp"
#include "erg/kernel/cycle.hpp"
#include "erg/kernel/defensive_mixture.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/isir.hpp"
#include "erg/kernel/langevin.hpp"
#include "erg/kernel/mala.hpp"
#include "erg/kernel/mix.hpp"
#include "erg/kernel/noisy_descent.hpp"
#include "erg/kernel/repeat.hpp"
#include "erg/kernel/rwm.hpp"
#include "erg/kernel/ula.hpp"
