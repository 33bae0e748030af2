"""Exports a saved model as StableHLO.

It maps inputs to probabilities, the weights inside, for any number of examples.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.data import preprocessing, scaling
from adapt.deploy import decided, saved
from adapt.deploy.rebuilt import made_of, predicts

KIND, VERSION = "adapt export", 1
PLATFORMS = "cpu", "cuda", "tpu"


def export(model: saved.Model) -> tuple[bytes, dict[str, Any]]:
  """Lowers a model's predictions to StableHLO.

  The module is what `jax.export` makes, without the envelope of its own file format: reading that
  needs a package, flatbuffers, that jax does not bring. The signature says what the envelope would.

  Vectors that training has scaled are scaled inside; what else makes inputs of a table (missing
  cells, categories) is described in the signature's "preprocessing".

  Args:
    model: read from a file.

  Returns:
    A portable StableHLO module, from x [n, ...] to probabilities [n, k] float32, and its signature:
    input and output, classes, platforms, versions, and how to call it.

  Raises:
    ValueError: the method's predictions cannot be lowered.
  """
  from jax import export as lowering  # not at the top: it is slow to import

  shape, dtype = model.inputs
  dimensions = ", ".join(["n", *map(str, shape)])
  x = jax.ShapeDtypeStruct(lowering.symbolic_shape(dimensions), jax.numpy.dtype(dtype))
  function = jax.jit(probabilities(model))
  try:
    made = lowering.export(function, platforms=PLATFORMS)(x)
  except Exception as error:  # an operation of the method's own that a platform has not
    here = lowering.default_export_platform()
    try:
      made = lowering.export(function, platforms=(here,))(x)
    except Exception:
      reason = (str(error).splitlines() or [type(error).__name__])[0]
      raise ValueError(
        f"the predictions of {model.about['method']} cannot be exported ({reason}): use adapt predict"
      ) from error
  module = bytes(made.mlir_module_serialized)
  return module, _signature(model, made, module)


def probabilities(model: saved.Model) -> Callable[[jax.Array], jax.Array]:
  """Returns the function from inputs to probabilities.

  It maps x [n, ...] to [n, k], of pixels to [n, h, w, k], and scales inputs as training did.

  Of values it returns them in their unit.
  """
  logits_of = saved.predictor(model)
  made = preprocessing.of(model.about)
  scale = None if made is None else made.step("scale")

  def one(example: jax.Array) -> jax.Array:
    if scale is not None:
      centre, width = (jnp.asarray(scale[n], example.dtype) for n in ("centre", "width"))
      example = scaling.within_reach((example - centre) / width, jnp)
    found = logits_of(example[None])[0]
    return found if model.scale is not None else decided.probabilities(model.about, found)

  # One by one, so that a network need not know that n is no number.
  return lambda x: jax.vmap(one)(x)


def _signature(model: saved.Model, made: Any, module: bytes) -> dict[str, Any]:
  about, (shape, dtype), kind = model.about, model.inputs, predicts(model.about)
  return {
    "kind": KIND,
    "version": VERSION,
    "input": {"shape": ["n", *shape], "dtype": dtype},
    "output": {"shape": ["n", *made_of(about, shape, len(model.classes))], "dtype": "float32"},
    kind if kind in ("values", "labels") else "classes": model.classes,
    **({"threshold": about["threshold"]} if "threshold" in about else {}),
    **_inputs(model),
    "platforms": list(made.platforms),
    "calling_convention_version": made.calling_convention_version,
    "sha256": hashlib.sha256(module).hexdigest(),
    "model": {n: about[n] for n in ("suite", "task", "label", "method", "seed", "step", "date")},
    "versions": about["environment"],
  }


def _inputs(model: saved.Model) -> dict[str, Any]:
  """What a caller must do to make inputs, and what the module does itself."""
  made = preprocessing.of(model.about)
  if made is None or not made.steps:
    return {}
  return {
    "features": list(made.features),
    "preprocessing": {
      "inside": [step["step"] for step in made.steps if step["step"] == "scale"],
      "before": [dict(step) for step in made.steps if step["step"] != "scale"],
    },
  }
