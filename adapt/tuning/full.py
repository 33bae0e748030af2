"""Full fine-tuning: every parameter moves (Yosinski et al., NeurIPS 2014, arXiv:1411.1792)."""

from adapt.tuning import Tuning


def full() -> Tuning:
  """Trains everything, head and body alike: the network as it is."""
  return Tuning(wrap=lambda net, progress: net, needs_start=False)
