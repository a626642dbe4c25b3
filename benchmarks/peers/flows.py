#!/usr/bin/env python3
# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
"""Seconds of CPU in PyTorch on one thread, the median of 15: the peer of benchmarks/neural/flows.cpp.

    flows.py draw affine|spline     4096 draws in the plane with their log density
    flows.py learn affine|spline    the gradient of their mean log density by the parameters

affine: 8 couplings, networks of two hidden layers of 128; spline: 6 couplings, 64, rational-quadratic of 8 bins on [-5, 5]. ReLU.
Halves are slices, as a careful user writes it: no masks. Needs torch; prints seconds and torch's version.
"""
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(1)
N, K, BOUND, LEAST = 4096, 8, 5.0, 1e-3
what, kind = sys.argv[1:]
COUPLINGS, HIDDEN, EACH = (8, 128, 2) if kind == "affine" else (6, 64, 3 * K - 1)


def net():
    layers = [torch.nn.Linear(1, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, EACH)]
    return torch.nn.Sequential(*layers)


def affine(z, p, inverse):
    s = torch.tanh(p[:, :1])
    t = p[:, 1:]
    return ((z - t) * torch.exp(-s) if inverse else z * torch.exp(s) + t), s


def spline(v, p, inverse):
    width = 2 * BOUND * (LEAST + (1 - K * LEAST) * F.softmax(p[:, :K], dim=-1))
    height = 2 * BOUND * (LEAST + (1 - K * LEAST) * F.softmax(p[:, K:2 * K], dim=-1))
    slope = F.pad(LEAST + F.softplus(p[:, 2 * K:] + math.log(math.expm1(1 - LEAST))), (1, 1), value=1.0)
    x = F.pad(torch.cumsum(width, -1), (1, 0)) - BOUND
    y = F.pad(torch.cumsum(height, -1), (1, 0)) - BOUND
    inside = v.abs() <= BOUND
    at = v.clamp(-BOUND, BOUND)
    k = (torch.searchsorted((y if inverse else x)[:, 1:-1].contiguous(), at.contiguous(), right=True))
    g = lambda a: a.gather(-1, k)
    x_k, y_k, w, h, d0, d1 = g(x), g(y), g(width), g(height), g(slope), g(slope[:, 1:])
    s = h / w
    bend = d0 + d1 - 2 * s
    if inverse:
        e = at - y_k
        a, b, c = e * bend + h * (s - d0), h * d0 - e * bend, -s * e
        t = 2 * c / (-b - torch.sqrt((b * b - 4 * a * c).clamp(min=0)))
    else:
        t = (at - x_k) / w
    tu = t * (1 - t)
    bottom = s + bend * tu
    log_slope = torch.log(s * s * (d1 * t * t + 2 * s * tu + d0 * (1 - t) ** 2)) - 2 * torch.log(bottom)
    out = t * w + x_k if inverse else y_k + h * (s * t * t + d0 * tu) / bottom
    return torch.where(inside, out, v), torch.where(inside, log_slope, torch.zeros_like(v))


nets = torch.nn.ModuleList(net() for _ in range(COUPLINGS))
transform = affine if kind == "affine" else spline


def go(v, inverse):
    a, b = v[:, :1], v[:, 1:]
    log_det = torch.zeros(v.shape[0])
    for i in reversed(range(COUPLINGS)) if inverse else range(COUPLINGS):
        if i % 2 == 0:
            b, s = transform(b, nets[i](a), inverse)
        else:
            a, s = transform(a, nets[i](b), inverse)
        log_det = log_det + s[:, 0]
    return torch.cat((a, b), 1), log_det


def log_base(z):
    return -0.5 * (z * z).sum(1) - math.log(2 * math.pi)


def draw():
    with torch.no_grad():
        z = torch.randn(N, 2)
        x, log_det = go(z, False)
        return x, log_base(z) - log_det


data = draw()[0]


def learn():
    nets.zero_grad()
    z, log_det = go(data, True)
    (-(log_base(z) - log_det).mean()).backward()


work = draw if what == "draw" else learn
times = []
for i in range(18):
    start = time.process_time()
    work()
    times.append(time.process_time() - start)
print(statistics.median(times[3:]), torch.__version__)
