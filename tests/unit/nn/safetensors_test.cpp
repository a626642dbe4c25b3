// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Weights as files: a file written byte by byte by the format's rules, a round trip, and a sentence for every bad file.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/temporary_folder.hpp"

#include <erg/io/safetensors.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>

#include <cstring>

using namespace erg;
using namespace erg::nn;

namespace {

using Mlp = NeuralEnergy<decltype(mlp<Tanh>(2, 1, 1)), double>;
Mlp energy() { return Mlp(mlp<Tanh>(2, 1, 1), random::Key(5)); }

template <class U>
std::string bytes_of(std::initializer_list<U> values) {
  std::string s(values.size() * sizeof(U), '\0');
  std::memcpy(s.data(), values.begin(), s.size());
  return s;
}
/// A file by the rules: the header's length in eight bytes, little end first, the header, the numbers.
std::string file_of(const std::string& header, const std::string& data) {
  std::string s;
  for (unsigned i = 0; i < 8; ++i) s += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return s + header + data;
}
/// What PyTorch writes for nn.Sequential(nn.Linear(2, 1), nn.Tanh(), nn.Linear(1, 1)).
const std::string header =
    R"({"__metadata__":{"format":"pt"},"0.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
    R"("0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]},"2.bias":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
    R"("2.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[16,20]}}   )";
const std::string data = bytes_of<float>({0.5f, 1.0f, -2.0f, 3.0f, 0.25f});

std::string put(const test::TemporaryFolder& folder, const std::string& bytes) {
  const std::string path = folder / "w.safetensors";
  std::FILE* f = std::fopen(path.c_str(), "wb");
  std::fwrite(bytes.data(), 1, bytes.size(), f);
  std::fclose(f);
  return path;
}
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("a file written byte by byte by the format's rules is read, and the network computes with it", "[nn][io]") {
  test::TemporaryFolder folder;
  Mlp e = energy();
  io::read_safetensors(put(folder, file_of(header, data)), e);
  CHECK(e.parameters()["0.weight"][1] == -2.0);
  const double x[] = {0.3, -0.1};
  double u[1];
  e.value({x, 1, 2, 1}, u);
  CHECK_THAT(u[0], test::WithinAbs(3.0 + 0.25 * std::tanh(0.5 + 0.3 + 0.2), 1e-14));
}

TEST_CASE("half, bfloat16 and double weights are read", "[nn][io]") {
  test::TemporaryFolder folder;
  const std::string h =
      R"({"a.0.weight":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"a.0.bias":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},)"
      R"("a.2.weight":{"dtype":"F64","shape":[1,1],"data_offsets":[6,14]},"a.2.bias":{"dtype":"F16","shape":[1],"data_offsets":[14,16]},)"
      R"("b.other":{"dtype":"I64","shape":[0],"data_offsets":[16,16]}})";
  const std::string d = bytes_of<std::uint16_t>({0x3e00, 0x8001, 0xc049}) + bytes_of<double>({0.1}) + bytes_of<std::uint16_t>({0x7bff});
  Mlp e = energy();
  io::read_safetensors(put(folder, file_of(h, d)), e, "a.");
  CHECK(e.parameters()["0.weight"][0] == 1.5);
  CHECK(e.parameters()["0.weight"][1] == -0x1p-24);
  CHECK(e.parameters()["0.bias"][0] == -3.140625);
  CHECK(e.parameters()["2.weight"][0] == 0.1);
  CHECK(e.parameters()["2.bias"][0] == 65504.0);
}

TEST_CASE("what is written is read back bit for bit, in float and double", "[nn][io]") {
  test::TemporaryFolder folder;
  const auto check = [&]<class T>(T) {
    using E = NeuralEnergy<decltype(mlp<SiLU>(3, 5, 4, 1)), T>;
    const E a(mlp<SiLU>(3, 5, 4, 1), random::Key(1));
    E b(mlp<SiLU>(3, 5, 4, 1), random::Key(2));
    io::write_safetensors(folder / "x", a.parameters());
    const std::string bytes = test::read_file(folder / "x");
    CHECK(static_cast<unsigned char>(bytes[0]) % 8 == 0);
    io::read_safetensors(folder / "x", b);
    const auto pa = a.parameters().flat(), pb = b.parameters().flat();
    CHECK(std::equal(pa.begin(), pa.end(), pb.begin()));
  };
  check(float{});
  check(double{});
}

