#!/usr/bin/env python3
"""Seconds of a training step in PyTorch on one thread, the median of several: n_chains n_steps sizes...

n_steps Langevin steps of n_chains chains under an MLP energy with SiLU, the gradient of data minus chains, one step of Adam.
"""
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
n_chains, n_steps, *sizes = map(int, sys.argv[1:])
layers = []
for n_in, n_out in zip(sizes, sizes[1:]):
    layers += [torch.nn.Linear(n_in, n_out), torch.nn.SiLU()]
net = torch.nn.Sequential(*layers[:-1])
adam = torch.optim.Adam(net.parameters(), lr=1e-6)
data = torch.randn(n_chains, sizes[0])
x = torch.randn(n_chains, sizes[0])
h = 1e-3


def train():
    global x
    for p in net.parameters():
        p.requires_grad_(False)
    for _ in range(n_steps):
        x.requires_grad_(True)
        (g,) = torch.autograd.grad(net(x).sum(), x)
        with torch.no_grad():
            x = x - 0.5 * h * g + h**0.5 * torch.randn_like(x)
    for p in net.parameters():
        p.requires_grad_(True)
    loss = net(data).mean() - net(x.detach()).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()


for _ in range(3):
    train()
times = []
for _ in range(15):
    start = time.perf_counter()
    train()
    times.append(time.perf_counter() - start)
print(statistics.median(times))
