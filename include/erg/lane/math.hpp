// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/atan.hpp"
#include "erg/lane/math/basic.hpp"
#include "erg/lane/math/erf.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/gamma.hpp"
#include "erg/lane/math/hyperbolic.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/math/logistic.hpp"
#include "erg/lane/math/pow.hpp"
#include "erg/lane/math/trig.hpp"
