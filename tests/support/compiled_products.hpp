// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The products of dense and convolutional layers are the larger part of what a network takes to compile, and the same in every test:
// they are compiled once, in the files products_*.cpp. Included before a network is made.
#pragma once

#include <erg/lane/xsimd_lane.hpp>
#include <erg/nn/convolution_product.hpp>
#include <erg/nn/dense.hpp>

/// L: a lane without derivatives.
#define ERG_TEST_PRODUCTS(external, L)                                                                                                       \
  external template void erg::nn::product<L>(Weights<scalar_t<L>>, int, int, const scalar_t<L>*, std::ptrdiff_t, scalar_t<L>*, std::ptrdiff_t, \
                                             int, const scalar_t<L>*, bool);                                                                  \
  external template void erg::nn::convolve<L>(const std::vector<std::vector<Meeting>>&, TapWeights<scalar_t<L>>, int, int, const scalar_t<L>*, \
                                              int, std::ptrdiff_t, scalar_t<L>*, std::ptrdiff_t, int, const scalar_t<L>*);
/// L: a lane with derivatives or without.
#define ERG_TEST_PRODUCT_GRADIENTS(external, L)                                                                    \
  external template void erg::nn::detail::add_outer<L>(Block<const L>, Block<const L>, Gradient<L>, int);           \
  external template void erg::nn::add_convolution_gradient<L>(const Window&, Block<const L>, int, Block<const L>, int, Gradient<L>);

#define ERG_TEST_PRODUCTS_IN_DOUBLE(external)                   \
  ERG_TEST_PRODUCTS(external, erg::test::Wide<double>)          \
  ERG_TEST_PRODUCT_GRADIENTS(external, erg::test::Wide<double>) \
  ERG_TEST_PRODUCT_GRADIENTS(external, erg::test::Tangent<erg::test::Wide<double>>) \
  ERG_TEST_PRODUCT_GRADIENTS(external, erg::test::Tangent<erg::test::Tangent<erg::test::Wide<double>>>)
#define ERG_TEST_PRODUCTS_IN_FLOAT(external)          \
  ERG_TEST_PRODUCTS(external, erg::test::Wide<float>) \
  ERG_TEST_PRODUCT_GRADIENTS(external, erg::test::Wide<float>)
#define ERG_TEST_PRODUCTS_ONE_WIDE(external)          \
  ERG_TEST_PRODUCTS(external, erg::Pack<double>)      \
  ERG_TEST_PRODUCT_GRADIENTS(external, erg::Pack<double>)

namespace erg::test {
template <class T>
using Wide = simd_lane<T, default_arch>;
template <class L>
using Tangent = Dual<L, 1>;
}  // namespace erg::test

ERG_TEST_PRODUCTS_IN_DOUBLE(extern)
ERG_TEST_PRODUCTS_IN_FLOAT(extern)
ERG_TEST_PRODUCTS_ONE_WIDE(extern)
