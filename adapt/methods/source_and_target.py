"""S+T: one loss on source and labelled target, the baseline of MME (Saito et al., 2019, arXiv:1904.06487)."""

from adapt.method import Method, Net
from adapt.methods.weighted import weighted

FAMILY = "baselines"


def source_and_target(net: Net, *, weight: float = 1.0) -> Method:
  """Trains on equally many source and labelled target examples in each step.

      min  (CE(pₛ, yₛ) + weight · CE(pₜ, yₜ)) / (1 + weight)

  Both share one batch-norm pass. It is `weighted` under the name of the tables: their mean over both
  halves of the batch is weight 1. Saito et al. put a cosine head on it: that is mme with weight 0.

  Departs from the authors' code in the head, as said above, and in the batch, as in mme.

  Args:
    weight: of a labelled target example relative to a source example.
  """
  return weighted(net, balance=weight / (1.0 + weight))
