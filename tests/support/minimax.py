#!/usr/bin/env python3
# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
"""Minimax polynomials for erg/lane/math: Remez exchange in 60 digits, then coefficients rounded one by one, lowest power
first, with the rest fitted again. Needs mpmath. Usage: minimax.py (as an example, the polynomial of exp in float); for the others
call show() with the function, the weight of its error, the powers and the interval. Prints C++ hexadecimal literals."""
import sys
from mpmath import mp, mpf, matrix, lu_solve, cos, pi
import mpmath as m

mp.dps = 50


def to_float(x, bits):
    if x == 0:
        return mpf(0)
    e = int(m.floor(m.log(abs(x), 2)))
    q = mpf(2) ** (e - bits + 1)
    return m.nint(x / q) * q


def remez(f, w, powers, a, b, iters=12):
    """min max |w(x) (f(x) - sum c_k x^k)| over [a, b]."""
    n = len(powers)
    nodes = [(a + b) / 2 - (b - a) / 2 * cos(pi * mpf(i) / n) for i in range(n + 1)]
    nodes = [x if abs(x) > (b - a) / 1000 else x + (b - a) / 50 for x in nodes]  # weights may vanish at 0
    grid_n = 24 * (n + 1)
    grid = [(a + b) / 2 - (b - a) / 2 * cos(pi * mpf(i) / grid_n) for i in range(grid_n + 1)]
    fg = [f(x) for x in grid]
    wg = [w(x) for x in grid]
    for _ in range(iters):
        A = matrix(n + 1, n + 1)
        y = matrix(n + 1, 1)
        for i, x in enumerate(nodes):
            for j, p in enumerate(powers):
                A[i, j] = w(x) * x ** p
            A[i, n] = (-1) ** i
            y[i] = w(x) * f(x)
        sol = lu_solve(A, y)
        c = [sol[j] for j in range(n)]
        err = [wg[i] * (fg[i] - sum(ck * grid[i] ** p for ck, p in zip(c, powers))) for i in range(grid_n + 1)]
        ext, cur = [], 0
        for i in range(1, grid_n + 1):
            if (err[i] > 0) != (err[cur] > 0):
                ext.append(cur)
                cur = i
            elif abs(err[i]) > abs(err[cur]):
                cur = i
        ext.append(cur)
        worst = max(abs(e) for e in err)
        if len(ext) < n + 1:
            return c, worst
        while len(ext) > n + 1:
            ext.pop(0) if abs(err[ext[0]]) < abs(err[ext[-1]]) else ext.pop()
        nodes = [grid[i] for i in ext]
        if worst < abs(sol[n]) * mpf("1.02"):
            break
    return c, worst


def memo(f):
    known = {}

    def g(x):
        if x not in known:
            known[x] = f(x)
        return known[x]

    return g


def fit(f, w, powers, a, b, bits):
    """Coefficients rounded to `bits`, lowest power first, and the final weighted error."""
    a, b = mpf(a), mpf(b)
    f, w = memo(f), memo(w)
    fixed = []
    c, ideal = remez(f, w, powers, a, b)
    rest = list(powers)
    while rest:
        fixed.append((rest[0], to_float(c[0], bits)))
        rest = rest[1:]
        if not rest:
            break
        g = lambda x: f(x) - sum(ck * x ** p for p, ck in fixed)
        again, worst = remez(g, w, rest, a, b, 6)
        c = c[1:]
        grid = [a + (b - a) * mpf(i) / 200 for i in range(201)]
        kept = max(abs(w(x) * (g(x) - sum(ck * x ** p for p, ck in zip(rest, c)))) for x in grid)
        if worst < kept:  # the exchange may fail where the interval holds 0 and the constant term is gone
            c = again
    grid = [a + (b - a) * mpf(i) / 2000 for i in range(2001)]
    worst = max(abs(w(x) * (f(x) - sum(ck * x ** p for p, ck in fixed))) for x in grid if x != 0)
    return [ck for _, ck in fixed], ideal, worst


def short(x):
    s = float(x).hex()
    head, exp = s.split("p")
    if "." in head:
        head = head.rstrip("0").rstrip(".")
    return head + "p" + exp


def show(name, f, w, powers, a, b, bits):
    c, ideal, worst = fit(f, w, powers, a, b, bits)
    ulp = mpf(2) ** (-bits)
    print(f"// {name}: powers {powers[0]}..{powers[-1]} on [{float(a):.6g}, {float(b):.6g}], weighted error {float(worst / ulp):.3g} (ideal {float(ideal / ulp):.3g}) half ulp")
    print(", ".join(short(ck) for ck in c))
    sys.stdout.flush()
    return c


def exp_tail(x):
    """(exp(x) - 1 - x) / x^2"""
    return (m.expm1(x) - x) / x**2 if abs(x) > mpf("1e-6") else mpf(1) / 2 + x / 6 + x * x / 24


if __name__ == "__main__":
    h = m.log(2) / 2 * mpf("1.01")
    show("exp float", exp_tail, lambda x: x * x * m.exp(-x), list(range(5)), -h, h, 24)
