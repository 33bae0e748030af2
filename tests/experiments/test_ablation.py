"""The way from a suite's settings to a recipe: what its steps are, and in which order."""

import toy

from adapt.experiments import ablation
from adapt.experiments.recipe import Recipe

CHANGES = {"ramp": 5.0, "passes": "separate", "width": 8, "steps": 20, "lr": 0.05, "model": "mlp"}
DANN = Recipe("dann", ("moons_turned",), "a paper", CHANGES)
SUITE = toy.SUITE._replace(recipes=(DANN,), defaults={"dann": {"ramp": 2.0}})


def test_one_group_after_the_other_from_the_suite_to_the_recipe():
  made = ablation.steps(SUITE, DANN, "moons_turned")
  assert [step.name for step in made] == ["suite", "rate", "budget", "head", "pass", "method"]
  assert made[0].changes == made[0].new == {} and {step.task for step in made} == {"moons_turned"}
  assert made[3].changes == {"lr": 0.05, "steps": 20, "width": 8}  # the model is the suite's
  assert made[3].new == {"width": (1024, 8)} and made[5].new == {"ramp": (2.0, 5.0)}
  assert [step.recipe for step in made] == ["suite"] * 5 + ["paper"] and made[5].changes == {}


def test_what_the_user_sets_is_the_same_in_all():
  made = ablation.steps(SUITE, DANN, "moons_turned", {"steps", "ramp"})
  assert [step.name for step in made] == ["suite", "rate", "head", "pass"]
  assert made[-1].recipe == "paper"


def test_data_framed_otherwise_come_first_and_the_source_model_last():
  recipe = Recipe("tent", ("moons_turned",), "a file", {"lr": 0.01}, {"lr": 0.1, "smoothing": 0.1})
  suite = SUITE._replace(variants={"moons_turned": ("moons_tilted_turned", "framing")})
  made = ablation.steps(suite, recipe, "moons_turned")
  assert [step.name for step in made] == ["suite", "framing", "rate", "source model"]
  assert [step.task for step in made] == ["moons_tilted_turned"] + ["moons_turned"] * 3
  assert made[3].new == {"lr": (0.01, 0.1), "smoothing": (0.0, 0.1)} and made[3].recipe == "paper"
  assert made[2].changes == {"lr": 0.01} and made[2].recipe == "suite"
