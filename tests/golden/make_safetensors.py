#!/usr/bin/env python3
"""Writes a small PyTorch network as safetensors, with inputs and outputs to compare with.

    python3 tests/golden/make_safetensors.py network.safetensors

Needs torch and safetensors; no test runs it. In erg:

    nn::NeuralEnergy<..., float> energy(nn::mlp<nn::SiLU>(2, 16, 1));
    io::read_safetensors("network.safetensors", energy);
"""
import sys

import torch
from safetensors.torch import save_file

torch.manual_seed(1)
net = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.SiLU(), torch.nn.Linear(16, 1))
save_file(net.state_dict(), sys.argv[1], metadata={"format": "pt"})
x = torch.tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=True)
u = net(x).squeeze(1)
(gradient,) = torch.autograd.grad(u.sum(), x)
print("x", x.tolist(), "U", u.tolist(), "dU/dx", gradient.tolist())
