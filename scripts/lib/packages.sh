# Installs what is missing, through apt, and says so. Sourced after common.sh.
# shellcheck shell=bash

packages_build=(cmake ninja-build g++ pkg-config libeigen3-dev libxsimd-dev)
packages_demo=("${packages_build[@]}" gnuplot-nox)
packages_test=("${packages_demo[@]}" catch2 librandom123-dev nlohmann-json3-dev libnanoflann-dev)
packages_bench=("${packages_build[@]}" libbenchmark-dev libnanoflann-dev)
export packages_demo packages_test packages_bench

# True where dpkg knows the package as installed (or a package that provides it).
is_installed() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c1-2)" = ii ]; }

ensure_packages() {
  local missing=() name
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This machine has no apt; what is needed is called $* on Debian. Going on with what is here."
    return 0
  fi
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "missing: ${missing[*]} (installing needs root, and there is no sudo); run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  install_packages() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" </dev/null >"$log" 2>&1
  }
  local log
  log=$(mktemp)
  # The lists of a fresh machine are empty or old: ask for new ones only where the first try fails.
  if ! install_packages; then
    "${as_root[@]}" apt-get update -qq </dev/null >>"$log" 2>&1 || true
    install_packages || { tail -n 20 "$log" >&2; rm -f "$log"; die "apt could not install ${missing[*]} (its last lines are above)"; }
  fi
  rm -f "$log"
}
