// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/io/archive.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace erg::test {

TEST_CASE("an archive gives back what was put, bit for bit and in order", "[io]") {
  const TemporaryFolder folder;
  io::Writer w;
  w.put(-0.0);
  w.put_string("ring of gaussians");
  w.put_vector(std::vector<float>{1.0f, 0x1p-149f});
  w.put_vector(std::vector<double>{});
  w.put(std::int64_t{-3});
  w.commit(folder / "a");

  io::Reader r(folder / "a");
  CHECK(std::signbit(r.get<double>()));
  CHECK(r.get_string() == "ring of gaussians");
  std::vector<float> v;
  r.get_vector(v);
  CHECK(v == std::vector<float>{1.0f, 0x1p-149f});
  std::vector<double> none(3);
  r.get_vector(none);
  CHECK(none.empty());
  CHECK(r.get<std::int64_t>() == -3);
  ERG_CHECK_THROWS(r.get<char>(), IoError, "ends too early; delete it to start the run anew");
}

TEST_CASE("a length that the file cannot hold is refused before memory is asked for", "[io]") {
  const TemporaryFolder folder;
  io::Writer w;
  w.put(std::uint64_t{0x7fffffffffffffff});
  w.commit(folder / "a");
  std::vector<double> v;
  std::string s;
  ERG_CHECK_THROWS(io::Reader(folder / "a").get_vector(v), IoError, "ends too early");
  ERG_CHECK_THROWS(s = io::Reader(folder / "a").get_string(), IoError, "ends too early");
}

TEST_CASE("every truncation and every flipped byte of an archive is refused", "[io]") {
  const TemporaryFolder folder;
  io::Writer w;
  w.put_string("some state");
  w.put(1.25);
  w.commit(folder / "a");
  const std::string whole = read_file(folder / "a");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    write_file(folder / "b", whole.substr(0, n));
    CHECK_THROWS_AS(io::Reader(folder / "b"), IoError);
    std::string damaged = whole;
    damaged[n] = static_cast<char>(damaged[n] ^ 0x10);
    write_file(folder / "b", damaged);
    CHECK_THROWS_WITH(io::Reader(folder / "b"), contains("truncated, damaged or no checkpoint"));
  }
  write_file(folder / "b", "");
  CHECK_THROWS_WITH(io::Reader(folder / "b"), contains("shorter than any checkpoint"));
}

TEST_CASE("a file that cannot be written or read is one sentence and loses nothing", "[io]") {
  const TemporaryFolder folder;
  io::Writer w;
  w.put(1);
  ERG_CHECK_THROWS(io::Writer(w).commit(folder / "missing/a"), IoError, "missing/a (No such file or directory) check that the folder exists");
  ERG_CHECK_THROWS(io::Reader(folder / "missing"), IoError, "cannot read");

  // A folder stands where the file should be: the draft is removed, what is there stays.
  std::filesystem::create_directories(folder / "taken/inner");
  ERG_CHECK_THROWS(io::Writer(w).commit(folder / "taken"), IoError, "the last complete file, if any, is untouched");
  CHECK(std::filesystem::exists(folder / "taken/inner"));
  CHECK_FALSE(std::filesystem::exists(folder / "taken.part"));
}

}  // namespace erg::test
