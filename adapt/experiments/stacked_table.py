"""What an accuracy is expected from; made by scripts/make_tables.py.

Fitted to results/advise.json (STACKED, logistic models) and results/advise_adapted.json (ADAPTED,
networks). RANKING orders sources.
"""

from adapt.evaluation.ranking import Ranking
from adapt.evaluation.stacked import Stacked

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
  reach=0.24758,
  pairs=402,
  groups=5,
)

RANKING = Ranking(
  names=("proxy_a_distance", "h_score"),
  lower=("proxy_a_distance",),
  weights=(0.36116, 0.63884),
  targets=27,
  groups=7,
)
