#!/usr/bin/env bash
# Writes requirements.lock: the versions in .venv, with which scripts/check.sh has passed.
# An environment with just these: pip install -c requirements.lock -e '.[dev]'
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh dev
{
  echo "# Versions with which every test passes, on Python $(python -c 'import platform; print(platform.python_version())')."
  echo "# Made by scripts/lock.sh; used by pip install -c requirements.lock -e '.[dev]'"
  python -m pip freeze --exclude-editable --exclude adapt-jax | grep -v ' @ '
} > requirements.lock
