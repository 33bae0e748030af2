#!/usr/bin/env bash
# Format, lint, types and every test, in an environment of its own (.venv). The same as CI.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh dev
export JAX_PLATFORMS=cpu

ruff format --check .
ruff check .
mypy adapt benchmarks scripts
# Two processes: nearly all of the time is compilation, which takes one core.
python -m pytest --durations=10 --numprocesses=2 --dist=worksteal "$@"
