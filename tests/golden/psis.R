# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#
# Writes psis_values.hpp: Pareto shapes and smoothed weights of fixed data sets by the R package loo (values committed: 2.5.1, Debian 12).
#
#   Rscript psis.R > psis_values.hpp
#
# The log weights are made here and again in psis_test.cpp from the same integers: -a log((b + 1/2) / 65536), b of Lehmer's generator.

suppressPackageStartupMessages(library(loo))

state <- 0
uniform <- function(n) {
  x <- numeric(n)
  for (i in seq_len(n)) {
    state <<- (48271 * state) %% 2147483647
    x[i] <- (floor(state / 32768) + 0.5) / 65536
  }
  x
}
cases <- list(c(1, 1000, 0.3, 1), c(2, 1000, 0.5, 1), c(3, 4000, 0.9, 1), c(4, 100, 0.7, 1), c(5, 30, 0.4, 1), c(6, 1000, -0.5, 1),
              c(7, 10000, 1.4, 1), c(8, 1000, 0.6, 0.25))
number <- function(x) format(x, digits = 17, trim = TRUE)
cat("// Written by psis.R; do not edit. R ", as.character(getRversion()), ", loo ", as.character(packageVersion("loo")), ".\n", sep = "")
cat("#pragma once\n\nnamespace erg::test::psis_golden {\n\n")
cat("/// Of n weights u^-a: the shape, and the logarithms of the largest smoothed weight, the tenth and the sum, all relative to the largest weight.\n")
cat("struct Values {\n  int seed, n;\n  double a, relative_efficiency, pareto_k, first, tenth, log_sum;\n};\n\ninline constexpr Values values[] = {\n")
options(warn = -1)
for (k in cases) {
  state <- k[1]
  log_w <- -k[3] * log(uniform(k[2]))
  p <- psis(log_w, r_eff = k[4])
  lw <- weights(p, normalize = FALSE, log = TRUE) - max(log_w)
  s <- sort(as.vector(lw), decreasing = TRUE)
  cat("    {", k[1], ", ", k[2], ", ", k[3], ", ", k[4], ", ", number(p$diagnostics$pareto_k), ", ", number(s[1]), ", ", number(s[10]), ", ",
      number(log(sum(exp(s)))), "},\n", sep = "")
}
cat("};\n\n}  // namespace erg::test::psis_golden\n")
