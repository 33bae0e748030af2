"""Streamed and device-resident inputs: the same numbers; and what cannot be streamed."""

import numpy as np
import pytest
import toy

from adapt import weights
from adapt.experiments.run import run
from adapt.method import Method
from adapt.training import devices
from adapt.training.devices import Layout
from adapt.training.feed import streams
from adapt.training.setup import Feed

SHORT = {"steps": 12, "evaluations": 3, "seeds": (0, 1)}


def record(tmp_path, method, kind, **changes):
  experiment = toy.experiment(method, feed=Feed(kind), **{**SHORT, **changes})
  return run(experiment, tmp_path / kind, domains=toy.load).records


@pytest.mark.parametrize("method", ["dann", "fine_tune"])
@pytest.mark.parametrize("layout", [Layout(), Layout("pmap", 8), Layout("sharding", 8)])
def test_streamed_equals_resident(tmp_path, method, layout):
  if method == "fine_tune" and layout.devices > 1:
    pytest.skip("labelled rows are drawn alike on every layout")
  one, other = (record(tmp_path, method, k, layout=layout)[0] for k in ("device", "stream"))
  np.testing.assert_allclose(one["curves"]["loss"], other["curves"]["loss"], rtol=1e-4)
  np.testing.assert_allclose(one["last"]["accuracy"], other["last"]["accuracy"], atol=0.006)
  assert one["config"] == other["config"]  # how inputs travel is no setting
  assert other["seconds"]["input_wait"] > 0 == one["seconds"]["input_wait"]


def test_swept_values_share_the_stream_of_their_seed(tmp_path):
  sweep = {"lr": (0.05, 0.2)}
  pairs = zip(
    *(record(tmp_path, "source_only", k, sweep=sweep) for k in ("device", "stream")), strict=True
  )
  for one, other in pairs:
    assert one["label"] == other["label"]
    np.testing.assert_allclose(one["curves"]["loss"], other["curves"]["loss"], rtol=1e-4)


def test_auto_streams_what_does_not_fit(monkeypatch):
  setup, method = toy.experiment("dann").setup, Method(None, None, None)
  domains = (toy.MOONS,), toy.TURNED
  assert not streams(setup, method, *domains, cells=3)
  monkeypatch.setattr(devices, "budget", lambda _: 1000)
  assert streams(setup, method, *domains, cells=3)
  assert not streams(setup._replace(feed=Feed("device")), method, *domains, cells=3)


def test_what_needs_all_inputs_is_refused(monkeypatch):
  monkeypatch.setattr(devices, "budget", lambda _: 1000)
  domains = (toy.MOONS,), toy.TURNED
  looks = Method(None, None, None, refresh=lambda *_: {})
  with pytest.raises(ValueError, match=r"looks at the whole training set .* --cache-features"):
    streams(toy.experiment("dann").setup, looks, *domains, cells=3)
  weighted = toy.experiment("dann", weighting=weights.bind("kmm"))
  with pytest.raises(ValueError, match="--weights kmm compares the whole training sets"):
    streams(weighted.setup, Method(None, None, None), *domains, cells=3)
  with pytest.raises(ValueError, match="unknown feed 'tape': choose from auto, device, stream"):
    streams(toy.experiment("dann", feed=Feed("tape")).setup, looks, *domains, cells=3)
