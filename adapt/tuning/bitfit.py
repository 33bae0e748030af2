"""BitFit: only biases and the head move (Ben Zaken et al., ACL 2022, arXiv:2106.10199)."""

from adapt.method import Net
from adapt.tuning import Progress, Tuning, only


def bitfit() -> Tuning:
  """Trains every bias of the body, and the head whole.

      min  loss      by the head and the body's biases;  the rest stays θ⁰

  Where re-implementations go wrong: the shifts of normalisation layers are biases too (section 3
  of the paper lists the layer norms' among them), their scales are not. The paper's transformers
  have no running statistics; here those of batch normalisation keep moving, as in any training,
  since they are estimates and not parameters.
  """

  def wrap(net: Net, progress: Progress) -> Net:
    del progress
    return only(net, lambda path: path[0] == "head" or path[-1] == "bias")

  return Tuning(wrap)
