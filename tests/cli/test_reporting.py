"""What is told of a grid on its way: on the terminal, and to wandb."""

import numpy as np
import pytest
from small_runs import SHORT, adapt

from adapt.cli import main


def test_wandb_offline_gets_the_run_and_its_table(pair, tmp_path):
  wandb = pytest.importorskip("wandb")
  flags = ["--method", "source_only", "--wandb", "offline"]
  assert adapt(pair, tmp_path / "out", *flags) == 0
  wandb.teardown()
  [run] = (tmp_path / "out/wandb").glob("offline-run-*")
  assert list(run.glob("*.wandb"))
  assert list(run.glob("files/media/table/*.json"))


def test_lines_of_several_pairs_name_their_pair_and_are_counted_together(tmp_path, capsys):
  rng = np.random.default_rng(0)
  files = []
  for name in "abc":
    y = np.arange(80) % 2
    np.savez(tmp_path / f"{name}.npz", x=rng.normal(y[:, None], 1, (80, 2)).astype("f4"), y=y)
    files.append(str(tmp_path / f"{name}.npz"))
  flags = ["--protocol", "leave-one-out", "--method", "source_only", "--out", str(tmp_path / "out")]
  assert main.main(["run", "--source", *files, *flags, *SHORT]) == 0
  ended = [line.split()[:2] for line in capsys.readouterr().err.splitlines() if "/3 " in line]
  assert ended == [["1/3", "b+c_unseen_a"], ["2/3", "a+c_unseen_b"], ["3/3", "a+b_unseen_c"]]
