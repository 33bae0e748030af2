"""The speed benchmark: what it compares does the same work, and its rounds, guard and ratios are right."""

import importlib.util
import json
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from adapt import extras
from benchmarks import machine, speed, speed_cases, speed_ours
from benchmarks.contender import ROOT, Contender, Failed, Work
from benchmarks.machine import Usage
from benchmarks.speed_cases import AMAZON, LENET, NO_READS, TORCH, Bar

SMALL = Work(model="mlp", shape=(6,), classes=2, examples=32, batch=8, width=16, run=10)
needs_torch = pytest.mark.skipif(
  importlib.util.find_spec("torch") is None, reason="pip install 'adapt-jax[bench]'"
)


@pytest.fixture(scope="module")
def small():
  """A contender of our side that has taken its first steps."""
  contender = Contender(speed_cases.MODULES["ours"], SMALL)
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


@needs_torch
@pytest.mark.parametrize("model", ["lenet", "amazon", "resnet50", "efficientnet_lite0"])
def test_both_sides_have_the_same_layers(model):
  from benchmarks import torch_nets

  known = {"lenet": LENET, "amazon": AMAZON}
  photographs = Work(model=model, shape=(32, 32, 3), classes=31)
  work = known.get(model, photographs)._replace(examples=16, batch=4)
  assert torch_nets.layers(work) == speed_ours.layers(work)


@needs_torch
@pytest.mark.parametrize("method", ["dann", "source_only"])
def test_both_sides_do_as_many_operations(method):
  from benchmarks import speed_torch

  work = LENET._replace(method=method, examples=64)
  theirs = speed_torch.Loop(work).flops()  # of products alone
  assert theirs <= speed_ours.flops(speed_ours.training(work)) <= 1.05 * theirs


@needs_torch
@pytest.mark.parametrize("groups", [1, 6])
def test_a_convolution_costs_three_times_its_forward_pass(groups):
  import torch

  from benchmarks import speed_torch

  layer = torch.nn.Conv2d(6, 12, 3, groups=groups, bias=False)
  x = torch.ones(2, 6, 8, 8, requires_grad=True)
  forward = 2 * (2 * 12 * 6 * 6) * (6 // groups * 9)
  assert speed_torch.counted(lambda: layer(x).sum().backward()) == 3 * forward


@needs_torch
def test_the_torch_loop_learns_and_reverses_the_critics_gradient():
  from benchmarks import speed_torch

  loop = speed_torch.Loop(SMALL._replace(examples=64, ramp=1e4))
  batch = loop.xs[:8], loop.ys[:8], loop.xt[:8], loop.is_source
  (first,) = [p for n, p in loop.parts["body"].named_parameters() if n.endswith("0.weight")]
  grads = []
  for strength in (0.0, 1.0, 2.0):
    loop.opt.zero_grad()
    loop.eager(*batch, loop.torch.tensor(strength))[0].backward()
    grads.append(first.grad.clone())
  of_critic = grads[1] - grads[0]
  assert of_critic.abs().max() > 1e-4
  assert loop.torch.allclose(grads[2] - grads[0], 2 * of_critic, atol=1e-6)
  loop.opt.zero_grad()
  loop.eager(*batch, loop.torch.tensor(1.0))[2].backward()
  assert loop.torch.allclose(first.grad, of_critic, atol=1e-6)
  before = first.detach().clone()
  loop.advance(2, reads=True)
  assert loop.taken == 2 and not loop.torch.equal(first, before)


@needs_torch
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it traces
def test_a_gpus_loop_compiles_whole_and_once():
  from benchmarks import speed_torch

  loop = speed_torch.Loop(SMALL)
  counters = loop.torch._dynamo.utils.counters
  counters.clear()
  compiled = loop.torch.compile(loop.eager, backend="aot_eager", fullgraph=True)
  for _ in range(3):  # λ and the batch differ
    loop.step(compiled)
  assert counters["stats"]["unique_graphs"] == 1


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
  dying = Contender(speed_cases.MODULES["ours"], SMALL._replace(model="no_such_model"))
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
  assert bars == {
    ("lenet64", "torch / ours"): 1.4,
    ("lenet128", "torch / ours"): 1.5,
    ("source", "torch / ours"): 1.5,
    ("amazon", "five torch runs / ours, five seeds"): 4.0,
    ("amazon", "five torch runs / ours, five seeds, dense"): 2.0,
    ("checkpoint", "share of a run that saves every 5 minutes"): 0.03,
    ("seeds", "8 seeds / ours"): 8.5,
    ("devices", "sharding 1 / plain"): 1.03,
    ("devices", "pmap 1 / plain"): 1.03,
  }
  assert cases["lenet64"].share == Bar(0.6)
  assert Bar(1.5).met(1.6) and not Bar(1.5).met(1.4)
  assert Bar(1.5, at_least=False).met(1.4) and not Bar(1.5, at_least=False).met(1.6)


def test_a_case_end_to_end_without_torch(tmp_path, monkeypatch, capsys):
  case = speed_cases.against_torch("small", SMALL, 2, Bar(1.0))
  case.entries["two"] = speed_cases.Entry("ours", SMALL._replace(seeds=2))
  case.ratios["two / ours"] = speed_cases.over("two", "ours", bar=Bar(0.0))
  case.whole["two"] = speed_cases.over("two", "ours")
  monkeypatch.setattr(speed_cases, "cases", lambda cpu, there: {"small": case})
  monkeypatch.setattr(speed.importlib.util, "find_spec", lambda name: None)
  arguments = ["small", "--rounds", "2", "--foreign", "99", "--out", str(tmp_path)]
  assert speed.main(arguments) == 0
  printed = capsys.readouterr().out
  assert extras.install("bench") in printed and "ms a step" in printed
  made = json.loads((tmp_path / "small.json").read_text())
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
