"""top is what a classifier has above its backbone, on given features."""

import jax
import jax.numpy as jnp
import numpy as np
import tiny

from adapt import models
from adapt.models.backbones import BACKBONES, classifier
from adapt.models.top import top

KEY = jax.random.key(0, impl="rbg")
X = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)


def close(a, b):
  jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, rtol=5e-3, atol=5e-3), a, b)


def test_top_on_a_backbones_features_is_the_classifier(monkeypatch):
  monkeypatch.setitem(BACKBONES, "tiny", tiny.SMALLEST)
  whole = classifier("tiny", 3, freeze="norm")
  params, stats = jax.jit(whole.init)(KEY, X)
  run = lambda p, s: whole.apply(p, s, X, True, None)
  (features, logits), new = jax.jit(run)(params, stats)
  assert features.shape == (4, 256)
  _, apply = models.extractor("tiny")
  below = jax.jit(apply)({"params": params["backbone"], "batch_stats": stats["backbone"]}, X)
  above = models.build("top", 3)
  own = {name: p for name, p in params.items() if name != "backbone"}
  assert sorted(own) == ["bottleneck", "head", "norm"]
  outputs, new_above = above.apply(own, {"norm": stats["norm"]}, below, True, None)
  close(outputs, (features, logits))
  close(new_above["norm"], new["norm"])


def test_by_hand():
  net, x = top(3), jnp.asarray(np.random.default_rng(1).normal(size=(6, 5)), jnp.float32)
  params, stats = net.init(KEY, x)
  (features, logits), _ = net.apply(params, stats, x, True, None)
  y = np.asarray(x) @ params["bottleneck"]["kernel"]
  y = np.maximum((y - y.mean(axis=0)) / np.sqrt(y.var(axis=0) + 1e-5), 0)
  close(features, y)
  close(logits, y @ params["head"]["kernel"])
