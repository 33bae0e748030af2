#!/usr/bin/env bash
# The speed benchmark's cases for an accelerator, in one call of at most 8 minutes:
#   scripts/gpu_bench.sh FOLDER       one JSON per case is written to FOLDER
# Runs the python3 in PATH (or $PYTHON) as it is and installs nothing. It needs torch, and what adapt
# itself needs: jax, flax, optax, numpy, jaxtyping, docstring-parser and rich.
set -euo pipefail
out="$(realpath -m "${1:?usage: scripts/gpu_bench.sh FOLDER}")"
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"

missing="$("$python" - << 'END'
from importlib.util import find_spec
needed = "jax flax optax numpy jaxtyping docstring_parser rich torch".split()
print(*(name.replace("_", "-") for name in needed if find_spec(name) is None))
END
)"
if [[ -n $missing ]]; then
  echo "error: missing packages: pip install $missing" >&2
  exit 2
fi

# Case, its rounds, and the seconds by which it must have ended; what is done by then is kept. The
# processors of an accelerator's host do other things too, which matters little there.
failed=0
began=$SECONDS
bench() { # LIMIT CASE ROUNDS STEPS
  local left=$((465 - (SECONDS - began)))
  local limit=$(($1 < left ? $1 : left))
  if ((limit < 20)); then
    echo "$2: left out, the 8 minutes are over" >&2
    failed=1
    return
  fi
  timeout --kill-after=5 "$limit" "$python" -m benchmarks.speed "$2" --rounds "$3" --steps "$4" \
    --foreign 2 --out "$out" || {
    echo "$2: ended with $? (124: not done within ${limit} s)" >&2
    failed=1
  }
}
bench 120 lenet64 7 200
bench 200 resnet50_bf16 7 20
bench 220 seeds 5 100
exit "$failed"
