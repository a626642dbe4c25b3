#!/usr/bin/env python3
"""Writes small PyTorch networks as safetensors, with inputs and outputs to compare with.

    python3 tests/golden/make_safetensors.py mlp|conv network.safetensors

Needs torch and safetensors; no test runs it. In erg:

    nn::NeuralEnergy energy(nn::mlp<nn::SiLU>(2, 16, 1));                                                     // mlp
    nn::NeuralEnergy energy(nn::Sequential(                                                                   // conv
        nn::Shape(1, 8, 8), nn::SpectralNorm(nn::Conv2d(4, 3, {.stride = 2, .padding = 1})), nn::LeakyReLU(0.2), nn::GroupNorm(2),
        nn::ConvTranspose2d(3, 3, {.stride = 2, .padding = 1, .output_padding = 1}), nn::SiLU{}, nn::MaxPool2d(2), nn::Flatten{},
        nn::LayerNorm{}, nn::WeightNorm(nn::Dense(5)), nn::Tanh{}, nn::Dense(1)));
    io::read_safetensors("network.safetensors", energy);
"""
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import spectral_norm, weight_norm

torch.manual_seed(1)
if sys.argv[1] == "mlp":
    net = nn.Sequential(nn.Linear(2, 16), nn.SiLU(), nn.Linear(16, 1))
    x = torch.tensor([[0.5, -1.0], [2.0, 0.25]])
else:
    net = nn.Sequential(
        spectral_norm(nn.Conv2d(1, 4, 3, stride=2, padding=1)), nn.LeakyReLU(0.2), nn.GroupNorm(2, 4),
        nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.LayerNorm(48), weight_norm(nn.Linear(48, 5)), nn.Tanh(), nn.Linear(5, 1))
    x = torch.sin(torch.arange(128.0)).reshape(2, 1, 8, 8)
    net(x)  # one power iteration
net.eval()  # the state of the spectral norm stays
save_file({name: t.contiguous() for name, t in net.state_dict().items()}, sys.argv[2], metadata={"format": "pt"})
x.requires_grad_(True)
u = net(x).squeeze(1)
(gradient,) = torch.autograd.grad(u.sum(), x)
print("U", u.tolist(), "dU/dx of the first", gradient[0].flatten().tolist())
