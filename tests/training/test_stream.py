"""Streamed batches: the order of the device's own draws, whatever decodes them, from any step on."""

import hashlib
import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from adapt.data.images import Files, Images
from adapt.training import resident, stream

STEPS, BATCH, N, M = 17, 4, 23, 11
ORDERS = jax.vmap(jax.random.key)(jnp.arange(2))
LABELLED = np.array([[1, 5, 9], [0, 2, 10]])


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
  """Two sources and a target of encoded images, two seeds, three labelled rows each."""
  folder = tmp_path_factory.mktemp("images")
  rng = np.random.default_rng(0)
  sets = []
  for name, n in (("a", 13), ("b", N - 13), ("t", M)):
    paths = [folder / f"{name}{i}.png" for i in range(n)]
    for path in paths:
      Image.fromarray(rng.integers(0, 255, (9, 7, 3), np.uint8)).save(path)
    sets.append(Images(Files(tuple(map(str, paths))), side=8))
  sizes = resident.Sizes(N, M, LABELLED.shape[1])
  plan = stream.schedule(ORDERS, sizes, BATCH, STEPS, LABELLED)
  return stream.Loader(plan, tuple(sets[:2]), sets[2])


def digests(batches):
  return [
    hashlib.sha256(b"".join(np.ascontiguousarray(v).tobytes() for v in fed)).hexdigest()
    for fed in batches
  ]


@pytest.fixture(scope="module")
def whole(loader):
  return digests(loader.at(step) for step in range(STEPS))


def test_the_schedule_is_the_device_s_own(loader, monkeypatch):
  for seed in range(2):
    planned = resident.plans(ORDERS[seed], resident.Sizes(N, M, 3), BATCH, jnp.array(0), STEPS)
    got = (loader.schedule.source, loader.schedule.target, loader.schedule.few)
    for ours, theirs in zip(got, planned, strict=True):
      np.testing.assert_array_equal(ours[:, seed], theirs)
  monkeypatch.setattr(stream, "_CHUNK", 5)  # however many steps are planned at once
  again = stream.schedule(ORDERS, resident.Sizes(N, M, 3), BATCH, STEPS, LABELLED)
  jax.tree.map(np.testing.assert_array_equal, again, loader.schedule)


def test_a_batch_holds_the_planned_examples(loader):
  fed, plan = loader.at(3), loader.schedule
  pool = np.concatenate([x[:] for x in loader.xs])
  np.testing.assert_array_equal(fed.xs, pool[plan.source[3]])
  np.testing.assert_array_equal(fed.xt, loader.xt[:][plan.target[3]])
  rows = np.stack([LABELLED[s][plan.few[3, s]] for s in range(2)])
  np.testing.assert_array_equal(fed.xl, loader.xt[:][rows])
  assert fed.xs.shape == (2, BATCH, 8, 8, 3) and fed.xs.dtype == np.uint8


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_any_number_of_workers_makes_the_same_stream(loader, whole, workers):
  assert digests(stream.batches(loader.at, 0, STEPS, workers)) == whole


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_stopped_within_a_pass_goes_on_with_the_batches_it_would_have_seen(
  loader, whole, workers
):
  stopped = stream.batches(loader.at, 0, STEPS, workers)
  seen = digests(next(stopped) for _ in range(7))  # 7 of the target's batches are not a pass
  stopped.close()
  assert seen + digests(stream.batches(loader.at, 7, STEPS, workers)) == whole


def test_batches_are_put_on_the_device_ahead_of_their_use():
  put = []

  def sent(batch):
    put.append(batch)
    return batch

  coming = stream.on_device(iter(range(6)), sent, depth=2)
  assert next(coming) == 0 and put == [0, 1, 2]
  assert list(coming) == [1, 2, 3, 4, 5]


def test_an_image_that_does_not_decode_stops_the_stream_by_name(loader, tmp_path):
  buffer = io.BytesIO()
  Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, format="png")
  (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:40])
  cut = Images(Files((str(tmp_path / "cut.png"),) * M), side=8)
  with pytest.raises(ValueError, match=r"cut\.png does not decode"):
    list(stream.batches(loader._replace(xt=cut).at, 0, 2, 0))
