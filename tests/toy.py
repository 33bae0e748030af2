"""Toy domains for tests: moons and turned moons, the example of the DANN paper; and how to run on them."""

import numpy as np

from adapt.data import Domain, Split
from adapt.request import Request
from adapt.suite import Settings, Suite, Task


def moons(n: int, degrees: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Two interleaved half circles [n, 2], rotated about their centre (Ganin et al., 2016, §5.1.1)."""
  rng = np.random.default_rng(seed)
  y = (np.arange(n) % 2).astype(np.int32)
  angle = rng.uniform(0, np.pi, n)
  upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
  lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
  x = np.where(y[:, None] == 0, upper, lower) - [0.5, 0.25] + rng.normal(0, 0.08, (n, 2))
  turn = np.deg2rad(degrees)
  x = x @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
  return (2 * x).astype(np.float32), y


def domain(name: str, degrees: float) -> Domain:
  """Moons at an angle: 320 training and 400 test points."""
  seed = sum(map(ord, name))
  train, test = moons(320, degrees, seed), moons(400, degrees, seed + 1)
  return Domain(name, Split(*train), Split(*test), ("upper", "lower"))


MOONS, TURNED = domain("moons", 0), domain("turned", 35)
TASK = Task("moons_turned", ("moons",), "turned")
SETTINGS = Settings(
  model="mlp",
  steps=800,
  batch_size=32,
  lr=0.1,
  weight_decay=0.0,
  schedule="constant",
  evaluations=4,
  shots=10,
)
SUITE = Suite("toy", (TASK,), SETTINGS, "moons to turned moons")

# Small critics, and the weight at which CORAL has something to say on moons.
GIVEN: dict[str, dict] = {
  "dann": {"width": 32, "depth": 1},
  "coral": {"layer": "features", "weight": 300.0},
}


def request(method: str, **changes) -> Request:
  """A request on the moons with three seeds; changes of settings or of the request by name."""
  settings = {k: v for k, v in changes.items() if k in Settings._fields}
  others = {k: v for k, v in changes.items() if k not in settings}
  others.setdefault("given", GIVEN.get(method, {}))
  asked = Request(SUITE, TASK, method, SETTINGS._replace(**settings), (0, 1, 2))
  return asked._replace(**others)


def load(name: str) -> Domain:
  """The toy domain of that name."""
  return {d.name: d for d in (MOONS, TURNED)}[name]
