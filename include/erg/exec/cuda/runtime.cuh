// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/cuda/buffer.hpp"
#include "erg/exec/cuda/check.cuh"
#include "erg/exec/cuda/machine.hpp"

#include <cuda_runtime.h>

#include <vector>

namespace erg {

namespace detail {

template <class F>
__global__ void device_threads(const __grid_constant__ F f) {
  f(static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.x + threadIdx.x, static_cast<std::ptrdiff_t>(gridDim.x) * blockDim.x);
}

/// One CUDA device: a stream for launches, a stream for draws on their way to the host (interface: exec/cuda/machine.hpp).
class CudaMachine {
 public:
  explicit CudaMachine(const Cuda& exec) : device_(exec.device), block_(exec.block) {
    int n = 0;
    cuda::check(cudaGetDeviceCount(&n), "cudaGetDeviceCount");
    if (device_ < 0 || device_ >= n) cuda::fail_no_device(device_, n);
    cuda::require_block(block_);
    enter();
    cuda::check(cudaGetDeviceProperties(&properties_, device_), "cudaGetDeviceProperties");
    cuda::check(cudaStreamCreateWithFlags(&launches_, cudaStreamNonBlocking), "cudaStreamCreate");
    cuda::check(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  CudaMachine(const CudaMachine&) = delete;
  CudaMachine& operator=(const CudaMachine&) = delete;
  ~CudaMachine() {
    (void)cudaSetDevice(device_);
    synchronize();
    for (const Slot& slot : slots_) {
      if (slot.made != nullptr) (void)cudaEventDestroy(slot.made);
      if (slot.copied != nullptr) (void)cudaEventDestroy(slot.copied);
    }
    if (copies_ != nullptr) (void)cudaStreamDestroy(copies_);
    if (launches_ != nullptr) (void)cudaStreamDestroy(launches_);
  }

  void* allocate(std::size_t bytes, const char* what) {
    enter();
    void* p = nullptr;
    const cudaError_t status = cudaMalloc(&p, bytes);
    if (status == cudaErrorMemoryAllocation) fail_memory(bytes, what);
    cuda::check(status, "cudaMalloc");
    held_ += bytes;
    return p;
  }
  void release(void* p, std::size_t bytes) {
    held_ -= bytes;
    (void)cudaSetDevice(device_);
    (void)cudaFree(p);  // waits for what uses it
  }
  void* allocate_pinned(std::size_t bytes) {
    enter();
    void* p = nullptr;
    const cudaError_t status = cudaMallocHost(&p, bytes);
    if (status == cudaErrorMemoryAllocation) cuda::fail_host_memory(bytes, cudaGetErrorString(status));
    cuda::check(status, "cudaMallocHost");
    return p;
  }
  void release_pinned(void* p) { (void)cudaFreeHost(p); }

  void clear(void* p, std::size_t bytes) {
    enter();
    cuda::check(cudaMemsetAsync(p, 0, bytes, launches_), "cudaMemsetAsync");
  }
  void upload(void* to, const void* from, std::size_t bytes) {
    enter();
    cuda::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, launches_), "cudaMemcpyAsync");
    cuda::check(cudaStreamSynchronize(launches_), "cudaStreamSynchronize");  // `from` may change when this returns
  }
  void download(void* to, const void* from, std::size_t bytes) {
    enter();
    cuda::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, launches_), "cudaMemcpyAsync");
    cuda::check(cudaStreamSynchronize(launches_), "cudaStreamSynchronize");
  }

  template <class F>
  void launch(const F& f, std::ptrdiff_t n_threads) {
    static_assert(std::is_trivially_copyable_v<F>, "erg: what is launched is copied to the device byte by byte.");
    static_assert(sizeof(F) <= 4096, "erg: what is launched fits the arguments of a kernel.");
    enter();
    int block = block_of<F>();
    const int widest = block;
    // Few chains: smaller blocks reach more of the multiprocessors.
    while (block_ == 0 && block > 32 && n_threads <= static_cast<std::ptrdiff_t>(block) * (properties_.multiProcessorCount / 2)) block /= 2;
    const std::ptrdiff_t n_blocks = (n_threads + block - 1) / block;
    device_threads<F><<<static_cast<unsigned>(n_blocks), static_cast<unsigned>(block), 0, launches_>>>(f);
    const cudaError_t status = cudaGetLastError();
    if (status == cudaErrorMemoryAllocation) fail_memory(0, "the stacks of the threads");
    if (status == cudaErrorLaunchOutOfResources) cuda::fail_block(widest, most_threads<F>());
    cuda::check(status, "a kernel launch");
  }
  template <class F>
  std::ptrdiff_t resident_threads(const F&) {
    enter();
    const int block = block_of<F>();
    return static_cast<std::ptrdiff_t>(blocks_at_once<F>(block)) * block * properties_.multiProcessorCount;
  }

