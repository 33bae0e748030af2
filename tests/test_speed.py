"""The speed benchmark: what it compares does the same work, and its rounds, guard and ratios are right."""

import json
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from adapt import extras
from benchmarks import machine, speed, speed_case, speed_cases, speed_ours
from benchmarks.contender import ROOT, Contender, Failed, Work, examples
from benchmarks.machine import Usage
from benchmarks.speed_case import MODULES, NO_READS, TORCH, Bar
from benchmarks.speed_networks import AMAZON, LENET, MLP, PIXELS, SPOKEN

SMALL = Work(model="mlp", shape=(6,), classes=2, examples=32, batch=8, width=16, run=10)


@pytest.fixture(scope="module")
def small():
  """A contender of our side that has taken its first steps."""
  contender = Contender(MODULES["ours"], SMALL)
  contender.ask("prepare")
  contender.ask("advance", steps=2)
  yield contender
  contender.close()


def test_sizes_of_lenet_and_its_critic():
  conv = [20, 25 * 20, 50, 25 * 20 * 50]
  dense = [500, 800 * 500, 256, 500 * 256, 10, 256 * 10]
  norm = [256, 256]
  critic = [1024, 256 * 1024, 1024, 1024 * 1024, 1, 1024, *[1024] * 4]
  expected = {"net": sorted(conv + dense + norm), "critic": sorted(critic)}
  assert speed_ours.layers(LENET._replace(examples=64)) == expected


def test_the_plain_scan_is_the_same_training(monkeypatch):
  whole = speed_ours.training(SMALL)
  advance, waited = speed_ours.plain(whole), []
  monkeypatch.setattr(jax, "block_until_ready", waited.append)
  advance(3)
  whole.advance(3)
  (params, metrics), (stacked, means) = waited
  for mine, theirs in zip(*map(jax.tree.leaves, (params, stacked)), strict=True):
    assert np.asarray(mine) == pytest.approx(np.asarray(theirs[0]), rel=1e-4, abs=1e-6)
  assert float(metrics["loss"]) == pytest.approx(float(means["loss"][0]), rel=1e-5)


def test_both_sides_are_given_inputs_of_the_works_kind():
  x, y = examples(PIXELS._replace(examples=4), 0)
  assert x.shape == (4, 88, 120, 3) and x.dtype == np.uint8
  assert y.shape == (4, 88, 120) and set(np.unique(y)) == set(range(11))
  x, y = examples(SPOKEN, 0)
  assert x.shape == (450, 32, 40, 1) and x.dtype == np.float32
  assert (np.bincount(y) == 45).all()
  zeros = [(examples(work._replace(examples=50), 0)[0] == 0).mean() for work in (AMAZON, MLP)]
  assert zeros[0] > 0.97 and zeros[1] < 0.01


@pytest.mark.parametrize("work", [PIXELS._replace(shape=(8, 8, 3)), SPOKEN])
def test_our_side_trains_pixels_and_series(work):
  whole = speed_ours.training(work._replace(examples=20, batch=2))
  before = jax.tree.map(np.asarray, whole.mapped.ts.params)
  whole.advance(1)
  changed = jax.tree.map(lambda a, b: np.abs(a - b).max(), before, whole.mapped.ts.params)
  assert whole.mapped.ts.alive.all() and max(jax.tree.leaves(changed)) > 0


def test_our_side_predicts_by_a_saved_model(monkeypatch):
  given = []
  loaded = speed_ours.load

  def watched(file):
    fitted = loaded(file)
    predict = fitted.predict
    fitted.predict = lambda x: given.append(predict(x))
    return fitted

  monkeypatch.setattr(speed_ours, "load", watched)
  handlers = speed_ours.start(SMALL._replace(method="source_only"))
  handlers["predict"](steps=2)
  assert [len(labels) for labels in given] == [32, 32]


def test_a_contender_answers_and_reports(small):
  answer = small.ask("advance", steps=2)
  assert 0 < answer.seconds < 60 and (answer.foreign is None or answer.foreign >= 0)
  assert small.ask("memory").result["peak"] > small.ask("memory").result["before"]
  assert small.ask("about").result["devices"] == 1
  assert (
    small.ask("flops").result > 2 * 16 * 6 * 100 * 2
  )  # forward and backward of the hidden layer


