"""The PyTorch side of the speed benchmark: the same networks, and losses that do what they are to."""

import functools

import numpy as np
import pytest

from benchmarks import speed_ours
from benchmarks.contender import Work
from benchmarks.speed_networks import AMAZON, DTN, LENET, MLP, PIXELS, SPOKEN, method

torch = pytest.importorskip("torch", reason="pip install 'adapt-jax[bench]'")
from benchmarks import speed_torch, torch_methods, torch_nets  # noqa: E402

SMALL = Work(model="mlp", shape=(6,), classes=2, examples=32, batch=8, width=16, run=10)
PHOTOGRAPHS = {
  name: Work(model=name, shape=(32, 32, 3), classes=31)
  for name in ("resnet18", "resnet50", "efficientnet_lite0")
}
WORKS = {"lenet": LENET, "amazon": AMAZON, "dtn": DTN, "mlp": MLP, "unet_bn": PIXELS}
WORKS |= {"cnn1d": SPOKEN, "gru": SPOKEN._replace(model="gru"), **PHOTOGRAPHS}


def of(name):
  """What a case of LeNet with this method trains."""
  return method(name).entries["ours"].work


@pytest.mark.parametrize("name", WORKS)
def test_both_sides_have_the_same_layers(name):
  work = WORKS[name]._replace(examples=16, batch=4)
  theirs, ours = torch_nets.layers(work), speed_ours.layers(work)
  if name == "gru":  # torch's has a second bias of two gates, which does nothing; and stacks gates
    assert sum(theirs.pop("net")) - sum(ours.pop("net")) == 2 * 128
  assert theirs == ours


def test_every_network_is_compared():
  assert {work.model for work in WORKS.values()} == set(torch_nets.MODELS)


@pytest.mark.parametrize("name", torch_methods.WAYS)
def test_both_sides_of_a_method_have_the_same_layers(name):
  work = of(name)._replace(examples=16, batch=4)
  assert torch_nets.layers(work) == speed_ours.layers(work)


@pytest.mark.parametrize("name", ["dann", "source_only"])
def test_both_sides_do_as_many_operations(name):
  work = LENET._replace(method=name, examples=64)
  theirs = speed_torch.Loop(work).flops()  # of products alone
  assert theirs <= speed_ours.flops(speed_ours.training(work)) <= 1.05 * theirs


@pytest.mark.parametrize("groups", [1, 6])
def test_a_convolution_costs_three_times_its_forward_pass(groups):
  layer = torch.nn.Conv2d(6, 12, 3, groups=groups, bias=False)
  x = torch.ones(2, 6, 8, 8, requires_grad=True)
  forward = 2 * (2 * 12 * 6 * 6) * (6 // groups * 9)
  assert speed_torch.counted(lambda: layer(x).sum().backward()) == 3 * forward


def test_the_torch_loop_learns_and_reverses_the_critics_gradient():
  loop = speed_torch.Loop(SMALL._replace(examples=64, ramp=1e4))
  (first,) = [p for n, p in loop.parts["body"].named_parameters() if n.endswith("1.weight")]
  batch, grads = loop.batch(), []
  for strength in (0.0, 1.0, 2.0):
    loop.opts[0].zero_grad()
    loop.eager[0](batch._replace(strength=torch.tensor(strength)))[0].backward()
    grads.append(first.grad.clone())
  of_critic = grads[1] - grads[0]
  assert of_critic.abs().max() > 1e-4
  assert torch.allclose(grads[2] - grads[0], 2 * of_critic, atol=1e-6)
  loop.opts[0].zero_grad()
  loop.eager[0](batch._replace(strength=torch.tensor(1.0)))[2].backward()
  assert torch.allclose(first.grad, of_critic, atol=1e-6)
  before = first.detach().clone()
  loop.advance(2, reads=True)
  assert loop.taken == 2 and not torch.equal(first, before)


@pytest.mark.parametrize("name", torch_methods.WAYS)
def test_every_loss_is_finite_and_moves_what_it_trains(name):
  loop = speed_torch.Loop(of(name)._replace(examples=16, batch=4))
  moved = {n: list(loop.parts[n].parameters())[-1] for g in loop.way.groups for n in g}
  before = {n: p.detach().clone() for n, p in moved.items()}
  found = loop.step(loop.losses)
  assert all(torch.isfinite(loss) for loss in found)
  assert all(not torch.equal(p, before[n]) for n, p in moved.items())


def test_the_mmd_is_ours():
  from adapt.losses import discrepancy

  loop = speed_torch.Loop(of("dan")._replace(examples=16, batch=3))  # of 15 pairs one is the middle
  features = torch.randn(6, 5)
  loop.seen = lambda x: (features, torch.zeros(6, 10))
  theirs = loop.eager[0](loop.batch())[2]
  ours = discrepancy.mmd(*np.split(features.numpy(), 2), estimate="unbiased")
  assert float(theirs) == pytest.approx(float(ours), abs=1e-5)


def test_mcds_steps_move_their_own_parts():
  loop = speed_torch.Loop(of("mcd")._replace(examples=16, batch=4))
  groups = {}
  for i, opt in enumerate(loop.opts):
    opt.step = functools.partial(groups.setdefault("order", []).append, i)
  loop.step(loop.losses)
  assert groups["order"] == [0, 1, 1, 0, 0, 0, 0]
  assert all(p.requires_grad == (i == 0) for i, g in enumerate(loop.groups) for p in g)


def test_the_teacher_follows_by_a_hundredth():
  loop = speed_torch.Loop(of("mean_teacher")._replace(examples=16, batch=4))
  own, taught = (next(iter(p["body"].parameters())) for p in (loop.parts, loop.parts["teacher"]))
  before = own.detach().clone()
  assert torch.equal(taught, before)
  loop.step(loop.losses)
  assert torch.allclose(taught - before, 0.01 * (own.detach() - before), atol=1e-7)


@pytest.mark.parametrize("work", [LENET, SPOKEN, MLP])
def test_predictions_are_one_a_row(work):
  loop = speed_torch.Loop(work._replace(examples=300, batch=4))
  images = speed_torch.examples(loop.work, 2)[0]
  found = loop.predict(images)
  assert found.shape == (300,)
  assert np.array_equal(found[280:], loop.predict(images[280:]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it traces
def test_a_gpus_loop_compiles_whole_and_once():
  loop = speed_torch.Loop(SMALL)
  counters = torch._dynamo.utils.counters
  counters.clear()
  compiled = torch.compile(loop.eager[0], backend="aot_eager", fullgraph=True)
  for _ in range(3):  # λ and the batch differ
    loop.step([compiled])
  assert counters["stats"]["unique_graphs"] == 1
