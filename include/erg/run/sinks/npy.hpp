// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/npy.hpp"
#include "erg/run/sink.hpp"

#include <utility>

namespace erg {

/// Writes every draw to a NumPy file, float32 or float64, shape [draw, dim, chain].
///
///   Npy<float> draws{"out/draws.npy"};           numpy.load("out/draws.npy")[draw, d, chain]
///
/// An older file at the path is overwritten when the chains have started, not before; with a Checkpoint, the file is a valid array of
/// the draws so far at every checkpoint, and a resumed run goes on behind those of the checkpoint it resumes from.
/// Errors    IoError: path not writable (before the first step), disk full; resumed without the file
template <class T = double>
class Npy {
 public:
  explicit Npy(std::string path) : path_(std::move(path)) {}

  void on_begin(const RunInfo& info) {
    begun_ = false;
    row_.resize(static_cast<std::size_t>(info.n_chains));
    file_.open(path_, {static_cast<std::size_t>(info.dim), static_cast<std::size_t>(info.n_chains)});
  }
  template <class S>
  void on_draw(const Draw<S>& draw) {
    begin();
    for (int d = 0; d < draw.dim; ++d) {
      for (int c = 0; c < draw.n_chains; ++c) row_[static_cast<std::size_t>(c)] = static_cast<T>(draw(c, d));
      file_.put(row_.data(), row_.size());
    }
    file_.end_rows();
  }
  void on_end(const RunReport&) {
    begin();
    file_.flush();
    file_.close();
  }
  const std::string& path() const { return path_; }

  /// The rows go to the disk before the checkpoint that counts them.
  void save(io::Writer& w) {
    begin();
    file_.flush();
    w.put(static_cast<std::uint64_t>(file_.n_rows()));
  }
  void load(io::Reader& r) {
    file_.truncate(static_cast<std::size_t>(r.get<std::uint64_t>()));
    begun_ = true;
  }

 private:
  void begin() {
    if (!begun_) file_.truncate(0);
    begun_ = true;
  }

  std::string path_;
  io::NpyFile<T> file_;
  std::vector<T> row_;
  bool begun_ = false;
};
Npy(const char*) -> Npy<double>;
Npy(std::string) -> Npy<double>;

}  // namespace erg
