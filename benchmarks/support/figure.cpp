// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/figure.hpp"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "support/machine.hpp"

namespace bench {
namespace {

struct Result {
  Figure figure;
  Measurement measurement;
  std::optional<bool> reached;
};

std::vector<Figure>& figures() {
  static std::vector<Figure> all;
  return all;
}
std::map<std::string, Result>& results() {
  static std::map<std::string, Result> all;
  return all;
}

std::optional<bool> is_reached(const Figure& f, const Measurement& m) {
  if (!m.unmeasured.empty()) return std::nullopt;
  if (m.reached) return m.reached;
  if (!m.ratio || f.aim == Aim::publish) return std::nullopt;
  return f.aim == Aim::at_least ? *m.ratio >= f.bound : *m.ratio <= f.bound;
}

std::string number(double x, const char* format = "%.3g") {
  char text[64];
  std::snprintf(text, sizeof text, format, x);
  return text;
}
std::string target_of(const Figure& f) {
  switch (f.aim) {
    case Aim::at_least: return ">= " + number(f.bound);
    case Aim::at_most: return "<= " + number(f.bound);
    case Aim::publish: break;
  }
  return f.bound > 0.0 ? "publish (aim " + number(f.bound) + ")" : "publish";
}
std::string quoted(const std::string& s) {
  std::string q = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') q += '\\';
    q += c == '\n' ? ' ' : c;
  }
  return q + '"';
}
std::string json_number(const std::optional<double>& x) { return x ? number(*x, "%.6g") : "null"; }

/// One line a figure, in place of Google Benchmark's table of times.
class TableReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    std::printf("%s; %s, %s; one core unless said otherwise\n", processor().c_str(), compiler().c_str(), instructions());
    std::printf("ratio: reference time / erg's, or as the target says; median [quartiles] over alternated pairs\n\n");
    std::printf("%-58s %-42s %22s  %-12s %s\n", "what", "reference", "ratio", "target", "reached");
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto found = results().find(run.run_name.function_name);
      if (found == results().end()) continue;
      const auto& [figure, m, reached] = found->second;
      std::string ratio = "-";
      if (m.ratio) {
        ratio = number(*m.ratio, *m.ratio < 10 ? "%.3f" : "%.1f");
        if (m.low)
          ratio += " [" + number(*m.low, *m.low < 10 ? "%.3f" : "%.1f") + ", " + number(*m.high, *m.high < 10 ? "%.3f" : "%.1f") + "]";
      }
      const char* verdict = !m.unmeasured.empty() ? "unmeasured" : !reached ? "-" : *reached ? "yes" : "NO";
      std::printf("%-58s %-42s %22s  %-12s %s", figure.what.c_str(), figure.reference.c_str(), ratio.c_str(),
                  target_of(figure).c_str(), verdict);
      if (!m.unmeasured.empty()) std::printf(": %s", m.unmeasured.c_str());
      else if (m.measured) std::printf("  (%s %s", number(*m.measured, "%.4g").c_str(), figure.unit.c_str());
      if (m.unmeasured.empty() && m.measured) {
        if (m.reference_measured) std::printf(" against %s", number(*m.reference_measured, "%.4g").c_str());
        std::printf(")");
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
};

bool write_json(const char* path) {
  std::FILE* out = std::fopen(path, "w");
  if (out == nullptr) return false;
  std::fprintf(out, "[");
  const char* separator = "\n";
  for (const Figure& f : figures()) {
    const auto found = results().find(f.what + " | " + f.reference);
    if (found == results().end()) continue;
    const auto& [figure, m, reached] = found->second;
    std::fprintf(out,
                 "%s  {\"what\": %s, \"reference\": %s, \"measured\": %s, \"reference_measured\": %s, \"unit\": %s,\n"
                 "   \"ratio\": %s, \"ratio_low\": %s, \"ratio_high\": %s, \"target\": %s, \"reached\": %s, \"unmeasured\": %s,\n"
                 "   \"pairs\": %d, \"rejected_pairs\": %d, \"processor\": %s, \"compiler\": %s, \"instructions\": %s}",
                 separator, quoted(f.what).c_str(), quoted(f.reference).c_str(), json_number(m.measured).c_str(),
                 json_number(m.reference_measured).c_str(), quoted(f.unit).c_str(), json_number(m.ratio).c_str(),
                 json_number(m.low).c_str(), json_number(m.high).c_str(), quoted(target_of(f)).c_str(),
                 !reached ? "null" : *reached ? "true" : "false",
                 m.unmeasured.empty() ? "null" : quoted(m.unmeasured).c_str(), m.n_pairs, m.n_rejected,
                 quoted(processor()).c_str(), quoted(compiler()).c_str(), quoted(instructions()).c_str());
    separator = ",\n";
  }
  std::fprintf(out, "\n]\n");
  return std::fclose(out) == 0;
}

}  // namespace

void add_figure(Figure figure) {
  figures().push_back(figure);
  const std::string name = figure.what + " | " + figure.reference;
  benchmark::RegisterBenchmark(name.c_str(), [figure, name](benchmark::State& state) {
    for (auto _ : state) {
      Measurement m = figure.measure();
      const std::optional<bool> reached = is_reached(figure, m);
      state.SetIterationTime(m.measured ? 1e-9 * *m.measured : 0.0);
      if (m.ratio) state.counters["ratio"] = *m.ratio;
      results().insert_or_assign(name, Result{figure, std::move(m), reached});
    }
  })->Iterations(1)->UseManualTime();
}

int run_figures(int argc, char** argv) {
  const char* json = nullptr;
  std::vector<char*> kept;
  for (int i = 0; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      if (i + 1 == argc) {
        std::fprintf(stderr, "--json (takes a file to write) add the file's name\n");
        return 2;
      }
      json = argv[++i];
    } else if (std::strcmp(argv[i], "--list") == 0) {
      for (const Figure& f : figures()) std::printf("%s | %s\n", f.what.c_str(), f.reference.c_str());
      return 0;
    } else {
      kept.push_back(argv[i]);
    }
  }
  int n_kept = static_cast<int>(kept.size());
  benchmark::Initialize(&n_kept, kept.data());
  if (benchmark::ReportUnrecognizedArguments(n_kept, kept.data())) return 2;
  TableReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  int n_missed = 0, n_unmeasured = 0, n_reached = 0;
  for (const auto& [name, result] : results()) {
    n_unmeasured += result.measurement.unmeasured.empty() ? 0 : 1;
    if (result.reached) ++(*result.reached ? n_reached : n_missed);
  }
  std::printf("\n%d reached, %d missed, %d unmeasured\n", n_reached, n_missed, n_unmeasured);
  if (json != nullptr && !write_json(json)) {
    std::fprintf(stderr, "--json %s (cannot be written) choose a file in a folder that exists and is writable\n", json);
    return 1;
  }
  return 0;
}

}  // namespace bench
