"""The SVM of DANN's Table 1, on the tasks of benchmarks/amazon_reviews.py and beside their methods.

python -m benchmarks.amazon_svm --out results

Its C is chosen by two-fold cross-validation on the labelled source. Takes about 7 minutes on two CPU cores.
"""

import sys

from adapt.cli.shallow import main
from adapt.shallow.run import Plan, Shallow
from benchmarks import amazon_reviews

PLAN = Plan(amazon_reviews.SUITE, {"svm": Shallow()}, 5)

if __name__ == "__main__":
  sys.exit(main(PLAN))
