// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace erg {

/// What went wrong on a CUDA device, as one sentence: the call, CUDA's own name and words, and what to do where something can be done.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The sentences, apart from the CUDA calls that lead to them.
namespace cuda {

[[noreturn, gnu::cold]] inline void fail_no_device(int device, int n_devices) {
  if (n_devices == 0) throw CudaError("no CUDA device was found (erg::Cuda runs on one): check nvidia-smi, or run with erg::Simd{}");
  throw CudaError("device = " + std::to_string(device) + " (this machine has " + std::to_string(n_devices) +
                  " CUDA devices, counted from 0) choose another");
}
[[noreturn, gnu::cold]] inline void fail_driver(const std::string& words) {
  throw CudaError("the CUDA driver is missing or too old for this program (" + words + "): install or update it, or run with erg::Simd{}");
}
inline std::string size_text(std::size_t bytes) {
  const char* unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int u = 0;
  for (; value >= 1024.0 && u < 4; ++u) value /= 1024.0;
  const auto tenths = static_cast<long long>(value * 10.0 + 0.5);
  return std::to_string(tenths / 10) + (u == 0 || tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " " + unit[u];
}
[[noreturn, gnu::cold]] inline void fail_memory(std::size_t asked, std::size_t free, std::size_t held, const char* what) {
  throw CudaError("the device has no " + (asked > 0 ? size_text(asked) : std::string("memory left")) + " for " + what + " (" + size_text(free) + " are free, this run holds " +
                  size_text(held) + " already): take fewer chains");
}
[[noreturn, gnu::cold]] inline void fail_host_memory(std::size_t asked, const std::string& words) {
  throw CudaError("the host has no " + size_text(asked) + " of pinned memory for draws (" + words + "): take fewer chains");
}
[[noreturn, gnu::cold]] inline void fail_architecture(const std::string& device, int major, int minor) {
  const std::string sm = std::to_string(major) + std::to_string(minor);
  throw CudaError("the program has no code for " + device + " (compute capability " + std::to_string(major) + "." + std::to_string(minor) +
                  "): compile with -arch=sm_" + sm + ", in CMake with CMAKE_CUDA_ARCHITECTURES " + sm);
}
[[noreturn, gnu::cold]] inline void fail_block(int block, int most) {
  throw CudaError("block = " + std::to_string(block) + " (this kernel runs with at most " + std::to_string(most) +
                  " threads a block) take a smaller one, or 0 to let CUDA choose");
}
inline void require_block(int block) {
  if (block >= 0 && block <= 1024) return;
  throw CudaError("block = " + std::to_string(block) + " (a block has 1 to 1024 threads) give a multiple of 32, or 0 to let CUDA choose");
}
[[noreturn, gnu::cold]] inline void fail_call(const std::string& call, const std::string& name, const std::string& words) {
  throw CudaError(call + " failed with " + name + " (" + words + ")");
}
/// Errors of device code show at a later call.
[[noreturn, gnu::cold]] inline void fail_launch(const std::string& name, const std::string& words) {
  throw CudaError("device code failed with " + name + " (" + words +
                  "): an energy that writes or reads outside its arrays is the usual cause; compute-sanitizer finds the line");
}

}  // namespace cuda
}  // namespace erg
