"""The network of two_norms, its losses' gradients and Adam in NumPy and double precision."""

import numpy as np
from scipy.special import log_softmax, softmax


def double(tree):
  return {n: double(v) if isinstance(v, dict) else np.asarray(v, float) for n, v in tree.items()}


def run(params, stats, x, source=0.0, weights=None):
  """Features, logits, and what `back` needs; the statistics of the batch are in it, too."""
  b = len(x)
  w = np.full(b, 1 / b) if weights is None else np.asarray(weights, float) / np.sum(weights)
  h, tape = np.asarray(x, float), {"weights": w, "source": source}
  for i in ("1", "2"):
    z = h @ params[f"dense{i}"]["kernel"] + params[f"dense{i}"]["bias"]
    own = w @ z, w @ (z - w @ z) ** 2
    kept = stats[f"norm{i}"]["mean"], stats[f"norm{i}"]["var"]
    mean, var = (source * k + (1 - source) * o for k, o in zip(kept, own, strict=True))
    unit = (z - mean) / np.sqrt(var + 1e-5)
    y = unit * params[f"norm{i}"]["scale"] + params[f"norm{i}"]["bias"]
    tape[i] = h, z, own, mean, var, unit, y
    h = np.maximum(y, 0)
  tape["features"] = h
  return h, h @ params["head"]["kernel"] + params["head"]["bias"], tape


def observed(tape):
  return {f"norm{i}": dict(zip(("mean", "var"), tape[i][2], strict=True)) for i in ("1", "2")}


def back(params, tape, d_logits, d_features=0.0):
  """Gradients in all parameters, from those in logits and features."""
  found = {"head": {"kernel": tape["features"].T @ d_logits, "bias": d_logits.sum(0)}}
  d = d_logits @ params["head"]["kernel"].T + d_features
  w, source = tape["weights"][:, None], tape["source"]
  for i in ("2", "1"):
    h, z, own, mean, var, unit, y = tape[i]
    d = d * (y > 0)
    found[f"norm{i}"] = {"scale": (d * unit).sum(0), "bias": d.sum(0)}
    d = d * params[f"norm{i}"]["scale"]
    s = 1 / np.sqrt(var + 1e-5)
    d_mean, d_var = -(d * s).sum(0), -0.5 * (d * (z - mean)).sum(0) * s**3
    d = d * s + (1 - source) * w * (d_mean + 2 * (z - own[0]) * d_var)
    found[f"dense{i}"] = {"kernel": h.T @ d, "bias": d.sum(0)}
    d = d @ params[f"dense{i}"]["kernel"].T
  return found


def slope(loss, *arrays):
  """Gradients of a loss in arrays, by central differences."""
  found = []
  for which, array in enumerate(arrays):
    each = np.zeros_like(array)
    for place in np.ndindex(array.shape):
      ends = []
      for step in (1e-5, -1e-5):
        moved = [a.copy() for a in arrays]
        moved[which][place] += step
        ends.append(loss(*moved))
      each[place] = (ends[0] - ends[1]) / 2e-5
    found.append(each)
  return found


def combined(f, *trees):
  """f of the leaves of nested dicts alike."""
  return {
    n: combined(f, *(t[n] for t in trees)) if isinstance(v, dict) else f(*(t[n] for t in trees))
    for n, v in trees[0].items()
  }


def norms(params):
  return {n: v for n, v in params.items() if n.startswith("norm")}


class Adam:
  """Adam, or of momentum 0.9 plain descent, on nested dicts."""

  def __init__(self, rate):
    self.rate, self.count, self.first, self.second = rate, 0, None, None

  def step(self, params, gradient):
    zeros = combined(np.zeros_like, gradient)
    self.count += 1
    self.first = combined(lambda m, g: 0.9 * m + 0.1 * g, self.first or zeros, gradient)
    self.second = combined(lambda v, g: 0.999 * v + 0.001 * g**2, self.second or zeros, gradient)
    fair = [1 - decay**self.count for decay in (0.9, 0.999)]
    moved = combined(
      lambda p, m, v: p - self.rate * m / fair[0] / (np.sqrt(v / fair[1]) + 1e-8),
      {n: params[n] for n in gradient},
      self.first,
      self.second,
    )
    return {**params, **moved}


def ema(old, new, decay):
  return combined(lambda a, b: decay * a + (1 - decay) * b, old, new)


def crossed(logits, teacher):
  """Cross-entropy per example of logits under a teacher's."""
  return -(softmax(teacher, 1) * log_softmax(logits, 1)).sum(1)


def entropy(logits):
  return crossed(logits, logits)
