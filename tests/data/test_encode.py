"""Domains of a task encoded alike, and later data as they were."""

import numpy as np
import pytest

from adapt.data import Domain, Reading, Split
from adapt.data.encode import ids, later, plain, together
from adapt.data.raw import Column, Table

RANDOM = np.random.default_rng(0)


def array(name, shift=0.0, features=(), d=3, n=20):
  x = (RANDOM.normal(shift, 5, (n, d))).astype(np.float32)
  y = np.arange(n, dtype=np.int32) % 2
  return Domain(
    name, Split(x[:15], y[:15]), Split(x[15:], y[15:]), ("0", "1"), features=tuple(features)
  )


def table(name, names, n=20):
  """A table of numbers, but `c`, which has texts, and `id`."""
  cells = {
    **{k: RANDOM.normal(0, 5, n) for k in names},
    **({"c": np.array(["x", "y"] * (n // 2), object)} if "c" in names else {}),
    **({"id": np.arange(n, dtype=float)} if "id" in names else {}),
  }
  x, y = Table(tuple(Column(k, cells[k]) for k in names)), np.arange(n, dtype=np.int32) % 2
  rows = np.arange(n)
  return Domain(name, Split(x[rows[:15]], y[:15]), Split(x[rows[15:]], y[15:]), ("0", "1"))


def test_together_says_what_the_inputs_are_and_what_has_made_them() -> None:
  x, y = np.zeros((4, 3), np.float32), np.zeros(4, np.int32)
  vectors = Domain("v", Split(x, y), Split(x, y), ("a",))
  series = vectors._replace(name="s", kind="series")
  found = together([vectors, series], Reading(mel=32))
  assert [d.kind for d in found] == ["vector", "series"]
  assert all(d.preprocessing is not None for d in found)
  assert found[0].preprocessing.reading == {"mel": 32}  # type: ignore[union-attr]


def test_vectors_are_standardised_by_the_sources_training_examples():
  a, b, t = array("a"), array("b", 5), array("t", 15)
  made = together([a, b, t], Reading())
  pooled = np.concatenate([a.train.x, b.train.x])
  for before, after in zip((a, b, t), made, strict=True):
    for x, y in ((before.train.x, after.train.x), (before.test.x, after.test.x)):
      np.testing.assert_allclose(y, (x - pooled.mean(0)) / pooled.std(0), atol=1e-4)
  assert made[0].kind == "vector"


def test_each_domain_by_its_own_and_later_data_by_the_target_s():
  made = together([array("a"), array("t", 50)], Reading(scale="per-domain"))
  for domain in made:
    np.testing.assert_allclose(domain.train.x.mean(0), 0, atol=1e-5)
  target = array("t", 50)
  once = together([array("a"), target], Reading(scale="per-domain"))[1]
  again = later(target, once.preprocessing)
  np.testing.assert_array_equal(again.test.x, once.test.x)


@pytest.mark.parametrize("own", [True, False])
def test_counts_sets_with_a_name_and_what_is_said_to_stay_are_not_scaled(own):
  a = array("a")
  reading = Reading(scale="none") if own else Reading()
  assert together([a, a], reading, own)[0].train.x is a.train.x
  split = Split(RANDOM.poisson(0.05, (20, 100)).astype(np.float32), a.train.y)
  bags = Domain("b", split, split, ("0", "1"))
  found = together([bags, bags], Reading(), own)[0]
  assert found.train.x is bags.train.x and found.kind == ("counts" if own else "vector")


def test_columns_are_matched_by_name_and_others_are_refused():
  a, b = array("a", features="xyz"), array("b", features="zxy")
  made = together([a, b], Reading(scale="none"))
  np.testing.assert_array_equal(made[1].train.x, b.train.x[:, [1, 2, 0]])
  assert made[1].features == ("x", "y", "z")
  message = r"a alone has 'z' and b alone has 'w': give both the same feature columns, by name"
  with pytest.raises(ValueError, match=message):
    together([a, array("b", features="wxy")], Reading())
  kept = together([a, array("b", features="wxy")], Reading(drop=("z", "w"), scale="none"))
  np.testing.assert_array_equal(kept[0].train.x, a.train.x[:, :2])
  with pytest.raises(ValueError, match=r"--columns q is no column of a: there are 'x', 'y', 'z'"):
    together([a, a], Reading(columns=("q",)))
  with pytest.raises(ValueError, match=r"a names no columns, so none is 'x'"):
    together([array("a"), array("b")], Reading(columns=("x",)))
  with pytest.raises(ValueError, match=r"--scale robust is for vectors and series, and a has none"):
    together([a._replace(kind="image")], Reading(scale="robust"))


def test_a_table_becomes_vectors_and_later_rows_are_treated_alike():
  source, target = table("s", ("id", "a", "c")), table("t", ("c", "a", "id"))
  made = together([source, target], Reading())
  assert made[0].features == ("a", "c=x", "c=y", "c unseen")
  assert "'id' is left out as an id" in made[0].notes[0]
  kept = made[1].preprocessing
  np.testing.assert_array_equal(later(target, kept).train.x, made[1].train.x)
  one = target._replace(train=Split(target.train.x[np.array([3])], None))
  np.testing.assert_array_equal(later(one, kept).train.x, made[1].train.x[3:4])
  assert ids(target, kept)["id"].tolist()[:2] == ["0", "1"]
  assert [len(ids(d, kept)) for d in (table("t", ("a", "c")), array("x"))] == [0, 0]


def test_an_id_that_training_had_not_is_kept_beside_the_predictions():
  made = together([table(name, ("a", "c")) for name in "st"], Reading())[1].preprocessing
  assert ids(table("t", ("id", "a", "c")), made)["id"].tolist()[:2] == ["0", "1"]


def test_later_columns_that_are_missing_renamed_or_nameless_are_refused():
  kept = together([table("s", ("a", "b", "c"))], Reading())[0].preprocessing
  message = r"t lacks the columns 'b' that the model takes, and has 'q' .*--columns-in-order"
  with pytest.raises(ValueError, match=message):
    later(table("t", ("a", "q", "c")), kept)
  renamed = table("t", ("a", "q", "c"))
  assert later(renamed, kept, in_order=True).train.x.shape == (15, 5)
  kept = together([array("s", features="xyz")], Reading())[0].preprocessing
  nameless = array("t")
  with pytest.raises(
    ValueError, match=r"t names no columns, and the model was trained on 'x', 'y'"
  ):
    later(nameless, kept)
  with pytest.raises(ValueError, match=r"t has 2 columns, and 3 are expected"):
    later(array("t", d=2), kept, in_order=True)
  named = nameless._replace(features=("x", "y", "z"))
  np.testing.assert_array_equal(
    later(nameless, kept, in_order=True).train.x, later(named, kept).train.x
  )
  kept = together([array("s")], Reading())[0].preprocessing
  with pytest.raises(ValueError, match=r"trained on columns without names: say --columns-in-order"):
    later(named, kept)


def test_one_example_is_enough_to_predict_but_not_to_train():
  one, few = array("one"), array("few")
  one = one._replace(train=Split(one.train.x[:1], None), test=Split(one.train.x[:0], None))
  with pytest.raises(ValueError, match=r"one has one example: give at least 2, one is held out"):
    together([few, one], Reading())
  kept = together([few], Reading())[0].preprocessing
  assert later(one, kept).train.x.shape == (1, 3)


def test_steps_of_another_version_are_refused():
  kept = together([array("a")], Reading())[0].preprocessing._replace(steps=({"step": "new"},))
  with pytest.raises(ValueError, match=r"made by 'new', which is not here"):
    later(array("a"), kept)


def test_an_array_beside_a_table_takes_its_order():
  made = together([table("s", ("b", "a")), array("x", d=2)], Reading(scale="none"))
  assert made[1].features == ("b", "a")
  assert made[1].notes == ("x names no columns: they are taken in the order of s's",)
  with pytest.raises(ValueError, match=r"x has 3 columns, and 2 are expected"):
    together([table("s", ("b", "a")), array("x")], Reading())


def test_a_model_without_names_takes_columns_in_the_order_of_names():
  domain = table("t", ("f10", "f2"))
  found = plain(domain)
  np.testing.assert_allclose(found.train.x[:, 0], domain.train.x.columns[1].values, rtol=1e-6)
  assert "in the order of their names" in found.notes[0]
