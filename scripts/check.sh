#!/usr/bin/env bash
# Format, lint, types and tests, in an environment of its own (.venv).
#   check.sh          the quick tier: every room, without long sweeps
#   check.sh --all    every test; the same as CI
# Further arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh dev
export JAX_PLATFORMS=cpu

tier=(-m "not slow")
if [[ ${1:-} == --all ]]; then
  tier=()
  shift
fi
# A process a core, as nearly all of the time is compilation, and 3 GB a process.
cores="$(nproc)"
memory="$(awk '/MemAvailable/ {print int($2 / 3000000)}' /proc/meminfo 2> /dev/null || echo "$cores")"
workers=$((cores < memory ? cores : memory))

ruff format --check .
ruff check .
# Types take one core, tests the others; where tests fail first, nobody waits for types.
mypy adapt adapt_jax.py benchmarks scripts &
types=$!
python -m pytest --durations=10 --numprocesses="$((workers > 1 ? workers : 1))" --dist=worksteal \
  "${tier[@]}" "$@"
wait "$types"
