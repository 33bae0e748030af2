"""Office-Caltech10 SURF with three labelled target images a class: OTDA's Table 5, 20 draws.

python -m benchmarks.surf_few --seeds 10 --out results

Semi-supervised: `feda`, `tradaboost` and `source_and_target` are trained on 20 labelled source images
a class (8 of DSLR) and 3 labelled target images a class, and tested on the other target images. `kmm`
weights the labelled source images alone and is tested on all of the target, as in surf_splits. The
published rows are of methods that are not here: transport with labelled targets, and MMDT. A linear SVM
tells most draws' labelled images apart, so that `tradaboost` has little to boost.
"""

import sys

from adapt.cli.shallow import main
from adapt.experiments.suite import VECTORS, Suite, row
from adapt.shallow.run import Plan, Shallow
from benchmarks import surf_full
from benchmarks.surf_splits import LABELLED

SHOTS = 3
METHODS = {
  "kmm": Shallow(weights="kmm"),
  "source_and_target": Shallow(classifier="source_and_target", shots=SHOTS),
  "feda": Shallow(classifier="feda", shots=SHOTS),
  "tradaboost": Shallow(classifier="tradaboost", shots=SHOTS),
}
_ORDER = surf_full.names("CA CW CD AC AW AD WC WA WD DC DA DW")
_PAPER = "Courty et al. (TPAMI 2017, arXiv:1507.00504), Table 5"
_PROTOCOL = "3 labelled target images a class, 20 labelled source images a class (8 of DSLR)"
_ABSENT = "not run: the method is not here"
_ROWS = {
  ("OT-IT", "otda-semi"): "46.9 64.8 59.3 36.0 63.7 57.6 38.4 47.2 79.0 35.5 45.8 83.9",
  ("OT-GL", "otda-semi-group"): "47.9 65.0 61.0 37.1 64.6 59.1 38.8 47.3 79.4 36.8 46.3 84.0",
  ("MMDT", "mmdt"): "49.4 63.8 56.5 36.4 64.6 56.7 32.2 47.7 67.0 34.1 46.9 74.1",
}

SUITE = Suite(
  name="surf_few",
  tasks=surf_full.SUITE.tasks,
  settings=VECTORS,
  protocol=(
    "20 random draws of 20 labelled source images a class (8 of DSLR) and, but for kmm, 3 labelled "
    "target images a class, accuracy on the other target images; counts divided by their sum, each "
    "column z-scored over all images of its domain; linear SVM, its C the best of two-fold "
    "cross-validation on the labelled images"
  ),
  reported=tuple(
    row(*who, _PAPER, _PROTOCOL, _ORDER, text, _ABSENT) for who, text in _ROWS.items()
  ),
)

PLAN = Plan(SUITE, METHODS, 20, LABELLED)

if __name__ == "__main__":
  sys.exit(main(PLAN))
