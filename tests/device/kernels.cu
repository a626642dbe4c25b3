// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Every kernel's step, instantiated as a CUDA thread would run it: one chain, a scalar lane. Compiled wherever there is nvcc.
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/kernel/kernels.hpp"

namespace {

template <class Kernel, class E>
__global__ void device_steps(Kernel kernel, E energy, float* x, int n, unsigned long long seed) {
  using Tile = erg::LaneTile<erg::Pack<float>, 2>;
  const unsigned chain = blockIdx.x * blockDim.x + threadIdx.x;
  erg::ChainState<Tile> s;
  typename Kernel::template Extra<Tile> extra;
  typename Kernel::template Scratch<Tile> scratch;
  s.chains.id = chain;
  for (int d = 0; d < 2; ++d) s.position[d] = x[2 * chain + d];
  s.energy = erg::value_and_gradient(energy, s.position, s.gradient);
  erg::detail::init_extra(kernel, erg::random::Key(seed).purpose(erg::random::Purpose::start), s, extra);
  for (int i = 0; i < n; ++i) kernel.step(erg::random::Key(seed).at(static_cast<unsigned long long>(i)), energy, s, extra, scratch);
  for (int d = 0; d < 2; ++d) x[2 * chain + d] = s.position[d].reg;
}

}  // namespace

void launch_every_kernel(float* x, int n) {
  const erg::RingOfGaussians<8> ring;
  const auto launch = [&](auto kernel) { device_steps<<<1, 32>>>(kernel, ring, x, n, 7); };
  launch(erg::Rwm{});
  launch(erg::Ula{});
  launch(erg::Mala{});
  launch(erg::Baoab{});
  launch(erg::Obabo{});
  launch(erg::Hmc{});
  launch(erg::Barker{});
  launch(erg::Imh{erg::RingOfGaussians<8>(4.0, 1.0)});
  launch(erg::cycle(erg::Mala{}, erg::repeat<3>(erg::Rwm{}), erg::mix(erg::weighted(1.0, erg::Hmc{}), erg::weighted(2.0, erg::Ula{}))));
}
