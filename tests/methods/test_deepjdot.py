"""DeepJDOT equals its eq. 6 written by hand, with scipy's plan as a constant."""

import by_hand
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from adapt import methods, models

TOY = {"given": {"feature": 0.01, "label": 0.3}, "margin": 0.08}
GOLDEN = {"label_loss": 0.5558896, "loss": 0.7474276, "transport_loss": 0.191538}

FEATURE, LABEL = 0.3, 0.5


def costs(source, target, ys):
  """(squared distances of features, cross-entropy of label i under prediction j), by two loops."""
  n, p = by_hand.B, by_hand.softmax(target.l)
  far, wrong = np.zeros((n, n)), np.zeros((n, n))
  for i in range(n):
    for j in range(n):
      far[i, j] = ((source.f[i] - target.f[j]) ** 2).sum()
      wrong[i, j] = -np.log(p[j, ys[i]])
  return far, wrong


def sinkhorn(cost, epsilon):
  kernel, v = np.exp(-cost / epsilon), np.ones(cost.shape[1])
  for _ in range(200):
    u = 1 / len(cost) / (kernel @ v)
    v = 1 / len(v) / (kernel.T @ u)
  return u[:, None] * kernel * v


@pytest.mark.parametrize(("plan", "weight"), [("exact", 2.0), ("sinkhorn", 2.0), ("exact", 0.0)])
def test_one_step_equals_the_step_by_hand(plan, weight):
  given = {"weight": weight, "feature": FEATURE, "label": LABEL, "plan": plan, "epsilon": 0.3}
  ts, step = by_hand.decided("deepjdot", **given)
  batch, n = by_hand.batch(), by_hand.B
  ys = np.asarray(batch.ys)
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, ys, batch.ws)
  far, wrong = costs(source, target, ys)
  cost = FEATURE * far + LABEL * wrong
  pairs = np.zeros((n, n))
  pairs[linear_sum_assignment(cost)] = 1 / n
  masses = pairs if plan == "exact" else sinkhorn(cost, 0.3 * cost.mean())
  assert abs(masses - np.eye(n) / n).max() > 1e-3

  d_source, d_target, dt = np.zeros_like(source.f), np.zeros_like(target.f), np.zeros_like(target.l)
  p = by_hand.softmax(target.l)
  for i in range(n):
    for j in range(n):
      apart = 2 * FEATURE * masses[i, j] * (source.f[i] - target.f[j])
      d_source[i] += apart
      d_target[j] -= apart
      dt[j] += LABEL * masses[i, j] * (p[j] - np.eye(by_hand.K)[ys[i]])
  grads = by_hand.added(
    by_hand.backward(source, df=weight * d_source, dl=dl),
    by_hand.backward(target, df=weight * d_target, dl=weight * dt),
  )
  total = label_loss + weight * (masses * cost).sum()
  by_hand.assert_step(ts, *step(), {"net": grads}, total)


def test_an_unknown_plan_is_refused():
  with pytest.raises(ValueError, match="choose exact or sinkhorn"):
    methods.get("deepjdot")(models.build("mlp", 2), plan="emd")
