"""CDAC equals its authors' two steps written by hand: labels, then clusters that the head drives apart."""

import by_hand
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax
from test_mme import through_unit, unit

from adapt import methods, models
from adapt.augment import weak_and_strong
from adapt.methods import cdac

# Target labels are most of its gain: that of its own is in test_planted.py, of one label a class.
TOY = {
  "margin": 0.15,
  "null": False,
  # A temperature of 0.05 amplifies rounding: of sets of largest features, and of sure labels.
  "layouts": {"weight": 0.1, "temperature": 0.5, "threshold": 0.6},
}
GOLDEN = {
  "label_loss": 0.6598502,
  "loss": 0.6146187,
  "pair_loss": -0.685128,
  "pseudo_loss": 0.232444,
  "squares": 0.000564158,
}

N, K = by_hand.B, by_hand.K
GIVEN = {"consistency": 4.0, "threshold": 0.6, "ranks": 2, "temperature": 0.5, "ramp": 0.8}


@pytest.fixture(autouse=True)
def _known_views(monkeypatch):
  """Views that need no key; the second strong one is another one."""
  calls = []

  def strong(key, x, noise, *_):
    calls.append(key)
    return x * (-0.7, 1.3)[(len(calls) - 1) % 2] - noise

  monkeypatch.setattr(weak_and_strong, "weak", lambda key, x, *_: 1.2 * x)
  monkeypatch.setattr(weak_and_strong, "strong", strong)


def cosines(out):
  return unit(out.f) @ out.p["head"]["kernel"] / 0.5


def through(out, dl, head=1.0, body=1.0):
  """Gradients of the network from those of its cosines, head and body with signs of their own."""
  kernel = out.p["head"]["kernel"]
  grads = by_hand.backward(out, df=body * through_unit(out.f, dl @ kernel.T / 0.5))
  grads["head"]["kernel"] = head * unit(out.f).T @ dl / 0.5
  return grads


def labels_by_hand(net, batch):
  source, few = (by_hand.forward(net, 1.2 * np.asarray(x)) for x in (batch.xs, batch.xl))
  logits = np.concatenate([cosines(source), cosines(few)])
  labels, ws = np.concatenate([batch.ys, batch.yl]), np.concatenate([batch.ws, np.ones(N)])
  loss, dl = by_hand.cross_entropy(logits, labels, ws)
  return loss, by_hand.added(through(source, dl[:N]), through(few, dl[N:]))


def pairs_by_hand(p, q, f):
  """Binary cross-entropy over all pairs, its slopes by p and q, and which pairs are alike."""
  loss, dp, dq, same = 0.0, np.zeros_like(p), np.zeros_like(q), np.zeros((N, N))
  for i in range(N):
    for j in range(N):
      same[i, j] = set(np.argsort(-f[i])[:2]) == set(np.argsort(-f[j])[:2])
      agree = p[i] @ q[j]
      loss -= np.log(agree if same[i, j] else 1 - agree) / N**2
      slope = (-1 / agree if same[i, j] else 1 / (1 - agree)) / N**2
      dp[i] += slope * q[j]
      dq[j] += slope * p[i]
  return loss, dp, dq, same


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("cdac", noise=0.1, weight=weight, **GIVEN)
  batch, opt = by_hand.batch(), by_hand.Nesterov(ts.params)
  label_loss, grads = labels_by_hand(opt.params["net"], batch)
  opt.move("net", grads)

  x, net = np.asarray(batch.xt), opt.params["net"]
  weak, one, two = (by_hand.forward(net, v) for v in (1.2 * x, -0.7 * x - 0.1, 1.3 * x - 0.1))
  p, q, r = (by_hand.softmax(cosines(out)) for out in (weak, one, two))
  pair, dp, dq, same = pairs_by_hand(p, q, weak.f)
  assert 0 < same.sum() - N < N * N - N
  assert (same != pairs_by_hand(p, q, one.f)[3]).any()
  sure, labels = p.max(1) >= 0.6, p.argmax(1)
  assert 0 < sure.sum() < N
  pseudo = -(np.log(r[np.arange(N), labels]) * sure).mean()
  squares, strength = ((q - r) ** 2).mean(), 4 * np.exp(-5 * (1 - 0.4 / 0.8) ** 2)
  by_squares = 2 * strength * (q - r) / (N * K)
  grads = by_hand.added(
    # The clustering's loss is negative: the head descends it, the features climb.
    through(weak, by_hand.through_softmax(p, -dp), body=-1.0),
    through(one, by_hand.through_softmax(q, -dq), body=-1.0),
    through(one, by_hand.through_softmax(q, by_squares)),
    through(two, by_hand.through_softmax(r, -by_squares)),
    through(two, (r - np.eye(K)[labels]) * sure[:, None] / N),
  )
  opt.move("net", {k: {n: weight * v for n, v in g.items()} for k, g in grads.items()})
  after, metrics = step()
  found = [metrics[n] for n in ("label_loss", "pair_loss", "pseudo_loss", "squares", "loss")]
  total = label_loss + weight * (strength * squares + pseudo - pair)
  np.testing.assert_allclose(found, [label_loss, -pair, pseudo, squares, total], rtol=1e-3)
  opt.assert_equal(after.params)


def test_examples_are_alike_by_their_largest_features_in_any_order():
  f = jnp.array([[5.0, 4, 1, 0], [2, 9, -8, 1], [5, 1, 4, 0]])
  assert cdac.alike(f, 2).tolist() == [
    [True, True, False],
    [True, True, False],
    [False, False, True],
  ]


def test_sure_predictions_of_one_class_cost_no_more_than_their_logarithm():
  p = jnp.float32(softmax([[40.0, 0, 0], [40, 0, 0]], 1))
  none = jnp.zeros((2, 2), bool)
  np.testing.assert_allclose(cdac.clustering(p, p, none), -np.log(1e-7), rtol=1e-4)
  p = jnp.float32(softmax([[9.0, 0, 0]], 1))
  exact = softmax([9.0, 0, 0]).astype(np.float64)
  expected = -np.log(1 - exact @ exact + 1e-7)
  np.testing.assert_allclose(cdac.clustering(p, p, none[:1, :1]), expected, rtol=1e-5)


def test_all_features_as_ranks_are_refused():
  with pytest.raises(ValueError, match="100 ranks of 100 features: choose 1 or more, not all"):
    by_hand.start("cdac", ranks=100)[1]()


def test_predictions_are_cosines_over_the_temperature():
  ts, _ = by_hand.decided("cdac")
  method = methods.get("cdac")(models.build("mlp", K), temperature=0.5)
  x = by_hand.batch().xt
  _, logits = method.predict(ts.params, ts.state, x)
  np.testing.assert_allclose(
    logits, cosines(by_hand.forward(ts.params["net"], x)), rtol=1e-3, atol=1e-4
  )
