"""Checkpoints that were left beside records: of which seeds they are, and what becomes of them."""

import contextlib

import pytest
import toy

from adapt.data import atomic_files
from adapt.experiments import grid, unfinished
from adapt.experiments.plan import plan
from adapt.experiments.run import run
from adapt.training import checkpoint

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
  (folder / "4").mkdir(parents=True)
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


def partials(out):
  return list(out.rglob("*.partial"))


@pytest.mark.holds("not_in_the_way")
def test_a_folder_without_a_checkpoint_stands_in_nobodys_way(tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.experiments.execute.loop.train", fails)
  with pytest.raises(KeyboardInterrupt):
    made(asked(), tmp_path)
  assert not partials(tmp_path)  # nothing to go on from
  folder = (
    tmp_path
    / "toy"
    / "moons_turned"
    / f".{plan(asked(), tmp_path, 0, toy.load).points[0].label}.partial"
  )
  left_over(folder, (7, 9), tmp_path)
  with pytest.raises(ValueError, match=r"other settings"):
    plan(asked(), tmp_path, False, toy.load)
  (folder / "4").rmdir()  # as a process leaves it that is killed before its first checkpoint
  assert plan(asked(), tmp_path, False, toy.load).missing


def fails(*_):
  raise KeyboardInterrupt


def beside(out, label):
  """The three files of a run."""
  folder = out / "toy" / "moons_turned"
  folder.mkdir(parents=True, exist_ok=True)
  for name in (f"{label}.json", f"{label}.npz", f"{label}.seed0.model.npz"):
    (folder / name).write_text(f"new {name}")


@pytest.mark.holds("delivered")
@pytest.mark.parametrize("kill", range(8))
def test_records_killed_on_their_way_are_brought_there(tmp_path, monkeypatch, kill):
  """At no moment an old record lies beside a new run's points; labels may begin alike."""
  labels, killed = ("dann-lr=0", "dann-lr=0.1"), []
  folder = tmp_path / "toy" / "moons_turned"
  folder.mkdir(parents=True)
  for label in labels:
    for suffix in ("json", "npz"):
      (folder / f"{label}.{suffix}").write_text("old")
  real = type(folder).replace

  def replace(self, target):
    if len(killed) == kill:
      raise KeyboardInterrupt
    killed.append(target)
    return real(self, target)

  held = folder / ".dann-lr=0.partial"
  held.mkdir()
  monkeypatch.setattr(type(folder), "replace", replace)
  with contextlib.suppress(KeyboardInterrupt):
    unfinished.deliver(held, tmp_path, lambda out: [beside(out, label) for label in labels])
  monkeypatch.undo()
  for label in labels:
    record, points = (folder / f"{label}.{suffix}" for suffix in ("json", "npz"))
    if record.exists() and record.read_text() == "old":
      assert points.read_text() == "old"
  unfinished.recover("toy", tmp_path)
  state = {p.name: p.read_text() for p in folder.glob("dann*")}
  if kill:
    assert len(state) == 6 and all(text.startswith("new") for text in state.values())
    assert not partials(tmp_path) or kill == 7
  else:  # killed before all were made
    assert set(state.values()) == {"old"} and not checkpoint.begun(held)
