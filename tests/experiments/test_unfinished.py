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
  folder.mkdir()
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


@pytest.mark.parametrize("spoilt", [False, True])
def test_checkpoints_of_finished_seeds_are_deleted(tmp_path, spoilt):
  [there] = made(asked(seeds=TWO), tmp_path)
  folder = tmp_path / "toy" / "moons_turned" / f".{there['label']}.partial"
  left_over(folder, TWO, tmp_path)
  if spoilt:
    (folder / "config.json").write_text("{")
  grid._tidied([asked(seeds=TWO)], str(tmp_path))
  assert not folder.exists()
