"""CORAL's Table 1: shallow alignment on Office-Caltech10 SURF, 20 random draws of labelled images.

python -m benchmarks.surf_splits --out results

Runs all methods, 20 draws each, in about 7 minutes on a CPU core. Why the published rows stand
beside `svm_rbf` and the similarities, benchmarks/surf_full.py says; of this table's dimensions the
paper says no more than of that one's.
"""

import sys

from adapt.cli.shallow import main
from adapt.experiments.suite import VECTORS, Suite, row
from adapt.shallow.run import Plan
from benchmarks import surf_full

_PER_CLASS = {"amazon": 20, "caltech10": 20, "webcam": 20, "dslr": 8}
LABELLED = {f"office_caltech10_surf_{name}": count for name, count in _PER_CLASS.items()}
_SUN = "Sun et al. (2016, arXiv:1511.05547), Table 1"
_PROTOCOL = "20 random draws of 20 labelled source images a class (8 of DSLR)"
_ROWS = {
  ("NA", "svm_rbf"): "35.8 33.1 24.9 43.7 39.4 30.0 26.4 27.1 56.4 32.3 25.7 78.9",
  ("GFK", "gfk"): "38.3 37.9 39.8 44.8 36.1 34.9 37.9 31.4 79.1 37.1 29.1 74.6",
  ("TCA", "tca"): "40.0 39.1 40.1 46.7 41.4 36.2 39.6 34.0 80.4 40.2 33.7 77.5",
  ("SA", "sa_similarity"): "39.9 38.8 39.6 46.1 39.4 38.9 42.0 35.0 82.3 39.3 31.8 77.9",
  ("CORAL", "coral_similarity"): "40.3 38.3 38.7 47.2 40.7 39.2 38.1 34.2 85.9 37.8 34.6 84.9",
}

# A Gaussian SVM on 8 images of each DSLR class is far better on webcam than the published row, with
# any C and whichever images its columns are z-scored over; on all of DSLR's, whose classes are not
# balanced, it gives Table 3's number, which is near this table's.
_ALL = "from DSLR the published numbers are near those of all its images (Table 3)"
_CAUSES = {
  "NA": f"{_ALL}: webcam 52.5, amazon 26.2, caltech10 26.4",
  "CORAL": f"{_ALL}: webcam 86.6",
  "TCA": "not explained: kernel and dimension are not published",
}

SUITE = Suite(
  name="surf_splits",
  tasks=surf_full.SUITE.tasks,
  settings=VECTORS,
  protocol=(
    "20 random draws of 20 labelled source images a class (8 of DSLR), all target images without "
    "labels, accuracy on those; counts divided by their sum, each column z-scored over all images of "
    "its domain; maps from the labelled and the target images; linear SVM unless the name says "
    "otherwise, its C the best of two-fold cross-validation on the labelled images"
  ),
  reported=tuple(
    row(*who, _SUN, _PROTOCOL, surf_full.SUN_ORDER, text, _CAUSES.get(who[0], ""))
    for who, text in _ROWS.items()
  ),
)

PLAN = Plan(SUITE, surf_full.METHODS, 20, LABELLED)

if __name__ == "__main__":
  sys.exit(main(PLAN))
