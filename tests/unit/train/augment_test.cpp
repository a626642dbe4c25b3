// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Transformations of vectors and images: what each leaves as it is.
#include "support/catch.hpp"

#include <erg/train/augment_images.hpp>

#include <numeric>

using namespace erg;
using namespace erg::test;
using namespace erg::train;

namespace {

std::vector<double> ramp(int n) {
  std::vector<double> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::fmod(0.37 * static_cast<double>(i) + 0.1, 1.0);
  return x;
}
template <class A>
double apply(const A& a, std::vector<double>& x, std::uint32_t chain = 0) {
  return a.apply(random::Key(4), chain, std::span<double>(x));
}
double sum(const std::vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0); }

}  // namespace

TEST_CASE("turns and flips keep lengths, a change of scale says its determinant", "[train]") {
  for (std::uint32_t chain = 0; chain < 20; ++chain) {
    std::vector<double> x{3.0, 4.0}, y = x, z = x, t = x;
    CHECK(apply(Rotate{}, x, chain) == 0.0);
    CHECK_THAT(x[0] * x[0] + x[1] * x[1], WithinAbs(25.0, 1e-12));
    apply(FlipSigns{}, y, chain);
    CHECK(std::abs(y[0]) == 3.0);
    const double log_det = apply(Rescale{0.5}, z, chain);
    CHECK_THAT(z[0], WithinRel(3.0 * std::exp(log_det / 2.0), 1e-14));
    CHECK(std::abs(log_det) <= 1.0);
    apply(Translate{2.0}, t, chain);
    CHECK(std::fmod(std::abs(t[0] - 3.0), 2.0) == 0.0);
  }
}

TEST_CASE("the numbers of a transformation are those of its key and chain", "[train]") {
  std::vector<double> a{1.0, 2.0}, b = a, c = a;
  apply(Teleport{}, a, 7), apply(Teleport{}, b, 7), apply(Teleport{}, c, 8);
  CHECK(a == b);
  CHECK(a != c);
}

TEST_CASE("one of several takes each equally often; sometimes is as often as asked; reversible is what stays so", "[train]") {
  int n_moved = 0, n_first = 0;
  for (std::uint32_t chain = 0; chain < 4000; ++chain) {
    std::vector<double> x{1.0, 1.0}, y = x;
    apply(Sometimes{0.3, Rotate{}}, x, chain);
    n_moved += x[0] != 1.0;
    apply(OneOf(Rescale{0.1}, Translate{1.0}), y, chain);
    n_first += y[0] != std::round(y[0]);
  }
  CHECK(std::abs(n_moved - 1200) < 5.0 * std::sqrt(4000 * 0.21));
  CHECK(std::abs(n_first - 2000) < 5.0 * std::sqrt(1000.0));
  CHECK(OneOf<Rotate, Rescale>::is_reversible);
  CHECK_FALSE(InTurn<Rotate, Rescale>::is_reversible);
  CHECK_FALSE(OneOf<Rotate, Blur>::is_reversible);
}

TEST_CASE("a mirrored image mirrored again is the image", "[train]") {
  const nn::Shape shape(2, 3, 4);
  const std::vector<double> image = ramp(24);
  int n_mirrored = 0;
  for (std::uint32_t chain = 0; chain < 40; ++chain) {
    auto x = image;
    apply(Mirror{shape}, x, chain);
    if (x == image) continue;
    ++n_mirrored;
    CHECK(x[0] == image[3]);
    CHECK(x[12] == image[15]);
    apply(Mirror{shape}, x, chain);
    CHECK(x == image);
  }
  CHECK(n_mirrored > 8);
  CHECK(n_mirrored < 32);
}

TEST_CASE("crop, blur and jiggle leave an even image even, and the whole crop is the image", "[train]") {
  const nn::Shape shape(1, 8, 8);
  for (std::uint32_t chain = 0; chain < 10; ++chain) {
    std::vector<double> even(64, 0.25), image = ramp(64);
    apply(ResizedCrop{shape}, even, chain);
    apply(Blur{shape}, even, chain);
    for (const double v : even) CHECK_THAT(v, WithinAbs(0.25, 1e-12));
    const auto before = image;
    apply(ResizedCrop{shape, 1.0, 1.0, 1.0}, image, chain);
    apply(Jiggle{shape, 0.0, 0.0, 1.0, 1.0}, image, chain);
    for (std::size_t i = 0; i < 64; ++i) CHECK_THAT(image[i], WithinAbs(before[i], 1e-12));
    apply(Blur{shape}, image, chain);
    CHECK(image != before);
  }
}

