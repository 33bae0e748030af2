"""What is told of a grid on its way: to wandb."""

import pytest
from small_runs import adapt


def test_wandb_offline_gets_the_run_and_its_table(pair, tmp_path):
  wandb = pytest.importorskip("wandb")
  flags = ["--method", "source_only", "--wandb", "offline"]
  assert adapt(pair, tmp_path / "out", *flags) == 0
  wandb.teardown()
  [run] = (tmp_path / "out/wandb").glob("offline-run-*")
  assert list(run.glob("*.wandb"))
  assert list(run.glob("files/media/table/*.json"))
