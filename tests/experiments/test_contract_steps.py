"""A step that makes much of rounding is the same step; one that keeps something outside of it is not."""

import itertools

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
