// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/cuda/errors.hpp"
#include "erg/exec/cuda/machine.hpp"
#include "erg/tile/arena.hpp"

#include <cstring>
#include <new>
#include <vector>

namespace erg {

/// erg::Cuda without a GPU: the same engine, the same function of a thread, block after block on the host. For tests; slow.
///
/// Device memory is host memory that only the machine hands out, `memory` bytes of it. Copies to the host are done as late as the engine
/// allows, so that memory used again too early shows.
struct EmulatedCuda {
  template <class T>
  using lane = Pack<T>;
  static constexpr bool is_device = true;
  int device = 0;
  int block = 0;                                ///< threads a block; 0: 128
  int n_devices = 1;
  int n_resident = 2048;                        ///< threads that the device runs at a time
  std::size_t memory = std::size_t{1} << 33;    ///< bytes of the device
  int most_threads = 1024;                      ///< of a block
  int fails_at_launch = -1;                     ///< the number of a launch that goes wrong, as an energy that leaves its arrays would
  std::size_t* bytes_sent = nullptr;            ///< if set, counts what draws cost on the way to the host
  std::size_t* bytes_held = nullptr;            ///< if set, the most bytes of the device that the run held
  int n_workers() const { return 1; }
};

namespace detail {

class EmulatedMachine {
 public:
  explicit EmulatedMachine(const EmulatedCuda& exec) : exec_(exec), block_(exec.block > 0 ? exec.block : 128) {
    if (exec.device < 0 || exec.device >= exec.n_devices) cuda::fail_no_device(exec.device, exec.n_devices);
    cuda::require_block(exec.block);
    if (block_ > exec.most_threads) cuda::fail_block(block_, exec.most_threads);
  }
  EmulatedMachine(const EmulatedMachine&) = delete;
  EmulatedMachine& operator=(const EmulatedMachine&) = delete;

  void* allocate(std::size_t bytes, const char* what) {
    if (held_ + bytes > exec_.memory) cuda::fail_memory(bytes, exec_.memory - held_, held_, what);
    held_ += bytes;
    if (exec_.bytes_held != nullptr && held_ > *exec_.bytes_held) *exec_.bytes_held = held_;
    return ::operator new(bytes, std::align_val_t{256});
  }
  void release(void* p, std::size_t bytes) {
    held_ -= bytes;
    ::operator delete(p, std::align_val_t{256});
  }
  void* allocate_pinned(std::size_t bytes) { return ::operator new(bytes, std::align_val_t{256}); }
  void release_pinned(void* p) { ::operator delete(p, std::align_val_t{256}); }

  void clear(void* p, std::size_t bytes) { std::memset(p, 0, bytes); }
  void upload(void* to, const void* from, std::size_t bytes) {
    check();
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) {
    check();
    std::memcpy(to, from, bytes);
  }

  template <class F>
  void launch(const F& f, std::ptrdiff_t n_threads) {
    static_assert(std::is_trivially_copyable_v<F>, "erg: what is launched is copied to the device byte by byte.");
    if (n_launches_++ == exec_.fails_at_launch) failed_ = true;
    if (failed_) return;  // shows later, as on a device
    const std::ptrdiff_t n_blocks = (n_threads + block_ - 1) / block_;
    for (std::ptrdiff_t b = 0; b < n_blocks; ++b) {
      for (int t = 0; t < block_; ++t) f(b * block_ + t, n_blocks * block_);
    }
  }
  template <class F>
  std::ptrdiff_t resident_threads(const F&) const {
    return exec_.n_resident;
  }
  int block() const { return block_; }

  void send(int slot, void* to, const void* from, std::size_t bytes) {
    wait_for(slot);
    if (exec_.bytes_sent != nullptr) *exec_.bytes_sent += bytes;
    if (static_cast<std::size_t>(slot) >= late_.size()) late_.resize(static_cast<std::size_t>(slot) + 1);
    late_[static_cast<std::size_t>(slot)] = {to, from, bytes};
  }
  void wait_for(int slot) {
    check();
    if (static_cast<std::size_t>(slot) >= late_.size()) return;
    Copy& c = late_[static_cast<std::size_t>(slot)];
    if (c.to != nullptr) std::memcpy(c.to, c.from, c.bytes);
    c = {};
  }
  void hold_for(int slot) { wait_for(slot); }
  void synchronize() {
    for (std::size_t s = 0; s < late_.size() && !failed_; ++s) wait_for(static_cast<int>(s));
  }

  std::string name() const { return "an emulated device"; }
  std::size_t bytes_held() const { return held_; }

 private:
  void check() const {
    if (failed_) cuda::fail_launch("cudaErrorIllegalAddress", "an illegal memory access was encountered");
  }
  struct Copy {
    void* to = nullptr;
    const void* from = nullptr;
    std::size_t bytes = 0;
  };
  EmulatedCuda exec_;
  int block_;
  std::size_t held_ = 0;
  int n_launches_ = 0;
  bool failed_ = false;
  std::vector<Copy> late_;
};

template <>
struct MachineOf<EmulatedCuda> {
  using type = EmulatedMachine;
};

}  // namespace detail
}  // namespace erg