TEST_CASE("every bad file is refused in a sentence, and the network stays as it was", "[nn][io]") {
  test::TemporaryFolder folder;
  Mlp e = energy();
  const std::vector<double> before(e.parameters().flat().begin(), e.parameters().flat().end());
  const auto refuses = [&](const std::string& bytes, const std::string& sentence) {
    const std::string path = put(folder, bytes);
    ERG_CHECK_THROWS(io::read_safetensors(path, e), IoError, sentence);
    CHECK(std::equal(before.begin(), before.end(), e.parameters().flat().begin()));
  };
  ERG_CHECK_THROWS(io::read_safetensors(folder / "none", e), IoError, "No such file");
  refuses("abc", "even the length of its header takes 8");
  refuses(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + header, "it is truncated or no safetensors file");
  refuses(file_of(header, data.substr(0, 17)), "\"2.weight\" ends at byte 20 of 17: the file is truncated");
  refuses(file_of(header, data + "x"), "1 bytes that belong to no tensor");
  refuses(file_of("[1]", ""), "no '{' where it should be");
  refuses(file_of(header + "?", data), "something after its end");
  refuses(file_of(header.substr(0, 100), data), "its header has");
  refuses(file_of(replaced(header, "\"dtype\":\"F32\",\"shape\":[1,2],", "\"shape\":[1,2],"), data), "without dtype, shape or data_offsets");
  refuses(file_of(replaced(header, "[4,12]", "[4]"), data), "data_offsets of \"0.weight\" that are no pair");
  refuses(file_of(replaced(header, "[4,12]", "[4,-12]"), data), "no count where one should be");
  refuses(file_of(replaced(header, "[4,12]", "[4,99999999999999999999999]"), data), "a number beyond 64 bits");
  refuses(file_of(replaced(header, "[4,12]", "[2,12]"), data), "before the one in front of it ends: offsets overlap");
  refuses(file_of(replaced(header, "[4,12]", "[5,12]"), data), "the format allows no gaps");
  refuses(file_of(replaced(header, "[1,2]", "[1,3]"), data), "\"0.weight\" takes 8 bytes, which is not what its shape [1, 3] in F32 needs");
  refuses(file_of(replaced(header, "[1,2]", "[4294967296,4294967296]"), data), "which is not what its shape");
  refuses(file_of(replaced(header, "[1,2]", "[2,1]"), data), "\"0.weight\" has shape [2, 1] where the network has [1, 2]");
  refuses(file_of(replaced(header, "\"0.weight\":{\"dtype\":\"F32\"", "\"0.weight\":{\"dtype\":\"I32\""), data), "\"0.weight\" is of type I32");
  refuses(file_of(replaced(header, "\"0.weight\"", "\"0.wait\""), data), "it has no \"0.weight\"; it has: 0.bias, 0.wait");
  refuses(file_of(replaced(header, "\"2.bias\"", "\"2.weight\""), data), "the name \"2.weight\" twice");
  const std::string more = replaced(header, "}   ", ",\"4.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[20,24]}}");
  refuses(file_of(more, data + bytes_of<float>({1.0f})), "it has \"4.bias\", which the network does not know");
  ERG_CHECK_THROWS(io::write_safetensors(folder / "no/such", e.parameters()), IoError, "cannot write");
}

