"""A search: its points are one program, no target label has a say, and its record tells all of it."""

import json
import re
import sys
from typing import Annotated

import numpy as np
import pytest
import toy

from adapt import catalogue, methods, tuning
from adapt.catalogue import Range
from adapt.cli import main
from adapt.experiments import search
from adapt.experiments.place import Place
from adapt.experiments.run import run
from adapt.records import record, schema
from adapt.report import terminal
from adapt.training import dp_sgd, loop

SHORT = {"steps": 4, "evaluations": 2, "seeds": (0, 1), "given": {"layer": "features"}}


def asked(number=4, sampler="random", method="coral", **changes):
  return search.searching(toy.experiment(method, **{**SHORT, **changes}), number, sampler)


def made(experiment, out, **options):
  [made] = run(experiment, out, **{"domains": toy.few, **options}).records
  return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def found(folder):
  """The record of a random search of four points."""
  return made(asked(), folder)


@pytest.fixture(scope="module")
def tpe(tmp_path_factory):
  """The record of two rounds of TPE that nothing interrupted, and what each round compiled."""
  seconds, train = [], loop.train

  def timed(*arguments):
    [trained] = train(*arguments)
    seconds.append(trained.seconds["compile"])
    return [trained]

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(loop, "train", timed)
    made_ = made(asked(16, "tpe"), tmp_path_factory.mktemp("tpe"))
  return made_, seconds


def test_the_record_is_that_of_the_chosen_point_and_says_what_was_searched(found, tmp_path):
  told = found["search"]
  assert found["label"] == "coral+search-layer=features" and schema.record(found) is None
  assert told["ranges"] == {
    "weight": [pytest.approx(1 / 30), 30.0, "log"],
    "lr": [pytest.approx(0.01), 1.0, "log"],
  }
  assert told["candidates"][0]["hyperparameters"] == {"weight": 1.0, "lr": 0.1}  # no search at all
  scores = [c["validators"]["information_maximisation"] for c in told["candidates"]]
  accuracies = [c["accuracy"] for c in told["candidates"]]
  assert told["chosen"] == int(np.argmax(scores))
  assert told["regret"] == 100 * (max(accuracies) - accuracies[told["chosen"]])
  chosen = told["candidates"][told["chosen"]]
  config = found["config"]
  assert config["settings"]["lr"] == chosen["hyperparameters"]["lr"]
  assert np.mean(found["last"]["accuracy"]) == pytest.approx(chosen["accuracy"])
  ends = [each[-1] for each in found["validators"]["information_maximisation"]]
  assert np.mean(ends) == pytest.approx(max(scores))
  # The same as that point on its own.
  weight = chosen["hyperparameters"]["weight"]
  given, lr = {"layer": "features", "weight": weight}, config["settings"]["lr"]
  alone = made(toy.experiment("coral", **{**SHORT, "given": given, "lr": lr}), tmp_path)
  assert alone["last"] == found["last"] and alone["parameters"] == found["parameters"]


@pytest.mark.holds("labels")
def test_target_labels_do_not_choose(found, tmp_path):
  target = toy.few("turned")
  others = target._replace(
    train=target.train._replace(y=1 - target.train.y),
    test=target.test._replace(y=np.random.default_rng(0).permutation(target.test.y)),
  )
  load = {"moons": toy.few("moons"), "turned": others}.__getitem__
  there = made(asked(), tmp_path, domains=load)["search"]
  ours = found["search"]
  assert there["chosen"] == ours["chosen"]
  pairs = list(zip(there["candidates"], ours["candidates"], strict=True))
  assert all(a["validators"] == b["validators"] for a, b in pairs)
  assert any(a["accuracy"] != b["accuracy"] for a, b in pairs)


def test_the_validator_chooses(found, tmp_path):
  target = toy.few("turned")
  blind = target._replace(
    train=target.train._replace(y=None), test=target.test._replace(y=None), classes=()
  )
  load = {"moons": toy.few("moons"), "turned": blind}.__getitem__
  told = made(asked(validator="source_accuracy"), tmp_path, domains=load)["search"]
  scores = [c["validators"]["source_accuracy"] for c in told["candidates"]]
  assert told["validator"] == "source_accuracy" and told["chosen"] == int(np.argmax(scores))
  assert told["oracle"] is None and told["regret"] is None  # without target labels
  assert {c["accuracy"] for c in told["candidates"]} == {None}
  before = [c["validators"]["source_accuracy"] for c in found["search"]["candidates"]]
  assert scores == before


