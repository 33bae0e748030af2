"""`adapt reproduce NAME --explain ROW` on a toy suite: what is run, printed, resumed and refused."""

import itertools

import pytest
import toy

from adapt.cli import explain
from adapt.experiments.recipe import Recipe
from adapt.experiments.suite import Reported, by_recipe

DANN = Recipe(
  "dann",
  ("moons_turned",),
  "a paper, §5",
  {"lr": 0.05, "steps": 30, "ramp": 5.0},
  departs="the critic's batch-norm",
)
SUITE = toy.SUITE._replace(
  recipes=(DANN,),
  defaults={"dann": {"width": 8}},
  reported=(Reported("DANN (Ganin)", "dann", "a paper", "its own", {"moons_turned": 90.0}),),
)
SUITE = SUITE._replace(reported=(*SUITE.reported, *by_recipe(SUITE)))
FLAGS = ["--seeds", "1", "--steps", "2", "--evaluations", "1", "--devices", "1"]


def test_runs_the_ablations_and_prints_what_each_is_worth(tmp_path, capsys):
  assert explain.explain(SUITE, "dann (ganin)", str(tmp_path), FLAGS, toy.named) == 0
  page = capsys.readouterr().out
  lines = [line.split() for line in page.partition("\nstep ")[2].partition("\n\n")[0].splitlines()]
  names = ["suite", "rate", "method", "published"]
  table = {words[0]: words[1:] for words in lines if words[0] in names}
  assert list(table) == names and table["published"][0] == "90.0"
  accuracies = [float(table[name][0]) for name in names]
  gains = [float(table[name][1]) for name in names[1:]]
  assert gains == pytest.approx([b - a for a, b in itertools.pairwise(accuracies)], abs=0.11)
  assert "lr 0.1 → 0.05" in page and "ramp 10.0 → 5.0" in page
  assert "departs in the critic's batch-norm" in page and "steps 800" not in page  # they are given

  files = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.json")}
  assert {file.stem for file in files} >= {
    "dann-evaluations=1-steps=2",
    "dann-evaluations=1-recipe=paper-steps=2",
  }
  assert len(files) == 3
  assert explain.explain(SUITE, "dann", str(tmp_path), FLAGS, toy.named) == 0
  assert capsys.readouterr().out == page
  assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.json")} == files


def test_refuses(tmp_path):
  with pytest.raises(
    ValueError, match=r"no row 'MCD' by recipe in suite toy: choose DANN \(Ganin\)"
  ):
    explain.explain(SUITE, "MCD", str(tmp_path), FLAGS, toy.named)
  with pytest.raises(ValueError, match="toy has no row by recipe"):
    explain.explain(toy.SUITE, "DANN", str(tmp_path), FLAGS, toy.named)
