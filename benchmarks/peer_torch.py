"""DANN as users of PyTorch's libraries run it: skada, pytorch-adapt and TLlib.

Every run is the work of ours as far as the libraries' public interfaces go: the same network layer
for layer, Nesterov's SGD and its schedule, λ and its ramp, steps and batches. Where they differ:
pytorch-adapt sees each domain in a pass of its own, so batch norm has two sets of statistics a step.
TLlib's name on PyPI is its first one, dalib, whose release of 2020 has the loss, its discriminator
and its reversal; the loop around them is to be written by a user.
"""

import itertools
import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks import peer_runs
from benchmarks.contender import Work
from benchmarks.peer_runs import Arrays, Peer
from benchmarks.torch_nets import networks

_BLOCK = 256  # test inputs that are predicted at once


def _started(work: Work, arrays: Arrays, seed: int) -> tuple[Any, Any, tuple[Any, ...]]:
  """(torch, the network's parts, source inputs and labels and target inputs), at that seed."""
  import torch

  torch.manual_seed(seed)
  np.random.seed(seed)
  tensors = (_moved(torch.from_numpy(x)) for x in (arrays.xs, arrays.xt))
  xs, xt = tensors
  return torch, networks(work), (xs, torch.from_numpy(arrays.ys.astype(np.int64)), xt)


def _moved(x: Any) -> Any:
  """Inputs with their channels where torch wants them."""
  return x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x


def _sgd(work: Work) -> dict[str, Any]:
  return {"lr": work.lr, "momentum": 0.9, "weight_decay": work.weight_decay, "nesterov": True}


def _predicted(torch: Any, body: Any, head: Any, x: np.ndarray) -> np.ndarray:
  """Classes of inputs, block by block."""
  body.eval(), head.eval()
  inputs = _moved(torch.from_numpy(x))
  with torch.no_grad():
    found = [head(body(block)).argmax(1) for block in inputs.split(_BLOCK)]
  return np.asarray(torch.cat(found))


def skada(work: Work, arrays: Arrays, seed: int) -> np.ndarray:
  """Its DANN, a net of skorch's; λ, the rate and the number of steps by callbacks."""
  torch, parts, (xs, ys, xt) = _started(work, arrays, seed)
  from skada.deep import DANN
  from skorch.callbacks import LRScheduler

  each = max(len(xs), len(xt)) // work.batch  # steps of an epoch
  rate = LRScheduler(
    torch.optim.lr_scheduler.LambdaLR,
    lr_lambda=lambda taken: peer_runs.decay(work, taken),
    step_every="batch",
  )
  net = DANN(
    _classifier(torch, parts),
    layer_name="body",
    reg=0.5,  # it adds both domains' means, ours is their mean
    domain_classifier=_reversed_critic(torch, parts["critic"]),
    domain_criterion=torch.nn.BCEWithLogitsLoss(),
    train_split=None,
    optimizer=torch.optim.SGD,
    **{name if name == "lr" else f"optimizer__{name}": v for name, v in _sgd(work).items()},
    batch_size=work.batch,
    max_epochs=math.ceil(work.run / each),
    callbacks=[("rate", rate), ("steps", _steps(work))],
    verbose=0,
  )
  x = torch.cat([xs, xt]).numpy()
  y = torch.cat([ys, torch.full((len(xt),), -1)]).numpy()  # as skada hides labels of a target
  net.fit(x, y, sample_domain=np.repeat([1, -2], [len(xs), len(xt)]))
  test = _moved(torch.from_numpy(arrays.x_test)).numpy()
  return np.asarray(net.predict(test, sample_domain=np.full(len(test), -2)))


def _classifier(torch: Any, parts: Any) -> Any:
  """The network as skada calls it, with weights of examples that it does without."""

  class Classifier(torch.nn.Sequential):
    def forward(self, x: Any, sample_weight: Any = None) -> Any:
      return super().forward(x)

  return Classifier(OrderedDict(body=parts["body"], head=parts["head"]))


def _reversed_critic(torch: Any, critic: Any) -> Any:
  """The critic behind skada's gradient reversal, whose strength a callback sets."""
  from skada.deep.modules import GradientReversalLayer

  class Reversed(torch.nn.Module):
    def __init__(self) -> None:
      super().__init__()
      self.critic, self.strength = critic, 0.0

    def forward(self, x: Any, sample_weight: Any = None) -> Any:
      return self.critic(GradientReversalLayer.apply(x, self.strength)).flatten()

  return Reversed()


def _steps(work: Work) -> Any:
  """Moves λ before each step, and ends training after the last, as skorch's early stopping does."""
  from skorch.callbacks import Callback

  class Steps(Callback):
    taken = 0

    def on_batch_begin(self, net: Any, batch: Any = None, training: bool = False, **_: Any) -> None:
      if training and self.taken == work.run:
        raise KeyboardInterrupt
      net.module_.domain_classifier_.strength = peer_runs.ramp(work, self.taken)
      self.taken += int(training)

  return Steps()


