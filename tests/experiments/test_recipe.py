"""Recipes: whose settings count, what labels and records say, the source model, refusals."""

import json

import jax.numpy as jnp
import pytest
import toy

from adapt import outputs
from adapt.cli import config, main
from adapt.experiments.execute import _plain_source
from adapt.experiments.recipe import Recipe
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.experiments.suite import Reported, by_recipe
from benchmarks import digits, image_clef, office31, visda2017

DANN = Recipe("dann", ("moons_turned",), "a paper, §5", {"lr": 0.05, "steps": 30, "width": 8})
FINE_TUNED = Recipe(
  "shot",
  ("moons_turned",),
  "a file",
  {"lr": 0.01, "steps": 3, "evaluations": 1},
  {"lr": 0.07, "steps": 40, "smoothing": 0.2},
)
SUITE = toy.SUITE._replace(
  recipes=(DANN, FINE_TUNED),
  reported=(
    Reported(
      "DANN", "dann", "a paper", "its own", {"moons_turned": 90.0, "moons_tilted_turned": 80}
    ),
  ),
)


def resolved(method="dann", recipe="paper", settings=None, **given):
  return resolve(SUITE, toy.TASK, method, settings, given=given, recipe=recipe)


def test_a_recipe_stands_in_for_the_suite_s_settings():
  made = resolved()
  assert (made.settings.lr, made.settings.steps, made.settings.batch_size) == (0.05, 30, 32)
  [point] = made.points
  assert point.hyperparameters["width"] == 8 and point.label == "dann-recipe=paper"
  assert made.config(point, {})["recipe"] == "paper"
  assert resolved(recipe=DANN) == made


def test_by_the_suite_nothing_changes():
  made = resolved(recipe="suite")
  assert made == resolve(SUITE, toy.TASK, "dann") and made.settings == SUITE.settings
  [point] = made.points
  assert point.label == "dann" and "recipe" not in made.config(point, {})


def test_what_is_set_beside_a_recipe_is_in_the_label():
  settings = resolved().settings._replace(steps=10, lr=0.1)
  assert resolved(settings=settings, width=16).points[0].label == (
    "dann-lr=0.1-recipe=paper-steps=10-width=16"
  )
  assert resolved(settings=resolved().settings, width=8).points[0].label == "dann-recipe=paper"


def test_the_source_model_has_settings_of_its_own():
  made = resolved("shot")
  plain = _plain_source(made)
  assert (plain.settings.lr, plain.settings.steps, made.settings.lr) == (0.07, 40, 0.01)
  assert plain.points[0].label == "source_only-evaluations=1-lr=0.07-smoothing=0.2-steps=40"
  assert made.config(made.points[0], {})["source_model"]["smoothing"] == 0.2
  given = resolved("shot", settings=made.settings._replace(steps=5))  # of both
  assert (_plain_source(given).settings.steps, _plain_source(given).settings.lr) == (5, 0.07)


@pytest.mark.parametrize(
  ("method", "recipe", "line"),
  [
    ("coral", "paper", "coral has no recipe on moons_turned in suite toy, only dann, shot"),
    ("dann", "papr", "did you mean paper"),
  ],
)
def test_refuses(method, recipe, line):
  with pytest.raises(ValueError, match=line):
    resolved(method, recipe)


def test_a_source_model_is_trained_as_its_recipe_says(tmp_path):
  [made] = run(resolved("shot"), tmp_path, domains=toy.named).records
  assert made["config"]["settings"]["steps"] == 3 and made["config"]["source_lr"] == 0.07
  [file] = [f for f in tmp_path.rglob("*.json") if f.stem.startswith("source_only")]
  source = json.loads(file.read_text())
  assert source["label"] == "source_only-evaluations=1-lr=0.07-smoothing=0.2-steps=40"
  assert source["curves"]["step"] == [40]


def test_smoothing_is_refused_where_it_would_not_reach(tmp_path):
  """It says so before anything is compiled; a method that starts from the source has it there."""
  smooth = {"output": outputs.bind("classes", smoothing=0.1), "steps": 2, "evaluations": 1}
  for name in ("osbp", "irm"):
    with pytest.raises(ValueError, match=f"{name} has a loss of labels of its own"):
      run(toy.experiment(name, **smooth), tmp_path, domains=toy.load)
  assert not list(tmp_path.rglob("*.json"))


def test_published_rows_stand_beside_recipes_on_their_tasks():
  [row] = by_recipe(SUITE)
  assert (row.beside, row.accuracy) == ("dann-recipe=paper", {"moons_turned": 90.0})
  assert row.protocol == "its own; ours by the paper's recipe"


def test_the_command_line_runs_recipes(tmp_path, capsys):
  argv = ["--seeds", "1", "--evaluations", "1", "--out", str(tmp_path), "--devices", "1"]
  assert main.benchmark(SUITE, ["dann", "--recipe", "paper", "--steps", "2", *argv], toy.named) == 0
  [file] = tmp_path.rglob("*.json")
  assert file.name == "dann-evaluations=1-recipe=paper-steps=2.json"  # on the task that has one
  made = json.loads(file.read_text())
  assert made["recipe"]["source"] == "a paper, §5" and made["config"]["settings"]["lr"] == 0.05
  suite, again = config.expanded(["--config", str(file)])
  assert suite == "toy" and again[again.index("--recipe") + 1] == "paper"
  assert main.benchmark(SUITE, ["coral", "--recipe", "paper", *argv], toy.named) == 2
  assert main.benchmark(SUITE, ["dann", "--recipe", "x", *argv], toy.named) == 2
  assert "has no recipe" in capsys.readouterr().err


@pytest.mark.parametrize(
  ("suite", "recipe"),
  [(m.SUITE, r) for m in (digits, image_clef, office31, visda2017) for r in m.SUITE.recipes],
  ids=lambda x: f"{x.method}-{x.tasks[0]}" if isinstance(x, Recipe) else x.name,
)
def test_recipes_of_suites_resolve(suite, recipe):
  assert recipe.source
  for name in recipe.tasks:
    made = resolve(suite, suite.task(name), recipe.method, recipe="paper")
    assert made.points[0].label == f"{recipe.method}-recipe=paper"
    if made.start == "source":
      assert _plain_source(made).points


def test_smoothed_labels():
  loss = outputs.bind("classes", smoothing=0.3)().loss
  logits = jnp.log(jnp.array([[0.5, 0.3, 0.2]]))
  wanted = -(0.8 * jnp.log(0.5) + 0.1 * jnp.log(0.3) + 0.1 * jnp.log(0.2))
  assert loss(logits, jnp.array([0]))[0] == pytest.approx(wanted)
  with pytest.raises(ValueError, match="smoothing is 1"):
    outputs.bind("classes", smoothing=1.0)
