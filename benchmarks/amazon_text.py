"""Amazon reviews as text: sentiment over four product domains, 12 pairs, on features of a frozen MiniLM."""

import sys

from adapt import cli
from adapt.experiments.suite import Suite, pairs
from adapt.training.settings import Settings

SUITE = Suite(
  name="amazon_text",
  tasks=pairs("amazontext_", ("books", "dvd", "electronics", "kitchen")),
  settings=Settings(
    model="minilm",
    steps=1000,
    lr=0.03,
    evaluations=5,
    pretrained="minilm",
    freeze="backbone",
    cache_features=True,
  ),
  protocol=(
    "80 % of each domain's 2,000 reviews without their repeats for training (the target's without "
    "labels), accuracy on the target's other 20 %, a fixed split stratified by class; the first 128 "
    "word pieces, mean-pooled features of a frozen all-MiniLM-L6-v2; a bottleneck of 256 and a linear "
    "head are trained, last iterate"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
