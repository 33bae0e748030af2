"""A user's own domains as a suite: task, protocol, defaults, and what is told of them."""

import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.label_sets import ClassSets
from adapt.experiments.own_suite import OTHER_PROTOCOL, PROTOCOL, UNSEEN, own_suite
from adapt.experiments.suite import VECTORS

RNG = np.random.default_rng(0)


def domain(name, n=120, classes=2, labels=None, **others):
  def split(k):
    y = np.arange(k) % classes if labels is None else labels(k)
    return Split(RNG.normal(size=(k, 3)).astype(np.float32), y)

  names = tuple(map(str, range(classes))) if labels is None else ()
  return Domain(name, split(n), split(n // 4), names, **others)


def test_the_task_goes_from_the_first_domains_to_the_last():
  own = own_suite("mine", [domain("a"), domain("b"), domain("c")])
  assert (own.task.name, own.task.source, own.task.target) == ("a+b_c", ("a", "b"), "c")
  assert own.suite.name == "mine" and own.suite.protocol == PROTOCOL
  assert own.domains("b").name == "b" and own.settings == VECTORS
  hidden = own_suite("mine", [domain("a"), domain("b"), domain("c")], unseen=True)
  assert hidden.task.name == "a+b_unseen_c" and hidden.task.unseen
  assert hidden.suite.protocol.startswith(UNSEEN)


def test_defaults_are_of_the_network_and_of_the_labels():
  two = [domain("a"), domain("b")]
  assert own_suite("mine", two).suite.defaults["dann"]["depth"] == 0
  assert "depth" not in own_suite("mine", two, "mlp3").suite.defaults["dann"]
  values = [domain(n, labels=lambda k: RNG.normal(size=(k, 1)).astype(np.float32)) for n in "ab"]
  found = own_suite("mine", values)
  assert found.suite.output == "values" and found.settings.lr < VECTORS.lr
  assert found.suite.protocol == OTHER_PROTOCOL.format(measure="R²")


def test_notes_and_oddities_come_along():
  noted = domain("a")._replace(notes=("one", "two"))
  own = own_suite("mine", [noted, domain("b")._replace(notes=("two",))])
  assert own.notes == ("one", "two") and own.warnings == ()
  same = own_suite("mine", [noted, noted._replace(name="b")])
  assert any("also in" in line or "same" in line for line in same.warnings)


def test_class_sets_are_of_the_task_and_checked():
  sets = ClassSets(1, 1, 1)
  own = own_suite("mine", [domain("a", classes=3), domain("b", classes=3)], classes=sets)
  assert own.task.classes == sets and own.warnings == ()
  with pytest.raises(ValueError, match="class"):
    own_suite("mine", [domain("a"), domain("b")], classes=ClassSets(5, 1, 1))
