// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/policies.hpp"

#include <cstddef>
#include <string>

namespace erg::detail {

/// The machine that a device policy runs on. Two model it: the CUDA runtime (exec/cuda/runtime.cuh) and a stand-in on the host that steps
/// the same functions over the same threads (exec/cuda/emulate.hpp). An engine written against it needs no compiler of CUDA.
///
///   Machine(exec)                         throws where there is no such device
///   allocate(bytes, what), release        device memory; throws with `what` where there is none left
///   allocate_pinned, release_pinned       host memory that copies reach while launches run
///   clear, upload, download               in the order of the launches; download waits
///   launch(f, n_threads)                  f(thread, n_threads) for every thread, f a plain copyable struct; returns at once
///   resident_threads(f)                   how many threads of f the device runs at a time: more would wait
///   send(slot, to, from, bytes)           copies to pinned memory after what was launched, beside what is launched later
///   wait_for(slot)                        until that copy is there             hold_for(slot)  later launches wait until it is
///   name(), bytes_held()
template <class Exec>
struct MachineOf;

/// A policy whose chains are stepped by a machine: its header has said which.
template <class Exec>
concept DevicePolicy = requires { typename MachineOf<Exec>::type; };
template <DevicePolicy Exec>
using machine_for = typename MachineOf<Exec>::type;

}  // namespace erg::detail
