#!/usr/bin/env python3
# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
"""Seconds of CPU on one thread, the median of 15: the peers of benchmarks/entropy/entropy.cpp.

    entropy.py torch N M DIM K    distances of N to M points and their K least: torch.cdist and topk
    entropy.py scipy N M DIM K    a k-d tree over M points, built and asked N times: scipy.spatial.cKDTree

float32. Needs torch or SciPy; prints seconds and the version.
"""
import statistics
import sys
import time

peer, *numbers = sys.argv[1:]
N, M, DIM, K = map(int, numbers)

if peer == "torch":
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(1)
    x, y = torch.randn(N, DIM), torch.randn(M, DIM)
    version = torch.__version__

    def work():
        return torch.cdist(x, y).topk(K, dim=1, largest=False)
else:
    import numpy
    import scipy
    from scipy.spatial import cKDTree

    random = numpy.random.default_rng(1)
    x, y = random.standard_normal((N, DIM), dtype=numpy.float32), random.standard_normal((M, DIM), dtype=numpy.float32)
    version = scipy.__version__

    def work():
        return cKDTree(y).query(x, K, workers=1)

for _ in range(3):
    work()
times = []
for _ in range(15):
    start = time.process_time()
    work()
    times.append(time.process_time() - start)
print(statistics.median(times), version)