  void send(int slot, void* to, const void* from, std::size_t bytes) {
    enter();
    Slot& s = slot_at(slot);
    cuda::check(cudaEventRecord(s.made, launches_), "cudaEventRecord");
    cuda::check(cudaStreamWaitEvent(copies_, s.made, 0), "cudaStreamWaitEvent");
    cuda::check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, copies_), "cudaMemcpyAsync");
    cuda::check(cudaEventRecord(s.copied, copies_), "cudaEventRecord");
  }
  void wait_for(int slot) {
    enter();
    cuda::check(cudaEventSynchronize(slot_at(slot).copied), "cudaEventSynchronize");
  }
  void hold_for(int slot) {
    enter();
    cuda::check(cudaStreamWaitEvent(launches_, slot_at(slot).copied, 0), "cudaStreamWaitEvent");
  }
  /// Waits for everything; reports nothing: what failed is reported by the call that needs its result.
  void synchronize() {
    if (launches_ != nullptr) (void)cudaStreamSynchronize(launches_);
    if (copies_ != nullptr) (void)cudaStreamSynchronize(copies_);
  }

  std::string name() const { return properties_.name; }
  std::size_t bytes_held() const { return held_; }
  const cudaDeviceProp& properties() const { return properties_; }

 private:
  struct Slot {
    cudaEvent_t made = nullptr, copied = nullptr;
  };
  void enter() const { cuda::check(cudaSetDevice(device_), "cudaSetDevice"); }
  Slot& slot_at(int slot) {
    while (static_cast<std::size_t>(slot) >= slots_.size()) {
      Slot s;
      cuda::check(cudaEventCreateWithFlags(&s.made, cudaEventDisableTiming), "cudaEventCreate");
      slots_.push_back(s);
      cuda::check(cudaEventCreateWithFlags(&slots_.back().copied, cudaEventDisableTiming), "cudaEventCreate");
    }
    return slots_[static_cast<std::size_t>(slot)];
  }
  [[noreturn]] void fail_memory(std::size_t asked, const char* what) const {
    (void)cudaGetLastError();
    std::size_t free = 0, total = 0;
    (void)cudaMemGetInfo(&free, &total);
    cuda::fail_memory(asked, free, held_, what);
  }

  template <class F>
  static int blocks_at_once(int block) {
    int n = 0;
    cuda::check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&n, device_threads<F>, block, 0), "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
    return n;
  }
  template <class F>
  static int most_threads() {
    cudaFuncAttributes attributes{};
    cuda::check(cudaFuncGetAttributes(&attributes, device_threads<F>), "cudaFuncGetAttributes");
    return attributes.maxThreadsPerBlock;
  }
  /// Threads a block: the policy's, or the size that keeps the most threads resident, the smallest of those. Asked once per device.
  template <class F>
  int block_of() const {
    if (block_ > 0) {
      if (const int most = most_threads<F>(); block_ > most) cuda::fail_block(block_, most);
      return block_;
    }
    static thread_local int device = -1, best = 0;
    if (device != device_) {
      int most = 0;
      for (const int block : {128, 256, 512, 1024}) {
        const int resident = blocks_at_once<F>(block) * block;
        if (resident > most) most = resident, best = block;
      }
      if (most == 0) best = 64;
      device = device_;
    }
    return best;
  }

  int device_, block_;
  cudaDeviceProp properties_{};
  cudaStream_t launches_ = nullptr, copies_ = nullptr;
  std::vector<Slot> slots_;
  std::size_t held_ = 0;
};

template <>
struct MachineOf<Cuda> {
  using type = CudaMachine;
};

}  // namespace detail

namespace cuda {
using Machine = detail::CudaMachine;
/// Owns n values in the memory of a device; `view()` is what device code sees.
template <class T>
using Buffer = detail::Buffer<T, Machine>;
}  // namespace cuda

}  // namespace erg
