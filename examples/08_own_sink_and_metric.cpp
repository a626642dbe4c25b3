// A sink of your own, which watches a run and may end it, and a metric of your own, which shapes the moves.
#include <erg/erg.hpp>
#include <iostream>
#include "support/picture.hpp"

// [sink]
/// Counts how often chains cross from one side of 0 to the other, and ends the run when all of them together did so n times.
class Crossings {
 public:
  explicit Crossings(long long enough) : enough_(enough) {}

  void on_begin(const erg::RunInfo& info) { sign_.assign(static_cast<std::size_t>(info.n_chains), 0), count_ = 0; }

  template <class T>
  erg::Control on_draw(const erg::Draw<T>& draw) {
    for (int c = 0; c < draw.n_chains; ++c) {
      const int sign = draw(c, 0) < 0 ? -1 : 1;
      int& before = sign_[static_cast<std::size_t>(c)];
      count_ += before == -sign;
      before = sign;
    }
    return count_ < enough_ ? erg::Control::proceed : erg::Control::stop;
  }
  long long count() const { return count_; }

  // Only a run with a Checkpoint needs these two.
  void save(erg::io::Writer& out) const { out.put_vector(sign_), out.put(count_); }
  void load(erg::io::Reader& in) { in.get_vector(sign_), in.get(count_); }

 private:
  long long enough_ = 0, count_ = 0;
  std::vector<int> sign_;
};
// [sink]

// [metric]
/// In the plane: F = R(angle) diag(along, across), long steps in one direction, short ones across it. M^-1 = F F^T.
struct Tilted {
  double cosine, sine, along, across;

  /// y <- y + a F v
  template <class A, class Y, class V>
  ERG_FN void add(Y& y, const A& a, const V& v) const {
    const auto p = along * v[0], q = across * v[1];
    y[0] = y[0] + a * (cosine * p - sine * q);
    y[1] = y[1] + a * (sine * p + cosine * q);
  }
  /// y <- y + a F^T v
  template <class A, class Y, class V>
  ERG_FN void add_transposed(Y& y, const A& a, const V& v) const {
    y[0] = y[0] + a * along * (cosine * v[0] + sine * v[1]);
    y[1] = y[1] + a * across * (cosine * v[1] - sine * v[0]);
  }
  /// p <- p + a F^T g;  y <- x + b F p. y may be x.
  template <class A, class P>
  ERG_FN void kick_drift(P& y, const P& x, P& p, const P& g, const A& a, const A& b) const {
    add_transposed(p, a, g);
    copy(y, x);
    add(y, b, p);
  }
};
// [metric]

int main() {
  // A Gaussian a hundred times longer than wide, at 30 degrees.
  const double c = std::cos(0.5236), s = std::sin(0.5236), wide = 100.0, narrow = 0.01;
  const erg::GaussianDense<2> target({0.0, 0.0}, {c * c * wide + s * s * narrow, c * s * (wide - narrow), c * s * (wide - narrow),
                                                  s * s * wide + c * c * narrow});
  const erg::Plan plan{.n_chains = 64, .n_warmup = 200, .n_draws = 20000, .seed = 8};
  const erg::HmcParams params{.step_size = 0.2, .n_leapfrog = 8, .jitter = 0.2};

  std::printf("metric  step size  accept  draws until 10000 crossings\n");
  erg::Trace<double> with_unit, with_tilted;
  Crossings unit(10000), tilted(10000);
  // [use]
  const auto plain = erg::run(erg::Simd{}, erg::Hmc{params}, target, plan, with_unit, unit);
  const auto shaped = erg::run(erg::Simd{}, erg::Hmc{params, Tilted{c, s, 10.0, 0.1}}, target, plan, with_tilted, tilted);
  // [use]
  for (const auto& [name, r] : {std::pair{"unit", &plain}, std::pair{"tilted", &shaped}}) {
    std::printf("%-6s  %9.3f  %6.3f  %s%d\n", name, r->parts[0].step_size, r->mean_accept,
                r->stop_reason == erg::StopReason::stopped_by_sink ? "" : "more than ", r->n_draws);
  }
  std::cout << '\n' << erg::diag::summarize(with_tilted) << '\n';

  example::Picture p("out/examples/08_own_sink_and_metric.png", 1, 2, 1100, 430);
  for (const auto& [name, trace] : {std::pair{"unit", &with_unit}, std::pair{"tilted", &with_tilted}}) {
    p.data(name, example::lines(*trace, 3, 150, [trace = trace](int t, int k) { return (*trace)(t, k, 0); }));
    p.axes(std::string(name) + " metric, three chains", "draw", "x_0");
    p << "unset key; plot [0:150][-30:30] for [k=2:4] $" + std::string(name) + " using 1:k with lines lw 1.3 lc rgb word('" +
             example::blue + " " + example::orange + " " + example::green + "', k-1)";
  }
  p.write();
  return shaped.n_draws < plain.n_draws ? 0 : 1;
}
