"""What is looked at: each part's cells on its own data, whatever lies beside them."""

import jax
import numpy as np
import pytest
import toy

from adapt.evaluation import class_measures, model_scores
from adapt.experiments.suite import Task
from adapt.training import arrays, evaluation, loop
from adapt.training.joint_tasks import Part


def parts_of(*tasks):
  each = [toy.experiment("source_only", seeds=(0, 1), task=task) for task in tasks]
  return [Part(one.setup, one.points, toy.data_of(one)) for one in each]


def test_each_part_is_looked_at_as_if_alone():
  some = parts_of(toy.TASK, Task("turned_moons", ("turned",), "moons"))
  cells = loop.program_of(some)
  now, _, _ = loop.placed(some, cells)
  views = [arrays.views_of(part.data) for part in some]
  together = evaluation.at(cells, some, views, now)
  for i, own in enumerate(evaluation.each(some, now)):
    assert len(own.ts.step) == 2
    alone = evaluation.at(cells, some[i : i + 1], views[i : i + 1], own)
    for ours, theirs in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
      np.testing.assert_array_equal(ours[2 * i : 2 * i + 2], theirs)


def test_where_the_time_went_adds_up_and_is_found_by_one_pass(monkeypatch):
  some = parts_of(toy.TASK)
  cells = loop.program_of(some)
  now, _, _ = loop.placed(some, cells)
  views = [arrays.views_of(some[0].data)]
  waited, wait, took = [], jax.block_until_ready, {}
  monkeypatch.setattr(
    evaluation.jax, "block_until_ready", lambda x: waited.append(jax.tree.leaves(x)) or wait(x)
  )
  counts, probed = evaluation.at(cells, some, views, now, took)
  # Training and all of a view are waited for before the next one is timed.
  states, *each, inputs = waited
  assert states[0] is jax.tree.leaves(now)[0] and len(each) == len(views[0])
  for own, found in zip(counts.values(), each, strict=True):
    ours = jax.tree.leaves(own)
    assert all(a is b for a, b in zip(ours, found[: len(ours)], strict=True))
  assert len(inputs) == len(jax.tree.leaves(probed))
  spent = evaluation.seconds((cells, some, views, now), took, 3, 1000.0)
  assert min(spent.values()) > 0
  assert spent["train"] + spent["evaluate"] + spent["select"] == pytest.approx(1000.0)
  assert spent["select"] == pytest.approx(3 * took["select"])
  n = views[0]["target_test"].computed * 2
  assert spent["predict_1000"] == pytest.approx(1000 * took["target_test"] / n)


@pytest.mark.parametrize(("evaluations", "timed"), [(1, [0, 1]), (3, [0, 0, 1])])
def test_the_last_evaluation_is_the_timed_one(monkeypatch, evaluations, timed):
  """A first one is compiled, so that a run of one alone is evaluated once more."""
  one = toy.experiment("source_only", seeds=(0, 1), steps=6, evaluations=evaluations)
  part, at, seen = Part(one.setup, one.points, toy.data_of(one)), evaluation.at, []

  def noted(cells, parts, views, now, took=None):
    seen.append(took is not None)
    return at(cells, parts, views, now, took)

  monkeypatch.setattr(evaluation, "at", noted)
  [made] = loop.train([part], lambda *_: None)
  assert seen == timed and made.seconds["predict_1000"] > 0


def test_final_measures_are_of_all_test_examples_and_no_padding():
  [part] = parts_of(toy.TASK)
  cells = loop.program_of([part])
  now, _, _ = loop.placed([part], cells)
  at, found = evaluation.final(cells, [part], [arrays.views_of(part.data)], now)
  test = part.data.target.test
  logits = np.asarray(cells.outputs(now, test.x)[1])
  assert len(found) == len(logits) == 2
  for mine, own in zip(found, logits, strict=True):
    assert mine == pytest.approx(class_measures.of_logits(own, test.y), rel=1e-5)
  assert at == [None, None] and evaluation.final(cells, [part], [{}], now) == (at, [])


def test_scores_are_of_held_out_source_and_unlabelled_target_examples():
  [part] = parts_of(toy.TASK)
  cells = loop.program_of([part])
  now, _, _ = loop.placed([part], cells)
  found = evaluation.scored(cells, now, part.data)
  source, target = part.data.sources[0].test, part.data.target.train
  ls, lt = (np.asarray(cells.outputs(now, split.x)[1]) for split in (source, target))
  for mine, a, b in zip(found, ls, lt, strict=True):  # all of them, as there are fewer than 500
    assert mine["source_accuracy"] == pytest.approx((a.argmax(1) == source.y).mean())
    theirs = model_scores.of_logits(a, source.y, b)
    assert {n: mine[n] for n in ("atc", "doc", "cot")} == pytest.approx(
      {n: theirs[n] for n in ("atc", "doc", "cot")}, abs=1e-4
    )
  domain = part.data.target
  other = domain._replace(train=domain.train._replace(y=1 - domain.train.y))
  assert evaluation.scored(cells, now, part.data._replace(target=other)) == found