TEST_CASE("a digit that is jiggled keeps its ink while it stays inside", "[train]") {
  const nn::Shape shape(1, 16, 16);
  std::vector<double> image(256, 0.0);
  for (int i = 6; i < 10; ++i) {
    for (int j = 6; j < 10; ++j) image[static_cast<std::size_t>(shape.index(0, i, j))] = 1.0;
  }
  for (std::uint32_t chain = 0; chain < 10; ++chain) {
    auto x = image;
    apply(Jiggle{shape, 3.0, 0.0, 1.0, 1.0}, x, chain);
    CHECK(x != image);
    CHECK_THAT(sum(x), WithinAbs(16.0, 1e-9));
    auto y = image;
    apply(Shift{shape, 3}, y, chain);
    for (const double v : y) CHECK((v == 0.0 || v == 1.0));  // whole pixels: nothing is blurred
    CHECK(sum(y) == 16.0);
  }
}

TEST_CASE("colours stay in [0, 1], grey stays grey, and hue turns round in a full circle", "[train]") {
  const nn::Shape shape(3, 4, 4);
  for (std::uint32_t chain = 0; chain < 20; ++chain) {
    auto x = ramp(48);
    apply(colour_augmentation(shape), x, chain);
    for (const double v : x) CHECK((v >= 0.0 && v <= 1.0));
    std::vector<double> grey(48, 0.5);
    apply(ColourJitter{shape}, grey, chain);
    for (std::size_t p = 0; p < 16; ++p) {
      CHECK_THAT(grey[p], WithinAbs(grey[p + 16], 1e-12));
      CHECK_THAT(grey[p], WithinAbs(grey[p + 32], 1e-12));
    }
  }
  for (const double by : {1.0, -2.0}) {
    double rgb[3] = {0.2, 0.9, 0.4};
    train::detail::turn_hue(rgb, by);
    CHECK_THAT(rgb[0], WithinAbs(0.2, 1e-12));
    CHECK_THAT(rgb[1], WithinAbs(0.9, 1e-12));
    CHECK_THAT(rgb[2], WithinAbs(0.4, 1e-12));
  }
  double red[3] = {1.0, 0.0, 0.0};
  train::detail::turn_hue(red, 1.0 / 3.0);  // a third of the circle: green
  CHECK_THAT(red[0], WithinAbs(0.0, 1e-12));
  CHECK_THAT(red[1], WithinAbs(1.0, 1e-12));
}

TEST_CASE("transformations refuse points of another size and parameters that make no sense", "[train]") {
  const nn::Shape colour(3, 4, 4);
  const auto refuses = [](const auto& a, int dim, const std::string& why) { ERG_CHECK_THROWS(a.check(dim), std::invalid_argument, why); };
  const std::string wrong_shape = "an image of shape (3, 4, 4) (the points have dim = 16) give the channels, height and width of the points";
  const auto wants_shape = [&](const auto& a) {
    CHECK_NOTHROW(a.check(48));
    refuses(a, 16, wrong_shape);
  };
  wants_shape(Mirror{colour}), wants_shape(ResizedCrop{colour}), wants_shape(Jiggle{colour}), wants_shape(Shift{colour});
  wants_shape(ColourJitter{colour}), wants_shape(Greyscale{colour}), wants_shape(Blur{colour});
  wants_shape(colour_augmentation(colour)), wants_shape(OneOf(FlipSigns{}, Mirror{colour}));
  refuses(Mirror{}, 0, "an image of shape 0");
  refuses(Rotate{}, 1, "points of dim = 1 (a rotation turns coordinates 0 and 1)");
  refuses(InTurn(FlipSigns{}, Rotate{}), 1, "points of dim = 1");

  refuses(Rotate{-1}, 2, "n_fold = -1 (must be >= 0)");
  refuses(FlipSigns{1.5}, 2, "probability = 1.5 (must be in [0, 1])");
  refuses(Sometimes{-0.1, Rotate{}}, 2, "probability = -0.1 (must be in [0, 1])");
  refuses(Rescale{NAN}, 2, "width = ");
  refuses(Translate{INFINITY}, 2, "step = inf");
  refuses(Teleport{0.0, 1.0}, 2, "smallest = 0 (must be finite and > 0)");
  refuses(ResizedCrop{colour, 0.9, 0.5}, 48, "most_area = 0.5 (must be >= least_area)");
  refuses(Jiggle{colour, -1.0}, 48, "pixels = -1");
  refuses(Shift{colour, -1}, 48, "pixels = -1 (must be >= 0)");
  refuses(ColourJitter{colour, -1.0}, 48, "strength = -1");
  refuses(Blur{colour, 2, 0.0}, 48, "least = 0 (must be finite and > 0)");
}
