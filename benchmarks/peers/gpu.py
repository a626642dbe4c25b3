#!/usr/bin/env python3
# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
"""Times a peer's way of stepping many chains on its fastest device and prints one line of JSON.

    gpu.py jax-threefry|jax-rbg|torch  ula_ring|hmc_gaussian|hmc_logistic  [--chains N] [--steps N] [--repeats N]

Each framework is used as its documentation advises: JAX with jit, vmap over chains and scan over steps; PyTorch with
torch.compile over whole blocks of chains. The first call, which compiles, is not timed. float32.
"""
import argparse
import json
import statistics
import sys
import time

RADIUS, SIGMA, STEP = 4.0, 0.5, 0.08           # the ring of benchmarks/cpu/sampler.hpp
DIM, LEAP, HMC_STEP = 100, 10, 0.1             # its Gaussian
ROWS, COLUMNS, LOGISTIC_STEP = 1000, 25, 0.02  # a regression of this shape


def logistic_data():
    """Rows x columns of fixed numbers in (-1, 1), labels by the sign of a fixed combination: no file, no generator."""
    import numpy as np
    i = np.arange(ROWS * COLUMNS, dtype=np.float64)
    x = np.modf(i * 0.6180339887498949)[0] * 2.0 - 1.0
    x = x.reshape(ROWS, COLUMNS)
    y = (x @ np.sin(np.arange(1, COLUMNS + 1)) > 0).astype(np.float64)
    return x.astype(np.float32), y.astype(np.float32)


def jax_step(what, implementation):
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_default_prng_impl", {"threefry": "threefry2x32", "rbg": "rbg"}[implementation])

    if what == "ula_ring":
        angle = 2.0 * jnp.pi * jnp.arange(8) / 8
        centres = RADIUS * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)

        def energy(x):
            return -jax.scipy.special.logsumexp(-0.5 * jnp.sum((x - centres) ** 2, axis=1) / SIGMA**2)

        slope = jax.grad(energy)

        def one(x, key):
            return x - STEP * slope(x) + jnp.sqrt(2.0 * STEP) * jax.random.normal(key, x.shape)
        dim = 2
    else:
        if what == "hmc_gaussian":
            def energy(x):
                return 0.5 * jnp.sum(x * x)
            dim, h = DIM, HMC_STEP
        else:
            rows, labels = (jnp.asarray(a) for a in logistic_data())

            def energy(x):
                eta = rows @ x
                return jnp.sum(jax.nn.softplus(eta) - labels * eta) + 0.5 * jnp.sum(x * x)
            dim, h = COLUMNS, LOGISTIC_STEP
        both = jax.value_and_grad(energy)

        def one(x, key):
            noise, uniform = jax.random.split(key)
            p = jax.random.normal(noise, x.shape)
            u0, g = both(x)
            start = u0 + 0.5 * jnp.sum(p * p)

            def leap(_, state):
                y, p, g, _ = state
                p = p - 0.5 * h * g
                y = y + h * p
                u, g = both(y)
                return y, p - 0.5 * h * g, g, u

            y, p, _, u = jax.lax.fori_loop(0, LEAP, leap, (x, p, g, u0))
            accept = jax.random.uniform(uniform) < jnp.exp(start - u - 0.5 * jnp.sum(p * p))
            return jnp.where(accept, y, x)

    def run(x, key, n_steps):
        def body(x, key):
            return jax.vmap(one)(x, jax.random.split(key, x.shape[0])), None
        return jax.lax.scan(body, x, jax.random.split(key, n_steps))[0]

    compiled = jax.jit(run, static_argnums=2)
    key = jax.random.key(1)

    def step(chains, n_steps, state={}):
        if "x" not in state:
            state["x"] = jax.random.normal(key, (chains, dim))
        state["x"] = compiled(state["x"], jax.random.fold_in(key, state.setdefault("call", 0)), n_steps)
        state["call"] += 1
        state["x"].block_until_ready()
        return state["x"]

    return step, f"jax {jax.__version__}", str(jax.devices()[0])


def torch_step(what):
    import torch
    device = "cuda" if torch.cuda.is_available() else "cpu"
    angle = 2.0 * torch.pi * torch.arange(8, device=device) / 8
    centres = RADIUS * torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    if what == "hmc_logistic":
        rows, labels = (torch.from_numpy(a).to(device) for a in logistic_data())

    def slope_of_ring(x):
        off = x[:, None, :] - centres
        weight = torch.softmax(-0.5 * (off * off).sum(2) / SIGMA**2, dim=1)
        return (weight[:, :, None] * off).sum(1) / SIGMA**2

    def ula(x):
        return x - STEP * slope_of_ring(x) + (2.0 * STEP) ** 0.5 * torch.randn_like(x)

    def both(x):
        if what == "hmc_gaussian":
            return 0.5 * (x * x).sum(1), x
        eta = x @ rows.T
        u = torch.nn.functional.softplus(eta).sum(1) - eta @ labels + 0.5 * (x * x).sum(1)
        return u, (torch.sigmoid(eta) - labels) @ rows + x

    def hmc(x):
        h = HMC_STEP if what == "hmc_gaussian" else LOGISTIC_STEP
        p = torch.randn_like(x)
        u, g = both(x)
        start = u + 0.5 * (p * p).sum(1)
        y = x
        for _ in range(LEAP):
            p = p - 0.5 * h * g
            y = y + h * p
            u, g = both(y)
            p = p - 0.5 * h * g
        accept = torch.rand_like(u) < torch.exp(start - u - 0.5 * (p * p).sum(1))
        return torch.where(accept[:, None], y, x)

    compiled = torch.compile(ula if what == "ula_ring" else hmc)
    dim = {"ula_ring": 2, "hmc_gaussian": DIM, "hmc_logistic": COLUMNS}[what]

    def step(chains, n_steps, state={}):
        with torch.no_grad():
            x = state["x"] if "x" in state else torch.randn(chains, dim, device=device)
            for _ in range(n_steps):
                x = compiled(x)
            state["x"] = x
            if device == "cuda":
                torch.cuda.synchronize()
        return x

    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    return step, f"torch {torch.__version__}", name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["jax-threefry", "jax-rbg", "torch"])
    parser.add_argument("what", choices=["ula_ring", "hmc_gaussian", "hmc_logistic"])
    parser.add_argument("--chains", type=int)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    chains = arguments.chains or {"ula_ring": 1 << 20, "hmc_gaussian": 1 << 17, "hmc_logistic": 1 << 16}[arguments.what]
    try:
        if arguments.peer == "torch":
            step, version, device = torch_step(arguments.what)
        else:
            step, version, device = jax_step(arguments.what, arguments.peer[4:])
    except ImportError as error:
        print(json.dumps({"unmeasured": f"{arguments.peer} is not installed ({error})"}))
        return 0
    step(chains, arguments.steps)
    times = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        x = step(chains, arguments.steps)
        times.append((time.perf_counter() - start) / (chains * arguments.steps) * 1e9)
    second_moment = float((x * x).mean())
    low, median, high = (statistics.quantiles(times, n=4) if len(times) > 1 else times * 3)
    print(json.dumps({"ns_per_chain_step": median, "low": low, "high": high, "version": version, "device": device,
                      "mean_square": second_moment}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
