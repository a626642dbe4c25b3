// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/latent/decoder.hpp"
#include "erg/train/negatives.hpp"

namespace erg::train {

/// Ancestral starts: chains begin where a latent-variable model decodes a latent, and a kernel revises them.
///
///   z ~ N(0, I),   x_0 = g(z)  (Decoding::mean, as published)   or   g(z) + sigma eps  (Decoding::sample)
///
/// Held coordinates are those of the data batch, chain c with point c: so pairs (x, c) keep their conditions, and visible pixels stay.
/// The latents are at the key: a teacher that knows it draws the same ones again. A teacher's new snapshots take the model's place.
///
///   chains(Simd<>{}, Ula{{.step_size = h}}, Fresh{Ancestral{vae.snapshot()}}, {.n_chains = 256, .n_steps = 30})
/// Source    Xie, Zheng, Li (2021), section 3.2; Xie, Lu, Gao, Zhu, Wu (2018), algorithm 1
template <class Q>
struct Ancestral {
  Q proposal;
  latent::Decoding decoding = latent::Decoding::mean;

  explicit Ancestral(Q q, latent::Decoding d = latent::Decoding::mean) : proposal(std::move(q)), decoding(d) {}

  template <class T>
  void fill(BlockView<T> x, BlockView<const T> data, random::Key key) const {
    proposal->split().copy_held(data, x);
    latent::draw(*proposal, key, 0, x, decoding);
  }
};

}  // namespace erg::train
