"""Methods with a teacher, a view or a memory, over six batches in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
from numpy_norms import (
  Adam,
  back,
  combined,
  crossed,
  double,
  ema,
  entropy,
  norms,
  observed,
  run,
  slope,
)
from scipy.special import log_softmax, logsumexp, softmax
from small_streams import FIXED, POOL, RATE, XS, program, stream, varied
from two_norms import BATCH, CLASSES, model

from adapt.augment import test_time_views
from adapt.streams.methods import cotta as cotta_file
from adapt.streams.methods import rmt as rmt_file

PARAMS, STATS = (double(tree) for tree in model())
ROWS, RESET = stream()
BATCHES = [np.asarray(POOL[r], float) for r in ROWS]


def ours(name):
  return program(name)(varied(name), POOL, ROWS, jnp.zeros_like(RESET))


def keys(*places):
  return [jax.random.fold_in(jax.random.key(0), t) for t in places]


def view(key, x, noise=0.1):
  return np.asarray(test_time_views.view(key, jnp.asarray(x, jnp.float32), noise, False), float)


def test_cotta():
  how = FIXED["cotta"]
  student, teacher, adam, drawn = PARAMS, PARAMS, Adam(RATE[1]), []
  for t, (x, found) in enumerate(zip(BATCHES, ours("cotta"), strict=True)):
    k_views, k_restore = jax.random.split(keys(t)[0])
    sure = softmax(run(PARAMS, STATS, x)[1], 1).max(1).mean()
    drawn.append(sure < how["sure"])
    seen = [view(k, x) for k in jax.random.split(k_views, 2)] if drawn[-1] else [x]
    target = np.mean([run(teacher, STATS, v)[1] for v in seen], axis=0)
    np.testing.assert_allclose(found, target, atol=2e-4)
    _, logits, tape = run(student, STATS, x)
    student = adam.step(student, back(student, tape, (softmax(logits, 1) - softmax(target, 1)) / 6))
    teacher = ema(teacher, student, how["decay"])
    tree = jax.tree.map(jnp.ones_like, model()[0])
    zeros = jax.tree.map(jnp.zeros_like, tree)
    kept = double(cotta_file.restored(k_restore, tree, zeros, how["restore"]))
    student = combined(lambda k, a, b: k * a + (1 - k) * b, kept, student, PARAMS)
  assert set(drawn) == {True, False}


def test_restored_entries_are_the_sources():
  now, source = {"a": jnp.arange(4000.0) + 1}, {"a": jnp.zeros(4000)}
  found = cotta_file.restored(jax.random.key(0), now, source, 0.2)["a"]
  assert set(np.flatnonzero(found == now["a"])) ^ set(np.flatnonzero(found == 0)) == set(
    range(4000)
  )
  assert 0.17 < (found == 0).mean() < 0.23


def symmetric(a, b):
  return (crossed(a, b) + crossed(b, a)) / 2


def contrast(triples, head):
  """Mean over anchors of the mean over their two positives."""
  z = np.maximum(triples @ head[0] + head[1], 0) @ head[2] + head[3]
  z = z / np.linalg.norm(z, axis=1, keepdims=True)
  alike = z @ z.T / 0.1
  np.fill_diagonal(alike, -np.inf)
  log_p = alike - logsumexp(alike, axis=1, keepdims=True)
  i = np.arange(BATCH)
  pairs = [(a * BATCH + i, b * BATCH + i) for a in range(3) for b in range(3) if a != b]
  return -np.mean([log_p[pair] for pair in pairs])


def test_rmt():
  how = FIXED["rmt"]
  xs, size = np.asarray(XS, float), how["source_batch"]
  features, logits, _ = run(PARAMS, STATS, xs, source=1.0)
  labels = logits.argmax(1)
  means = {c: features[labels == c].mean(0) for c in set(labels)}
  layers = rmt_file.projection(5, how["width"])
  head = {f"p{i}": {n: np.asarray(v, float) for n, v in la.items()} for i, la in enumerate(layers)}
  student, teacher, adam = {**PARAMS, **head}, PARAMS, Adam(RATE[1])
  still = combined(np.zeros_like, head)

  def rows(i):
    return (i * size + np.arange(size)) % len(xs)

  for i in range(how["warm_up"]):
    x = xs[rows(i)]
    target, (_, logits, tape) = run(teacher, STATS, x)[1], run(student, STATS, x)
    d = slope(lambda v, t=target: symmetric(v, t).mean(), logits)[0]
    adam.rate = RATE[1] * (i + 1) / how["warm_up"]
    student = adam.step(student, {**back(student, tape, d), **still})
    teacher = ema(teacher, {n: student[n] for n in teacher}, how["decay"])
  for t, (x, found) in enumerate(zip(BATCHES[:3], ours("rmt"), strict=False)):
    seen = view(keys(t)[0], x)
    target = run(teacher, STATS, x)[1]
    (f, a, tape), (g, b, other) = (run(student, STATS, v) for v in (x, seen))
    np.testing.assert_allclose(found, a + target, atol=2e-4)
    near = []
    for v in f:
      cosine = {c: v @ m / np.linalg.norm(v) / np.linalg.norm(m) for c, m in means.items()}
      near.append(means[max(cosine, key=cosine.get)])

    def loss(a, f, b, g, *head, target=target, near=near):
      drawn = contrast(np.concatenate([near, f, g]), head)
      return (symmetric(a, target) + symmetric(b, target)).mean() / 2 + drawn

    weights = [student[p][n] for p in ("p0", "p1") for n in ("kernel", "bias")]
    da, df, db, dg, *dh = slope(loss, a, f, b, g, *weights)
    at = rows(t + how["warm_up"])
    _, again, last = run(student, STATS, xs[at])
    ds = (softmax(again, 1) - np.eye(CLASSES)[labels[at]]) / size
    parts = back(student, tape, da, df), back(student, other, db, dg), back(student, last, ds)
    gradient = combined(lambda *g: sum(g), *parts)
    gradient |= {"p0": dict(zip(("kernel", "bias"), dh[:2], strict=True))}
    gradient |= {"p1": dict(zip(("kernel", "bias"), dh[2:], strict=True))}
    adam.rate = RATE[1]
    student = adam.step(student, gradient)
    teacher = ema(teacher, {n: student[n] for n in teacher}, how["decay"])


def test_roid():
  now, adam, average = PARAMS, Adam(RATE[1]), np.full(CLASSES, 1 / CLASSES)
  for t, (x, found) in enumerate(zip(BATCHES, ours("roid"), strict=True)):
    _, logits, tape = run(now, STATS, x)
    p = softmax(logits, 1)
    prior = p.mean(0)
    smooth = max(1 / BATCH, 1 / CLASSES) / prior.max()
    expected = np.log(p * (prior + smooth) / (1 + smooth * CLASSES))
    np.testing.assert_allclose(found, expected, atol=2e-4)
    away = 1 - p @ average / np.linalg.norm(p, axis=1) / np.linalg.norm(average)
    away = (away - away.min()) / np.ptp(away)
    certain = -entropy(logits)
    certain = (certain - certain.min()) / np.ptp(certain)
    used = away >= away.mean()
    w = np.where(used, np.exp(3 * away * certain), 0)
    _, others, tape2 = run(now, STATS, view(keys(t)[0], x), weights=used)

    def loss(logits, others, w=w):
      p = np.minimum(softmax(logits, 1), 0.99)
      ratio = -(p * np.log(p / (1 - p) + 1e-5)).sum(1)
      return (w * (ratio + symmetric(logits, others))).sum() / BATCH

    d, d2 = slope(loss, logits, others)
    gradient = combined(np.add, back(now, tape, d), back(now, tape2, d2))
    now = {**PARAMS, **ema(norms(adam.step(now, norms(gradient))), norms(PARAMS), 0.99)}
    average = 0.9 * average + 0.1 * prior
    assert 0 < used.sum() < BATCH


def test_deyo():
  how, seen = FIXED["deyo"], []
  now, speed = PARAMS, combined(np.zeros_like, norms(PARAMS))
  for t, (x, found) in enumerate(zip(BATCHES, ours("deyo"), strict=True)):
    _, logits, tape = run(now, STATS, x)
    np.testing.assert_allclose(found, logits, atol=2e-4)
    p, e = softmax(logits, 1), entropy(logits)
    sure = e < how["margin"] * np.log(CLASSES)
    broken = test_time_views.shuffled(keys(t)[0], jnp.asarray(x, jnp.float32), 4)
    assert (np.sort(broken, 1) == np.sort(np.float32(x), 1)).all() and (broken != x).any()
    changed = softmax(run(now, STATS, np.asarray(broken, float), weights=sure)[1], 1)
    fall = p.max(1) - changed[np.arange(BATCH), p.argmax(1)]
    used = sure & (fall > how["drop"])
    seen += [sure.sum() - used.sum(), BATCH - sure.sum(), used.sum()]
    w = used * (np.exp(0.4 * np.log(CLASSES) - e) + np.exp(fall)) / used.sum()
    d = slope(lambda v, w=w: (w * entropy(v)).sum(), logits)[0]
    speed = combined(lambda s, g: 0.9 * s + g, speed, norms(back(now, tape, d)))
    now = {**PARAMS, **combined(lambda a, s: a - RATE[1] * s, norms(now), speed)}
  assert all(np.sum(seen[i::3]) > 0 for i in range(3)) and all(seen[2::3])


def test_memo():
  x = BATCHES[0]
  for key, example, found in zip(
    jax.random.split(jax.random.key(0), BATCH), x, ours("memo")[0], strict=True
  ):
    seen = view(key, np.tile(example, (2, 1)))
    _, logits, tape = run(PARAMS, STATS, seen, source=16 / 17)

    def loss(logits):
      p = softmax(logits, 1).mean(0)
      return -(p * np.log(p)).sum()

    gradient = back(PARAMS, tape, slope(loss, logits)[0])
    adapted = combined(lambda p, g: p - RATE[1] * g, PARAMS, gradient)
    expected = run(adapted, STATS, example[None], source=16 / 17)[1][0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def bank_takes(bank, room, x, label, uncertainty):
  """A list a class, of [input, uncertainty, age, place], as RoTTA's Algorithm 1 has it."""

  def badness(uncertainty, age):
    return 1 / (1 + np.exp(-age / room)) + uncertainty / np.log(CLASSES)

  full = place = sum(len(ours) for ours in bank)
  if len(bank[label]) >= room / CLASSES:
    rivals = [label]
  elif full < room:
    rivals = []
  else:
    rivals = [c for c in range(CLASSES) if len(bank[c]) == max(map(len, bank))]
  if rivals:
    worst = max((badness(*item[1:3]), c, i) for c in rivals for i, item in enumerate(bank[c]))
    if worst[0] <= badness(uncertainty, 0):
      rivals = None
    else:
      place = bank[worst[1]].pop(worst[2])[3]
  if rivals is not None:
    bank[label].append([x, uncertainty, 0, place])
  for item in (item for ours in bank for item in ours):
    item[2] += 1


