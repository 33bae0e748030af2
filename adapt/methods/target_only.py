"""Target only: training on all target labels, the upper row (Ganin et al., 2016, arXiv:1505.07818)."""

from adapt.method import Method, Net
from adapt.methods.fine_tune import fine_tune

FAMILY = "baselines"


def target_only(net: Net) -> Method:
  """Trains on every target label from scratch: the upper bound.

      min  CE(pₜ, yₜ)      of every target training example

  It is not an adaptation. No authors' code is followed: peers' upper rows differ in network and
  settings alone.
  """
  return fine_tune(net)._replace(reads=("all_labelled",), starts="scratch")
