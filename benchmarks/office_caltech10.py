"""Office-Caltech10 on features: 10 classes, four domains, 12 pairs each of SURF and of DeCAF6.

The SURF pairs take about 2 minutes a method with five seeds on two CPU cores.
"""

import sys

from adapt import cli
from adapt.experiments.suite import VECTORS, Reported, Suite, Task, row

DOMAINS = {"C": "caltech10", "A": "amazon", "W": "webcam", "D": "dslr"}
_ORDER = ["CA", "CW", "CD", "AC", "AW", "AD", "WC", "WA", "WD", "DC", "DA", "DW"]


def _tasks(kind: str) -> tuple[Task, ...]:
  prefix = f"office_caltech10_{kind}_"
  named = [(DOMAINS[pair[0]], DOMAINS[pair[1]]) for pair in _ORDER]
  return tuple(Task(f"{kind}_{s}_{t}", (prefix + s,), prefix + t) for s, t in named)


_SUN = "Sun et al. (2016, arXiv:1511.05547), Table 3, SURF"
_WANG = "Wang, transfer-learning benchmark (data/benchmark.md)"
_NEAR = "all source examples labelled, nearest neighbour"
_ALL = "all source examples labelled, z-scored features, "
# The SURF rows are given by these, see benchmarks/surf_full.py; of DeCAF6 no kernel is published.
_SVM = _ALL + "SVM with a Gaussian kernel of 1 / 800, libsvm's default"
_CORAL = _ALL + "SVM on inner products of a mapped source example with one that is not"
_DECAF = _ALL + "SVM, its kernel is not published"


def _row(label: str, beside: str, source: str, protocol: str, kind: str, percents: str) -> Reported:
  return row(label, beside, source, protocol, [t.name for t in _tasks(kind)], percents)


# Of the SVM's W→C the benchmark prints 28.8 and the CORAL paper 21.2, which fits both averages.
_ROWS = (
  (
    "1NN",
    "source_only",
    _WANG,
    _NEAR,
    "surf",
    "23.7 25.8 25.5 26.0 29.8 25.5 19.9 23.0 59.2 26.3 28.5 63.4",
  ),
  (
    "SVM",
    "source_only",
    _SUN,
    _SVM,
    "surf",
    "53.1 41.7 47.8 41.7 31.9 44.6 21.2 27.6 78.3 26.4 26.2 52.5",
  ),
  (
    "CORAL",
    "coral",
    _SUN,
    _CORAL,
    "surf",
    "52.1 46.4 45.9 45.1 44.4 39.5 33.7 36.0 86.6 33.8 37.7 84.7",
  ),
  (
    "SVM",
    "source_only",
    _WANG,
    _DECAF,
    "decaf6",
    "91.6 80.7 86.0 82.2 71.9 80.9 67.9 73.4 100 72.8 78.7 98.3",
  ),
  (
    "CORAL",
    "coral",
    _WANG,
    _DECAF,
    "decaf6",
    "92.0 80.0 84.7 83.2 74.6 84.1 75.5 81.2 100 76.8 85.5 99.3",
  ),
)

SUITE = Suite(
  name="office_caltech10",
  tasks=(*_tasks("surf"), *_tasks("decaf6")),
  settings=VECTORS._replace(evaluations=5),
  protocol=(
    "transductive: all source examples with labels, all target examples without, accuracy on those; "
    "SURF: counts divided by their sum, each column z-scored per domain; one hidden layer of 100 "
    "sigmoid units, last iterate, no target label anywhere"
  ),
  reported=tuple(_row(*r) for r in _ROWS),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
