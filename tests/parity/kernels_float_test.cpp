// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parity/kernels.hpp"

namespace erg::test {

TEST_CASE("1000 steps of every kernel give the pinned bits in float, on any lane and tile", "[parity]") {
  check_all_pinned<float, true>({
      {"rwm", 0xd8ae99aeb11598d5u, 0xae39ae36205f82fcu},
      {"imh", 0x772812d49f7bae3eu, 0xd0f744577e3e745bu},
      {"ula", 0xabe7cc71ef4cea2eu, 0xba89fb72aea6d125u},
      {"mala, diagonal metric", 0x8f180d7af498e978u, 0xbc0d1e145b4fef02u},
      {"barker", 0xa0935a9c5763f063u, 0xe352ba0501cb8029u},
      {"baoab", 0xc811015682215edfu, 0xb98f3df40f4375d8u},
      {"obabo, dense metric", 0x546921c02af3c5bau, 0xe17c45812be1874du},
      {"hmc", 0x72197d4d4dace4edu, 0xaf1f778fac9360a5u},
      {"hmc, jittered, dense metric", 0x0bb83924e81e7ba3u, 0xcd11097ab38690c4u},
      {"cycle of rwm and hmc", 0x32cacb3632e311f1u, 0xc7c4c5a822b8cd4eu},
      {"mix of mala and ula", 0xe5818cdd4a5e4299u, 0x68c215bcaab0456au},
  });
}

}  // namespace erg::test
