"""MSTN equals its paper written by hand: moving centroids, of which a batch moves its part."""

import by_hand
import jax.numpy as jnp
import numpy as np

TOY = {"given": {"adversary": 1.0, "width": 32, "depth": 1}, "margin": 0.1}
GOLDEN = {
  "domain_loss": 1.376389,
  "label_loss": 0.6733919,
  "loss": 2.058908,
  "semantic_loss": 0.03726267,
}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("mstn", weight=0.7, adversary=0.3, decay=0.6, depth=0)
  batch, n = by_hand.batch(), by_hand.B
  old = np.random.default_rng(5).normal(size=ts.state["centroids"].shape)
  ts = ts._replace(state={**ts.state, "centroids": jnp.asarray(old, jnp.float32)})
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  domain_loss, dd, critic = by_hand.linear_critic(
    ts.params["critic"],
    np.concatenate([source.f, target.f]),
    np.repeat([1.0, 0.0], n),
    np.full(2 * n, 0.3 / n),
  )
  strength = 0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1)
  new, classes = old.copy(), (np.asarray(batch.ys), target.l.argmax(1))
  for i, (out, y) in enumerate(zip((source, target), classes, strict=True)):
    for k in set(y):
      new[i, k] = 0.6 * old[i, k] + 0.4 * out.f[y == k].mean(0)
  apart = new[0] - new[1]
  slopes = []
  for out, y, sign in ((source, classes[0], 1), (target, classes[1], -1)):
    df = np.zeros_like(out.f)
    for k in set(y):
      df[y == k] = strength * sign * 2 * apart[k] / apart.size * 0.4 / (y == k).sum()
    slopes.append(df)
  grads = by_hand.added(
    by_hand.backward(source, df=slopes[0] - strength * dd[:n], dl=dl),
    by_hand.backward(target, df=slopes[1] - strength * dd[n:]),
  )
  after, metrics = step(ts)
  loss = label_loss + strength * (apart**2).mean() + domain_loss
  by_hand.assert_step(ts, after, metrics, {"net": grads, "critic": critic}, loss)
  np.testing.assert_allclose(after.state["centroids"], new, rtol=1e-5, atol=1e-6)
  assert len(set(classes[1])) < new.shape[1] or len(set(classes[0])) == new.shape[1]