def test_a_contender_that_ends_is_told_with_its_last_words():
  with pytest.raises(Failed, match="no_such_module"):
    Contender("benchmarks.no_such_module", SMALL)
  dying = Contender(MODULES["ours"], SMALL._replace(model="no_such_model"))
  with pytest.raises(Failed, match="no_such_model"):
    dying.ask("prepare")
  dying.close()


def test_the_guard_sees_others():
  before = machine.usage()
  spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
  try:
    time.sleep(0.6)
    after = machine.usage()
  finally:
    spinning.kill()
    spinning.wait()
  if before.busy == after.busy:
    pytest.skip("this system does not tell")
  assert machine.foreign(before, after) > 0.2


def test_foreign_is_busy_time_less_own():
  def at(wall, own, busy):
    return Usage(wall, own, busy)

  assert machine.foreign(at(0, 0, 10), at(2, 3, 14)) == pytest.approx((4 - 3 - 0.02) / 2)
  assert machine.foreign(at(0, 0, 10), at(2, 3, 12.99)) == 0.0  # ticks are coarse
  assert machine.foreign(at(0, 0, 10), at(2, 3, 10)) is None  # nothing is counted
  assert machine.foreign(at(0, 0, None), at(2, 3, None)) is None


def test_disturbed_rounds_are_dropped_and_made_up_for():
  disturbance = [0.0, 0.5, 0.05, 0.0]
  found = machine.rounds(lambda i: ({"a": float(i)}, [0.0, disturbance[i]]), 3, limit=0.1)
  assert [r["a"] for r in found.kept] == [0.0, 2.0, 3.0] and found.dropped == [0.5]
  assert found.guarded
  never = machine.rounds(lambda i: ({"a": 1.0}, [1.0]), 2, limit=0.1, tries=3)
  assert not never.kept and len(never.dropped) == 6
  blind = machine.rounds(lambda i: ({"a": 1.0}, [None]), 2, limit=0.1)
  assert len(blind.kept) == 2 and not blind.guarded


def test_ratios_of_every_case():
  for cpu in (True, False):
    for name, case in speed_cases.cases(cpu, 1).items():
      for ratio in (*case.ratios.values(), *case.whole.values()):
        assert set(ratio.needs) <= set(case.entries), name
        assert ratio.of(dict.fromkeys(case.entries, 1.0), 10) >= 0
  cases = speed_cases.cases(True, 1)
  seconds = {"ours": 2.0, TORCH: 5.0, NO_READS: 4.0, "five seeds": 8.0}
  seconds |= {"ours, dense": 4.0, "five seeds, dense": 10.0}
  values = {n: r.of(seconds, 1) for n, r in cases["amazon"].ratios.items()}
  assert values["torch / ours"] == 2.5 and values["torch, no reads / ours"] == 2.0
  assert values["five torch runs / ours, five seeds"] == 5 * 5.0 / 8.0
  assert values["five torch runs / ours, five seeds, dense"] == 5 * 5.0 / 10.0
  assert cases["mlp"].ratios["five torch runs / ours, five seeds"].of(seconds, 1) == 25.0 / 8.0
  seconds = {f"lenet, {side}": time for side, time in (("ours", 2.0), (TORCH, 5.0))}
  assert cases["prediction"].ratios["lenet: torch / ours"].of(seconds, 1) == 2.5
  seconds = {"ours": 2.0, "8 seeds": 14.0}
  assert cases["seeds"].ratios["8 seeds / ours"].of(seconds, 1) == 7.0
  assert cases["seeds"].ratios["8 separate runs / 8 seeds"].of(seconds, 1) == 16.0 / 14.0
  seconds = {"ours": 1.0, "a run with 1": 3.0, "a run with 11": 5.0}
  each, share = cases["evaluation"].ratios.values()
  assert each.of(seconds, 100) == pytest.approx(0.2)
  assert share.of(seconds, 100) == pytest.approx(2 / (2 + 2000 / 100))
  seconds = {"a run that saves nothing": 3.0, "one that saves each time": 14.0}
  each, share = cases["checkpoint"].ratios.values()
  assert (each.of(seconds, 100), share.of(seconds, 100)) == (1.0, pytest.approx(1 / 300))


