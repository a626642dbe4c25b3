// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Pictures of the examples: data and a script piped into gnuplot. Where gnuplot is missing, one sentence says so.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace example {

/// Columns of numbers, all of the same length.
using Columns = std::vector<std::vector<double>>;

/// Okabe and Ito's colours, which everybody can tell apart.
inline constexpr const char* blue = "#0072B2";
inline constexpr const char* orange = "#D55E00";
inline constexpr const char* green = "#009E73";
inline constexpr const char* pink = "#CC79A7";
inline constexpr const char* grey = "#7F7F7F";

inline bool has_gnuplot() {
  static const bool found = std::system("command -v gnuplot >/dev/null 2>&1") == 0;
  return found;
}

/// A page of panels, left to right, then down.
class Picture {
 public:
  Picture(std::string path, int n_rows, int n_columns, int width, int height) : path_(std::move(path)) {
    const auto text = [](auto v) { return std::to_string(v); };
    *this << "set terminal pngcairo size " + text(width) + "," + text(height) + " font 'Sans,11' background '#ffffff'";
    *this << "set output '" + path_ + "'";
    *this << "set border 3 lc rgb '#404040'; set tics nomirror out scale 0.6; set tics textcolor rgb '#404040'";
    *this << "set palette defined (0 '#ffffff', 0.15 '#deebf7', 0.5 '#9ecae1', 1 '#4292c6'); unset colorbox; set samples 400";
    *this << "set key top right samplen 1.5 spacing 1.1; set title font ',12' offset 0,-0.4";
    // Margins and gaps in pixels, so that panels line up and labels fit whatever the size.
    const auto share = [](double pixels, int size) { return std::to_string(pixels / size); };
    *this << "set multiplot layout " + text(n_rows) + "," + text(n_columns) + " margins " + share(70, width) + ",1-" + share(25, width) +
                 "," + share(60, height) + ",1-" + share(45, height) + " spacing " + share(85, width) + "," + share(105, height);
  }

  /// A line of gnuplot.
  Picture& operator<<(const std::string& line) {
    script_ += line + '\n';
    return *this;
  }
  /// Named data for the lines that follow: plot $name using 1:2.
  Picture& data(const std::string& name, const Columns& columns) {
    script_ += "$" + name + " << EOD\n";
    for (std::size_t i = 0; i < columns.at(0).size(); ++i) {
      for (const auto& column : columns) {
        char number[32];
        std::snprintf(number, sizeof number, "%.6g ", column[i]);
        script_ += number;
      }
      script_ += '\n';
    }
    script_ += "EOD\n";
    return *this;
  }
  /// What the axes of the next panels say.
  Picture& axes(const std::string& title, const std::string& x, const std::string& y) {
    return *this << "set title '" + title + "'; set xlabel '" + x + "' offset 0,0.3; set ylabel '" + y + "' offset 1,0";
  }

  /// Draws, and says where the picture is or why there is none.
  std::string draw() const {
    if (!has_gnuplot()) return "no picture " + path_ + " (gnuplot is not installed): apt install gnuplot-nox";
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
    std::FILE* gnuplot = popen("gnuplot", "w");
    if (gnuplot == nullptr) return "no picture " + path_ + " (gnuplot does not start)";
    std::fputs((script_ + "unset multiplot\n").c_str(), gnuplot);
    return (pclose(gnuplot) == 0 ? "picture " : "no picture (gnuplot failed) ") + path_;
  }
  void write() const { std::cout << draw() << '\n'; }

 private:
  std::string path_, script_;
};

/// exp(-(U - min U)) of an energy in the plane, (x, y, density), for `with image`. u(x, y) is the energy.
template <class U>
Columns density(U&& u, double x0, double x1, double y0, double y1, int n = 160) {
  Columns c(3);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const double x = x0 + (x1 - x0) * (i + 0.5) / n, y = y0 + (y1 - y0) * (j + 0.5) / n;
      c[0].push_back(x), c[1].push_back(y), c[2].push_back(u(x, y));
    }
  }
  const double least = *std::min_element(c[2].begin(), c[2].end());
  for (double& v : c[2]) v = std::exp(least - v);
  return c;
}

