// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/point.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

/// Memory for arrays whose length is known at run time, of whoever steps a chain.
///
/// On the CPU it is the heap. A thread of a GPU has no heap worth the name: its arrays are columns of an arena that the launch brings,
/// shape [column, thread], so that neighbouring threads touch neighbouring words. They are taken and given back like a stack. One of the
/// files that ask which compiler this is: a thread of a GPU finds its arena through shared memory, a thread of the host through a
/// thread_local, which device code may not name.
namespace erg::detail {

/// An arena: `bytes` for each of n_threads threads. Element e of an array of X that a thread took at offset o is at
/// data + o * n_threads + (e * n_threads + thread) * sizeof(X).
struct ArenaView {
  unsigned char* data = nullptr;
  std::ptrdiff_t n_threads = 0;  ///< a multiple of 32
  std::uint32_t bytes = 0;       ///< of one thread, a multiple of 8
};

/// The arena of the host's thread, while one is in use.
struct HostArena {
  ArenaView view;
  std::ptrdiff_t thread = 0;
  std::uint32_t top = 0, highest = 0;
  bool measures = false;  ///< memory comes from the heap and is only counted

  static HostArena*& current() {
    static thread_local HostArena* arena = nullptr;
    return arena;
  }
};

#if defined(__CUDA_ARCH__)
/// Threads a block at most; each has its top here.
__device__ inline ArenaView& arena_of_block() {
  __shared__ ArenaView view;
  return view;
}
__device__ inline std::uint32_t& top_of_thread() {
  __shared__ std::uint32_t top[1024];
  return top[threadIdx.x];
}
#endif

/// Brings an arena to the thread for a scope. On a device all threads of a block enter it together.
class ArenaScope {
 public:
  ERG_FN ArenaScope(const ArenaView& view, std::ptrdiff_t thread) {
#if defined(__CUDA_ARCH__)
    (void)thread;
    if (threadIdx.x == 0) arena_of_block() = view;
    top_of_thread() = 0;
    __syncthreads();
#else
    arena_.view = view;
    arena_.thread = thread;
    before_ = std::exchange(HostArena::current(), &arena_);
#endif
  }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;
  ERG_FN ~ArenaScope() {
#if !defined(__CUDA_ARCH__)
    HostArena::current() = before_;
#endif
  }

 private:
#if !defined(__CUDA_ARCH__)
  HostArena arena_, *before_ = nullptr;
#endif
};

/// Counts what a thread would take of an arena while the scope lasts; memory comes from the heap.
class ArenaMeasure {
 public:
  ArenaMeasure() {
    arena_.measures = true;
    before_ = std::exchange(HostArena::current(), &arena_);
  }
  ArenaMeasure(const ArenaMeasure&) = delete;
  ArenaMeasure& operator=(const ArenaMeasure&) = delete;
  ~ArenaMeasure() { HostArena::current() = before_; }
  std::uint32_t highest() const { return arena_.highest; }

 private:
  HostArena arena_, *before_ = nullptr;
};

/// n values of X that belong to whoever steps. Sized by resize, which does nothing where the size is right already, so steps do not
/// allocate. Elements stand `stride()` apart: 1 on the CPU, and always in a lane of several chains.
template <class X>
class StepArray {
  static constexpr bool is_single = width_v<X> == 1;

 public:
  StepArray() = default;
  explicit ERG_FN StepArray(int n) { resize(n); }
  StepArray(const StepArray& other) { *this = other; }
  StepArray(StepArray&& other) noexcept { swap(other); }
  StepArray& operator=(const StepArray& other) {
    resize(other.size_);
    for (int i = 0; i < size_ && this != &other; ++i) (*this)[i] = other[i];
    return *this;
  }
  StepArray& operator=(StepArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ERG_FN ~StepArray() { give_back(); }

  ERG_FN ERG_INLINE X& operator[](int i) { return data_[at(i)]; }
  ERG_FN ERG_INLINE const X& operator[](int i) const { return data_[at(i)]; }
  ERG_FN ERG_INLINE int size() const { return size_; }
  ERG_FN ERG_INLINE std::ptrdiff_t stride() const {
    if constexpr (is_single) {
      return stride_;
    } else {
      return 1;
    }
  }
  ERG_FN ERG_INLINE X* data() { return data_; }
  ERG_FN ERG_INLINE const X* data() const { return data_; }
  ERG_FN ERG_INLINE void resize(int n) {
    if (size_ != n) take(n);
  }

 private:
  enum class From : unsigned char { nowhere, heap, arena, counted_heap };

  ERG_FN ERG_INLINE std::ptrdiff_t at(int i) const {
    if constexpr (is_single) {
      return i * stride_;
    } else {
      return i;
    }
  }
  /// A multiple of 8, so that whatever comes next is aligned.
  ERG_FN static std::uint32_t bytes(int n) { return (static_cast<std::uint32_t>(n) * static_cast<std::uint32_t>(sizeof(X)) + 7u) & ~7u; }

  ERG_FN void take(int n) {
    give_back();
    size_ = n;
    if (n == 0) return;
#if defined(__CUDA_ARCH__)
    const ArenaView view = arena_of_block();
    std::uint32_t& top = top_of_thread();
    if (view.bytes < top + bytes(n)) __trap();  // the host measured what a thread takes
    place(view, static_cast<std::ptrdiff_t>(blockIdx.x) * blockDim.x + threadIdx.x, top);
    top += bytes(n);
#else
    if (HostArena* arena = is_single ? HostArena::current() : nullptr) {
      mark_ = arena->top;
      arena->top += bytes(n);
      if (arena->top > arena->highest) arena->highest = arena->top;
      if (!arena->measures) {
        if (arena->view.bytes < arena->top) throw std::logic_error("a thread takes more of its arena than was measured");
        place(arena->view, arena->thread, mark_);
        return;
      }
      from_ = From::counted_heap;
    } else {
      from_ = From::heap;
    }
    stride_ = 1;
    data_ = new X[static_cast<std::size_t>(n)]();
#endif
  }
  ERG_FN void place(const ArenaView& view, std::ptrdiff_t thread, std::uint32_t top) {
    mark_ = top;
    from_ = From::arena;
    stride_ = static_cast<int>(view.n_threads);
    data_ = reinterpret_cast<X*>(view.data + static_cast<std::ptrdiff_t>(top) * view.n_threads) + thread;
  }
  ERG_FN void give_back() {
    if (from_ == From::nowhere) return;
    // What was taken last goes back; what others were taken after stays until they are gone, and then for good: the state of a
    // thread is taken once, below what comes and goes.
#if defined(__CUDA_ARCH__)
    std::uint32_t& top = top_of_thread();
    if (top == mark_ + bytes(size_)) top = mark_;
#else
    if (from_ != From::heap) {
      HostArena* arena = HostArena::current();
      if (arena != nullptr && arena->top == mark_ + bytes(size_)) arena->top = mark_;
    }
    if (from_ != From::arena) delete[] data_;
#endif
    data_ = nullptr;
    size_ = 0;
    from_ = From::nowhere;
  }
  void swap(StepArray& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(stride_, other.stride_);
    std::swap(mark_, other.mark_);
    std::swap(from_, other.from_);
  }

  X* data_ = nullptr;
  int size_ = 0;
  int stride_ = 1;
  std::uint32_t mark_ = 0;
  From from_ = From::nowhere;
};

}  // namespace erg::detail
