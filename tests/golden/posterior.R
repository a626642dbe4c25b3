# Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#
# Writes posterior_values.hpp: R-hat, ESS and MCSE of fixed data sets by the R package posterior (values committed: 1.4.0, Debian 12).
#
#   Rscript posterior.R > posterior_values.hpp
#
# The data are made here and again in posterior_data.hpp, bit for bit: every step is integer arithmetic below 2^53, floor, a division by a
# power of two, or one rounded division, so no elementary function and no contraction can make the two differ.

suppressPackageStartupMessages(library(posterior))

# Lehmer's generator: state <- 48271 state mod (2^31 - 1); a draw is the upper 16 bits of the state.
state <- 0
seed <- function(s) state <<- s
bits16 <- function() {
  state <<- (48271 * state) %% 2147483647
  floor(state / 32768)
}
# Nearly normal with mean 0, in units of 2^-16, standard deviation 1: the sum of twelve uniforms.
noise <- function() {
  total <- 0
  for (i in 1:12) total <- total + bits16()
  total - 393210
}
# x <- floor(rho x / 1024) + noise, from 0; rho in 1/1024.
ar1 <- function(n_draws, n_chains, rho) {
  x <- matrix(0, n_draws, n_chains)
  for (c in seq_len(n_chains)) {
    current <- 0
    for (i in seq_len(n_draws)) {
      current <- floor(rho * current / 1024) + noise()
      x[i, c] <- current
    }
  }
  x
}
unit <- 65536

data_sets <- list()
add <- function(name, x) data_sets[[name]] <<- x

seed(1);  add("independent", ar1(250, 4, 0) / unit)
seed(2);  add("ar_0.5", ar1(250, 4, 512) / unit)
seed(3);  add("ar_0.9", ar1(250, 4, 922) / unit)
seed(4);  add("antithetic", ar1(250, 4, -512) / unit)
seed(5);  add("strongly antithetic", ar1(200, 2, -973) / unit)
seed(6);  { a <- ar1(250, 4, 512); b <- ar1(250, 4, 512); add("heavy tail", a / (2 * b + 1)) }
seed(7);  { x <- ar1(250, 4, 307); x[, 4] <- x[, 4] + unit; add("one chain shifted", x / unit) }
seed(8);  { x <- ar1(250, 4, 307); x[, 4] <- 4 * x[, 4]; add("one chain wide", x / unit) }
seed(9);  add("one chain", ar1(500, 1, 512) / unit)
seed(10); add("odd number of draws", ar1(251, 3, 512) / unit)
seed(11); add("ties", floor(ar1(250, 4, 717) / unit))
seed(12); { x <- ar1(250, 4, 512) / unit; x[, 2] <- 0.5; add("one chain constant", x) }
add("constant", matrix(1.5, 250, 4))
seed(13); { x <- ar1(250, 4, 512) / unit; x[17, 3] <- NaN; add("one NaN", x) }
seed(14); { x <- ar1(250, 4, 512) / unit; x[17, 3] <- Inf; add("one infinity", x) }
seed(15); add("five draws", ar1(5, 4, 512) / unit)
seed(16); add("six draws", ar1(6, 4, 0) / unit)
seed(17); add("eleven draws", ar1(11, 2, 0) / unit)
seed(18); add("twelve draws", ar1(12, 2, 512) / unit)
seed(19); add("tiny scale", ar1(250, 4, 512) / unit / 2^60)
seed(20); add("large offset", ar1(250, 4, 512) / unit + 2^20)
seed(21); add("long and slow", ar1(3000, 2, 1014) / unit)
seed(22); add("many chains", ar1(40, 32, 717) / unit)
seed(23); add("two values", (ar1(250, 4, 512) > 0) * 2 - 1)
add("alternating", matrix(rep(c(-1, 1), 500), 250, 4))

probs <- c(0.05, 0.25, 0.5, 0.9, 1)
number <- function(x) {
  x <- as.numeric(x)
  ifelse(is.na(x), "nan", ifelse(is.infinite(x), ifelse(x > 0, "inf", "-inf"), sprintf("%.17g", x)))
}
braces <- function(x) paste0("{", paste(number(x), collapse = ", "), "}")

cat("// Written by posterior.R; do not edit. R ", as.character(getRversion()), ", posterior ",
    as.character(packageVersion("posterior")), ".\n", sep = "")
cat("#pragma once\n\n#include <limits>\n\nnamespace erg::test::posterior_golden {\n\n")
cat("inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();\n")
cat("inline constexpr double inf = std::numeric_limits<double>::infinity();\n\n")
cat("inline constexpr double probs[] = ", braces(probs), ";\n\n", sep = "")
cat("struct Values {\n  const char* name;\n  int n_draws, n_chains;\n  double checksum;  ///< sum of the finite draws, chain after chain\n")
cat("  double rhat, rhat_basic, rhat_basic_unsplit, ess_bulk, ess_tail, ess_mean, ess_sd, ess_basic_unsplit, mcse_mean, mcse_sd;\n")
cat("  double quantile[", length(probs), "], ess_quantile[", length(probs), "], mcse_quantile[", length(probs), "];\n};\n\n", sep = "")
cat("inline constexpr Values values[] = {\n")
options(warn = -1)
for (name in names(data_sets)) {
  x <- data_sets[[name]]
  checksum <- 0
  for (v in as.vector(x)) if (is.finite(v)) checksum <- checksum + v
  q <- if (anyNA(x)) rep(NaN, length(probs)) else quantile(x, probs)
  cat("    {\"", name, "\", ", nrow(x), ", ", ncol(x), ", ", number(checksum), ",\n     ",
      paste(number(c(rhat(x), rhat_basic(x), rhat_basic(x, split = FALSE), ess_bulk(x), ess_tail(x), ess_mean(x), ess_sd(x),
                     ess_basic(x, split = FALSE), mcse_mean(x), mcse_sd(x))), collapse = ", "),
      ",\n     ", braces(q), ",\n     ", braces(ess_quantile(x, probs)), ",\n     ", braces(mcse_quantile(x, probs)), "},\n", sep = "")
}
cat("};\n\n}  // namespace erg::test::posterior_golden\n")
