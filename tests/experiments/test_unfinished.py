"""Checkpoints that were left beside records: of which seeds they are, and what becomes of them."""

import pytest
import toy

from adapt.data import atomic_files
from adapt.experiments import grid
from adapt.experiments.plan import plan
from adapt.experiments.run import run

SHORT = {"steps": 8, "evaluations": 2, "shots": 4}
TWO, FOUR = (0, 1), (0, 1, 2, 3)


def asked(seeds=FOUR):
  return toy.experiment("dann", **SHORT, seeds=seeds)


def made(experiment, out):
  return run(experiment, out, domains=toy.load).records


def content(folder):
  return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(experiment, out, reason):
  before = content(out)
  with pytest.raises(ValueError, match=reason):
    made(experiment, out)
  assert content(out) == before


def left_over(folder, seeds, out):
  """What a process leaves that is killed before it deletes its checkpoints."""
  (folder / "8").mkdir(parents=True)
  made = plan(asked(seeds=seeds), out, True, toy.load)
  wanted = made.config(made.points[0])
  atomic_files.write_json(folder / "config.json", {"asked": [wanted]})


def test_checkpoints_of_seeds_that_are_there_do_not_stop_the_next(tmp_path):
  [there] = made(asked(seeds=TWO), tmp_path)
  folder = tmp_path / "toy" / "moons_turned" / f".{there['label']}.partial"
  left_over(folder, TWO, tmp_path)
  [joined] = made(asked(), tmp_path)
  assert joined["config"]["seeds"] == [0, 1, 2, 3] and not folder.exists()


def test_checkpoints_of_fewer_seeds_are_to_be_finished_first(tmp_path):
  [there] = made(asked(seeds=TWO), tmp_path)
  folder = tmp_path / "toy" / "moons_turned" / f".{there['label']}.partial"
  left_over(folder, (2, 3), tmp_path)
  refused(
    asked(seeds=(*FOUR, 4, 5)), tmp_path, r"of other seeds .2 to 3.: finish them by --seeds 4"
  )


@pytest.mark.holds("corrected")
def test_a_folder_without_a_checkpoint_stands_in_nobody_s_way(tmp_path):
  """What is left of a process that is killed before its first checkpoint, whatever its settings."""
  experiment = toy.experiment("source_only", **SHORT)
  made = plan(experiment, tmp_path, True, toy.load)
  folder = tmp_path / "toy" / "moons_turned" / f".{made.points[0].label}.partial"
  folder.mkdir(parents=True)
  asked = made.config(made.points[0])
  other = {**asked, "settings": {**asked["settings"], "batch_size": 1}}
  atomic_files.write_json(folder / "config.json", {"asked": [other]})
  assert plan(experiment, tmp_path, False, toy.load).missing
  (folder / "8").mkdir()
  with pytest.raises(ValueError, match="batch_size: 1 → "):
    plan(experiment, tmp_path, False, toy.load)


@pytest.mark.holds("corrected")
def test_a_run_that_is_refused_late_leaves_no_folder(tmp_path):
  """A batch of one has no covariance, which is known when the step is traced."""
  with pytest.raises(ValueError, match="batch"):
    run(toy.experiment("coral", **{**SHORT, "batch_size": 1}), tmp_path, domains=toy.load)
  assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("spoilt", [False, True])
def test_checkpoints_of_finished_seeds_are_deleted(tmp_path, spoilt):
  [there] = made(asked(seeds=TWO), tmp_path)
  folder = tmp_path / "toy" / "moons_turned" / f".{there['label']}.partial"
  left_over(folder, TWO, tmp_path)
  if spoilt:
    (folder / "config.json").write_text("{")
  grid._tidied([asked(seeds=TWO)], str(tmp_path))
  assert not folder.exists()
