"""Domain adaptation in JAX: one compiled step for fine-tuning, adversarial and weighted-loss methods."""

from adapt.method import Batch, Method, Net, Phase

__version__ = "0.1.0"
__all__ = ["Batch", "Method", "Net", "Phase"]
