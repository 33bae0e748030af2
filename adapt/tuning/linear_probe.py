"""Linear probing: only the last layer moves (Kumar et al., ICLR 2022, arXiv:2202.10054)."""

from adapt.method import Net
from adapt.tuning import Progress, Tuning, only


def linear_probe() -> Tuning:
  """Trains the head alone, on features fixed at the source model's.

      min  loss      by the head;  the body stays θ⁰

  Where re-implementations go wrong: parameters without gradients do not make features fixed. In
  training mode batch normalisation still uses the batch at hand and moves its running statistics,
  and dropout still adds noise, so the body would drift to the target without anybody having trained
  it. Here it runs in evaluation mode throughout.
  """

  def wrap(net: Net, progress: Progress) -> Net:
    del progress
    return only(net, lambda path: path[0] == "head", body_trains=False)

  return Tuning(wrap)
