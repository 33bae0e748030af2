"""SPA equals its paper written by hand: equal spectra, an adversary, and votes of neighbours."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np

from adapt.methods import spa

TOY = {"given": {"width": 32, "memory": 256}}
GOLDEN = {
  "domain_loss": 0.6952049,
  "label_loss": 0.6694303,
  "loss": 1.431942,
  "pseudo_loss": 0.6023206,
  "spectral_loss": 0.06128391,
}

N, K = by_hand.B, by_hand.K
STRENGTH = 0.6 * (2 / (1 + np.exp(-10 * 0.4)) - 1)  # adversary 0.6, progress 4 / 10
rng = np.random.default_rng(5)
MEMORY = {
  "features": rng.normal(size=(14, 100)).astype(np.float32),
  "votes": rng.dirichlet(np.ones(K), 14).astype(np.float32),
}
MEMORY["features"] -= MEMORY["features"].mean(1, keepdims=True)


def spectrum(f):
  u = f / np.linalg.norm(f, axis=1, keepdims=True)
  edges = np.exp(-((u[:, None] - u) ** 2).sum(2) / 2)
  return np.linalg.svd(edges / edges.sum(1)[:, None], compute_uv=False)


def sureness(logits):
  p = by_hand.softmax(logits)
  return 1 + np.exp((p * np.log(p)).sum(1))


def domain(out, critic, sums):
  score = (out.f @ critic["Dense_0"]["kernel"] + critic["Dense_0"]["bias"])[:, 0]
  apart = np.log1p(np.exp(np.where(np.arange(2 * N) < N, -1, 1) * score))
  return (sureness(out.l) / np.repeat(sums, N) * apart).sum() / 2


def test_one_step_equals_the_step_by_hand():
  given = {"weight": 0.7, "adversary": 0.6, "pseudo": 0.9, "neighbours": 3, "memory": 14}
  ts, step = by_hand.decided("spa", depth=0, **given)
  batch, rows = by_hand.batch(), np.arange(14)
  memory = {**MEMORY, "rows": rows.astype(np.int32)}
  ts = ts._replace(state={**ts.state, "memory": jax.tree.map(jnp.asarray, memory)})
  x = np.concatenate([batch.xs, batch.xt])
  net, critic = (central.double(ts.params[n]) for n in ("net", "critic"))
  start = by_hand.forward(net, x)
  w = sureness(start.l)
  sums = np.array([w[:N].sum(), w[N:].sum()])
  asking = [*start.f[N:], *MEMORY["features"][N:]]
  votes = []
  for i in range(N):
    others = sorted((j for j in rows if j != i), key=lambda j: -(asking[i] @ MEMORY["features"][j]))
    votes.append(MEMORY["votes"][others[:3]].mean(0))
  labels, confidence = np.argmax(votes, 1), np.max(votes, 1)

  def parts(net):
    out = by_hand.forward(net, x)
    label_loss = by_hand.cross_entropy(out.l[:N], batch.ys, batch.ws)[0]
    spectral = np.linalg.norm(spectrum(out.f[:N]) - spectrum(out.f[N:]))
    pseudo = by_hand.cross_entropy(out.l[N:], labels, confidence)[0]
    return label_loss + 0.7 * spectral + 0.9 * 0.4 * pseudo, domain(out, critic, sums)

  def by_network(net):
    rest, domain_loss = parts(net)
    return rest - STRENGTH * domain_loss

  grads = {"net": central.slopes(by_network, net)}
  grads["critic"] = central.slopes(lambda c: domain(start, c, sums), critic)
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, grads, sum(parts(net)))
  assert (np.asarray(after.state["memory"]["votes"])[:N] != MEMORY["votes"][:N]).any()


def test_a_graph_has_the_spectrum_of_its_copy_in_another_place_and_order():
  f = rng.normal(size=(6, 4)).astype(np.float32)
  turned = f[::-1] @ np.linalg.qr(rng.normal(size=(4, 4)))[0].astype(np.float32) * 3
  found = spa.spectrum(jnp.asarray(f))
  np.testing.assert_allclose(spa.spectrum(jnp.asarray(turned)), found, atol=1e-5)
  np.testing.assert_allclose(found, spectrum(f), atol=1e-5)
