"""SKADA-Bench's deep digits, published rows beside our records by its recipe (digits_recipes.py)."""

from adapt.experiments.recipe import SUFFIX
from adapt.experiments.suite import row

_SOURCE = (
  "Lalou et al. (2024, arXiv:2407.11676), skada-bench @ 155bf31, deep_results_target_20_12.csv"
)
_PROTOCOL = (
  "one run, tested on a fifth of the target's training set; hyper-parameters by the scorer that it calls "
  "best; ours by its recipe"
)
_TASKS = ("mnist_usps_framed", "usps_mnist_framed")
_ACCURACIES = {
  "source_only": "94.2 73.4",
  "target_only": "98.1 98.9",
  "coral": "96.6 89.2",
  "dan": "96.2 86.0",
  "dann": "95.6 87.0",
  "deepjdot": "96.4 90.4",
  "mcc": "98.2 88.3",
  "mdd": "92.5 77.4",
}
ROWS = tuple(
  row(f"{method} (SKADA)", method + SUFFIX, _SOURCE, _PROTOCOL, _TASKS, accuracies)
  for method, accuracies in _ACCURACIES.items()
)
