#!/usr/bin/env python3
# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
"""Training steps in PyTorch on one thread: the peer of benchmarks/training.

    training.py CASE eager|compiled     reads numbers of steps, a line each, and answers each with the CPU seconds they took

CASE  vera-toy, vera-mnist: energy and generator update with the importance-sampled score and the slope penalty
      vae-toy, vae-mlp, vae-convnet: ancestral draw, Langevin steps, energy update, update of the variational autoencoder

Eager is written as one would: one graph a loss, the penalty by a gradient of the gradient, fused Adam. Compiled: the same functions
through torch.compile, gradients by torch.func so that none of them breaks the graph. Needs torch (requirements-training.txt).
"""
import sys
import time

import torch
from torch import nn
from torch.func import functional_call, grad

torch.set_num_threads(1)
torch.manual_seed(1)
RATE = 1e-7


def mlp(act, *sizes):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n_in, n_out), act()]
    return nn.Sequential(*layers[:-1])


def leaky():
    return nn.LeakyReLU(0.2)


def adam(parameters, betas):
    return torch.optim.Adam(parameters, lr=RATE, betas=betas, fused=True)


def batches(data, n):
    """Epochs in a new order each."""
    while True:
        order = torch.randperm(len(data))
        for at in range(0, len(data) - n + 1, n):
            yield data[order[at:at + n]]


