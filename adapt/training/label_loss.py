"""The output's loss of labels, and whether a method takes it."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from adapt.method import Method, Output


def counted(output: Output, counts: Sequence[int] | None) -> Output:
  """The output with the loss for these source examples of each class."""
  if output.by_counts is None or counts is None:
    return output
  return output._replace(loss=output.by_counts(jnp.asarray(counts, jnp.float32)))


def heard(output: Output, asked: list[str]) -> Output:
  """The output, which notes in `asked` that its loss is taken."""

  def loss(outputs: jax.Array, labels: jax.Array) -> jax.Array:
    asked.append(output.kind)
    return output.loss(outputs, labels)

  return output._replace(loss=loss)


def refuse_unheard(name: str, method: Method, asked: Sequence[str]) -> None:
  """Raises ValueError where a traced step did not take its loss.

  What starts from a source model has it there.
  """
  if not asked and "source" in method.reads and method.starts != "source":
    raise ValueError(
      f"{name} has a loss of labels of its own, which what --output-… sets would not reach: leave it "
      "out, or take another method"
    )
