// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/crew.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <memory>
#include <string>

/// Where a run happens, chosen by type. A policy answers three questions: which lane, how many workers, and how they share tiles.
/// Results do not depend on the policy in the strict profile; Serial is the reference the others are tested against.
namespace erg {

/// One chain at a time.
struct Serial {
  template <class T>
  using lane = Pack<T>;
  int n_workers() const { return 1; }
};

/// As many chains at a time as the instruction set has lanes. The architecture is part of the type: one per binary.
template <class Arch = default_arch>
struct Simd {
  template <class T>
  using lane = simd_lane<T, Arch>;
  int n_workers() const { return 1; }
};

/// Inner on n threads; 0 means all of the machine's. Tiles are shared out statically; the results are the same for any n.
template <class Inner = Simd<>>
struct Threads {
  template <class T>
  using lane = typename Inner::template lane<T>;
  int n = 0;
  int n_workers() const { return n > 0 ? n : Crew::hardware_threads(); }
};

/// One chain per thread of a CUDA device. Named everywhere; what it does is in exec/cuda.cuh, and `run` says so where that is missing.
struct Cuda {
  template <class T>
  using lane = Pack<T>;
  static constexpr bool is_device = true;
  int device = 0;
  int block = 0;   ///< threads a block, a multiple of 32; 0: as many as keep most of them at work
  int n_workers() const { return 1; }
};

/// The lane of an execution policy.
template <class Exec, class T>
using lane_for = typename Exec::template lane<T>;

template <class Exec>
concept ExecPolicy = requires(const Exec& e) {
  typename Exec::template lane<double>;
  e.n_workers();
};

}  // namespace erg
