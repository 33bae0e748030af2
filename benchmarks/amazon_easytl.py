"""EasyTL on Amazon reviews, 400 words, 12 pairs, beside the log of its Python port.

python -m benchmarks.amazon_easytl --out results

Nothing is drawn at random, so there is one seed. All pairs take seconds.
"""

import sys

from adapt.cli.shallow import main
from adapt.experiments.suite import VECTORS, Suite, Task, row
from adapt.shallow.run import Plan, Shallow

METHODS = {
  "easytl_c": Shallow("none", "easytl"),
  "easytl": Shallow("coral", "easytl"),
}
_DOMAINS = {"B": "books", "D": "dvd", "E": "electronics", "K": "kitchen"}
_ORDER = ("BD", "BE", "BK", "DB", "DE", "DK", "EB", "ED", "EK", "KB", "KD", "KE")
_PAIRS = [(_DOMAINS[pair[0]], _DOMAINS[pair[1]]) for pair in _ORDER]
_NAMES = [f"{s}_{t}" for s, t in _PAIRS]
_LOG = "Wang et al., log of EasyTL's Python port (pyEasyTL/results.txt), Amazon"
_PROTOCOL = "all source reviews labelled, all target reviews unlabelled, z-scored features"
_ROWS = {
  ("EasyTL(c)", "easytl_c"): "78.4 77.5 79.2 79.5 77.4 80.4 73.0 73.1 84.6 75.1 73.8 82.0",
  ("EasyTL", "easytl"): "79.8 79.7 80.9 79.9 80.8 82.0 75.0 75.3 84.9 76.5 76.3 82.5",
}

SUITE = Suite(
  name="amazon_easytl",
  tasks=tuple(Task(f"{s}_{t}", (f"amazon400_{s}",), f"amazon400_{t}") for s, t in _PAIRS),
  settings=VECTORS,
  protocol=(
    "transductive: all source reviews with labels, all target reviews without, accuracy on those; "
    "shares of 400 words, each column z-scored per domain"
  ),
  reported=tuple(row(*who, _LOG, _PROTOCOL, _NAMES, text) for who, text in _ROWS.items()),
)

PLAN = Plan(SUITE, METHODS, 1)

if __name__ == "__main__":
  sys.exit(main(PLAN))
