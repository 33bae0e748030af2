"""A disk that is full: one line, nothing half-written, and nothing lost that was there."""

import contextlib
import os
import subprocess
import sys

import pytest
import sample_records
import toy

from adapt.cli import results
from adapt.data import atomic_files
from adapt.experiments.run import run

LARGE = {"width": 1024, "depth": 3}  # of a critic: checkpoints of 25 MB, which do not fit


@pytest.fixture
def small(tmp_path):
  """A file system of 2 MiB."""
  folder = tmp_path / "small"
  folder.mkdir()
  mounted = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
  if sys.platform != "linux" or subprocess.run(mounted, capture_output=True).returncode:
    pytest.skip("a small file system needs the right to mount one")
  yield folder
  subprocess.run(["umount", "-l", str(folder)], check=True)


def experiment():
  return toy.experiment("dann", given=LARGE, steps=40, evaluations=4, seeds=(0,))


def fill(folder):
  """Writes until nothing more fits."""
  with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
    while file.write(bytes(4096)):
      pass


# The arrays that orbax was writing at the same time.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.holds("disk")
def test_checkpoints_that_do_not_fit_are_warned_of_and_training_goes_on(small, tmp_path, capfd):
  [record] = run(experiment(), small, domains=toy.load, minutes=0).records
  [other] = run(experiment(), tmp_path / "large", domains=toy.load).records
  toy.assert_same_numbers(record, other)
  lines = capfd.readouterr().err.splitlines()
  assert lines and all(li.startswith("warning: a checkpoint could not be written") for li in lines)
  assert not list(small.rglob("*.partial"))


@pytest.mark.holds("disk")
def test_a_record_that_does_not_fit_is_one_line_and_leaves_nothing(small):
  def report(step, *_):
    if step == 40:
      fill(small)

  with pytest.raises(ValueError, match=r"^cannot write in .*No space left.*--out"):
    run(experiment(), small, domains=toy.load, report=report)
  assert not list(small.glob("toy/*/*.json")) and not list(small.rglob("*.tmp"))
  (small / "ballast").unlink()
  assert run(experiment(), small, domains=toy.load).fresh


@pytest.mark.holds("disk")
def test_a_full_disk_is_noticed_before_training(small):
  fill(small)
  reports = []
  with pytest.raises(ValueError, match=r"^cannot write in"):
    run(experiment(), small, domains=toy.load, report=lambda *r: reports.append(r))
  assert not reports and os.listdir(small) == ["ballast"]


@pytest.mark.holds("disk")
def test_tables_that_do_not_fit_are_one_line_and_leave_the_old_ones(small, tmp_path, capsys):
  made = sample_records.make(seeds=1)
  folder = tmp_path / "runs" / made["suite"] / made["task"]
  atomic_files.write_json(folder / f"{made['label']}.json", made)
  (small / "README.md").write_text("<!-- results:digits -->\n<!-- /results -->\n")
  before = (small / "README.md").read_text()
  fill(small)
  code = results.tables(["--results", str(tmp_path / "runs"), "--out", str(small / "tables")])
  told = capsys.readouterr().err.splitlines()
  assert code == 2 and len(told) == 1 and "cannot write in" in told[0]
  assert not [
    p for p in small.rglob("*") if p.is_file() and p.name != "ballast" and not p.stat().st_size
  ]
  assert (small / "README.md").read_text() == before
