"""What every method must do, whatever it is: discovered methods are tested without being named here."""

import inspect
from unittest import mock

import jax
import numpy as np
import pytest
import toy

from adapt import methods
from adapt.training import loop


@pytest.fixture
def optimised(name):
  """Compiles with optimisation where a method says that its steps are slow without."""
  before = jax.config.values["jax_disable_most_optimizations"]
  jax.config.update("jax_disable_most_optimizations", before and not toy.needs(name).optimised)
  yield
  jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.parametrize("name", methods.names())
@pytest.mark.holds("resumed")
@pytest.mark.usefixtures("optimised")
def test_learns_and_beats_source_only(name, toy_run, tmp_path):
  """And its null control: same batches, same batch-norm passes, so the term itself has gained it.

  Continued from a checkpoint on its way, it is the same run to the bit; and how often it is
  evaluated, or what is shown of it, moves no parameter.
  """
  own = toy.needs(name)
  with mock.patch.object(loop, "train", wraps=loop.train) as train, toy.few_shown():
    records = toy.whole_and_continued(with_null(name), tmp_path, own.steps * 3 // 4)
    check_reporting(*train.call_args.args[0])
  record, *null = records[0]
  losses = np.array(record["curves"]["loss"])
  assert not own.falls or (losses[:, -1] < losses[:, 0]).all()
  if name == "source_only":
    return
  settings = {"model": own.model, "lr": own.lr, "steps": own.steps}
  same = {k: v for k, v in settings.items() if v != getattr(toy.SETTINGS, k)}
  source_only = toy_run("source_only", task=toy.task_of(name), **same)
  margin = -0.02 if own.margin is None else own.margin
  assert accuracy(record) - accuracy(source_only) > margin
  for control in null:
    least = margin if own.null_margin is None else own.null_margin
    assert accuracy(record) - accuracy(control) > least


def check_reporting(part):
  """1, 5 and 20 evaluations, of which all is read or nothing: the same parameters to the bit."""
  once, often, most = (toy.digest_at(part, 20, n, r) for n, r in ((1, None), (5, read), (20, None)))
  assert once == often == most, "evaluations or reports move parameters"


def read(step, past):
  """What boards, trackers and choices ask for: validators, and the target's accuracy in the end."""
  assert np.isfinite(past.mean("loss")) and np.isfinite(past.mean("target_test"))
  if step == 20:
    assert {"train", "source", "validators", "target"} <= set(past.newest())


def with_null(name):
  """An experiment, swept over its weight and none where that is its null control: one program of both."""
  own = toy.needs(name)
  if own.margin is None or not own.null:
    return toy.experiment(name, steps=own.steps)
  given = dict(own.given)
  default = inspect.signature(methods.get(name)).parameters["weight"].default
  swept = {"weight": (given.pop("weight", default), 0.0)}
  return toy.experiment(name, sweep=swept, given=given, steps=own.steps)


def accuracy(record):
  return np.mean(record["last"]["accuracy"])


@pytest.mark.parametrize("name", methods.names())
def test_names_its_paper_and_its_reads(name):
  factory = methods.get(name)
  first = (inspect.getmodule(factory).__doc__ or "").split("\n")[0]
  assert any(mark in first for mark in ("arXiv:", "(19", "(20", ", 19", ", 20")), first
  known = {"source", "target", "labelled", "all_labelled"}
  assert set(methods.traits(name, toy.needs(name).given).reads) <= known
