import jax
import jax.numpy as jnp
import numpy as np
import pytest
from two_norms import BATCH, FORWARD, NET, inputs, model

from adapt.method import Net
from adapt.models import test_time


def test_the_sources_statistics_alone_are_evaluation_mode():
  params, stats = model()
  x = inputs(BATCH)
  expected, _ = NET.apply(params, stats, x, train=False, key=None)
  for ours, theirs in zip(FORWARD(params, stats, x, source=1.0), expected, strict=True):
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_statistics_are_mixed_by_hand():
  params, stats = model()
  x, share = inputs(BATCH), 0.3
  h = x
  for i in ("1", "2"):
    h = h @ params[f"dense{i}"]["kernel"] + params[f"dense{i}"]["bias"]
    kept, norm = stats[f"norm{i}"], params[f"norm{i}"]
    mean = share * kept["mean"] + (1 - share) * h.mean(0)
    var = share * kept["var"] + (1 - share) * h.var(0)
    h = jax.nn.relu((h - mean) / jnp.sqrt(var + 1e-5) * norm["scale"] + norm["bias"])
  logits = h @ params["head"]["kernel"] + params["head"]["bias"]
  np.testing.assert_allclose(FORWARD(params, stats, x, source=share)[1], logits, atol=1e-5)


def test_statistics_that_no_batch_norm_reads_are_refused():
  def apply(params, stats, x, train, key):
    return (x, x), stats

  other = test_time.Forward(Net(NET.init, apply))
  with pytest.raises(ValueError, match="BatchNorm"):
    other({}, {"mean": jnp.ones(4)}, inputs(2), source=1.0)
