"""Every flag of every command with values at random: each works, or one line says why not."""

import argparse

import fuzzing
import pytest
import toy
from fuzzing import Tally, fuzz
from hypothesis import strategies as st

from adapt import catalogue, methods, tuning, weights
from adapt.cli import flags, main
from adapt.cli.command import Parser
from adapt.experiments.suite import Suite
from adapt.training.settings import Settings

SPECIAL = {
  "--classes": [
    "2/0/0",
    "1/1/0",
    "1/0/1",
    "1/0/99999999999",
    "99999999999/0/0",
    "1/2",
    "a/b/c",
    "٣/0/0",
  ],
  "--sweep": [
    "lr=0.1,1",
    "weight=0.1,1",
    "=1,2",
    "lr",
    "lr=",
    "lr=1,1",
    "lr=nan,1",
    "weight=inf,1",
    "width=1,2",
    "no=1,2",
    "lr=" + ",".join(map(str, range(3000))),
  ],
  "--dp": [
    "noise=1,clip=1",
    "noise=0,clip=1",
    "noise=1",
    "clip=1,noise=1,delta=2",
    "noise=1,clip=1,x=1",
    "noise=nan,clip=1",
    "noise=1e-300,clip=1",
    "noise=1e300,clip=1",
    "noise=1,clip=1,delta=1e-300",
    "=,=",
  ],
  "--optimizer": ["sgd", "adam"],
  "--schedule": ["inverse", "cosine", "constant"],
  "--precision": ["f32", "bf16"],
  "--model": ["mlp", "lenet", "resnet50", "vit_b16", "minilm", "top", "gru", "normed"],
  "--augment": ["crop", "centre", "jitter"],
  "--freeze": ["none", "norm", "backbone"],
  "--pretrained": ["resnet50", "minilm", "efficientnet_lite0"],
  "--weights": list(weights.names()),
  "--tuning": list(tuning.names()),
  "--feed": ["device", "stream"],
  "--parallel": ["sharding", "pmap"],
  "--validator": ["entropy", "oracle"],
  "--wandb": ["on"],
  "--coordinator": ["auto", "host", "127.0.0.1:1", ":", "host:99999"],
}
METHODS = st.sampled_from(
  ["dann"] * 9 + ["source_only", "shot", "weighted", "osbp", "mdan", "all", "vada", "no", ""]
)


@pytest.fixture(autouse=True)
def no_training(monkeypatch, tmp_path):
  fuzzing.stay_in(tmp_path, monkeypatch)


def general():
  """Every flag that all runs have, and what argparse knows of it."""
  parser = Parser(prog="x")
  flags._add_running(parser.add_argument_group("running"))
  flags._add_settings(parser.add_argument_group("training"), Settings())
  found = {}
  for action in parser._actions:
    found |= {option: action for option in action.option_strings if option.startswith("--")}
  return {k: v for k, v in found.items() if k not in ("--help", "--out")}


def own(package, name, prefix=""):
  """The flags of one method, weighting or tuning."""
  found = catalogue.parameters(package.get(name))
  return {f"--{prefix}{p.name.replace('_', '-')}": p for p in found}


GENERAL = general()
OWN_FLAGS = {name: own(methods, name) for name in methods.names()}


def values_of(flag):
  special = SPECIAL.get(flag, [])
  return [*special, *special, *special, *fuzzing.NUMBERS, *fuzzing.NUMBERS, *fuzzing.TEXTS]


@st.composite
def asked(draw, method=None, most=3):
  """Some flags, of which a method's own are there, with values of any kind."""
  chosen = []
  of_it = {n: None for n, p in OWN_FLAGS.get(method, {}).items() if p.kind is not bool}
  names = st.sampled_from([*GENERAL, *of_it, *of_it, *sorted(SPECIAL), "--no-such-flag"])
  for flag in draw(st.lists(names, min_size=1, max_size=draw(st.sampled_from([1, 1, most])))):
    action = GENERAL.get(flag)
    if action is not None and action.nargs == 0:
      no = isinstance(action, argparse.BooleanOptionalAction) and draw(st.booleans())
      chosen.append(f"--no-{flag[2:]}" if no else flag)
      continue
    chosen += [flag, draw(st.sampled_from(values_of(flag)))]
    if draw(st.sampled_from([False] * 9 + [True])):
      chosen.pop()
  return chosen


@pytest.mark.holds("fuzzed")
def test_run(tmp_path, capsys):
  tally, pair, out = Tally(), fuzzing.pair(tmp_path), tmp_path / "out"
  both = METHODS.flatmap(lambda method: st.tuples(st.just(method), asked(method)))

  @fuzz("run", both)
  def case(drawn):
    method, chosen = drawn
    tally.command(capsys, lambda: fuzzing.run(*pair, out, "--method", method, *chosen), out)

  tally.done("run")


@pytest.mark.holds("fuzzed")
def test_every_flag(tmp_path, capsys):
  """Each flag there is, of each method, weighting and tuning too, with what it cannot mean."""
  tally, pair, out = Tally(), fuzzing.pair(tmp_path), tmp_path / "out"
  usual = ["--shots", "1", "--method"]
  cases = [["dann", flag, value] for flag in GENERAL for value in ("text", "-1")]
  cases += [[*usual, name, f, "nan"] for name, flags in OWN_FLAGS.items() for f in flags]
  for package, kind in ((weights, "weights"), (tuning, "tuning")):
    for name in package.names():
      found = own(package, name, f"{kind}-")
      cases += [[*usual, "weighted", f"--{kind}", name, f, "text"] for f in found]
  for case in cases:
    argv = case if "--method" in case else ["--method", *case]
    tally.command(capsys, lambda argv=argv: fuzzing.run(*pair, out, *argv), out)
  tally.done("every flag")


@pytest.mark.holds("fuzzed")
def test_suite(tmp_path, capsys, monkeypatch):
  """A benchmark's own flags, and where its data lies."""
  monkeypatch.setattr("adapt.data.load", lambda name, data_dir=None: toy.load(name))
  tally, out = Tally(), tmp_path / "out"
  suite = Suite("toy", (toy.TASK, toy.SEVERAL, toy.OPEN), toy.SETTINGS, "moons")
  tasks = st.lists(st.sampled_from(["moons_turned", "blobs_open", "no", ""]), max_size=2)

  @fuzz("suite", st.tuples(st.lists(METHODS, max_size=2), tasks, asked(most=2)))
  def case(drawn):
    names, chosen_tasks, chosen = drawn
    task = ["--task", *chosen_tasks] if chosen_tasks else []
    argv = [*names, *task, "--devices", "1", "--out", str(out), *chosen]
    tally.command(capsys, lambda: main.benchmark(suite, argv), out)

  tally.done("suite")


def test_no_flag_of_any_method_clashes_with_those_of_a_run(tmp_path):
  with pytest.raises(fuzzing.Trained):
    fuzzing.run(*fuzzing.pair(tmp_path), tmp_path / "out", "--method", "all")
