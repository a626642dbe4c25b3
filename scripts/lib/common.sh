# Shared by the scripts: where we are, how we speak, how many jobs. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
jobs=${ERG_JOBS:-$(nproc 2>/dev/null || echo 2)}
export root jobs

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Runs a command and says how long it took.
timed() {
  local what=$1 start=$SECONDS status=0
  shift
  say "$what"
  "$@" || status=$?
  say "$what: $((SECONDS - start)) s$([ "$status" -eq 0 ] || echo ", failed with $status")"
  return "$status"
}
