// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Which hooks are found, and what can be resumed: positive and negative.
#include "erg/exec/policies.hpp"
#include "erg/run/checkpoint.hpp"
#include "erg/run/sinks.hpp"

namespace {
using namespace erg;
using namespace erg::detail;

static_assert(ExecPolicy<Serial> && ExecPolicy<Simd<>> && ExecPolicy<Threads<>> && ExecPolicy<Threads<Serial>>);
static_assert(ExecPolicy<Cuda> && !ExecPolicy<int>);

static_assert(takes_draw<Trace<double>, double> && takes_draw<Trace<float>, double> && takes_draw<Trace<double>, float>);
static_assert(takes_begin<Trace<double>> && !takes_end<Trace<double>> && !takes_warmup<Trace<double>>);
static_assert(!takes_draw<const Trace<double>, double>);
static_assert(takes_end<Acceptance> && !takes_draw<Acceptance, double>);
static_assert(takes_warmup<Progress> && keeps_nothing<Progress> && !can_be_saved<Progress>);

// Every sink that keeps draws or sums of them can be resumed.
static_assert(can_be_saved<Trace<float>> && can_be_saved<OnlineMoments> && can_be_saved<OnlineRHat> && can_be_saved<OnlineEss> &&
              can_be_saved<Npy<double>>);
static_assert(std::is_same_v<decltype(Npy{"a.npy"}), Npy<double>>);

// A hook is found by its name, template or overloaded, private or not.
struct Template {
  template <class T>
  void on_draw(T, T) {}
};
struct Overloaded {
  void on_end(int) {}
  void on_end(double) {}
};
struct Hidden {
 private:
  [[maybe_unused]] void on_begin(const RunInfo&) {}
};
struct Innocent {
  int draw = 0;
  void on_drawing() {}
};
static_assert(names_on_draw<Template> && !takes_draw<Template, double>);
static_assert(names_on_end<Overloaded> && !takes_end<Overloaded>);
static_assert(names_on_begin<Hidden> && !takes_begin<Hidden>);
static_assert(!names_on_draw<Innocent> && !names_on_end<Innocent>);
static_assert(check_sink<Trace<double>, double>() && check_sink<OnlineRHat, float>() && check_sink<Acceptance, double>());

static_assert(is_checkpoint<Checkpoint> && is_checkpoint<const Checkpoint&> && !is_checkpoint<Trace<double>>);
}  // namespace
