"""Orders of a stream: inputs of each batch, and resets.

They are made on the host.
"""

from typing import NamedTuple

import numpy as np

KINDS = ("iid", "continual", "gradual", "mixed", "correlated", "episodic")
SEVERITIES = 5


class Order(NamedTuple):
  """A stream over a pool.

  Its domain d begins at row d · n.
  """

  rows: np.ndarray  # [t, b] int32, rows of the pool
  reset: np.ndarray  # [t] bool, whether the method starts again before this batch


def make(
  kind: str,
  labels: np.ndarray,
  domains: int,
  batch: int,
  seed: int,
  *,
  concentration: float = 0.1,
  rounds: int = 1,
) -> Order:
  """An order of a stream over domains of the same n examples.

  - iid: one domain after another, shuffled, the method starting again at each.
  - continual: the same without starting again (Wang et al., 2022, arXiv:2203.13591).
  - gradual: the severity of each domain rises from 1 to 5 and falls again; the pool then holds five
    severities of each domain, at d · 5 + severity - 1.
  - mixed: all domains shuffled together.
  - correlated: continual, with classes in blocks (Yuan et al., 2023, arXiv:2303.13899).
  - episodic: continual, the method starting again at every batch.

  Labels order the correlated stream, as a camera's scene would; no method sees them. Examples of a
  domain that do not fill its last batch are left out. The order of domains is drawn, too.

  Args:
    kind: one of KINDS.
    labels: [n] classes of a domain's examples.
    domains: how many.
    batch: examples in a batch.
    seed: of everything drawn.
    concentration: of the Dirichlet distribution over time; the smaller, the longer a class's blocks.
    rounds: how often all domains come, each time in the same order.

  Raises:
    ValueError: an unknown kind, or a batch larger than a domain.
  """
  if kind not in KINDS:
    raise ValueError(f"no stream '{kind}': choose from {', '.join(KINDS)}")
  n = len(labels)
  if not 1 <= batch <= n:
    raise ValueError(f"a batch of {batch} does not fit domains of {n} examples: set 1 to {n}")
  rng = np.random.default_rng(seed)
  shown = rng.permutation(domains)
  if kind == "gradual":
    tour = [*range(SEVERITIES), *reversed(range(SEVERITIES - 1))]
    shown = np.array([d * SEVERITIES + s for d in shown for s in tour])
  shown = np.tile(shown, rounds)
  parts = []
  for d in shown:
    ours = blocks(labels, concentration, rng) if kind == "correlated" else rng.permutation(n)
    parts.append(d * n + ours)
  if kind == "mixed":
    rows = rng.permutation(np.concatenate(parts))
    rows = rows[: len(rows) // batch * batch].reshape(-1, batch)
    return Order(rows.astype(np.int32), np.zeros(len(rows), bool))
  each = n // batch
  rows = np.concatenate([p[: each * batch].reshape(each, batch) for p in parts])
  reset = np.zeros(len(rows), bool)
  reset[:: {"iid": each, "episodic": 1}.get(kind, len(rows))] = True
  return Order(rows.astype(np.int32), reset)


def blocks(labels: np.ndarray, concentration: float, rng: np.random.Generator) -> np.ndarray:
  """A permutation [n] in which classes come in blocks.

  Time is cut into as many slots as there are classes; each class spreads over the slots by a draw of
  a Dirichlet distribution, and within a slot its classes come one after another.
  """
  classes = np.unique(labels)
  slots: list[list[np.ndarray]] = [[] for _ in classes]
  for c in classes:
    ours = rng.permutation(np.flatnonzero(labels == c))
    shares = rng.dirichlet(np.full(len(classes), concentration))
    cuts = np.round(np.cumsum(shares)[:-1] * len(ours)).astype(int)
    for slot, part in zip(slots, np.split(ours, cuts), strict=True):
      slot.append(part)
  return np.concatenate([slot[i] for slot in slots for i in rng.permutation(len(slot))])
