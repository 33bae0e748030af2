"""The transductive protocol: one set of target examples, for adapting and for judging."""

import numpy as np
import pytest

from adapt import data
from adapt.api import arrays
from adapt.api.fit import fit
from adapt.data import Reading, audit, transductive
from adapt.data.domain import Domain, Split, one_split
from adapt.data.images import Files, Images
from adapt.experiments.own_suite import PROTOCOL, own_suite

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = np.arange(40) % 2
ASKED = Reading(transductive=True, scale="none")


def test_a_file_is_both_splits_in_its_order(tmp_path):
  np.savez(tmp_path / "a.npz", x=X + 1, y=Y)
  np.savez(tmp_path / "b.npz", x=X, y=Y)
  names = [str(tmp_path / f"{n}.npz") for n in "ab"]
  source, target = data.load_together(names, reading=ASKED)
  assert len(source.train.x) == 32 and len(source.test.x) == 8
  assert one_split(target) and target.train.y is None
  np.testing.assert_array_equal(target.test.x, X)
  np.testing.assert_array_equal(target.test.y, Y)
  assert [n for n in target.notes if "transductive" in n] == list(target.notes)
  assert not audit.warnings([source], target)
  assert own_suite("run", [source, target]).suite.protocol.startswith("transductive")
  plain = data.load_together(names)
  assert own_suite("run", plain).suite.protocol == PROTOCOL


def test_arrays_tables_windows_and_pictures_join_too(tmp_path):
  _, target = arrays.domains_of((X, Y), (X, Y), reading=ASKED)
  assert len(target.train.x) == 40 and one_split(target) and target.train.y is None
  (tmp_path / "t.csv").write_text(
    "a,b,label\n" + "".join(f"{i},{i if i % 3 else ''},{i % 2}\n" for i in range(10))
  )
  name = str(tmp_path / "t.csv")
  source, target = data.load_together([name, name], reading=ASKED)
  np.testing.assert_array_equal(target.test.x[:, 0], np.arange(10))
  counted = [n for n in source.notes if "4 missing cells in 'b'" in n]
  assert len(counted) == 2  # of the source and of the target, whose cells count once
  series = np.repeat(X[:, :, None], 4, axis=2)
  cut = ASKED._replace(window=2, stride=1, kind="series")
  _, target = arrays.domains_of((series, Y), (series, Y), reading=cut)
  assert one_split(target) and len(target.train.x) == len(target.test.y) == 80
  images = Images(Files(("a.png", "b.png", "c.png")))
  held = Domain("i", Split(images.take([0, 2]), None), Split(images.take([1]), None), ())
  assert transductive.joined(held._replace(held_out=True)).train.x.rows.tolist() == [0, 2, 1]


def test_test_data_of_its_own_are_refused(tmp_path):
  np.savez(tmp_path / "a.npz", x=X, y=Y, x_test=X[:8], y_test=Y[:8])
  name = str(tmp_path / "a.npz")
  with pytest.raises(ValueError, match=r"a.npz has test data of its own, and --transductive"):
    data.load_together([name, name], reading=ASKED)
  for more in ({"test": (X, Y)}, {"labelled": (X, Y)}):
    with pytest.raises(ValueError, match="leave out test and labelled"):
      fit("dann", source=(X, Y), target=X, transductive=True, **more)


def test_labels_that_are_hidden_are_said_to_be():
  hidden = arrays.domains_of((X, Y), (X, Y), reading=ASKED)
  for method, more in (("fine_tune", {"shots": 2}), ("target_only", {})):
    with pytest.raises(ValueError, match="target is transductive, so none is shown"):
      fit(method, source=hidden[0], target=hidden[1], batch_size=8, **more)


def test_the_audit_says_how_equal_splits_are_meant():
  both = Domain("t", Split(X, None), Split(X.copy(), Y.astype(np.int32)), ("0", "1"))
  source = Domain("s", Split(X + 1, Y.astype(np.int32)), Split(X + 2, Y.astype(np.int32)), ())
  assert "say --transductive" in "".join(audit.warnings([source], both))
