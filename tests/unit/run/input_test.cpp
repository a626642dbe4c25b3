// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/kernel/augment.hpp"
#include "erg/kernel/bind.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/langevin.hpp"
#include "erg/kernel/rwm.hpp"
#include "erg/kernel/ula.hpp"
#include "erg/energy/gaussian.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks/trace.hpp"
#include "erg/train/augment.hpp"
#include "support/catch.hpp"

#include <atomic>

namespace erg::test {
namespace {

/// A Gaussian that goes wrong where and how it is told to.
struct Faulty {
  enum Fault { none, nan_beyond, minus_infinity_beyond, throws_at_call, throws_no_exception };
  static constexpr int dim = 2;
  Fault fault = none;
  double beyond = 0.0;
  int call = 0;
  std::shared_ptr<std::atomic<int>> n_calls = std::make_shared<std::atomic<int>>(0);

  template <Lane L>
  L operator()(Point<const L, dim> x) const {
    const int now = ++*n_calls;
    if (fault == throws_at_call && now == call) throw std::domain_error("no such place");
    if (fault == throws_no_exception && now == call) throw 42;
    const L u = 0.5 * (x[0] * x[0] + x[1] * x[1]);
    if (fault == nan_beyond) return lane::select(x[0] > L(beyond), L(std::numeric_limits<double>::quiet_NaN()), u);
    if (fault == minus_infinity_beyond) return lane::select(x[0] > L(beyond), L(-std::numeric_limits<double>::infinity()), u);
    return u;
  }
};

template <class E>
concept MakesSampler = std::is_constructible_v<Sampler<double, Serial, Rwm<>, Faulty>, Serial, Rwm<>, E, Plan>;
static_assert(MakesSampler<const Faulty&> && MakesSampler<Faulty&>);
static_assert(!MakesSampler<Faulty> && !MakesSampler<const Faulty>, "a sampler keeps no temporary");

auto rwm() { return Rwm{{.step_size = 1.0}}; }
const Plan plan{.n_chains = 4, .n_draws = 200, .seed = 3, .start = {-1.0, 0.0}};

}  // namespace

TEST_CASE("an energy that is not finite at the start names the chain", "[run]") {
  Plan p = plan;
  p.start = {-1.0, -1.0, 5.0, -1.0, 0.0, 0.0, 0.0, 0.0};  // [chain, dim]: chain 2 stands beyond
  for (const auto fault : {Faulty::nan_beyond, Faulty::minus_infinity_beyond}) {
    ERG_CHECK_THROWS(run(Serial{}, rwm(), Faulty{fault, 0.0}, p), std::invalid_argument,
                     "the energy of chain 2 is not finite at its start (no step could be judged against it) set Plan::start");
  }
}

TEST_CASE("energies that are not finite in mid-run are rejected and counted per chain, minus infinity too", "[run]") {
  for (const auto fault : {Faulty::nan_beyond, Faulty::minus_infinity_beyond}) {
    Trace<double> trace;
    const auto report = run(Serial{}, rwm(), Faulty{fault, 0.0}, plan, trace);
    std::int64_t total = 0;
    for (int c = 0; c < 4; ++c) {
      CHECK(report.non_finite[static_cast<std::size_t>(c)] > 0);
      total += report.non_finite[static_cast<std::size_t>(c)];
      for (int i = 0; i < 200; ++i) CHECK(trace(i, c, 0) <= 0.0);
    }
    CHECK(report.n_non_finite() == total);
    CHECK(report.n_divergent() == total);
    CHECK(report.stuck_chains.empty());
  }
  CHECK(run(Serial{}, rwm(), Faulty{}, plan).n_non_finite() == 0);
}

TEST_CASE("a chain that never moves is reported", "[run]") {
  Plan p = plan;
  p.start = {-1.0, -1.0, 0.5, -1.0, 0.0, 0.0, 0.0, 0.0};
  // Beyond 0.5 nothing is finite, and chain 2 stands at the edge with a step too long to come back into the rest.
  const auto report = run(Serial{}, Rwm{{.step_size = 1e6}}, Faulty{}, p);
  CHECK(report.stuck_chains == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("an energy that throws names step and chain, with the original nested", "[run]") {
  // Call 1 .. 4: the start of chains 0 .. 3. Then chain 0's steps of the first launch (200 draws in one), chain 1's, ...
  struct Case {
    int call, step, chain;
  };
  for (const Case c : {Case{3, 0, 2}, Case{5, 0, 0}, Case{4 + 200 + 18, 17, 1}}) {
    const Faulty energy{Faulty::throws_at_call, 0.0, c.call};
    try {
      (void)run(Serial{}, rwm(), energy, plan);
      FAIL("nothing thrown");
    } catch (const EnergyError& e) {
      CHECK(e.what() == "the energy threw at step " + std::to_string(c.step) + ", chain " + std::to_string(c.chain) + ": no such place");
      CHECK(static_cast<int>(e.step()) == c.step);
      CHECK(e.first_chain() == c.chain);
      CHECK_THROWS_AS(std::rethrow_if_nested(e), std::domain_error);
    }
  }
  CHECK_THROWS_WITH(run(Serial{}, rwm(), Faulty{Faulty::throws_no_exception, 0.0, 7}, plan),
                    contains("the energy threw at step 2, chain 0: not a std::exception"));
}

TEST_CASE("an energy that throws on wide lanes names the chains of the lane", "[run]") {
  const int last = std::min(4, width_v<lane_for<Simd<>, double>>) - 1;
  const std::string where = last == 0 ? "chain 0" : "one of chains 0 to " + std::to_string(last);
  CHECK_THROWS_WITH(run(Simd<>{}, rwm(), Faulty{Faulty::throws_at_call, 0.0, 1}, plan), contains(where + ": no such place"));
}

TEST_CASE("an energy that throws on another thread throws on the caller's, and the threads end", "[run][threads]") {
  for (const int call : {4, 5, 500}) {
    CHECK_THROWS_WITH(run(Threads<Serial>{3}, rwm(), Faulty{Faulty::throws_at_call, 0.0, call}, plan), contains("no such place"));
  }
}

TEST_CASE("a plan that makes no sense is one sentence", "[run]") {
  const auto refuse = [](const std::string& why, auto&& change) {
    Plan p = plan;
    change(p);
    INFO(why);
    CHECK_THROWS_AS(run(Serial{}, rwm(), Faulty{}, p), std::invalid_argument);
    CHECK_THROWS_WITH(run(Serial{}, rwm(), Faulty{}, p), contains(why));
  };
  refuse("n_chains = 0 (must be >= 1)", [](Plan& p) { p.n_chains = 0; });
  refuse("n_chains = -3 (must be >= 1)", [](Plan& p) { p.n_chains = -3; });
  refuse("n_warmup = -1 (must be >= 0)", [](Plan& p) { p.n_warmup = -1; });
  refuse("n_draws = -1 (must be >= 0)", [](Plan& p) { p.n_draws = -1; });
  refuse("thin = 0 (must be >= 1)", [](Plan& p) { p.thin = 0; });
  refuse("start_scale = 0 (must be finite and > 0)", [](Plan& p) { p.start_scale = 0.0; });
  refuse("start has 3 values (the energy has dim = 2 and the plan n_chains = 4) give dim or n_chains * dim of them",
         [](Plan& p) { p.start = {1, 2, 3}; });
  refuse("start[1] = nan (must be finite)", [](Plan& p) { p.start = {0.0, std::numeric_limits<double>::quiet_NaN()}; });
}

TEST_CASE("a step size that makes no sense is one sentence, in the constructor and in a run", "[run]") {
  ERG_CHECK_THROWS(Rwm{{.step_size = -0.1}}, std::invalid_argument, "step_size = -0.1 (must be finite and > 0)");
  ERG_CHECK_THROWS(Hmc{{.step_size = 0.0}}, std::invalid_argument, "step_size = 0 (must be finite and > 0)");
  ERG_CHECK_THROWS(Ula{{.step_size = std::numeric_limits<double>::infinity()}}, std::invalid_argument, "step_size = inf");
  ERG_CHECK_THROWS(Baoab{{.friction = -1.0}}, std::invalid_argument, "friction = -1 (must be finite and > 0)");
  auto late = rwm();
  late.params.step_size = -2.0;
  ERG_CHECK_THROWS(run(Serial{}, late, Faulty{}, plan), std::invalid_argument, "step_size = -2 (must be finite and > 0)");
}

TEST_CASE("a largest energy error that makes no sense is refused by every kernel that judges", "[run]") {
  constexpr auto why = "max_energy_error = -1 (must be finite and > 0)";
  ERG_CHECK_THROWS((Imh{GaussianIsotropic<2>(1.0), {.max_energy_error = -1.0}}), std::invalid_argument, why);
  auto late = prefetch<2>(Imh{GaussianIsotropic<2>(1.0)});
  late.part.params.max_energy_error = -1.0;
  ERG_CHECK_THROWS(run(Serial{}, late, Faulty{}, plan), std::invalid_argument, why);
  ERG_CHECK_THROWS(run(Serial{}, Augment<train::Rotate, Correction::metropolis>{{}, {-1.0}}, Faulty{}, plan), std::invalid_argument, why);
}

TEST_CASE("dimensions that do not agree are one sentence", "[run]") {
  ERG_CHECK_THROWS(run(Serial{}, Hmc{{}, DiagonalMetric({1.0, 2.0, 3.0})}, Faulty{}, plan), std::invalid_argument,
                   "inverse_mass has 3 entries (the energy has dim = 2) give one variance per coordinate");
  ERG_CHECK_THROWS(DenseMetric({1.0, 2.0, 3.0}, 2), std::invalid_argument, "inverse_mass has 3 entries (a dense metric of dim = 2 needs dim * dim)");
  ERG_CHECK_THROWS(bind(rwm(), Faulty{}).init({1.0}), std::invalid_argument,
                   "a position of 1 numbers (the energy has dim = 2) give one number per coordinate");
  ERG_CHECK_THROWS(run(Serial{}, Imh{GaussianIsotropic<>(3)}, Faulty{}, plan), std::invalid_argument, "dim = 3");
  ERG_CHECK_THROWS(run(Serial{}, cycle(rwm(), augment(train::Rotate{})), GaussianIsotropic<1>(1.0), Plan{.n_chains = 1, .n_draws = 1}), std::invalid_argument,
                   "points of dim = 1 (a rotation turns coordinates 0 and 1) give points of two or more");
  ERG_CHECK_THROWS(run(Serial{}, rwm(), GaussianIsotropic<>(0), plan), std::invalid_argument, "(must be >= 1)");
}

TEST_CASE("a metric that is refused leaves the one before as it was", "[run]") {
  DiagonalMetric diagonal({1.0, 4.0});
  ERG_CHECK_THROWS(diagonal.set_inverse_mass({9.0, 9.0, -1.0}), std::invalid_argument, "inverse_mass[2] = -1 (must be finite and > 0)");
  CHECK(diagonal.inverse_mass() == std::vector<double>{1.0, 4.0});
  CHECK(diagonal.view<double>().scale[1] == 2.0);
  CHECK(diagonal.view<float>().scale[1] == 2.0F);

  DenseMetric dense({4.0, 2.0, 2.0, 10.0}, 2);
  ERG_CHECK_THROWS(dense.set_inverse_mass({4.0, 1.0, 2.0, 10.0}, 2), std::invalid_argument,
                   "inverse_mass[1, 0] = 2 (must be finite and symmetric) its mirror is 1");
  CHECK(dense.inverse_mass()[3] == 10.0);
  const double* f = dense.view<double>().f;
  CHECK((f[0] == 2.0 && f[1] == 0.0 && f[2] == 1.0 && f[3] == 3.0));
}

TEST_CASE("no draws at all is a run", "[run]") {
  Plan p = plan;
  p.n_draws = 0;
  p.n_warmup = 20;
  Trace<double> trace;
  const auto report = run(Serial{}, rwm(), Faulty{}, p, trace);
  CHECK(report.n_draws == 0);
  CHECK(trace.n_draws() == 0);
  CHECK(report.mean_accept == 0.0);
  CHECK(report.stuck_chains.empty());
  CHECK(report.parts[0].step_size != 1.0);  // warm-up did its work
}

TEST_CASE("a sink can stop a run, after the draw it was given", "[run]") {
  struct Enough {
    int n = 0;
    Control on_draw(const Draw<double>&) { return ++n == 7 ? Control::stop : Control::proceed; }
  } enough;
  Trace<double> trace;
  const auto report = run(Serial{}, rwm(), Faulty{}, plan, enough, trace);
  CHECK(report.stop_reason == StopReason::stopped_by_sink);
  CHECK(report.n_draws == 7);
  CHECK(trace.n_draws() == 7);
  CHECK(enough.n == 7);
}

TEST_CASE("an exception of a sink leaves the run as it is", "[run]") {
  struct Bad {
    void on_draw(const Draw<double>&) { throw std::logic_error("from the sink"); }
  };
  ERG_CHECK_THROWS(run(Serial{}, rwm(), Faulty{}, plan, Bad{}), std::logic_error, "from the sink");
}

}  // namespace erg::test
