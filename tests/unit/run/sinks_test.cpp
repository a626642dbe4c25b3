// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/diagnostics/ess.hpp"
#include "erg/diagnostics/mcse.hpp"
#include "erg/diagnostics/moments.hpp"
#include "erg/diagnostics/rhat.hpp"
#include "erg/run/sinks.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <random>
#include <sstream>

namespace erg::test {
namespace {

RunInfo info_of(int n_chains, int dim, int n_draws) {
  RunInfo info;
  info.n_chains = n_chains;
  info.dim = dim;
  info.n_draws = n_draws;
  info.kernel = "rwm";
  return info;
}

/// AR(1) chains x' = rho x + sqrt(1 - rho^2) xi, every coordinate alike, at `offset(chain)`; given to sinks draw by draw.
struct Autoregressive {
  int n_chains, dim;
  double rho = 0.0;
  double offset_of_last_chain = 0.0;
  std::uint64_t seed = 1;

  template <class T, class... S>
  void give(int n_draws, S&... sinks) const {
    std::mt19937_64 bits(seed);
    const auto normal = [&] {  // Box and Muller: std::normal_distribution is not the same everywhere
      const double a = (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53, b = static_cast<double>(bits() >> 11) * 0x1p-53;
      return std::sqrt(-2.0 * std::log(a)) * std::cos(6.283185307179586 * b);
    };
    const std::ptrdiff_t stride = n_chains + 3;
    std::vector<double> state(static_cast<std::size_t>(dim * stride));
    std::vector<T> x(state.size()), u(static_cast<std::size_t>(stride));
    for (auto& v : state) v = normal();
    (sinks.on_begin(info_of(n_chains, dim, n_draws)), ...);
    for (int i = 0; i < n_draws; ++i) {
      for (std::size_t j = 0; j < state.size(); ++j) {
        state[j] = rho * state[j] + std::sqrt(1.0 - rho * rho) * normal();
        const bool last = static_cast<std::ptrdiff_t>(j) % stride == n_chains - 1;
        x[j] = static_cast<T>(state[j] + (last ? offset_of_last_chain : 0.0));
      }
      const Draw<T> draw{i, n_chains, dim, x.data(), stride, u.data()};
      (sinks.on_draw(draw), ...);
    }
  }
};

template <class S>
S saved_and_loaded(const S& sink, S fresh, const RunInfo& info) {
  const TemporaryFolder folder;
  io::Writer w;
  sink.save(w);
  w.commit(folder / "s");
  fresh.on_begin(info);
  io::Reader r(folder / "s");
  fresh.load(r);
  return fresh;
}

}  // namespace

TEST_CASE("a trace of floats shows the run it saw last", "[run]") {
  const auto give = [](Trace<float>& trace, std::uint64_t seed) {
    Autoregressive{3, 2, 0.0, 0.0, seed}.give<float>(20, trace);
  };
  Trace<float> trace, other;
  give(trace, 1);
  const double first = trace.series(0)(0, 0);
  give(other, 2);
  give(trace, 2);
  CHECK(trace.series(0)(0, 0) == other.series(0)(0, 0));
  CHECK(trace.series(0)(0, 0) != first);
  CHECK(trace.energies()(19, 2) == other.energies()(19, 2));

  // Draws that come from a checkpoint are shown too.
  const TemporaryFolder folder;
  give(other, 3);
  io::Writer w;
  other.save(w);
  w.commit(folder / "trace");
  io::Reader r(folder / "trace");
  trace.load(r);
  CHECK(trace.series(1)(5, 1) == other.series(1)(5, 1));
}

TEMPLATE_TEST_CASE("online moments are those of the whole trace", "[run]", float, double) {
  Trace<TestType> trace;
  OnlineMoments moments{{.covariance = true}};
  Autoregressive{.n_chains = 5, .dim = 3, .rho = 0.5, .offset_of_last_chain = 2.0}.give<TestType>(403, trace, moments);
  CHECK(moments.n_draws() == 403);
  for (int d = 0; d < 3; ++d) {
    const auto s = trace.series(d);
    CHECK_THAT(moments.mean(d), WithinRel(diag::mean(s), 1e-12));
    CHECK_THAT(moments.variance(d), WithinRel(diag::sd(s) * diag::sd(s), 1e-11));
    CHECK_THAT(moments.sd(d), WithinRel(diag::sd(s), 1e-11));
    for (int c = 0; c < 5; ++c) {
      CHECK_THAT(moments.mean(c, d), WithinRel(diag::mean(s.chain(c)), 1e-11));
      CHECK_THAT(moments.variance(c, d), WithinRel(diag::sd(s.chain(c)) * diag::sd(s.chain(c)), 1e-11));
    }
    for (int e = 0; e < 3; ++e) {
      double sum = 0.0;
      for (int i = 0; i < 403; ++i) {
        for (int c = 0; c < 5; ++c) {
          sum += (static_cast<double>(trace(i, c, d)) - diag::mean(s)) * (static_cast<double>(trace(i, c, e)) - diag::mean(trace.series(e)));
        }
      }
      CHECK_THAT(moments.covariance(d, e), WithinAbs(sum / (5 * 403 - 1), 1e-11));
    }
    CHECK_THAT(moments.covariance(d, d), WithinRel(moments.variance(d), 1e-12));
  }
}

TEST_CASE("online moments keep their digits far from the origin", "[run]") {
  OnlineMoments moments;
  moments.on_begin(info_of(1, 1, 1000));
  double u = 0.0;
  for (int i = 0; i < 1000; ++i) {
    const double x = 1e9 + (i % 2 == 0 ? 1.0 : -1.0);
    moments.on_draw(Draw<double>{i, 1, 1, &x, 1, &u});
  }
  CHECK_THAT(moments.variance(0), WithinRel(1000.0 / 999.0, 1e-9));  // the textbook sum of squares would have no digit left
}

TEST_CASE("online moments of too few draws are not a number", "[run]") {
  OnlineMoments moments;
  moments.on_begin(info_of(2, 1, 10));
  CHECK(std::isnan(moments.mean(0)));
  const double x[] = {1.0, 2.0}, u[2] = {};
  moments.on_draw(Draw<double>{0, 2, 1, x, 2, u});
  CHECK(moments.mean(0) == 1.5);
  CHECK(moments.variance(0) == 0.5);
  CHECK(std::isnan(moments.variance(0, 0)));
  CHECK(std::isnan(moments.covariance(0, 0)));
}

TEST_CASE("online R-hat is the split R-hat of the draws in full batches", "[run]") {
  // 5, 38: each draw a batch, the odd last one left over; 400 = 20 * 20, 1001 = 20 * 50 + 1, 997 = 32 * 31 + 5; one chain is split too.
  const auto [n_draws, used, n_chains] = GENERATE(std::tuple{5, 4, 3}, std::tuple{38, 38, 3}, std::tuple{400, 400, 4},
                                                  std::tuple{1001, 1000, 4}, std::tuple{997, 992, 1});
  INFO(n_draws);
  Trace<double> trace;
  OnlineRHat online;
  Autoregressive{.n_chains = n_chains, .dim = 2, .rho = 0.7, .offset_of_last_chain = 0.4}.give<double>(n_draws, trace, online);
  for (int d = 0; d < 2; ++d) {
    auto s = trace.series(d);
    s.n_draws = used;
    CHECK_THAT(online.rhat(d), WithinRel(diag::rhat_basic(s), 1e-10));
  }
  CHECK(online.worst() == std::max(online.rhat(0), online.rhat(1)));
}

TEST_CASE("online R-hat grows where a chain is elsewhere, and has no value where nothing varies", "[run]") {
  OnlineRHat together, apart, constant;
  Autoregressive{.n_chains = 4, .dim = 1}.give<double>(1000, together);
  Autoregressive{.n_chains = 4, .dim = 1, .offset_of_last_chain = 3.0}.give<double>(1000, apart);
  CHECK(together.worst() < 1.01);
  CHECK(apart.worst() > 1.3);
  CHECK(std::isnan(constant.rhat(0)));
  constant.on_begin(info_of(2, 1, 8));
  const double x[] = {1.0, 1.0}, u[2] = {};
  for (int i = 0; i < 8; ++i) constant.on_draw(Draw<double>{i, 2, 1, x, 2, u});
  CHECK(std::isnan(constant.rhat(0)));
}

TEST_CASE("online R-hat stops a run when it is low enough, and no sooner than asked", "[run]") {
  OnlineRHat sink{{.stop_below = 1.05, .min_draws = 120}};
  sink.on_begin(info_of(4, 1, 1000));
  int stopped = -1;
  struct Watch {
    OnlineRHat& sink;
    int& stopped;
    void on_begin(const RunInfo&) {}
    void on_draw(const Draw<double>& draw) {
      if (sink.on_draw(draw) == Control::stop && stopped < 0) stopped = draw.index + 1;
    }
  } watch{sink, stopped};
  Autoregressive{.n_chains = 4, .dim = 1}.give<double>(1000, watch);
  CHECK(stopped >= 120);
  CHECK(stopped < 1000);
  CHECK(stopped % 50 == 0);  // looked at once a batch
}

TEST_CASE("online ESS is right for autoregressive chains, but for the stated bias", "[run]") {
  // For AR(1) in batches of b: E b v = 1 + 2 sum_{k<b} (1 - k/b) rho^k = tau - 2 rho (1 - rho^b) / (b (1 - rho)^2), exactly.
  const double rho = GENERATE(0.0, 0.5, 0.9);
  const int n_draws = 2000, n_chains = 40, b = 100;
  const double tau = (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - std::pow(rho, b)) / (b * (1.0 - rho) * (1.0 - rho));
  const double expected = n_draws * n_chains / tau, relative_sd = std::sqrt(2.0 / (20 * n_chains - 1));
  OnlineEss online, broken;
  Trace<double> trace;
  Autoregressive{.n_chains = n_chains, .dim = 1, .rho = rho}.give<double>(n_draws, online, trace);
  // 4 standard errors (of the spread of batch means; the variance of a draw is known ten times better): false alarm 6e-5.
  CHECK(std::abs(online.ess(0) / expected - 1.0) < 4.0 * relative_sd);
  CHECK(std::abs(online.ess(0) / diag::ess_basic(trace.series(0)) - 1.0) < 4.0 * relative_sd + 0.1);
  CHECK_THAT(online.mcse(0), WithinRel(diag::sd(trace.series(0)) / std::sqrt(online.ess(0)), 1e-10));
  CHECK(online.least() == online.ess(0));

  // The broken variant: draws taken for independent.
  if (rho > 0.0) CHECK(std::abs(n_draws * n_chains / expected - 1.0) > 4.0 * relative_sd);
}

TEST_CASE("online ESS sees chains that disagree and is bounded for antithetic ones", "[run]") {
  OnlineEss apart, antithetic;
  Autoregressive{.n_chains = 4, .dim = 1, .offset_of_last_chain = 5.0}.give<double>(1000, apart);
  CHECK(apart.ess(0) < 100.0);  // of 4000
  antithetic.on_begin(info_of(2, 1, 400));
  for (int i = 0; i < 400; ++i) {
    const double v = i % 2 == 0 ? 1.0 : -1.0;
    const double x[] = {v, -v}, u[2] = {};
    antithetic.on_draw(Draw<double>{i, 2, 1, x, 2, u});
  }
  CHECK_THAT(antithetic.ess(0), WithinRel(800.0 * std::log10(800.0), 1e-12));
}

TEST_CASE("a saved and loaded sink goes on with the same bits", "[run]") {
  Trace<double> trace;
  OnlineMoments moments{{.covariance = true}};
  OnlineRHat rhat;
  OnlineEss ess;
  const Autoregressive chains{.n_chains = 3, .dim = 2, .rho = 0.3};
  chains.give<double>(777, trace, moments, rhat, ess);

  // The first 400 draws, then saved, loaded into a fresh sink, and the rest.
  struct Relay {
    Trace<double> trace;
    OnlineMoments moments{{.covariance = true}};
    OnlineRHat rhat;
    OnlineEss ess;
    RunInfo info;
    void on_begin(const RunInfo& i) {
      info = i;
      trace.on_begin(i), moments.on_begin(i), rhat.on_begin(i), ess.on_begin(i);
    }
    void on_draw(const Draw<double>& draw) {
      if (draw.index == 400) {
        trace = saved_and_loaded(trace, Trace<double>(), info);
        moments = saved_and_loaded(moments, OnlineMoments{{.covariance = true}}, info);
        rhat = saved_and_loaded(rhat, OnlineRHat(), info);
        ess = saved_and_loaded(ess, OnlineEss(), info);
      }
      trace.on_draw(draw), moments.on_draw(draw), rhat.on_draw(draw), ess.on_draw(draw);
    }
  } relay;
  chains.give<double>(777, relay);
  REQUIRE(relay.trace.n_draws() == 777);
  for (int d = 0; d < 2; ++d) {
    for (int i = 0; i < 777; ++i) CHECK(relay.trace(i, 1, d) == trace(i, 1, d));
    CHECK(relay.moments.mean(d) == moments.mean(d));
    CHECK(relay.moments.variance(d) == moments.variance(d));
    CHECK(relay.moments.covariance(d, 0) == moments.covariance(d, 0));
    CHECK(relay.rhat.rhat(d) == rhat.rhat(d));
    CHECK(relay.ess.ess(d) == ess.ess(d));
  }
  CHECK_THROWS_WITH(saved_and_loaded(moments, OnlineMoments{}, relay.info), contains("moments of another shape"));
}

TEST_CASE("acceptance prints a line for every part of the cycle", "[run]") {
  Acceptance acceptance;
  RunReport report;
  report.parts = {{"mala", 0.57, 2000.0, 0.125}, {"imh", 0.25, 1000.0, 0.0}};
  acceptance.on_begin({});
  CHECK(acceptance.size() == 0);
  acceptance.on_end(report);
  std::ostringstream out;
  out << acceptance;
  CHECK(out.str() == "mala         acceptance 0.570 in 2000 transitions a chain, step size 0.125\n"
                     "imh          acceptance 0.250 in 1000 transitions a chain\n");
  CHECK(acceptance[1].mean_accept == 0.25);
}

TEST_CASE("progress in a log is a line with phase, share, rate and time left; and silence where the run is short", "[run]") {
  const TemporaryFolder folder;
  const auto text_of = [&](double line_seconds) {
    std::FILE* log = std::fopen((folder / "log").c_str(), "w");
    Progress progress{{.stream = log, .line_seconds = line_seconds}};
    RunInfo info = info_of(4, 1, 30);
    info.n_warmup = 10;
    info.thin = 3;
    progress.on_begin(info);
    progress.on_warmup(5, 10);
    const double x[4] = {}, u[4] = {};
    progress.on_draw(Draw<double>{14, 4, 1, x, 4, u});
    RunReport report;
    report.kernel = "rwm";
    report.n_draws = 30;
    report.n_chains = 4;
    progress.on_end(report);
    std::fclose(log);
    return read_file(folder / "log");
  };
  CHECK(text_of(3600.0).empty());
  const std::string text = text_of(0.0);
  CHECK_THAT(text, contains("warm-up   [#-------------------]   5 %"));
  CHECK_THAT(text, contains("sampling  [###########---------]  55 %"));
  CHECK_THAT(text, contains("steps/s"));
  CHECK_THAT(text, contains(" left"));
  CHECK_THAT(text, contains("rwm: 30 draws of 4 chains in"));
  CHECK(text.find('\r') == std::string::npos);
}

}  // namespace erg::test
