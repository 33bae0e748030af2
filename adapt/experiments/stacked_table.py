"""What an accuracy is expected from, fitted to results/advise.json; made by scripts/make_tables.py."""

from adapt.evaluation.stacked import Stacked

STACKED = Stacked(
  names=("source_accuracy",),
  means=(0.30164,),
  spreads=(0.24415,),
  slopes=(-0.00479,),
  reach=0.20379,
  pairs=86,
  groups=6,
)
