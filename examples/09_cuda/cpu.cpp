// The rows of the CPU: nvcc knows no SIMD lanes, so this file is compiled like the rest of a program.
#include "09_cuda/ring.hpp"

Row sample_on_cpu(int n_chains) { return sample(erg::Threads<>{}, n_chains); }
