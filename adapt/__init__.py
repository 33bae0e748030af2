"""Domain adaptation in JAX: every method is one compiled step.

There are fine-tuning, adversarial and weighted-loss methods.
"""

import sys
from typing import TYPE_CHECKING, Any

from adapt import extras
from adapt.catalogue import plugins

# Imported when first used: `import adapt`, and with it `adapt --help`, needs no jax.
if TYPE_CHECKING:
  from adapt.api.advise import advise
  from adapt.api.estimator import Adapted, AdaptedRegressor
  from adapt.api.fit import fit
  from adapt.api.fitted import Fitted, load
  from adapt.api.results import Results, results
  from adapt.method import Batch, Method, Net, Phase

__version__ = "0.1.0"
__all__ = [
  "Adapted",
  "AdaptedRegressor",
  "Batch",
  "Fitted",
  "Method",
  "Net",
  "Phase",
  "Results",
  "advise",
  "fit",
  "load",
  "plugins",
  "results",
]

_LAZY = {
  **dict.fromkeys(("Adapted", "AdaptedRegressor"), "adapt.api.estimator"),
  "Fitted": "adapt.api.fitted",
  "Results": "adapt.api.results",
  "advise": "adapt.api.advise",
  "fit": "adapt.api.fit",
  "load": "adapt.api.fitted",
  "results": "adapt.api.results",
  **dict.fromkeys(("Batch", "Method", "Net", "Phase"), "adapt.method"),
}


if _clash := extras.clash():  # every command comes through here, too
  print(f"warning: {_clash}", file=sys.stderr)


def __getattr__(name: str) -> Any:
  import importlib.util

  if name not in _LAZY:
    raise AttributeError(f"module 'adapt' has no attribute '{name}'")
  if name.startswith("Adapted") and importlib.util.find_spec("sklearn") is None:
    raise ImportError(f"adapt.{name} needs scikit-learn: {extras.install('notebook')}")
  return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
  return sorted({*globals(), *__all__})
