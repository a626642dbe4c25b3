// Energies in the plane trained with a generator in the place of chains (VERA): its draws are the negatives, and it follows the energy with as
// much entropy as lambda says. lambda is a temperature: the model's density is exp(-U / lambda). Maximum likelihood by quadrature stands beside.
//
//   example_18_generator            eight Gaussians, two lambdas: half a minute
//   example_18_generator --full     moons too, three lambdas
#include "support/plane_temperatures.hpp"

#include <cstring>

int main(int argc, char** argv) {
  return example::temperatures(argc < 2 || std::strcmp(argv[1], "--full") != 0, "out/examples/18_generator.png") ? 0 : 1;
}
