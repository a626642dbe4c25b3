// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <type_traits>

namespace erg {

/// Makes a run resumable: pass it to `run` beside the sinks.
///
/// The state is written to `path` at the start, every `every` draws (warm-up: steps) and at the end, each time as a whole new file, so
/// that a kill at any moment leaves the last one. If the file is there when the run starts, the run goes on from it, and ends with the
/// same bits as if it had never stopped. A file of another run (kernel and its parameters, energy, start, scalar, plan) or a damaged
/// one is refused with a sentence, and left as it is. A run that a sink stopped resumes from its last file and stops there again.
/// Requires  sinks that keep state can be saved: void save(io::Writer&) const; void load(io::Reader&)
/// Ensures   the same chains for any `every`; the mean acceptance of the report, summed launch by launch, may differ in its last bits
/// Errors    IoError, that the path cannot be written before the first step
/// Limits    what an energy is is told by its type and its values at the start; of a proposal that a kernel holds, only the type
struct Checkpoint {
  std::string path;
  int every = 1000;
};

namespace detail {

template <class S>
concept is_checkpoint = std::is_same_v<std::remove_cvref_t<S>, Checkpoint>;
template <class S>
concept can_be_saved = requires(S& s, io::Writer& w, io::Reader& r) {
  s.save(w);
  s.load(r);
};
template <class S>
concept keeps_nothing = requires { requires std::remove_cvref_t<S>::is_stateless; };

/// What cannot be looked at counts as there, so that it is not overwritten.
inline bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0 || errno != ENOENT; }

}  // namespace detail
}  // namespace erg
