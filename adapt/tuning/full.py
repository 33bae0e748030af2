"""Full fine-tuning: every parameter moves (Yosinski et al., NeurIPS 2014, arXiv:1411.1792)."""

from adapt.tuning import Tuning


def full() -> Tuning:
  """Trains everything, head and body alike: the network as it is.

      min  loss      by all of θ

  A random start serves too, as nothing is held to the source model.
  """
  return Tuning(wrap=lambda net, progress: net, needs_start=False)
