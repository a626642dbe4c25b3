// Ten labels a class of MNIST: a classifier that is an energy too, trained with a generator's draws on all images (JEM + VERA), beside the same
// classifier on the labels alone.
//
//   example_20_few_labels            a minute
//   example_20_few_labels --full     three seeds, some ten minutes
#include "support/few_labels.hpp"

#include <cstring>

int main(int argc, char** argv) {
  return example::few_labels(argc < 2 || std::strcmp(argv[1], "--full") != 0, "out/examples/20_few_labels.png") ? 0 : 1;
}
