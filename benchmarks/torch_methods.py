"""Losses of methods in PyTorch, for the speed benchmark; hyper-parameters are ours' defaults.

A loss takes the run and a batch and gives what is minimised first, then what a script would print.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)  # dan's bandwidths, of the median squared distance
TEACHER = {"weight": 3.0, "decay": 0.99, "threshold": 0.968, "balance": 0.005, "noise": 0.1}

Losses = tuple[Any, ...]


class Batch(NamedTuple):
  """Source inputs and labels, target inputs, which of both are source, the critic's strength."""

  xs: Any
  ys: Any
  xt: Any = None
  is_source: Any = None
  strength: Any = None


class Phase(NamedTuple):
  """One update, of some of the groups of parameters."""

  loss: Callable[[Any, Batch], Losses]
  groups: tuple[int, ...] = (0,)
  repeat: int = 1


class Way(NamedTuple):
  """How a method trains."""

  phases: tuple[Phase, ...]
  groups: tuple[tuple[str, ...], ...]  # parts of the network that have an optimiser together
  after: Callable[[Any], None] = lambda run: None


def source_only(run: Any, batch: Batch) -> Losses:
  """Cross-entropy of the source."""
  _, logits = run.seen(run.scaled(batch.xs))
  return (run.label_loss(logits, batch.ys),)


def _both(run: Any, batch: Batch) -> tuple[Any, Any, Any]:
  """(features of both domains, logits, the source's label loss), in one pass."""
  features, logits = run.seen(run.scaled(run.torch.cat([batch.xs, batch.xt])))
  return features, logits, run.label_loss(logits[: len(batch.xs)], batch.ys)


def dann(run: Any, batch: Batch) -> Losses:
  """A critic of features, reversed."""
  features, _, label_loss = _both(run, batch)
  return _with_critic(run, batch, run.reverse(features.float(), batch.strength), label_loss)


def cdan(run: Any, batch: Batch) -> Losses:
  """A critic of the products of features and predictions, reversed."""
  features, logits, label_loss = _both(run, batch)
  p = logits.detach().float().softmax(1)
  reversed_ = run.reverse(features.float(), batch.strength)
  products = (p[:, :, None] * reversed_[:, None]).flatten(1)
  return _with_critic(run, batch, products, label_loss)


def _with_critic(run: Any, batch: Batch, shown: Any, label_loss: Any) -> Losses:
  # As ours: the critic is small and stays in float32.
  logits = run.parts["critic"](shown)[:, 0]
  binary = run.torch.nn.functional.binary_cross_entropy_with_logits
  domain_loss = binary(logits, batch.is_source)
  return label_loss + domain_loss, label_loss, domain_loss


def dan(run: Any, batch: Batch) -> Losses:
  """The unbiased MMD of features under five kernels around the median distance."""
  torch, n = run.torch, len(batch.xs)
  features, _, label_loss = _both(run, batch)
  features = features.float()
  lengths = (features**2).sum(1)
  squared = (lengths[:, None] + lengths - 2 * features @ features.T).clamp(min=0)
  i, j = run.pairs
  scales = squared.detach()[i, j].median() * run.multiples
  kernel = torch.exp(-squared[..., None] / scales).mean(-1)
  ss, tt, st = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
  within = sum((k.sum() - k.diagonal().sum()) / (n * (n - 1)) for k in (ss, tt))
  mmd = within - 2 * st.mean()
  return label_loss + mmd, label_loss, mmd


def _classified(run: Any, x: Any) -> tuple[Any, Any]:
  with run.precision():
    features = run.parts["body"](run.scaled(x))
    return run.parts["first"](features), run.parts["second"](features)


def _learn(run: Any, batch: Batch) -> Losses:
  return (sum(run.label_loss(logits, batch.ys) for logits in _classified(run, batch.xs)),)


def _apart(run: Any, batch: Batch) -> Any:
  first, second = (logits.float().softmax(1) for logits in _classified(run, batch.xt))
  return (first - second).abs().mean()


def _disagree(run: Any, batch: Batch) -> Losses:
  (label_loss,), apart = _learn(run, batch), _apart(run, batch)
  return label_loss - apart, apart


def mean_teacher(run: Any, batch: Batch) -> Losses:
  """Agreement of student and teacher on two views of the target; each domain its own pass."""
  torch, t = run.torch, TEACHER
  xs, one, other = (_view(run, run.scaled(x)) for x in (batch.xs, batch.xt, batch.xt))
  label_loss = run.label_loss(run.seen(xs)[1], batch.ys)
  p = run.seen(one)[1].float().softmax(1)
  with torch.no_grad():
    q = run.seen(other, run.parts["teacher"])[1].float().softmax(1)
    sure = (q.amax(1) > t["threshold"]).float()
  consistency = (((p - q) ** 2).mean(1) * sure).mean()
  mean, even = p.mean(0), 1 / p.shape[1]
  balance = -(even * (mean + 1e-6).log() + (1 - even) * (1 - mean + 1e-6).log()).sum()
  agreed = consistency + t["balance"] * balance * sure.mean()
  return label_loss + t["weight"] * agreed, label_loss, consistency


def _view(run: Any, x: Any) -> Any:
  """Images shifted by up to an eighth, each its own way, with noise."""
  torch, (b, _, h, w) = run.torch, x.shape
  most = h // 8
  padded = torch.nn.functional.pad(x, [most] * 4, mode="reflect")
  down, right = torch.randint(0, 2 * most + 1, (2, b), device=x.device)
  windows = padded.unfold(2, h, 1).unfold(3, w, 1)
  shifted = windows[torch.arange(b, device=x.device), :, down, right]
  return torch.add(shifted, torch.randn_like(shifted), alpha=TEACHER["noise"])


def _average(run: Any) -> None:
  """Moves the teacher's parameters towards the student's."""
  own = [p for name in ("body", "head") for p in run.parts[name].parameters()]
  with run.torch.no_grad():
    run.torch._foreach_lerp_(list(run.parts["teacher"].parameters()), own, 1 - TEACHER["decay"])


ALL = ("body", "head")
WAYS = {
  "source_only": Way((Phase(source_only),), (ALL,)),
  "dann": Way((Phase(dann),), ((*ALL, "critic"),)),
  "cdan": Way((Phase(cdan),), ((*ALL, "critic"),)),
  "dan": Way((Phase(dan),), (ALL,)),
  "mcd": Way(
    (Phase(_learn, (0, 1)), Phase(_disagree, (1,)), Phase(lambda r, b: (_apart(r, b),), (0,), 4)),
    (("body",), ("first", "second")),
  ),
  "mean_teacher": Way((Phase(mean_teacher),), (ALL,), _average),
}