TEST_CASE("layers list their parameters with PyTorch's names and shapes", "[nn][io]") {
  const auto net = Sequential(Shape(1, 8, 8), SpectralNorm(Conv2d(4, 3, {.stride = 2, .padding = 1})), LeakyReLU(0.2), GroupNorm(2),
                              ConvTranspose2d(3, 3, {.stride = 2, .padding = 1, .output_padding = 1}), SiLU{}, MaxPool2d(2), Flatten{},
                              LayerNorm{}, WeightNorm(Dense(5)), Tanh{}, Dense(1));
  ParameterList list;
  describe(net, list);
  std::string text;
  for (const auto& s : list.slices()) {
    text += s.name;
    for (const int n : s.shape) text += " " + std::to_string(n);
    text += "; ";
  }
  CHECK(text ==
        "0.weight_orig 4 1 3 3; 0.bias 4; 0.weight_u 4; 0.weight_v 9; 2.weight 4; 2.bias 4; 3.weight 4 3 3 3; 3.bias 3; 7.weight 48; "
        "7.bias 48; 8.weight_g 5 1; 8.weight_v 5 48; 8.bias 5; 10.weight 1 5; 10.bias 1; ");
  const test::TemporaryFolder folder;
  const NeuralEnergy<std::remove_const_t<decltype(net)>, double> one(net, random::Key(1));
  NeuralEnergy<std::remove_const_t<decltype(net)>, double> other(net, random::Key(2));
  io::write_safetensors(folder / "conv", one.parameters());
  io::read_safetensors(folder / "conv", other);
  CHECK(std::ranges::equal(one.parameters().flat(), other.parameters().flat()));
  std::vector<double> x(64), u(1), v(1);
  for (std::size_t i = 0; i < 64; ++i) x[i] = std::sin(static_cast<double>(i));
  one.value({x.data(), 1, 64, 1}, u);
  other.value({x.data(), 1, 64, 1}, v);
  CHECK(u == v);
}

TEST_CASE("a network that PyTorch 2.4.1 wrote gives PyTorch's energies and gradients, in float those in double", "[nn][safetensors]") {
  NeuralEnergy<decltype(mlp<SiLU>(2, 16, 1)), double> energy(mlp<SiLU>(2, 16, 1));
  io::read_safetensors(ERG_TESTS_DIR "/golden/pytorch_mlp.safetensors", energy);
  const std::vector<double> x{0.5, 2.0, -1.0, 0.25};
  std::vector<double> u(2), g(4);
  energy.value_and_gradient(BlockView<const double>{x.data(), 2, 2, 2}, std::span<double>(u), BlockView<double>{g.data(), 2, 2, 2});
  CHECK_THAT(u[0], test::WithinAbs(0.15850555896759033, 1e-7));
  CHECK_THAT(u[1], test::WithinAbs(0.18324244022369385, 1e-7));
  CHECK_THAT(g[0], test::WithinAbs(0.00764650059863925, 1e-7));
  CHECK_THAT(g[2], test::WithinAbs(-0.0558665506541729, 1e-7));
  NeuralEnergy<decltype(mlp<SiLU>(2, 16, 1)), float> single(mlp<SiLU>(2, 16, 1));
  io::read_safetensors(ERG_TESTS_DIR "/golden/pytorch_mlp.safetensors", single);
  const std::vector<float> xf(x.begin(), x.end()), wf{1.0F, -0.5F};
  const std::vector<double> w{1.0, -0.5};
  std::vector<float> uf(2), gf(4), to_f(static_cast<std::size_t>(single.n_parameters()));
  std::vector<double> to(to_f.size());
  single.value_and_gradient(BlockView<const float>{xf.data(), 2, 2, 2}, std::span<float>(uf), BlockView<float>{gf.data(), 2, 2, 2});
  energy.add_parameter_gradient(BlockView<const double>{x.data(), 2, 2, 2}, w, std::span<double>(to));
  single.add_parameter_gradient(BlockView<const float>{xf.data(), 2, 2, 2}, wf, std::span<float>(to_f));
  const auto off = [](const std::vector<double>& a, const std::vector<float>& b) {
    double most = 0.0, scale = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - static_cast<double>(b[i]))), scale = std::max(scale, std::abs(a[i]));
    return most / scale;
  };
  CHECK(off(u, uf) < 1e-4);
  CHECK(off(g, gf) < 1e-4);
  CHECK(off(to, to_f) < 1e-4);
  gf[2] *= 1.001F;
  CHECK(off(g, gf) > 1e-4);
}
