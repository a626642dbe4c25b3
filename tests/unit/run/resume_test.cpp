// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/energy/gaussian.hpp"
#include "erg/kernel/augment.hpp"
#include "erg/kernel/defensive_mixture.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/isir.hpp"
#include "erg/kernel/langevin.hpp"
#include "erg/kernel/rwm.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks.hpp"
#include "erg/train/augment.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <csignal>

#include <sys/wait.h>

namespace erg::test {
namespace {

/// Ends a run from inside: by an exception, or as kill -9 does. Warm-up steps count from 1, draws from 0.
struct Interrupt {
  static constexpr bool is_stateless = true;
  int at_warmup = -1, at_draw = -1;
  bool kills = false;

  void strike() const {
    if (kills) std::raise(SIGKILL);
    throw std::runtime_error("interrupted");
  }
  void on_warmup(int step, int) const {
    if (step == at_warmup) strike();
  }
  void on_draw(const Draw<double>& draw) const {
    if (draw.index == at_draw) strike();
  }
};

struct Steps {
  static constexpr bool is_stateless = true;
  int n = 0;
  void on_warmup(int, int) { ++n; }
  void on_draw(const Draw<double>&) { ++n; }
};

/// What a run leaves behind.
struct Outcome {
  Trace<double> trace;
  OnlineMoments moments{{.covariance = true}};
  OnlineRHat rhat;
  OnlineEss ess;
  std::vector<double> npy;
  RunReport report;
};

template <class Kernel>
void go(Outcome& o, const Kernel& kernel, const Plan& plan, const TemporaryFolder& folder, const std::string& name, Interrupt interrupt) {
  Npy<double> npy{folder / (name + ".npy")};
  const GaussianDiagonal energy(std::vector<double>{1.0, 0.0, -2.0}, std::vector<double>{0.5, 1.0, 3.0});
  o.report = run(Serial{}, kernel, energy, plan, o.trace, o.moments, o.rhat, o.ess, npy, interrupt, Checkpoint{folder / name, 10});
  o.npy = io::read_npy<double>(npy.path()).values;
}

void check_same(const Outcome& a, const Outcome& b) {
  REQUIRE(a.trace.n_draws() == b.trace.n_draws());
  bool same = true;
  for (int i = 0; i < a.trace.n_draws(); ++i) {
    for (int c = 0; c < a.trace.n_chains(); ++c) {
      for (int d = 0; d < a.trace.dim(); ++d) same = same && a.trace(i, c, d) == b.trace(i, c, d);
      same = same && a.trace.energy(i, c) == b.trace.energy(i, c);
    }
  }
  CHECK(same);
  for (int d = 0; d < a.trace.dim(); ++d) {
    CHECK(a.moments.mean(d) == b.moments.mean(d));
    CHECK(a.moments.covariance(d, 0) == b.moments.covariance(d, 0));
    CHECK(a.rhat.rhat(d) == b.rhat.rhat(d));
    CHECK(a.ess.ess(d) == b.ess.ess(d));
  }
  CHECK(a.npy == b.npy);
  CHECK(a.report.n_draws == b.report.n_draws);
  CHECK(a.report.gradient_evals == b.report.gradient_evals);
  CHECK(a.report.mean_accept == b.report.mean_accept);
  CHECK(a.report.divergences == b.report.divergences);
  CHECK(a.report.non_finite == b.report.non_finite);
  CHECK(a.report.stuck_chains == b.report.stuck_chains);
  REQUIRE(a.report.parts.size() == b.report.parts.size());
  for (std::size_t p = 0; p < a.report.parts.size(); ++p) {
    CHECK(a.report.parts[p].mean_accept == b.report.parts[p].mean_accept);
    CHECK(a.report.parts[p].step_size == b.report.parts[p].step_size);
    CHECK(a.report.parts[p].n_transitions == b.report.parts[p].n_transitions);
  }
}

/// Interrupted at each of the points, one run after another, then left to end: all as if nothing had happened.
template <class Kernel>
void check_resumes(const Kernel& kernel, const Plan& plan, const std::vector<Interrupt>& points) {
  const TemporaryFolder folder;
  Outcome whole;
  go(whole, kernel, plan, folder, "whole", {});
  CHECK_FALSE(whole.report.resumed);

  for (const auto& point : points) {
    INFO("warm-up step " << point.at_warmup << ", draw " << point.at_draw);
    const std::string name = "alone" + std::to_string(point.at_warmup) + "," + std::to_string(point.at_draw);
    Outcome resumed;
    CHECK_THROWS_WITH(go(resumed, kernel, plan, folder, name, point), contains("interrupted"));
    go(resumed, kernel, plan, folder, name, {});
    CHECK(resumed.report.resumed);
    check_same(resumed, whole);
  }
  Outcome often;
  for (const auto& point : points) CHECK_THROWS_WITH(go(often, kernel, plan, folder, "often", point), contains("interrupted"));
  go(often, kernel, plan, folder, "often", {});
  check_same(often, whole);

  // A run that had ended gives its results again, without a step.
  go(often, kernel, plan, folder, "often", {});
  CHECK(often.report.resumed);
  check_same(often, whole);
}

Hmc<DenseMetric> dense() { return Hmc{{.step_size = 0.3, .n_leapfrog = 3}, DenseMetric{}}; }
const Plan adaptive{.n_chains = 5, .n_warmup = 130, .n_draws = 40, .thin = 3, .seed = 11};

}  // namespace

TEST_CASE("an interrupted run with a dense metric and thinning resumes with the same bits", "[run]") {
  check_resumes(dense(), adaptive, {{.at_warmup = 1}, {.at_warmup = 73}, {.at_warmup = 130}, {.at_draw = 0}, {.at_draw = 19}, {.at_draw = 39}});
}

TEST_CASE("an interrupted cycle with momentum of its own resumes with the same bits", "[run]") {
  const auto kernel = cycle(Baoab{{.step_size = 0.2}}, repeat<2>(Rwm{{.step_size = 0.7}}));
  check_resumes(kernel, {.n_chains = 3, .n_warmup = 35, .n_draws = 25, .seed = 5}, {{.at_warmup = 35}, {.at_draw = 13}, {.at_draw = 24}});
}

TEST_CASE("a run killed with SIGKILL resumes with the same bits", "[run]") {
  const TemporaryFolder folder;
  Outcome whole;
  go(whole, dense(), adaptive, folder, "whole", {});
  for (const Interrupt point : {Interrupt{.at_warmup = 47, .kills = true}, Interrupt{.at_draw = 27, .kills = true}}) {
    const std::string name = "killed" + std::to_string(point.at_draw);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Outcome lost;
      go(lost, dense(), adaptive, folder, name, point);
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
    // What the killed run left is whole: a checkpoint, and an array of as many draws as it counts or a few more.
    if (point.at_draw >= 0) CHECK(io::read_npy<double>(folder / (name + ".npy")).shape[0] == 20);
    Outcome resumed;
    go(resumed, dense(), adaptive, folder, name, {});
    CHECK(resumed.report.resumed);
    check_same(resumed, whole);
  }
}

TEST_CASE("a checkpoint does not change the chains", "[run]") {
  const TemporaryFolder folder;
  const GaussianDiagonal energy(std::vector<double>{1.0, 0.0, -2.0}, std::vector<double>{0.5, 1.0, 3.0});
  Outcome with;
  go(with, dense(), adaptive, folder, "with", {});
  Trace<double> without;
  const auto report = run(Serial{}, dense(), energy, adaptive, without);
  bool same = true;
  for (int i = 0; i < 40; ++i) {
    for (int d = 0; d < 3; ++d) same = same && with.trace(i, 4, d) == without(i, 4, d);
  }
  CHECK(same);
  CHECK_THAT(report.mean_accept, WithinRel(with.report.mean_accept, 1e-12));
}

TEST_CASE("a checkpoint of another run is refused with what differs, and left as it is", "[run]") {
  const TemporaryFolder folder;
  const auto go_with = [&](Hmc<DenseMetric> kernel, Plan plan, double sd) {
    const GaussianDiagonal energy(std::vector<double>{1.0, 0.0, -2.0}, std::vector<double>{0.5, 1.0, sd});
    OnlineMoments moments;
    return run(Serial{}, kernel, energy, plan, moments, Checkpoint{folder / "run", 10});
  };
  (void)go_with(dense(), adaptive, 3.0);
  const std::string bytes = read_file(folder / "run");
  const auto refused = [&](const std::string& why, auto&& change) {
    Hmc<DenseMetric> kernel = dense();
    Plan plan = adaptive;
    double sd = 3.0;
    change(kernel, plan, sd);
    INFO(why);
    CHECK_THROWS_WITH(go_with(kernel, plan, sd), contains("run belongs to another run (its " + why) && contains("; delete it to start the run anew"));
    CHECK(read_file(folder / "run") == bytes);
  };
  refused("n_chains is 5, this run's is 6", [](auto&, Plan& p, double&) { p.n_chains = 6; });
  refused("n_warmup is 130, this run's is 131", [](auto&, Plan& p, double&) { p.n_warmup = 131; });
  refused("n_draws is 40, this run's is 50", [](auto&, Plan& p, double&) { p.n_draws = 50; });
  refused("thin is 3, this run's is 1", [](auto&, Plan& p, double&) { p.thin = 1; });
  refused("seed is 11, this run's is 12", [](auto&, Plan& p, double&) { p.seed = 12; });
  refused("adaptation is dual_averaging, this run's is none", [](auto&, Plan& p, double&) { p.adapt = false; });
  refused("adaptation is dual_averaging, this run's is robbins_monro", [](auto&, Plan& p, double&) { p.step_size_rule = StepSizeRule::robbins_monro; });
  refused("fingerprint of start and energy is ", [](auto&, Plan& p, double&) { p.start_scale = 2.0; });
  refused("fingerprint of start and energy is ", [](auto&, Plan&, double& sd) { sd = 3.5; });
  refused("kernel is hmc{0.3 3 0 1000 0.8", [](auto& k, Plan&, double&) { k.params.n_leapfrog = 4; });
  refused("kernel is hmc{0.3 3 0 1000 0.8; metric ", [](auto& k, Plan&, double&) { k.metric.set_inverse_mass({1, 0, 0, 0, 1, 0, 0, 0, 2}, 3); });
}

TEST_CASE("every fact of a run's identity is compared", "[run]") {
  const TemporaryFolder folder;
  RunReport report;
  report.dim = 2;
  const auto identity = detail::identity_of(report, Plan{}, "hmc{0.1}", "Ring", 8, 77, 1);
  CHECK(identity.facts.size() == 13);
  for (std::size_t i = 0; i <= identity.facts.size(); ++i) {
    auto other = identity;
    if (i < identity.facts.size()) other.facts[i].second += "x";
    io::Writer w;
    other.save(w);
    w.commit(folder / "run");
    io::Reader r(folder / "run");
    if (i == identity.facts.size()) {
      CHECK_NOTHROW(identity.check(r));
    } else {
      const auto& [name, value] = identity.facts[i];
      CHECK_THROWS_WITH(identity.check(r), contains("(its " + name + " is " + value + "x, this run's is " + value + ")"));
    }
  }
  auto shorter = identity;
  shorter.facts.pop_back();
  io::Writer w;
  shorter.save(w);
  w.commit(folder / "run");
  io::Reader r(folder / "run");
  CHECK_THROWS_WITH(identity.check(r), contains("belongs to another version of erg"));
  io::Writer v;
  v.put_string("something else entirely");
  v.commit(folder / "run");
  io::Reader s(folder / "run");
  CHECK_THROWS_WITH(identity.check(s), contains("no checkpoint of this version of erg"));
}

TEST_CASE("parameters are told apart to the last bit", "[run]") {
  const auto text = [](double h) { return detail::kernel_text(Rwm{{.step_size = h}}); };
  CHECK(text(0.1) != text(std::nextafter(0.1, 1.0)));
  CHECK_THAT(text(0.1), contains("rwm{0.1 "));
  CHECK(detail::kernel_text(cycle(Rwm{{.step_size = 0.1}}, repeat<2>(Rwm{{.step_size = 0.2}}))) !=
        detail::kernel_text(cycle(Rwm{{.step_size = 0.2}}, repeat<2>(Rwm{{.step_size = 0.1}}))));
}

TEST_CASE("parameters are told apart wherever in a composition they stand", "[run]") {
  const auto differ = [](auto&& make) {
    const auto a = detail::kernel_text(make(0.1), 2), again = detail::kernel_text(make(0.1), 2), b = detail::kernel_text(make(0.11), 2);
    INFO(a << " " << b);
    CHECK(a == again);
    CHECK(a != b);
  };
  const auto rwm = [](double h) { return Rwm{{.step_size = h}}; };
  differ([&](double h) { return cycle(rwm(1.0), repeat<2>(rwm(h))); });
  differ([&](double h) { return cycle(mix(weighted(1.0, rwm(h)), weighted(1.0, rwm(1.0))), rwm(1.0)); });
  differ([&](double h) { return mix(weighted(1.0, cycle(rwm(1.0), rwm(h))), weighted(1.0, repeat<3>(rwm(1.0)))); });

  // Inside proposals and augmentations too.
  const auto imh = [](double sd, double bound = 1000.0) { return Imh(GaussianIsotropic<2>(sd), {.max_energy_error = bound}); };
  differ([&](double sd) { return imh(sd); });
  differ([&](double sd) { return prefetch<4>(imh(sd)); });
  differ([&](double bound) { return prefetch<4>(imh(1.0, bound)); });
  differ([](double eps) { return Isir(DefensiveMixture(GaussianIsotropic<2>(1.0), GaussianIsotropic<2>(3.0), eps)); });
  differ([](double bound) { return Augment<train::Rotate>{{}, {bound}}; });
  differ([](double width) { return augment(train::Rescale{width}); });
  differ([](double p) { return augment(train::InTurn(train::Rotate{}, train::Sometimes{p, train::FlipSigns{}})); });
  CHECK(detail::kernel_text(prefetch<4>(imh(1.0))) != detail::kernel_text(prefetch<5>(imh(1.0))));
  CHECK(detail::kernel_text(imh(1.0)) != detail::kernel_text(Imh(GaussianIsotropic<>(2))));
  CHECK(detail::kernel_text(augment(train::Rotate{})) != detail::kernel_text(augment(train::FlipSigns{})));

  // A proposal that learns is the same while it does.
  CHECK(detail::kernel_text(imh(1.0)) == detail::kernel_text(imh(2.0)));
}

TEST_CASE("a truncated or damaged checkpoint stops the run before it starts, and nothing is lost", "[run]") {
  const TemporaryFolder folder;
  Outcome whole;
  go(whole, dense(), adaptive, folder, "run", {});
  const std::string bytes = read_file(folder / "run"), draws = read_file(folder / "run.npy");
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
  for (const std::string& bad : {bytes.substr(0, bytes.size() / 2), bytes.substr(0, 3), flipped, std::string(500, 'x')}) {
    write_file(folder / "run", bad);
    Outcome o;
    CHECK_THROWS_AS(go(o, dense(), adaptive, folder, "run", {}), IoError);
    CHECK_THROWS_WITH(go(o, dense(), adaptive, folder, "run", {}), contains("delete it to start the run anew"));
    CHECK(read_file(folder / "run") == bad);
    CHECK(read_file(folder / "run.npy") == draws);
  }
}

TEST_CASE("a checkpoint path that cannot be written is known before the first step", "[run]") {
  const TemporaryFolder folder;
  Steps steps;
  const GaussianDiagonal energy(std::vector<double>{1.0, 0.0, -2.0}, std::vector<double>{0.5, 1.0, 3.0});
  const auto go_to = [&](const std::string& path, int every = 10) { return run(Serial{}, dense(), energy, adaptive, steps, Checkpoint{path, every}); };
  ERG_CHECK_THROWS(go_to(folder / "missing/run"), IoError, "missing/run (No such file or directory) check that the folder exists and is writable");
  write_file(folder / "file", "x");
  ERG_CHECK_THROWS(go_to(folder / "file/run"), IoError, "file/run (Not a directory)");
  ERG_CHECK_THROWS(go_to(folder / "run", 0), std::invalid_argument, "Checkpoint::every = 0 (must be >= 1)");
  CHECK(steps.n == 0);
}

TEST_CASE("a resumed run without its npy file is one sentence", "[run]") {
  const TemporaryFolder folder;
  Outcome o;
  CHECK_THROWS(go(o, dense(), adaptive, folder, "run", {.at_draw = 25}));
  std::filesystem::remove(folder / "run.npy");
  CHECK_THROWS_WITH(go(o, dense(), adaptive, folder, "run", {}), contains("it has fewer rows than the checkpoint says"));
}

}  // namespace erg::test