def test_a_search_that_is_there_is_not_made_again(found, folder):
  again = run(asked(), folder, domains=toy.few)
  assert not again.fresh and again.records == [found]
  with pytest.raises(ValueError, match=r"search.number: 4 → 5.*--force"):
    run(asked(5), folder, domains=toy.few)
  with pytest.raises(ValueError, match=r"search.validator: information_maximisation → entropy"):
    run(asked(validator="entropy"), folder, domains=toy.few)
  with pytest.raises(ValueError, match=r"search.ranges.lr"):
    run(asked(lr=0.2), folder, domains=toy.few)
  with pytest.raises(ValueError, match=r"settings.momentum"):
    run(asked(momentum=0.5), folder, domains=toy.few)


def test_rounds_of_tpe_are_one_program_and_each_learns_from_those_before(tpe):
  found, compiled = tpe
  assert compiled[0] > 0 and compiled[1:] == [0.0]
  told = found["search"]
  values = [c["hyperparameters"] for c in told["candidates"]]
  assert len(values) == 16 and len({v["lr"] for v in values}) == 16
  scores = [c["validators"]["information_maximisation"] for c in told["candidates"]]
  assert told["chosen"] == int(np.argmax(scores))
  # What a study proposes that is told otherwise.
  experiment = asked(16, "tpe")
  study = search._study(experiment)
  assert search._ask(experiment, study) == values[:8]
  search._tell(study, [-s for s in scores[:8]])
  assert search._ask(experiment, study) != values[8:]


@pytest.mark.parametrize(("minutes", "left"), [(0, [8]), (60, [6, 8])])
@pytest.mark.holds("resumed")
def test_an_interrupted_search_goes_on_in_its_round(tpe, minutes, left, tmp_path, monkeypatch):
  experiment, steps, ask = asked(16, "tpe"), [], search._ask
  with pytest.raises(toy.Crash):
    run(experiment, tmp_path, domains=toy.few, report=toy.crash_at(8), minutes=minutes)
  with pytest.raises(ValueError, match=r"search.number: 16 → 24.*--force"):
    run(asked(24, "tpe"), tmp_path, domains=toy.few)
  with monkeypatch.context() as patch:  # another optuna, say
    patch.setattr(search, "_ask", lambda *a: [{**v, "lr": 1.01 * v["lr"]} for v in ask(*a)])
    with pytest.raises(ValueError, match=r"settings.lr.*--force"):
      run(experiment, tmp_path, domains=toy.few)
  again = made(experiment, tmp_path, report=lambda step, *_: steps.append(step), minutes=minutes)
  assert steps == left
  toy.assert_same_numbers(again, tpe[0])
  assert not list(tmp_path.glob("*/*/.*"))


def test_force_forgets_the_checkpoints_of_every_round(tmp_path):
  experiment = asked(16, "tpe")
  [point] = experiment.points
  rounds = [tmp_path / f"toy/moons_turned/.{point.label}{n}.partial" for n in ("", ".2", ".3")]
  for folder in rounds:
    folder.mkdir(parents=True)
  search._discard(experiment, point, Place(tmp_path, 0.0, True))
  assert not any(folder.exists() for folder in rounds)


@pytest.mark.parametrize("lost", ["chosen", "all"])
@pytest.mark.holds("diverged")
def test_what_diverged_is_never_chosen(found, lost, tmp_path, monkeypatch):
  usual, train = found["search"]["chosen"], loop.train

  def spoilt(*arguments):
    [trained] = train(*arguments)
    first = [2 * usual] if lost == "chosen" else range(0, 8, 2)  # a candidate's first seed
    trained.past.diverged.update(dict.fromkeys(first, 3))
    return [trained]

  monkeypatch.setattr(loop, "train", spoilt)
  there = made(asked(), tmp_path)
  told = there["search"]
  assert told["candidates"][usual]["diverged"] == [0]
  assert set(told["candidates"][usual]["validators"].values()) == {None}
  if lost == "chosen":
    scores = [c["validators"]["information_maximisation"] for c in found["search"]["candidates"]]
    assert told["chosen"] == int(np.argsort(scores)[-2]) and not there["diverged"]
  else:
    assert told["chosen"] is told["oracle"] is told["regret"] is None
    assert there["diverged"] == {"0": 3} and there["config"]["hyperparameters"]["weight"] == 1.0
    [line] = terminal.searched([there])
    assert "none came to its end with a score of information_maximisation; kept weight=1" in line


