// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parity/kernels.hpp"

namespace erg::test {

TEST_CASE("1000 steps of every kernel give the pinned bits in double, on any lane", "[parity]") {
  check_all_pinned<double, false>({
      {"rwm", 0x14dcb9b0db9a1121u, 0x7a9294bc9bb970bau},
      {"imh", 0x5771b12fdc4a01bbu, 0x47a8c9f8bd97c524u},
      {"ula", 0x9e7eeb7e307d8c9bu, 0x5da19d7b6e23e49eu},
      {"mala, diagonal metric", 0x8c3c9a607366b239u, 0xfec444abcaf3a45du},
      {"barker", 0xa008d4484e08ce13u, 0xb785b4fdaba7c1ccu},
      {"baoab", 0x6c86f637cdcf7d57u, 0xf8b148421843b8f5u},
      {"obabo, dense metric", 0x7cd3961ba9cbd0d5u, 0x7c96d64aaf75bcf2u},
      {"hmc", 0x07fb0cbbcef75f8bu, 0xca5182963cb1019du},
      {"hmc, jittered, dense metric", 0x9e8dea4235d0e687u, 0xd2e87c7312b4168cu},
      {"cycle of rwm and hmc", 0xfc5a14c2a406416au, 0x929d11ce9f4bfe52u},
      {"mix of mala and ula", 0x9427f048cad44ad8u, 0x9f02cbf3b2a38f60u},
  });
}

}  // namespace erg::test
