#!/usr/bin/env bash
# Builds the site into docs/_build/html; the tutorials run, warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh docs
export JAX_PLATFORMS="${JAX_PLATFORMS:-cpu}"
sphinx-build -W --keep-going -b html "$@" docs docs/_build/html