def test_a_warm_start_is_that_of_the_usual_rate(tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  changes = {"given": {}, "tuning": tuning.bind("linear_probe"), "lr": 0.1}
  there = made(asked(2, method="fine_tune", **changes), tmp_path)
  assert there["label"] == "fine_tune+search+linear_probe"
  assert there["config"]["source_lr"] == 0.1 and list(there["search"]["ranges"]) == ["lr"]
  source = record.read(tmp_path / "toy/moons_turned/source_only.json")
  assert source["config"]["settings"]["lr"] == 0.1 and "search" not in source


@pytest.mark.parametrize("name", methods.names())
def test_every_method_can_be_searched(name):
  experiment = toy.experiment(name, given={})
  ranges = search.searching(experiment, 2, "random").search.ranges
  known = {p.name: p for p in catalogue.parameters(methods.get(name)) if p.kind is float}
  assert set(ranges) - {"lr"} == set(known)  # no default of 0 without a range
  for n, (low, high, _) in ranges.items():
    assert n == "lr" or low <= known[n].default <= high
  for end in (0, 1):  # a factory takes what its ranges promise
    methods.traits(name, {n: ranges[n][end] for n in known})


def plain(*, weight: float = 1.0, width: int = 3):
  """An entry without a range of its own."""


def bounded(declared):
  """An entry that declares one."""

  def entry(*, weight: Annotated[float, declared] = 0.5):
    pass

  return entry


def test_ranges_hold_the_default_and_must_be_some():
  assert search.ranges(plain, {"weight": 3.0}) == {"weight": Range(0.1, 90.0, "log")}
  assert search.ranges(plain, {"weight": 0.0}) == {}
  within = {"weight": Range(0.0, 0.9)}
  assert search.ranges(bounded(Range(0.5, 0.9)), {"weight": 0.0}) == within
  assert search.ranges(bounded(Range(0.5, 0.9, "log")), {"weight": 0.0}) == {}
  for wrong in (Range(1, 0), Range(0, 1, "log"), Range(0, 1, "square"), Range(0, np.inf)):
    with pytest.raises(ValueError, match=r"'weight' declares Range.*give low < high"):
      search.ranges(bounded(wrong), {"weight": 1.0})


CHOOSY = '''"""A method that takes not every value."""

from typing import Annotated

import jax

from adapt import methods
from adapt.catalogue import Range


def choosy(net, *, weight: Annotated[float, Range(0.0, 1.0)] = 0.5, exact: bool = False):
  """Trains on the source.

  Args:
    weight: of nothing.
    exact: whether only 0.5 will do.
  """
  if not isinstance(weight, jax.Array) and (weight < 0.3 or (exact and weight != 0.5)):
    raise ValueError("too light")
  return methods.get("source_only")(net)
'''


def test_what_a_factory_refuses_is_not_proposed(tmp_path, monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})
  (tmp_path / "choosy.py").write_text(CHOOSY)
  catalogue.add_folder("adapt.methods", str(tmp_path))
  experiment = asked(30, method="choosy", given={})
  proposed = search._ask(experiment, search._study(experiment))
  assert list(experiment.search.ranges) == ["weight", "lr"]
  assert len(proposed) == 30 and min(p["weight"] for p in proposed) >= 0.3
  monkeypatch.setattr(search, "_REFUSED", 20)
  with pytest.raises(ValueError, match=r"refuses nearly every point of a search \(too light\)"):
    asked(method="choosy", given={"exact": True})


