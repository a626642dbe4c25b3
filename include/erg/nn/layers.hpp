// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// All layers.

#include "erg/nn/activation.hpp"
#include "erg/nn/attention.hpp"
#include "erg/nn/convolution.hpp"
#include "erg/nn/dense.hpp"
#include "erg/nn/half_square.hpp"
#include "erg/nn/normalise.hpp"
#include "erg/nn/pooling.hpp"
#include "erg/nn/reshape.hpp"
#include "erg/nn/residual.hpp"
#include "erg/nn/sequential.hpp"
#include "erg/nn/spectral_norm.hpp"
#include "erg/nn/weight_norm.hpp"
#include "erg/nn/weight_standard.hpp"
