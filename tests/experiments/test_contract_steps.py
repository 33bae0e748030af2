"""A step that makes much of rounding is the same step; one that keeps something outside of it is not."""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest

from adapt import catalogue, methods
from adapt.experiments import contract_steps
from adapt.experiments.contract_runs import Failed, subject
from adapt.methods.rsd import rsd


def test_rounding_is_no_fault_and_a_count_of_python_is(tmp_path):
  """Singular vectors whose singular values are near 0 turn with the last digit."""
  asked = subject(methods.bind("rsd"), None, None, tmp_path, "values")
  assert "which rounding makes of 1e-06" in contract_steps._pure(asked)
  calls = itertools.count()

  def counted(net, **given):
    inner = rsd(net, **given)

    def loss(params, state, *others):
      value, aux = inner.loss(params, state, *others)
      return value + 1e-4 * next(calls) * params["net"]["hidden"]["bias"].sum(), aux

    return inner._replace(loss=loss)

  with pytest.raises(Failed, match="not NumPy or Python"):
    contract_steps._pure(asked._replace(method=catalogue.Bound("counted", counted)))


class State(NamedTuple):
  """A step's state, as far as the check looks into it."""

  params: dict


def test_what_is_no_number_when_compiled_is_a_fault(monkeypatch):
  def step(ts, batch):
    lost = jnp.nan if isinstance(batch, jax.core.Tracer) else 1.0
    return {"loss": lost * ts.params["w"].sum()}

  given = step, State({"w": jnp.ones(2)}), jnp.ones(1)
  monkeypatch.setattr(contract_steps, "_stepper", lambda _: given)
  with pytest.raises(Failed, match="loss differs by nan"):
    contract_steps._pure(None)