def test_a_grid_leaves_the_best_of_what_was_swept(tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, "optuna", None)  # which it has no need of
  sweep = {"weight": (0.0, 1.0), "lr": (0.1, 0.2)}
  experiment = asked(0, "grid", sweep=sweep)
  there = made(experiment, tmp_path)
  told = there["search"]
  assert there["label"] == "coral+search-layer=features" and schema.record(there) is None
  assert told["number"] == 4 and told["sampler"] == "grid"
  assert told["ranges"] == {name: list(values) for name, values in sweep.items()}
  tried = [tuple(c["hyperparameters"].values()) for c in told["candidates"]]
  assert tried == [(0.0, 0.1), (0.0, 0.2), (1.0, 0.1), (1.0, 0.2)]
  scores = [c["validators"]["information_maximisation"] for c in told["candidates"]]
  best = int(np.argmax(scores))
  assert told["chosen"] == best
  assert there["config"]["settings"]["lr"] == tried[best][1]
  assert there["config"]["hyperparameters"]["weight"] == tried[best][0]
  swept = run(asked(0, sweep=sweep), tmp_path / "all", domains=toy.few).records
  assert there["parameters"] == swept[best]["parameters"]
  assert not run(experiment, tmp_path, domains=toy.few).fresh
  assert asked(0, "grid", method="source_only", given={}).search is None  # it has no weight
  with pytest.raises(ValueError, match=r"search.ranges.weight.*--force"):
    run(asked(0, "grid", sweep={**sweep, "weight": (0.0, 2.0)}), tmp_path, domains=toy.few)


REFUSED = [
  ({"sampler": "tpe", "number": 0}, "--sampler tpe is for a search"),
  ({"sweep": {"weight": (0.1, 1.0)}}, "--search and --sweep exclude each other"),
  ({"sampler": "tpe", "number": 12}, "give --search 16, 24 and so on"),
  ({"sampler": "tpe", "number": 8}, "give --search 16, 24 and so on"),
  ({"sampler": "grid"}, "leave out --search 4"),
  (
    {
      "sampler": "grid",
      "number": 0,
      "sweep": {"lr": (0.1, 0.2)},
      "dp": dp_sgd.parsed("noise=1,clip=1"),
      "method": "source_only",
      "given": {},
    },
    "with --dp",
  ),
  ({"lr": 0.0}, "--search looks about --lr, which is 0.0"),
  ({"dp": dp_sgd.parsed("noise=1,clip=1"), "method": "source_only", "given": {}}, "with --dp"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
@pytest.mark.holds("refused")
def test_what_has_no_meaning_is_refused(changes, message):
  with pytest.raises(ValueError, match=message):
    asked(**changes)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
  monkeypatch.setitem(sys.modules, "optuna", None)
  with pytest.raises(ValueError, match=r"--search needs optuna: pip install .*\[search"):
    asked()


def test_the_command_line(tmp_path, capsys, monkeypatch):
  monkeypatch.setenv("COLUMNS", "200")
  label = "coral+search-evaluations=2-steps=4"
  for d in map(toy.few, ("moons", "turned")):
    np.savez(tmp_path / f"{d.name}.npz", x=d.train.x, y=d.train.y, x_test=d.test.x, y_test=d.test.y)
  argv = ["run", "--source", str(tmp_path / "moons.npz"), "--target", str(tmp_path / "turned.npz")]
  argv += ["--method", "coral", "--steps", "4", "--evaluations", "2", "--seeds", "2"]
  argv += ["--devices", "1", "--out", str(tmp_path / "out"), "--search"]
  assert main.main([*argv, "3"]) == 0
  shown = " ".join(capsys.readouterr().out.split())
  there = json.loads((tmp_path / f"out/run/moons_turned/{label}.json").read_text())
  assert (
    "coral+search evaluations=2 steps=4 (2)" in shown
    and "searched 3 points of weight, lr (random): chose" in shown
  )
  assert f"target labels {there['search']['regret']:.1f} points" in shown
  assert main.main([*argv, "3"]) == 0
  assert "done before" in capsys.readouterr().err
  assert main.main([*argv, "3", "--sweep", "weight=1,2"]) == 2
  assert capsys.readouterr().err.startswith("error: --search and --sweep exclude each other")
  assert main.main([*argv[:-1], "--sampler", "grid"]) == 2
  assert "--sampler grid needs values to try: give --sweep" in capsys.readouterr().err


WRONG = [
  ("chosen", 9, "its search.chosen is 9, of 4 candidates"),
  ("oracle", "x", "its search.oracle is 'x', no whole number"),
  ("ranges", {"lr": [1]}, "its search.ranges.lr is .*, no list of 3"),
  ("candidates", [], "its search.candidates are 0, not 4"),
  ("regret", True, "its search.regret is True, no number"),
  ("validator", None, "its search.validator is None, no text"),
]


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_a_spoilt_search_is_told_by_its_place(found, key, value, message):
  wrong = schema.record({**found, "search": {**found["search"], key: value}})
  assert re.search(message, schema.said(wrong))
  assert schema.record({k: v for k, v in found.items() if k != "search"}) is None