def test_bars_are_those_promised():
  cases = speed_cases.cases(True, 1)
  bars = {(c, n): r.bar.value for c, case in cases.items() for n, r in case.ratios.items() if r.bar}
  five, theirs = "five torch runs / ours, five seeds", "torch / ours"
  photographs = [f"{n}{p}" for n in ("resnet50", "efficientnet") for p in ("", "_bf16")]
  methods, seeded = ("dan", "mcd", "cdan", "mean_teacher"), ("dtn", "cnn1d", "gru")
  others = (*methods, *seeded, "mlp", "mlp_small", "unet", "resnet18", *photographs)
  predicted = [f"{n}: torch / ours" for n in ("lenet", "dtn", "mlp", "cnn1d")]
  assert bars == {
    **{(case, theirs): 1.2 for case in others},
    **{(case, five): 1.2 for case in ("lenet64", *seeded)},
    **{(case, five): 4.0 for case in ("mlp", "mlp_small", "amazon")},
    **{("prediction", name): 1.2 for name in predicted},
    ("lenet64", theirs): 1.4,
    ("lenet128", theirs): 1.5,
    ("source", theirs): 1.5,
    ("amazon", f"{five}, dense"): 2.0,
    ("checkpoint", "share of a run that saves every 5 minutes"): 0.03,
    ("seeds", "8 seeds / ours"): 8.5,
    ("devices", "sharding 1 / plain"): 1.03,
    ("devices", "pmap 1 / plain"): 1.03,
  }
  assert cases["lenet64"].share == Bar(0.6)
  assert Bar(1.5).met(1.6) and not Bar(1.5).met(1.4)
  assert Bar(1.5, at_least=False).met(1.4) and not Bar(1.5, at_least=False).met(1.6)


def test_a_case_end_to_end_without_torch(tmp_path, monkeypatch, capsys):
  case = speed_case.against_torch("small", SMALL, 2, Bar(1.0))
  case.entries["two"] = speed_case.Entry("ours", SMALL._replace(seeds=2))
  case.ratios["two / ours"] = speed_case.over("two", "ours", bar=Bar(0.0))
  case.whole["two"] = speed_case.over("two", "ours")
  monkeypatch.setattr(speed_cases, "cases", lambda cpu, there: {"small": case})
  monkeypatch.setattr(speed.importlib.util, "find_spec", lambda name: None)
  arguments = ["small", "--rounds", "2", "--foreign", "99", "--out", str(tmp_path)]
  assert speed.main(arguments) == 0
  printed = capsys.readouterr().out
  assert extras.install("bench") in printed and "ms a step" in printed
  [file] = tmp_path.glob("small.*.json")  # one a kind of processor
  made = json.loads(file.read_text())
  assert set(made["entries"]) == {"ours", "two"} and made["rounds"] == 2 and made["steps"] == 2
  assert set(made["ratios"]) == {"two / ours", "whole runs: two"}
  assert made["ratios"]["two / ours"]["met"] is True
  assert made["environment"]["versions"]["jax"] and not made["failed"]
  one, two = made["entries"]["ours"], made["entries"]["two"]
  # But for the counting of steps, which both cells share.
  assert 0 <= 2 * one["flops_of_step"] - two["flops_of_step"] <= 4 and one["flops_of_step"] > 0
  assert one["images_per_second"] == pytest.approx(16 / one["seconds_of_step"]["median"])
  rate = one["flops_of_step"] / one["seconds_of_step"]["median"]
  assert one["share_of_peak"] == pytest.approx(rate / made["matrix_peak"])
  each = made["ratios"]["two / ours"]["each"]
  steps = zip(two["seconds_of_step"]["each"], one["seconds_of_step"]["each"], strict=True)
  assert each == pytest.approx([a / b for a, b in steps])


def test_a_disturbed_case_says_so_and_a_wrong_one_is_refused(capsys):
  made = {"what": "x", "rounds": 0, "dropped": [1.0], "guarded": True, "failed": {"a": "why"}}
  entry = {"seconds_of_step": machine.spread([])}
  text = "\n".join(speed.lines("c", {**made, "entries": {"ours": entry}, "ratios": {}}))
  assert "every round was disturbed" in text and "failed: why" in text and "1 dropped" in text
  assert speed.main(["no_such_case"]) == 2
  assert "lenet64" in capsys.readouterr().err


def test_the_gpu_script_names_cases_and_what_is_missing():
  script = ROOT / "scripts" / "gpu_bench.sh"
  named = [line.split()[2] for line in script.read_text().splitlines() if line.startswith("bench ")]
  assert named and set(named) <= set(speed_cases.cases(False, 1))
  done = subprocess.run(["bash", str(script)], capture_output=True, text=True)
  assert done.returncode != 0 and "FOLDER" in done.stderr