def test_rotta():
  how, count = FIXED["rotta"], 0
  student, teacher, adam = (PARAMS, STATS), (PARAMS, STATS), Adam(RATE[1])
  bank, sizes = [[] for _ in range(CLASSES)], []
  for x, found in zip(BATCHES, ours("rotta"), strict=True):
    logits = run(*teacher, x, source=1.0)[1]
    np.testing.assert_allclose(found, logits, atol=2e-4)
    for example, label, e in zip(x, logits.argmax(1), entropy(logits), strict=True):
      bank_takes(bank, how["room"], example, label, e)
      count += 1
      if count % how["every"]:
        continue
      items = sorted((item for ours in bank for item in ours), key=lambda item: item[3])
      sizes.append(len(items))
      xs, ages = np.array([i[0] for i in items]), np.array([i[2] for i in items]) / how["room"]
      mix = 1 - how["robust"]
      _, target, tape = run(*teacher, xs, source=mix)
      steady = ema(teacher[1], observed(tape), mix)
      whole = np.concatenate([xs, np.zeros((how["room"] - len(xs), 4))])
      key = jax.random.fold_in(jax.random.key(1), len(sizes) - 1)
      _, logits, tape = run(*student, view(key, whole)[: len(xs)], source=mix)
      w = np.exp(-ages) / (1 + np.exp(-ages)) / len(items)
      d = w[:, None] * (softmax(logits, 1) - softmax(target, 1))
      moved = adam.step(student[0], norms(back(student[0], tape, d)))
      student = moved, ema(student[1], observed(tape), mix)
      teacher = ema(teacher[0], moved, how["decay"]), steady
  assert min(sizes) < how["room"] == max(sizes)


def test_note():
  how, count = FIXED["note"], 0
  now, stats, adam, memory = PARAMS, STATS, Adam(RATE[1]), []
  for x, found in zip(BATCHES, ours("note"), strict=True):
    np.testing.assert_allclose(found, run(now, stats, x, source=1.0)[1], atol=2e-4)
    for example in x:
      memory.append(example)
      count += 1
      if count % how["every"] == 0:
        _, logits, tape = run(now, stats, np.array(memory))
        p = softmax(logits, 1)
        d = -p * (log_softmax(logits, 1) + entropy(logits)[:, None]) / len(memory)
        now = adam.step(now, norms(back(now, tape, d)))
        stats = ema(stats, observed(tape), 1 - how["momentum"])
  assert np.abs(found - run(PARAMS, STATS, x, source=1.0)[1]).max() > 0.1
