"""Spoken digits: six speakers, 30 pairs and five speakers to one, a 1-D CNN on log-mel spectrograms.

Each recording's gain is taken out: as recorded, loudness differs 16-fold between speakers, and a method
would be credited with setting the volume. The test set is 50 recordings, so one is 2 points.

The default critic of dann, two layers of 1,024 units, wins against this network in 300 steps, so that even
the source is not learnt. One layer of 64 units comes to a draw.

All 30 pairs, which are of one shape and train in one program:
python -m benchmarks.spoken_digits source_only target_only adabn mcc dan coral shot cdan dann \\
  --seeds 3 --batch-tasks --out results
"""

import sys

from adapt import cli
from adapt.data.named.speech import SPEAKERS
from adapt.experiments.suite import Suite, others, pairs
from adapt.training.settings import Settings
from benchmarks.heart import CRITIC

SUITE = Suite(
  name="spoken_digits",
  tasks=(*pairs("spoken_", SPEAKERS), *others("spoken_", SPEAKERS)),
  settings=Settings(
    model="cnn1d", steps=300, batch_size=32, lr=0.01, weight_decay=0.001, evaluations=3
  ),
  protocol=(
    "takes 5 to 49 of each digit for training (450 recordings, the target's without labels), accuracy "
    "on the target's takes 0 to 4, last iterate; 40 log-mel bands at 32 moments spread over the "
    "recording, each recording standardised"
  ),
  defaults={"dann": CRITIC, "cdan": CRITIC},
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
