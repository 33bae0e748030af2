"""What is missing of an experiment, and what stands in its way, before anything is trained."""

import pytest
import toy

from adapt.data import atomic_files
from adapt.experiments import plan
from adapt.experiments.run import run
from adapt.training.devices import Layout

SHORT = {"steps": 8, "evaluations": 2}


def experiment(**changes):
  return toy.experiment("source_only", **{**SHORT, **changes})


def missing(asked, out, **options):
  return plan.plan(asked, out, options.get("force", False), toy.load).missing


@pytest.fixture(scope="module")
def made(tmp_path_factory):
  """A folder with one record, and the record."""
  out = tmp_path_factory.mktemp("made")
  return out, run(experiment(), out, domains=toy.load)


def test_a_record_that_is_there_is_not_made_again(made):
  out, first = made
  again = run(experiment(), out, domains=toy.load)
  assert first.fresh and not again.fresh
  assert first.records == again.records


def test_force_makes_it_again(made, tmp_path):
  _, first = made
  run(experiment(), tmp_path, domains=toy.load)
  forced = run(experiment(), tmp_path, domains=toy.load, force=True)
  assert forced.fresh
  assert forced.records[0]["curves"] == first.records[0]["curves"]


def test_one_of_other_settings_is_refused_with_the_difference(made):
  out, _ = made
  with pytest.raises(ValueError, match=r"settings.steps: 8 → 50.*--force.*--out"):
    missing(experiment(steps=50), out)
  assert len(missing(experiment(steps=50), out, force=True)) == 1


@pytest.mark.parametrize(
  "changes", [{"layout": Layout("seeds", 2)}, {"validator": "bnm"}, {"shots": 3}]
)
def test_what_decides_no_number_is_not_compared(made, changes):
  """Devices, who reads the scores, and labels that the method never sees."""
  out, _ = made
  assert missing(experiment(**changes), out) == []


def test_what_a_record_does_not_know_of_had_its_default(made, tmp_path):
  out, result = made
  [old] = result.records
  kept = {k: v for k, v in old["config"]["settings"].items() if k != "precision"}
  old = {**old, "config": {**old["config"], "settings": kept}}
  file = plan.file_of(
    experiment(), plan.plan(experiment(), out, False, toy.load).points[0], tmp_path
  )
  atomic_files.write_json(file, old)
  assert missing(experiment(), tmp_path) == []
  with pytest.raises(ValueError, match=r"settings.precision: f32 → bf16"):
    missing(experiment(precision="bf16"), tmp_path)


def test_a_sweep_makes_the_values_that_are_missing(tmp_path):
  swept = {"sweep": {"weight": (0.5, 2.0)}}
  one = toy.experiment("coral", **SHORT, given={"layer": "features", "weight": 0.5})
  both = toy.experiment("coral", **SHORT, given={"layer": "features"}, **swept)
  run(one, tmp_path, domains=toy.load)
  names = [point.label for point in missing(both, tmp_path)]
  assert len(names) == 1 and "weight=2" in names[0]
