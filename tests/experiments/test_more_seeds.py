"""Seeds that join a record: the numbers of all at once, and nothing lost on the way."""

import copy
import json

import numpy as np
import pytest
import sample_records
import toy

from adapt.data import atomic_files
from adapt.experiments import grid, more_seeds, ray_cluster
from adapt.experiments.choices import Search
from adapt.experiments.plan import plan
from adapt.experiments.run import run, run_together
from adapt.experiments.suite import Suite, Task
from adapt.records import record, schema
from adapt.report import tables
from adapt.training.dp_sgd import Privacy

SHORT = {"steps": 8, "evaluations": 2, "shots": 4}
TWO, FOUR = (0, 1), (0, 1, 2, 3)


def asked(method="dann", seeds=FOUR, **changes):
  return toy.experiment(method, **{**SHORT, **changes}, seeds=seeds)


def made(experiment, out, **options):
  return run(experiment, out, domains=toy.load, **options).records


def content(folder):
  return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(experiment, out, reason):
  before = content(out)
  with pytest.raises(ValueError, match=reason):
    made(experiment, out)
  assert content(out) == before


# From scratch, with swept values; and from the source model of each seed, with few labels of its own.
@pytest.mark.holds("more_seeds")
@pytest.mark.parametrize(
  ("method", "more"), [("dann", {"sweep": {"weight": (0.1, 0.7)}}), ("fine_tune", {})]
)
def test_two_seeds_and_two_more_are_four_at_once(method, more, tmp_path, monkeypatch):
  apart, once = tmp_path / "apart", tmp_path / "once"
  made(asked(method, TWO, **more), apart)
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  joined = made(asked(method, **more), apart)
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  for mine, whole in zip(joined, made(asked(method, **more), once), strict=True):
    [earlier] = mine.pop("earlier")
    assert earlier["seeds"] == [0, 1] and earlier["environment"] == whole["environment"]
    toy.assert_same_numbers(mine, whole)
    assert mine["seconds"].keys() == whole["seconds"].keys() and mine["images_per_second"] > 0
    place = f"toy/{whole['task']}/{whole['label']}.npz"
    mine, whole = (np.load(folder / place) for folder in (apart, once))
    for name in whole.files:
      np.testing.assert_array_equal(mine[name], whole[name])


def test_tasks_together_are_added_to(tmp_path):
  tasks = (toy.TASK, Task("turned_moons", ("turned",), "moons"))
  suite = Suite("toy", tasks, toy.SETTINGS, "two moons, turned")
  two, four = ([asked(seeds=s, suite=suite, task=t) for t in tasks] for s in (TWO, FOUR))
  run_together(two, tmp_path / "apart", domains=toy.load)
  joined = run_together(four, tmp_path / "apart", domains=toy.load)
  once = run_together(four, tmp_path / "once", domains=toy.load)
  for ours, theirs in zip(joined, once, strict=True):
    [mine], [whole] = ours.records, theirs.records
    del mine["earlier"]
    toy.assert_same_numbers(mine, whole)


def test_a_crash_on_the_way_leaves_the_record_and_what_was_done(tmp_path):
  two, four = (asked(seeds=seeds, evaluations=4) for seeds in (TWO, FOUR))
  [before] = made(two, tmp_path)
  with pytest.raises(toy.Crash):
    made(four, tmp_path, report=toy.crash_at(6), minutes=0)
  file = record.path(tmp_path, "toy", "moons_turned", before["label"])
  assert record.read(file) == before
  # The two seeds' own command neither trains nor deletes what the others had done.
  assert made(two, tmp_path) == [before]
  grid._tidied([two], str(tmp_path))
  seen = []
  [joined] = made(four, tmp_path, report=lambda step, *_: seen.append(step), minutes=0)
  assert 2 not in seen and seen[-1] == 8
  assert joined["config"]["seeds"] == [0, 1, 2, 3]
  assert not list(tmp_path.rglob("*.partial"))


def test_what_is_not_the_same_but_for_its_seeds_is_refused(tmp_path):
  made(asked(seeds=TWO), tmp_path)
  refused(asked(lr=0.3), tmp_path, r"other settings \(settings.lr: 0.1 → 0.3\)")
  refused(asked(seeds=(1, 2, 3)), tmp_path, r"other settings \(seeds")
  refused(asked(seeds=(0,)), tmp_path, "other settings")
  refused(asked(save_model=True), tmp_path, "other settings")


def test_what_belongs_to_one_run_is_not_added_to():
  found = sample_records.make(seeds=2)
  assert more_seeds.existing(asked(), found) == (0, 1)
  search = Search(2, "random", {"weight": (0.1, 1.0, "log")})
  private = Privacy(1.0, 1.0, 1e-5)
  for change in (
    {"search": search},
    {"dp": private, "method": "source_only"},
    {"save_model": True},
    {"validator": "reverse"},
  ):
    assert more_seeds.existing(asked(**change), found) == ()
  found["config"]["validator"] = "of a later version"
  assert more_seeds.existing(asked(), found) == ()


