// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What 1000 steps of each kernel hash to, on every machine. Names nothing of erg: programs that link device code read it too.
#pragma once

#include <cstdint>
#include <vector>

namespace erg::test {

/// A kernel on two static and on five dynamic dimensions.
struct Pin {
  const char* name;
  std::uint64_t two, five;
};

inline const std::vector<Pin> pins_in_float{
    {"rwm", 0xd8ae99aeb11598d5u, 0xae39ae36205f82fcu},
    {"imh", 0x772812d49f7bae3eu, 0xd0f744577e3e745bu},
    {"ula", 0xabe7cc71ef4cea2eu, 0xba89fb72aea6d125u},
    {"mala, diagonal metric", 0x8f180d7af498e978u, 0xbc0d1e145b4fef02u},
    {"barker", 0xa0935a9c5763f063u, 0xe352ba0501cb8029u},
    {"baoab", 0xc811015682215edfu, 0xb98f3df40f4375d8u},
    {"obabo, dense metric", 0x546921c02af3c5bau, 0xe17c45812be1874du},
    {"hmc", 0x72197d4d4dace4edu, 0xaf1f778fac9360a5u},
    {"hmc, jittered, dense metric", 0x5bcfe6be75d554d2u, 0x82c08c07d1f9046cu},
    {"cycle of rwm and hmc", 0x32cacb3632e311f1u, 0xc7c4c5a822b8cd4eu},
    {"mix of mala and ula", 0xe5818cdd4a5e4299u, 0x68c215bcaab0456au},
};
inline const std::vector<Pin> pins_in_double{
    {"rwm", 0x14dcb9b0db9a1121u, 0x7a9294bc9bb970bau},
    {"imh", 0x5771b12fdc4a01bbu, 0x47a8c9f8bd97c524u},
    {"ula", 0x9e7eeb7e307d8c9bu, 0x5da19d7b6e23e49eu},
    {"mala, diagonal metric", 0x8c3c9a607366b239u, 0xfec444abcaf3a45du},
    {"barker", 0xa008d4484e08ce13u, 0xb785b4fdaba7c1ccu},
    {"baoab", 0x6c86f637cdcf7d57u, 0xf8b148421843b8f5u},
    {"obabo, dense metric", 0x7cd3961ba9cbd0d5u, 0x7c96d64aaf75bcf2u},
    {"hmc", 0x07fb0cbbcef75f8bu, 0xca5182963cb1019du},
    {"hmc, jittered, dense metric", 0x714e1c877fbde7ceu, 0x0cda1c64ddc8c4b3u},
    {"cycle of rwm and hmc", 0xfc5a14c2a406416au, 0x929d11ce9f4bfe52u},
    {"mix of mala and ula", 0x9427f048cad44ad8u, 0x9f02cbf3b2a38f60u},
};

}  // namespace erg::test
