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


@pytest.fixture
def optimised():
  """Compiles as `adapt check` does: without optimisation rounding is another."""
  before = jax.config.values["jax_disable_most_optimizations"]
  jax.config.update("jax_disable_most_optimizations", False)
  yield
  jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.usefixtures("optimised")
def test_singular_values_near_zero_are_no_fault_and_a_count_of_python_is(tmp_path):
  """Their vectors turn with the last digit, by more or less on another processor."""
  asked = subject(methods.bind("rsd"), None, None, tmp_path, "values")
  assert contract_steps._pure(asked).startswith("equal to")
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


def test_what_rounding_of_the_parameters_makes_is_no_fault_and_more_is(monkeypatch):
  """A step that turns a last digit of eight numbers into hundredths."""

  def apart(by):
    def step(ts, batch):
      rounded = by if isinstance(batch, jax.core.Tracer) else 0.0
      return {"loss": 1e4 * ts.params["w"] @ jnp.arange(-3.5, 4.0) + rounded}

    given = step, State({"w": jnp.ones(8)}), jnp.ones(1)
    monkeypatch.setattr(contract_steps, "_stepper", lambda _: given)
    return contract_steps._pure(None)

  assert "which rounding makes of 1e-06" in apart(1e-3)
  with pytest.raises(Failed, match="loss differs by 1"):
    apart(1.0)
