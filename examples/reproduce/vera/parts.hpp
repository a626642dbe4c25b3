// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The experiments, one file each. Tables go to standard output, pictures to out/reproduce/vera/.
#pragma once

#include <string>

namespace vera {

inline std::string picture(const char* name) { return std::string("out/reproduce/vera/") + name + ".png"; }

void estimators(bool quick);     ///< bias and delivered fraction of estimates of the score
void temperatures(bool quick);   ///< moons and eight Gaussians, exp(-U) and exp(-U / lambda)
void speed(bool quick);          ///< amortised draws against chains and rejection
void exact_likelihoods(bool quick);   ///< NICE, trained in four ways
void few_labels(bool quick);     ///< ten labels a class, and what lies outside

}  // namespace vera