def test_values_with_different_seeds_are_refused_with_the_way_out(tmp_path):
  made(asked(seeds=TWO, sweep={"weight": (0.1,)}), tmp_path)
  both = {"sweep": {"weight": (0.1, 0.7)}}
  refused(asked(**both), tmp_path, "have 2 seeds and others fewer: run --seeds 2 first")
  made(asked(seeds=TWO, **both), tmp_path)
  assert [r["config"]["seeds"] for r in made(asked(**both), tmp_path)] == [[0, 1, 2, 3]] * 2


def parts():
  """A record of seeds 0 and 1, and one of 2 to 4."""
  old, new = sample_records.make(seeds=2), sample_records.make(seeds=3)
  new["config"]["seeds"] = [2, 3, 4]
  for part in (old, new):
    seeds = len(part["config"]["seeds"])
    part["validators"] = {name: [[0.1] * 10] * seeds for name in ("bnm", "entropy")}
  return old, new


def test_a_joined_record_says_where_its_seeds_come_from():
  old, new = parts()
  new["environment"] |= {"commit": "f" * 40, "device": "gpu"}
  del old["validators"]["entropy"]  # of a version without it
  made = more_seeds.joined(old, new)
  assert schema.record(made) is None and made["config"]["seeds"] == [0, 1, 2, 3, 4]
  assert made["validators"]["entropy"] == [None, None, *[[0.1] * 10] * 3]
  assert made["validators"]["bnm"] == [[0.1] * 10] * 5
  assert "Commit 0123456789, ffffffffff. Device: cpu x86_64, 2 cores; gpu" in tables.provenance(
    [made]
  )
  third = copy.deepcopy(new)
  third["config"]["seeds"] = [5, 6, 7]
  again = more_seeds.joined(made, third)
  assert [part["seeds"] for part in again["earlier"]] == [[0, 1], [2, 3, 4]]
  assert schema.record(again) is None
  again["earlier"][0]["seeds"] = "0, 1"
  assert schema.record(again).startswith(".earlier[0].seeds is '0, 1', no list")


def test_times_are_those_of_both():
  old, new = parts()
  old["seconds"], new["seconds"] = {"train": 10.0, "total": 12.0}, {"train": 30.0, "total": 31.0}
  old["images_per_second"], new["images_per_second"] = 100.0, 200.0
  made = more_seeds.joined(old, new)
  assert made["seconds"] == {"train": 40.0, "total": 43.0}
  assert made["images_per_second"] == pytest.approx((1000 + 6000) / 40)


def test_what_a_record_does_not_say_of_its_cost_is_not_made_up():
  old, new = parts()
  del old["seconds"], old["images_per_second"]
  made = more_seeds.joined(old, new)
  assert made["seconds"] == {} and made["images_per_second"] is None


def test_records_that_do_not_fit_are_not_joined():
  old, new = parts()
  new["curves"]["step"][-1] += 1
  with pytest.raises(ValueError, match=r"dann on mnist_usps cannot take more seeds .of other eval"):
    more_seeds.joined(old, new)
  old, new = parts()
  old["confusion"][0] = [[1]]
  with pytest.raises(ValueError, match=r"more seeds .* is not of 10 classes"):
    more_seeds.joined(old, new)


def test_a_record_that_another_process_has_changed_meanwhile_is_kept(tmp_path):
  [before] = made(asked(seeds=TWO), tmp_path)
  file = record.path(tmp_path, "toy", "moons_turned", before["label"])

  def change(*_):
    before["config"]["settings"]["lr"] = 0.3
    atomic_files.write_json(file, before)

  with pytest.raises(ValueError, match=r"settings.lr: 0.3 → 0.1"):
    made(asked(), tmp_path, report=change)
  assert record.read(file) == before


def test_each_record_keeps_its_own_validator(tmp_path):
  made(asked(seeds=TWO, sweep={"weight": (0.1,)}, validator="entropy"), tmp_path)
  both = {"sweep": {"weight": (0.1, 0.7)}}
  made(asked(seeds=TWO, **both), tmp_path)
  first, second = made(asked(**both), tmp_path)
  for made_, name in ((first, "entropy"), (second, "information_maximisation")):
    assert made_["config"]["validator"] == made_["selected"]["validator"] == name
    for seed, step in enumerate(made_["selected"]["step"]):
      scores = made_["validators"][name][seed]
      assert made_["curves"]["step"][int(np.argmax(scores))] == step


def test_a_node_of_a_cluster_adds_seeds_too(tmp_path, monkeypatch):
  monkeypatch.setattr(ray_cluster, "_domain", lambda name, data_dir: toy.load(name))
  [before] = made(asked(seeds=TWO), tmp_path / "here")
  data = plan(asked(), tmp_path / "here", False, toy.load).data
  file = record.path(tmp_path / "here", "toy", "moons_turned", before["label"])
  known = {before["label"]: file.read_bytes()}
  cell = ray_cluster.Cell(asked(), 1, None, None, data.hashes, frozenset(known), known)
  files = ray_cluster._trained(cell, tmp_path / "there")
  [name] = files
  [content] = [json.loads(f) for n, f in files[name].items() if n.endswith(".json")]
  assert name == before["label"] and content["earlier"][0]["seeds"] == [0, 1]