class Vera:
    batch, n_samples, weight, lam = 200, 20, 0.1, 1.0

    def __init__(self, energy, generator, dim, n_latent, compiled):
        self.e, self.g, self.dim, self.n_latent = energy, generator, dim, n_latent
        self.log_sigma = torch.tensor(-4.605, requires_grad=True)
        self.log_eta = torch.full((n_latent,), -2.303, requires_grad=True)
        self.adam_e = adam(energy.parameters(), (0.0, 0.9))
        self.adam_g = adam([*generator.parameters(), self.log_sigma], (0.0, 0.9))
        self.adam_eta = adam([self.log_eta], (0.9, 0.999))
        self.data = batches(torch.randn(2000, dim), self.batch)
        self.compiled = compiled
        if compiled:
            self.energy_gradient = torch.compile(self.energy_gradient_of, dynamic=False)
            self.slope = torch.compile(self.slope_of, dynamic=False)
            self.score = torch.compile(self.score_of, dynamic=False)
            self.eta_gradient = torch.compile(self.eta_gradient_of, dynamic=False)
            self.generator_gradient = torch.compile(self.generator_gradient_of, dynamic=False)

    # The pieces of the compiled step, functions of parameters.
    def u(self, p, x):
        return functional_call(self.e, p, (x,))[:, 0]

    def mean(self, p, z):
        return functional_call(self.g, p, (z,))

    def energy_gradient_of(self, p, x, x_g):
        def loss(p):
            slope, u = grad(lambda x: (lambda u: (u.sum(), u))(self.u(p, x)), has_aux=True)(x)
            return u.mean() - self.u(p, x_g).mean() + 0.5 * self.weight * slope.square().sum(1).mean()
        return grad(loss)(p)

    def slope_of(self, p, x):
        return grad(lambda x: self.u(p, x).sum())(x)

    def score_of(self, p, log_sigma, log_eta, x, z0, delta):
        return self.importance(lambda z: self.mean(p, z), log_sigma, log_eta, x, z0, delta)

    def eta_gradient_of(self, p, log_sigma, log_eta, x, z0, delta):
        return grad(lambda log_eta: -self.elbo(lambda z: self.mean(p, z), log_sigma, log_eta, x, z0, delta))(log_eta)

    def generator_gradient_of(self, p, log_sigma, z0, eps, v):
        return grad(lambda p, s: (v * (self.mean(p, z0) + s.exp() * eps)).sum(), argnums=(0, 1))(p, log_sigma)

    # Shared arithmetic.
    def importance(self, g, log_sigma, log_eta, x, z0, delta):
        precision = (-2 * log_sigma).exp()
        z = z0 + log_eta.exp() * delta  # [K, B, latent]
        mu = g(z.flatten(0, 1)).view(self.n_samples, *x.shape)
        log_w = 0.5 * (delta.square().sum(2) - z.square().sum(2)) - 0.5 * precision * (x - mu).square().sum(2)
        w = log_w.softmax(0)
        return precision * ((w[:, :, None] * mu).sum(0) - x)

    def elbo(self, g, log_sigma, log_eta, x, z0, delta):
        z = z0 + log_eta.exp() * delta
        square = (x - g(z)).square().sum(1)
        return (-0.5 * z.square().sum(1) - 0.5 * (-2 * log_sigma).exp() * square).mean() + log_eta.sum()

    def step(self):
        x = next(self.data)
        z0, eps = torch.randn(self.batch, self.n_latent), torch.randn(self.batch, self.dim)
        deltas = torch.randn(self.n_samples, self.batch, self.n_latent)
        delta = torch.randn(self.batch, self.n_latent)
        (self.step_compiled if self.compiled else self.step_eager)(x, z0, eps, deltas, delta)
        with torch.no_grad():
            self.log_sigma.clamp_(-4.605, -1.204)

    def step_eager(self, x, z0, eps, deltas, delta):
        x_g = self.g(z0) + self.log_sigma.exp() * eps
        drawn = x_g.detach()
        x.requires_grad_(True)
        u = self.e(x)[:, 0]
        (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        loss = u.mean() - self.e(drawn).mean() + 0.5 * self.weight * slope.square().sum(1).mean()
        self.adam_e.zero_grad()
        loss.backward()
        self.adam_e.step()

        self.e.requires_grad_(False)
        drawn.requires_grad_(True)
        (slope,) = torch.autograd.grad(self.e(drawn).sum(), drawn)
        self.e.requires_grad_(True)
        drawn = drawn.detach()
        with torch.no_grad():
            s = self.importance(self.g, self.log_sigma, self.log_eta, drawn, z0, deltas)
        self.g.requires_grad_(False)
        bound = self.elbo(self.g, self.log_sigma.detach(), self.log_eta, drawn, z0, delta)
        (by_eta,) = torch.autograd.grad(-bound, self.log_eta)
        self.g.requires_grad_(True)
        self.log_eta.grad = by_eta
        self.adam_eta.step()
        self.adam_g.zero_grad()
        x_g.backward((slope + self.lam * s) / self.batch)
        self.adam_g.step()

    def step_compiled(self, x, z0, eps, deltas, delta):
        p_e = {n: p.detach() for n, p in self.e.named_parameters()}
        p_g = {n: p.detach() for n, p in self.g.named_parameters()}
        log_sigma, log_eta = self.log_sigma.detach(), self.log_eta.detach()
        with torch.no_grad():
            drawn = self.g(z0) + log_sigma.exp() * eps
        for (n, p), by in zip(self.e.named_parameters(), self.energy_gradient(p_e, x, drawn).values()):
            p.grad = by
        self.adam_e.step()
        slope = self.slope(p_e, drawn)
        s = self.score(p_g, log_sigma, log_eta, drawn, z0, deltas)
        self.log_eta.grad = self.eta_gradient(p_g, log_sigma, log_eta, drawn, z0, delta)
        self.adam_eta.step()
        by_g, by_sigma = self.generator_gradient(p_g, log_sigma, z0, eps, (slope + self.lam * s) / self.batch)
        for p, by in zip(self.g.parameters(), by_g.values()):
            p.grad = by
        self.log_sigma.grad = by_sigma
        self.adam_g.step()


class Teaching:
    h = 1e-3

    def __init__(self, energy, encoder, decoder, shape, n, n_steps, n_latent, compiled):
        self.e, self.enc, self.dec, self.n, self.n_steps, self.n_latent = energy, encoder, decoder, n, n_steps, n_latent
        self.shape = shape
        self.adam_e = adam(energy.parameters(), (0.5, 0.999))
        self.adam_vae = adam([*encoder.parameters(), *decoder.parameters()], (0.9, 0.999))
        self.data = batches(torch.randn(2048, *shape), n)
        self.compiled = compiled
        if compiled:
            self.langevin = torch.compile(self.langevin_of, dynamic=False)
            self.energy_loss = torch.compile(self.energy_loss, dynamic=False)
            self.model_loss = torch.compile(self.model_loss, dynamic=False)
        else:
            self.langevin = self.langevin_eager

    def langevin_eager(self, p, x, noise):
        x.requires_grad_(True)
        (g,) = torch.autograd.grad(self.e(x).sum(), x)
        with torch.no_grad():
            return x - 0.5 * self.h * g + self.h**0.5 * noise

    def langevin_of(self, p, x, noise):
        return x - 0.5 * self.h * grad(lambda x: functional_call(self.e, p, (x,)).sum())(x) + self.h**0.5 * noise

    def energy_loss(self, x, chains):
        return self.e(x).mean() - self.e(chains).mean()

    def model_loss(self, chains, eps):
        mu, s = self.enc(chains).chunk(2, 1)
        g = self.dec(mu + s.exp() * eps)
        kl = (0.5 * (mu.square() + (2 * s).exp() - 1) - s).sum(1)
        return (0.5 * (chains - g).square().sum(1) + kl).mean()

    def step(self):
        data = next(self.data)
        with torch.no_grad():
            x = self.dec(torch.randn(self.n, self.n_latent)).view(self.n, *self.shape)
        self.e.requires_grad_(False)
        p = {n: v.detach() for n, v in self.e.named_parameters()} if self.compiled else None
        for _ in range(self.n_steps):
            x = self.langevin(p, x, torch.randn_like(x))
        self.e.requires_grad_(True)
        x = x.detach()
        self.adam_e.zero_grad()
        self.energy_loss(data, x).backward()
        self.adam_e.step()
        self.adam_vae.zero_grad()
        self.model_loss(x.flatten(1), torch.randn(self.n, self.n_latent)).backward()
        self.adam_vae.step()


def convnet():
    return nn.Sequential(nn.Conv2d(1, 16, 5, stride=2, padding=2), leaky(), nn.Conv2d(16, 32, 3, stride=2, padding=1), leaky(),
                         nn.Conv2d(32, 64, 3, padding=1), leaky(), nn.Flatten(), nn.Linear(1024, 1))


CASES = {
    "vera-toy": lambda c: Vera(mlp(leaky, 2, 100, 100, 1), mlp(nn.Softplus, 2, 100, 100, 2), 2, 2, c),
    "vera-mnist": lambda c: Vera(mlp(leaky, 784, 1000, 500, 500, 250, 250, 250, 1), mlp(nn.Softplus, 100, 500, 500, 500, 784), 784, 100, c),
    "vae-toy": lambda c: Teaching(mlp(nn.SiLU, 2, 128, 128, 128, 1), mlp(nn.SiLU, 2, 128, 128, 4), mlp(nn.SiLU, 2, 128, 128, 2), (2,), 256, 30, 2, c),
    "vae-mlp": lambda c: Teaching(mlp(nn.SiLU, 784, 512, 256, 1), mlp(nn.SiLU, 784, 256, 128, 32), mlp(nn.SiLU, 16, 128, 256, 784), (784,), 64, 20, 16, c),
    "vae-convnet": lambda c: Teaching(convnet(), mlp(nn.SiLU, 196, 256, 128, 32), mlp(nn.SiLU, 16, 128, 256, 196), (1, 14, 14), 64, 20, 16, c),
}

case, how = sys.argv[1:]
training = CASES[case](how == "compiled")
for line in sys.stdin:
    start = time.process_time()
    for _ in range(int(line)):
        training.step()
    print(time.process_time() - start, flush=True)
