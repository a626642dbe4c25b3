#!/usr/bin/env python3
# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
"""Seconds in PyTorch on one thread, the median of 15: the peer of benchmarks/neural.

    neural.py training N_CHAINS N_STEPS SIZES...   N_STEPS Langevin steps under an MLP energy with SiLU, the gradient of data minus
                                                   chains, one step of Adam
    neural.py convnet N_CHAINS                     a Langevin step under the MNIST ConvNet energy

Needs torch (pip install -r benchmarks/peers/requirements-neural.txt, or Debian 12's python3-torch 1.13.1 with libopenblas0: with
libblas3 it multiplies thirty times slower). Prints seconds and torch's version.
"""
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)
H = 1e-3


def mlp(sizes):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.SiLU()]
    return torch.nn.Sequential(*layers[:-1])


def convnet():
    act = torch.nn.LeakyReLU
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 64, 5, stride=2, padding=2), act(0.2),
        torch.nn.Conv2d(64, 128, 3, stride=2, padding=1), act(0.2),
        torch.nn.Conv2d(128, 256, 3, padding=1), act(0.2),
        torch.nn.Conv2d(256, 100, 7))


def langevin(net, x):
    x.requires_grad_(True)
    (g,) = torch.autograd.grad(net(x).sum(), x)
    with torch.no_grad():
        return x - 0.5 * H * g + H**0.5 * torch.randn_like(x)


def median_seconds(work):
    for _ in range(3):
        work()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def training(n_chains, n_steps, sizes):
    net = mlp(sizes)
    adam = torch.optim.Adam(net.parameters(), lr=1e-6)
    data, state = torch.randn(n_chains, sizes[0]), [torch.randn(n_chains, sizes[0])]

    def work():
        net.requires_grad_(False)
        x = state[0]
        for _ in range(n_steps):
            x = langevin(net, x)
        state[0] = x
        net.requires_grad_(True)
        loss = net(data).mean() - net(x).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return work


def convnet_step(n_chains):
    net = convnet().requires_grad_(False)
    state = [torch.randn(n_chains, 1, 28, 28)]

    def work():
        state[0] = langevin(net, state[0])
    return work


what, *numbers = sys.argv[1:]
n_chains, *rest = map(int, numbers)
print(median_seconds(training(n_chains, rest[0], rest[1:]) if what == "training" else convnet_step(n_chains)), torch.__version__)
