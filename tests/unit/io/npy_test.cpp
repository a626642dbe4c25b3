// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/io/npy.hpp"
#include "erg/run/sinks/npy.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace erg::test {

TEST_CASE("an npy file has the bytes that numpy writes", "[io]") {
  const TemporaryFolder folder;
  io::write_npy<double>(folder / "a.npy", {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, {2, 3});
  const std::string bytes = read_file(folder / "a.npy");
  REQUIRE(bytes.size() == 128 + 48);
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\0", 8));
  CHECK(static_cast<unsigned char>(bytes[8]) == 118);
  CHECK(bytes[9] == 0);
  CHECK(bytes.substr(10, 56) == "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3,");
  CHECK(bytes[127] == '\n');
  double third;
  std::memcpy(&third, bytes.data() + 128 + 16, 8);
  CHECK(third == 3.0);
}

TEMPLATE_TEST_CASE("an npy file reads back what was written", "[io]", float, double, std::int32_t, std::uint8_t) {
  const TemporaryFolder folder;
  const std::vector<TestType> values{1, 2, 3, 4, 5, 6, 7, 8};
  io::write_npy(folder / "a.npy", values, {2, 1, 4});
  const auto back = io::read_npy<TestType>(folder / "a.npy");
  CHECK(back.shape == std::vector<std::size_t>{2, 1, 4});
  CHECK(back.values == values);
}

TEST_CASE("an npy file of something else is one sentence", "[io]") {
  const TemporaryFolder folder;
  io::write_npy<float>(folder / "a.npy", {1, 2}, {2});
  ERG_CHECK_THROWS(io::read_npy<double>(folder / "a.npy"), IoError, "does not hold <f8");
  ERG_CHECK_THROWS(io::read_npy<float>(folder / "none.npy"), IoError, "No such file");
  write_file(folder / "b.npy", "hello, this is text");
  ERG_CHECK_THROWS(io::read_npy<float>(folder / "b.npy"), IoError, "no .npy file of version 1");
  const std::string whole = read_file(folder / "a.npy");
  write_file(folder / "b.npy", whole.substr(0, whole.size() - 1));
  ERG_CHECK_THROWS(io::read_npy<float>(folder / "b.npy"), IoError, "shorter than its shape says");
  write_file(folder / "b.npy", whole + "more");
  CHECK(io::read_npy<float>(folder / "b.npy").values == std::vector<float>{1, 2});
  write_file(folder / "b.npy", whole.substr(0, 60));
  ERG_CHECK_THROWS(io::read_npy<float>(folder / "b.npy"), IoError, "ends in its header");
  ERG_CHECK_THROWS(io::write_npy<float>(folder / "c.npy", {1, 2, 3}, {2}), std::invalid_argument, "3 values (the shape has room for 2)");
  const std::vector<std::size_t> ones(30, 1);
  ERG_CHECK_THROWS(io::write_npy<float>(folder / "c.npy", {1}, ones), IoError, "a shape of 30 extents does not fit into its header");
}

TEST_CASE("a growing npy file is whole at every flush and goes on where it is told", "[io]") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.npy";
  io::NpyFile<float> file;
  file.open(path, {2});
  file.truncate(0);
  for (int i = 0; i < 5; ++i) {
    const float row[] = {static_cast<float>(i), -1.0f};
    file.put(row, 2);
    file.end_rows();
    if (i == 2) {
      file.flush();
      CHECK(io::read_npy<float>(path).shape == std::vector<std::size_t>{3, 2});
    }
  }
  file.flush();
  file.close();
  CHECK(io::read_npy<float>(path).values == std::vector<float>{0, -1, 1, -1, 2, -1, 3, -1, 4, -1});

  file.open(path, {2});
  file.truncate(2);
  const float row[] = {7.0f, 8.0f};
  file.put(row, 2);
  file.end_rows();
  file.flush();
  CHECK(io::read_npy<float>(path).values == std::vector<float>{0, -1, 1, -1, 7, 8});

  file.open(path, {2});
  ERG_CHECK_THROWS(file.truncate(4), IoError, "fewer rows than the checkpoint says");
  file.open(path, {3});
  ERG_CHECK_THROWS(file.truncate(1), IoError, "another shape or type");
  io::NpyFile<double> other;
  other.open(path, {2});
  ERG_CHECK_THROWS(other.truncate(1), IoError, "another shape or type");
  CHECK(io::read_npy<float>(path).values == std::vector<float>{0, -1, 1, -1, 7, 8});
}

TEST_CASE("the npy sink writes [draw, dim, chain] and spares an older file until the chains have started", "[io][run]") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.npy";
  io::write_npy<float>(path, {9}, {1});

  Npy<float> sink{path};
  RunInfo info;
  info.n_chains = 2;
  info.dim = 3;
  sink.on_begin(info);
  CHECK(io::read_npy<float>(path).values == std::vector<float>{9});
  // [chain, dim] with a stride of 4: chains 2 and 3 are padding.
  const std::vector<double> x{1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0}, u(4);
  const Draw<double> draw{0, 2, 3, x.data(), 4, u.data()};
  sink.on_draw(draw);
  sink.on_draw(draw);
  sink.on_end({});
  const auto a = io::read_npy<float>(path);
  CHECK(a.shape == std::vector<std::size_t>{2, 3, 2});
  CHECK(a.values == std::vector<float>{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});

  Npy<float> none{path};
  none.on_begin(info);
  none.on_end({});
  CHECK(io::read_npy<float>(path).shape == std::vector<std::size_t>{0, 3, 2});
}

TEST_CASE("the npy sink says before the first step that its path cannot be written", "[io][run]") {
  const TemporaryFolder folder;
  Npy sink{folder / "missing/draws.npy"};
  ERG_CHECK_THROWS(sink.on_begin(RunInfo{}), IoError, "missing/draws.npy (No such file or directory) check that the folder exists");
}

}  // namespace erg::test
