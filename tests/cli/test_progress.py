"""The board of a grid: every cell that has ended has its line, and the rest its time."""

import io

import pytest
import sample_records
from rich.console import Console

from adapt import weights
from adapt.cli.progress import Board, outcomes
from adapt.training import live


def written(cells, steps, width=100, **how):
  return Board(cells, steps, Console(file=io.StringIO(), width=width, **how))


def text(board):
  return board._bars.console.file.getvalue()


@pytest.fixture
def record():
  return sample_records.make(seeds=2) | {"last": {"accuracy": [0.5, 0.7]}}


def test_a_cell_that_has_ended_stays_as_one_line_whatever_its_name(record):
  with written(2, 200, width=30) as board:
    board.begin("[red]a_b method", 100)
    board.report(50, 0.25, 0.6)
    board.end([record], fresh=True)
    [line] = text(board).splitlines()
  assert line.startswith("1/2  [red]a_b method  target 60.0 ± 14.1  ") and line.endswith(" s")


def test_what_was_done_before_takes_no_part_in_the_time_left(record):
  with written(3, 300) as board:
    for fresh in (False, True):
      board.begin("cell", 100)
      if fresh:
        board.report(40, 0.2, None)
      board.end([record], fresh)
    task = board._bars.tasks[0]
    assert len(board._bars.tasks) == 1  # a suite of hundreds must fit a terminal
    assert (task.completed, task.total, task.fields["what"]) == (100, 200, "2 of 3")
    assert task.time_remaining is not None
  assert "1/3  cell  target 60.0 ± 14.1  done before" in text(board)


def test_a_single_cell_has_no_line_for_all(record):
  with written(1, 100, force_terminal=True) as board:
    board.begin("dann", 100)
    board.report(50, 0.25, 0.9)
    board._bars.refresh()
    assert "50 of 100" in text(board) and "all cells" not in text(board)
    assert "loss 0.250  source 90.0" in text(board) and "target" not in text(board)
    board.report(60, 0.25, 0.9, target=0.6)
    board._bars.refresh()
    assert "loss 0.250  source 90.0  target 60.0" in text(board)
    board.end([record], fresh=True)


def test_between_evaluations_the_line_says_what_is_known(record, monkeypatch):
  """A step that is estimated is marked, and never beyond the next evaluation."""
  clock = [0.0]
  monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
  with written(2, 2000, force_terminal=True) as board:
    board._bars.live.auto_refresh = False

    def line(of=1):
      task = board._bars.tasks[of]
      return board._place(task).said, board._place(task).step, board._doing(task)

    board.begin("dann", 1000)
    assert line() == ("0 of 1,000", 0, "preparing")
    with live.weighed_by("kmm"):
      weights.at("block 3 of 40")
      assert line()[2] == "weighting by kmm: block 3 of 40"
    assert line()[2] == "preparing"
    with live.training([500, 500], 0):
      clock[0] = 9.0
      assert line() == ("step 0–500 of 1,000", 0, "training for 9 s")
      clock[0] = 10.0
      live.evaluated(500)
      board.report(500, 0.25)
      assert line() == ("step 500 of 1,000", 500, "loss 0.250")
      clock[0] = 14.0
      assert line() == ("step ~700 of 1,000", 700, "loss 0.250")
      assert line(of=0)[:2] == ("500 of 2,000", 700)
      clock[0] = 99.0
      assert line()[0] == "step ~1,000 of 1,000"
      live.counted(612)
      assert line()[0] == "step 612 of 1,000"
      with live.preliminary("source model"):
        assert line()[2] == "source model: step 612 of 1,000  loss 0.250"
    board.end([record], fresh=True)


def test_a_run_that_goes_on_after_an_evaluation_counts_from_there(record):
  with written(1, 1000, force_terminal=True) as board:
    board.begin("dann", 1000)
    with live.training([500, 500], 1):
      live.counted(612)
      assert board._place(board._bars.tasks[board._bar]).said == "step 612 of 1,000"
    board.end([record], fresh=True)


def test_outcomes_of_several_records_and_of_targets_without_labels(record):
  other = {**record, "label": "dann-weight=0.5", "last": {}}
  assert outcomes([record, other]) == [
    f" ({record['label']})  target 60.0 ± 14.1",
    " (dann-weight=0.5)",
  ]
  one = {**record, "config": {**record["config"], "seeds": [0]}, "last": {"accuracy": [0.5]}}
  assert outcomes([one]) == ["  target 50.0"]


def test_processes_that_do_not_lead_are_silent(record):
  with Board(1, 10, Console(file=io.StringIO()), quiet=True) as board:
    board.begin("dann", 10)
    board.report(5, 0.1, 0.5)
    board.end([record], fresh=True)
  assert text(board) == ""
