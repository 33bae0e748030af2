"""Which pairs a user's own files make; the flags that ask for them are tested with the command line."""

import numpy as np
import pytest

from adapt.experiments.own_request import Request, own_suites


@pytest.fixture
def files(tmp_path):
  def save(name):
    x = np.random.default_rng(len(name)).normal(size=(60, 3)).astype(np.float32)
    np.savez(tmp_path / f"{name}.npz", x=x, y=np.arange(60) % 2)
    return str(tmp_path / f"{name}.npz")

  return {name: save(name) for name in "abc"}


def tasks(*of, **asked):
  return [one.task.name for one in own_suites(Request(*of, **asked))]


def test_one_pair_every_pair_and_each_left_out(files):
  a, b, c = files.values()
  assert tasks([a], b) == ["a_b"] and tasks([a, b], c) == ["a+b_c"]
  assert tasks([a, b], each=True) == ["a_b", "b_a"]
  left_out = tasks([a, b, c], protocol="leave-one-out")
  assert left_out == ["b+c_unseen_a", "a+c_unseen_b", "a+b_unseen_c"]
  assert tasks([a, b], c, protocol="leave-one-out") == ["a+b_unseen_c"]


def test_rows_of_a_table_by_its_column_of_domains(tmp_path):
  pytest.importorskip("pyarrow")
  from adapt.data import Reading

  rows = "".join(f"{k},{k % 7},{'xyz'[k % 3]},{k % 2}\n" for k in range(90))
  (tmp_path / "t.csv").write_text(f"one,two,ward,label\n{rows}")
  table = {"data": str(tmp_path / "t.csv"), "reading": Reading(domain_column="ward")}
  assert tasks(["rest"], "x", **table) == ["y+z_x"]
  assert len(tasks(each=True, **table)) == 6
  with pytest.raises(ValueError, match="has no 'q': it has x, y, z"):
    tasks(["q"], "x", **table)


@pytest.mark.parametrize(
  ("asked", "said"),
  [
    ({}, "give --source and --target"),
    ({"source": ["auto", "a", "b", "c"], "target": "d", "protocol": "leave-one-out"}, "name the"),
    ({"source": ["a"], "each": True}, "two or more"),
    ({"source": ["a"], "target": "b", "protocol": "leave-one-out"}, "3 or more"),
    ({"data": "folder", "source": ["a"]}, "--data names source and target already"),
  ],
)
def test_what_makes_no_pair_is_refused_before_anything_is_read(asked, said):
  with pytest.raises(ValueError, match=said):
    own_suites(Request(**asked))
