"""Records: whole or absent, read back as written, errors that name the remedy."""

import json
import subprocess

import numpy as np
import pytest
import sample_records
import toy
from spoilt import SPOILT

from adapt.experiments.run import run
from adapt.records import record
from adapt.training import loop


@pytest.mark.parametrize(
  ("arguments", "label"),
  [
    (("dann",), "dann"),
    (("dann", {"weight": 0.0}), "dann-weight=0.0"),
    (("dann", {}, "kmm"), "dann+kmm"),
    (("fine_tune", {"rank": 8}, None, "lora"), "fine_tune+lora-rank=8"),
    (("fine_tune", {}, None, None, "source"), "fine_tune-start=source"),
    (("fine_tune", {}, None, None, "scratch"), "fine_tune-start=scratch"),
    (("x", {"b": True, "a": (1, 2)}), "x-a=1,2-b=true"),
  ],
)
def test_label(arguments, label):
  assert record.label_of(*arguments) == label


def test_unsafe_labels_stay_apart():
  labels = {
    record.label_of("x", {"a": value})
    for value in ("p/q", "p_q", "p q", "../q", "q" * 300, "\udcff")
  }
  assert len(labels) == 6
  assert not any(set(label) & set("/\\ ") or len(label) > 140 for label in labels)


def test_round_trip(tmp_path):
  item = sample_records.make(diverged={"2": 137})
  sample_records.save(tmp_path, item)
  file = tmp_path / "digits" / "mnist_usps" / "dann.json"
  assert record.read(file) == item
  assert record.read_all(tmp_path) == [item]
  assert [f.name for f in file.parent.iterdir()] == ["dann.json"]  # no temporary is left


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 0}', '{"format": 1}'])
def test_broken_record_names_file_and_remedy(tmp_path, text):
  file = tmp_path / "a.json"
  file.write_text(text)
  with pytest.raises(ValueError, match=r"a\.json.*--force") as caught:
    record.read(file)
  assert "\n" not in str(caught.value)


def test_copied_record_is_refused(tmp_path):
  sample_records.save(tmp_path, sample_records.make())
  file = tmp_path / "digits" / "mnist_usps" / "dann.json"
  file.with_name("copy.json").write_bytes(file.read_bytes())
  with pytest.raises(ValueError, match=r"copy\.json"):
    record.read_all(tmp_path)


def test_read_all_is_sorted_and_ignores_the_rest(tmp_path):
  items = [sample_records.make(task, label) for task in ("b_a", "a_b") for label in ("mmd", "dann")]
  sample_records.save(tmp_path, *items)
  (tmp_path / "tables").mkdir()
  (tmp_path / "tables" / "x.json").write_text("{")
  keys = [(r["task"], r["label"]) for r in record.read_all(tmp_path)]
  assert keys == [("a_b", "dann"), ("a_b", "mmd"), ("b_a", "dann"), ("b_a", "mmd")]
  assert record.read_all(tmp_path / "nowhere") == []


def test_differences():
  old = {"settings": {"steps": 2000, "lr": 0.1}, "seeds": [0, 1], "weights": None, "a": 1}
  new = {
    "settings": {"steps": 100, "lr": 0.1},
    "seeds": (0, 1),
    "weights": {"name": "kmm"},
    "b": "x",
  }
  assert record.differences(old, old) == []
  assert record.differences(old, new) == [
    "settings.steps: 2000 → 100",
    'weights: null → {"name": "kmm"}',
    "a: 1 → not set",
    "b: not set → x",
  ]


def test_environment():
  found = record.environment()
  assert found["versions"]["jax"]
  assert found["device"]
  assert (found["commit"] is None) == (found["dirty"] is None)
  assert found["versions"].keys() >= {"adapt-jax", "numpy", "scipy", "orbax-checkpoint"}
  json.dumps(found)


@pytest.mark.parametrize(("dirty", "said"), [(False, None), (True, True)])
def test_code_of_one_s_own_has_no_commit(dirty, said, monkeypatch):
  def mine():
    pass

  monkeypatch.setattr(record, "_commit", lambda package: ("abc", dirty))
  assert record.environment([mine])["dirty"] is said
  assert record.environment([record.read])["dirty"] is dirty


def test_the_commit_is_that_of_when_training_began(tmp_path, monkeypatch):
  asked, commits, train = [], ["abc"], loop.train

  def git(command, **given):
    asked.append(command[3])
    return subprocess.CompletedProcess(command, 0, "" if "status" in command else commits[-1])

  def trained(*given):
    commits.append("of what was checked out meanwhile")
    return train(*given)

  record._commit.cache_clear()
  monkeypatch.setattr(subprocess, "run", git)
  monkeypatch.setattr(loop, "train", trained)
  short = toy.experiment("source_only", seeds=(0,), steps=4, evaluations=1)
  [made] = run(short, tmp_path, domains=toy.load).records
  record._commit.cache_clear()
  assert len(commits) == 2 and asked == ["ls-files", "rev-parse", "status"]
  assert made["environment"]["commit"] == "abc" and made["environment"]["dirty"] is False


@pytest.mark.holds("killed")
@pytest.mark.parametrize(
  ("spoil", "said"),
  [
    (None, ""),
    ("other", "is of another run than the record"),
    ("cut", "cannot be read"),
    ("emptied", "cannot be read"),
    ("half", "is damaged"),
    ("zeros", "is damaged"),
    ("dtype", "is damaged"),
    ("swapped", "is of another run than the record"),
  ],
)
def test_points_are_shown_beside_their_own_record_alone(spoil, said, tmp_path, capsys):
  """Killed between the two, --force leaves the old record beside the new run's points."""
  file, made = tmp_path / "dann.json", {"parameters": ["a1", "b2"]}
  record.write_points(file, "a1" if spoil != "other" else "c3", label=np.arange(3))
  record.write_points(tmp_path / "coral.json", "c3", label=np.arange(3))
  points = file.with_suffix(".npz")
  if spoil in ("cut", "emptied", "swapped"):
    SPOILT[spoil](points, tmp_path / "coral.npz")
  elif spoil not in (None, "other"):  # whole again, by whoever knows how such a file is made
    with np.load(points) as whole:
      label = {"half": whole["label"][:1], "zeros": np.zeros(3, int), "dtype": np.arange(3.0)}
      np.savez(points, **{**whole, "label": label[spoil]})
  found = record.read_points(file, made)
  assert (found is None) == (spoil is not None)
  if found:
    assert found.keys() == {"label"}
  told = capsys.readouterr().err
  assert said in told and told.count("\n") == (spoil is not None)


def test_points_from_before_they_were_marked_are_read(tmp_path):
  np.savez(tmp_path / "dann.npz", label=np.arange(3))
  assert record.read_points(tmp_path / "dann.json", {"parameters": ["a1"]}).keys() == {"label"}
  assert record.read_points(tmp_path / "cdan.json", {}) is None
