"""What an accuracy is expected from; made by scripts/make_tables.py.

Fitted to results/advise.json (STACKED, logistic models) and results/advise_adapted.json (ADAPTED,
networks). RANKING orders sources; FIRST counts how often the one that it puts first is the best, by
weights of other families. WORTH, of results/advise_gains.json, says whether adapting gains.
"""

from adapt.evaluation.ranking import FirstPlaces, Ranking
from adapt.evaluation.stacked import Stacked
from adapt.evaluation.worth import Worth

STACKED = Stacked(
  base="cot_agreement",
  names=("source_accuracy",),
  means=(0.34872,),
  spreads=(0.23775,),
  slopes=(-0.01479,),
  reach=0.18344,
  pairs=98,
  groups=7,
)

ADAPTED = Stacked(
  base="cot",
  names=(),
  means=(),
  spreads=(),
  slopes=(),
  reach=0.25225,
  pairs=490,
  groups=5,
)

RANKING = Ranking(
  names=("proxy_a_distance", "h_score"),
  lower=("proxy_a_distance",),
  weights=(0.48192, 0.51808),
  targets=27,
  groups=7,
  steps=(0.1, 0.0),
)

FIRST = FirstPlaces(
  targets=27,
  best=23,
  loss=0.06894,
)

WORTH = Worth(
  means=(1.0729, 0.44726, 0.28759, 1.66363),
  spreads=(0.82707, 0.17465, 0.18022, 0.71135),
  slopes=(0.41119, -1.12189, 0.21997, 0.21876),
  intercept=2.29605,
  pairs=47,
  gained=39,
  groups=6,
)