def pytorch_adapt(work: Work, arrays: Arrays, seed: int) -> np.ndarray:
  """Its DANN adapter and data loaders in a loop of our own, as its examples without a framework."""
  torch, parts, (xs, ys, xt) = _started(work, arrays, seed)
  from pytorch_adapt.adapters import DANN
  from pytorch_adapt.containers import LRSchedulers, Models, Optimizers
  from pytorch_adapt.datasets import (
    CombinedSourceAndTargetDataset,
    DataloaderCreator,
    SourceDataset,
    TargetDataset,
  )
  from pytorch_adapt.hooks import FeaturesForDomainLossHook, GradientReversalHook
  from pytorch_adapt.weighters import MeanWeighter

  reversal = GradientReversalHook(apply_to=FeaturesForDomainLossHook().out_keys)
  source = SourceDataset(torch.utils.data.TensorDataset(xs, ys))
  both = CombinedSourceAndTargetDataset(source, TargetDataset(xt))
  loader = DataloaderCreator(batch_size=work.batch)(train=both)["train"]
  critic = torch.nn.Sequential(parts["critic"], torch.nn.Flatten(0))
  rate = {"lr_lambda": lambda taken: peer_runs.decay(work, taken)}
  names = ["G", "C", "D"]
  adapter = DANN(
    models=Models({"G": parts["body"], "C": parts["head"], "D": critic}),
    optimizers=Optimizers((torch.optim.SGD, _sgd(work)), keys=names),
    lr_schedulers=LRSchedulers((torch.optim.lr_scheduler.LambdaLR, rate), keys=names),
    hook_kwargs={
      "gradient_reversal": reversal,
      # The mean of three losses, of which ours weighs the critic's two by a half.
      "weighter": MeanWeighter(
        weights={"src_domain_loss": 0.5, "target_domain_loss": 0.5}, scale=3
      ),
    },
  )
  for taken, batch in enumerate(itertools.islice(_forever(loader), work.run)):
    reversal.fn.update_weight(peer_runs.ramp(work, taken))
    adapter.training_step(batch)
    adapter.lr_schedulers.step("per_step")
  return _predicted(torch, adapter.models["G"], adapter.models["C"], arrays.x_test)


def _forever(loader: Any) -> Iterator[Any]:
  while True:
    yield from loader


def tllib(work: Work, arrays: Arrays, seed: int) -> np.ndarray:
  """Its loss, discriminator and reversal; the loop is ours, with losses read at each step."""
  torch, parts, (xs, ys, xt) = _started(work, arrays, seed)
  # The release of 2020 asks NumPy for a name that it dropped in 1.24: the only thing in its way.
  np.float = float  # type: ignore[attr-defined]
  from dalib.adaptation.dann import DomainAdversarialLoss
  from dalib.modules.domain_discriminator import DomainDiscriminator
  from dalib.modules.grl import WarmStartGradientReverseLayer

  features = parts["head"].in_features
  if work.depth == 2:
    critic = DomainDiscriminator(features, work.width)
  else:
    critic = torch.nn.Sequential(parts["critic"], torch.nn.Sigmoid())
  adversary = DomainAdversarialLoss(critic)
  adversary.grl = WarmStartGradientReverseLayer(
    alpha=work.ramp, hi=work.weight, max_iters=work.run, auto_step=True
  )
  body, head = parts["body"], parts["head"]
  parameters = [p for m in (body, head, critic) for p in m.parameters()]
  optimizer = torch.optim.SGD(parameters, **_sgd(work))
  rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda taken: peer_runs.decay(work, taken))
  data = torch.utils.data
  loaders = (
    data.DataLoader(data.TensorDataset(*t), work.batch, shuffle=True, drop_last=True)
    for t in ((xs, ys), (xt,))
  )
  batches = zip(*map(_forever, loaders), strict=True)
  for (x, y), (x_target,) in itertools.islice(batches, work.run):
    f = body(torch.cat([x, x_target]))
    logits = head(f)
    label_loss = torch.nn.functional.cross_entropy(logits[: len(x)], y)
    domain_loss = adversary(f[: len(x)], f[len(x) :])
    loss = label_loss + domain_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    rate.step()
    loss.item(), domain_loss.item()  # a script's meters
  return _predicted(torch, body, head, arrays.x_test)


PEERS = {
  "skada": Peer(skada, ("skada.deep",), ("skada", "skorch", "torch")),
  "pytorch-adapt": Peer(pytorch_adapt, ("pytorch_adapt.adapters",), ("pytorch-adapt", "torch")),
  "TLlib": Peer(tllib, ("dalib.adaptation.dann",), ("dalib", "torch")),
}

if __name__ == "__main__":
  peer_runs.main(PEERS)