/// (x_i, x_j) of about n draws spread evenly over the chains [first, last) of a trace.
template <class Trace>
Columns scatter(const Trace& trace, int i, int j, int n, int first = 0, int last = -1) {
  if (last < 0) last = trace.n_chains();
  const long long total = static_cast<long long>(trace.n_draws()) * (last - first);
  // A stride that is coprime to the number of chains visits all of them.
  const long long stride = std::max(1LL, total / n) | 1;
  Columns c(2);
  for (long long k = 0; k < total; k += stride) {
    const int draw = static_cast<int>(k / (last - first)), chain = first + static_cast<int>(k % (last - first));
    c[0].push_back(static_cast<double>(trace(draw, chain, i)));
    c[1].push_back(static_cast<double>(trace(draw, chain, j)));
  }
  return c;
}

/// (draw, f(draw, chain 0), f(draw, chain 1), ...): at most n_draws draws of the first n_chains chains.
template <class Trace, class F>
Columns lines(const Trace& trace, int n_chains, int n_draws, F&& f) {
  Columns c(static_cast<std::size_t>(n_chains) + 1);
  for (int t = 0; t < std::min(n_draws, trace.n_draws()); ++t) {
    c[0].push_back(t);
    for (int k = 0; k < n_chains; ++k) c[static_cast<std::size_t>(k) + 1].push_back(static_cast<double>(f(t, k)));
  }
  return c;
}

/// (centre, density) of a histogram of f over all draws of all chains.
template <class Trace, class F>
Columns histogram(const Trace& trace, double from, double to, int n_bins, F&& f) {
  Columns c(2);
  const double width = (to - from) / n_bins;
  for (int b = 0; b < n_bins; ++b) c[0].push_back(from + (b + 0.5) * width);
  c[1].resize(c[0].size());
  const double weight = 1.0 / (width * trace.n_draws() * trace.n_chains());
  for (int t = 0; t < trace.n_draws(); ++t) {
    for (int k = 0; k < trace.n_chains(); ++k) {
      const double at = (static_cast<double>(f(t, k)) - from) / width;
      if (at >= 0 && at < n_bins) c[1][static_cast<std::size_t>(at)] += weight;
    }
  }
  return c;
}

/// A page of three panels of a two-dimensional run: density and draws, coordinate 0 of some chains, its histogram.
template <class Trace, class U>
void plane(const std::string& path, const Trace& trace, U&& u, double x0, double x1, double y0, double y1) {
  Picture p(path, 1, 3, 1350, 430);
  p.data("density", density(u, x0, x1, y0, y1)).data("draws", scatter(trace, 0, 1, 1500));
  p.data("lines", lines(trace, 3, 100, [&](int t, int k) { return trace(t, k, 0); }));
  p.data("bins", histogram(trace, x0, x1, 60, [&](int t, int k) { return trace(t, k, 0); }));
  const auto range = [](double a, double b) { return "[" + std::to_string(a) + ":" + std::to_string(b) + "]"; };
  p.axes("density and 1500 draws", "x_0", "x_1");
  p << "unset key; plot " + range(x0, x1) + range(y0, y1) +
           " $density using 1:2:3 with image, $draws using 1:2 with points pt 7 ps 0.25 lc rgb '" + orange + "'";
  p.axes("three chains", "draw", "x_0");
  p << std::string("plot for [k=2:4] $lines using 1:k with lines lw 1.3 lc rgb word('") + blue + " " + orange + " " + green + "', k-1)";
  p.axes("all draws", "x_0", "density");
  p << "set yrange [0:*]; set style fill solid 0.6 noborder; plot $bins using 1:2 with boxes lc rgb '" + std::string(blue) + "'";
  p.write();
}

}  // namespace example
