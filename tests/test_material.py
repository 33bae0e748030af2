"""A task's data at size, as features, and what cannot be asked of it."""

import io

import jax
import numpy as np
import pytest
import tiny
import toy
from PIL import Image

from adapt import material, methods
from adapt.data import Domain, Split
from adapt.data.images import Images
from adapt.models import backbones, pretrained
from adapt.request import Request, traits
from adapt.run import run
from adapt.suite import Settings, Suite, Task

CLASSES = ("dark", "bright")


class Shades:
  """Encoded images, dark or bright by class."""

  def __init__(self, n, seed):
    rng = np.random.default_rng(seed)
    self.y = (np.arange(n) % 2).astype(np.int32)
    self.stored = []
    for label in self.y:
      buffer = io.BytesIO()
      pixels = rng.integers(0, 120, (12, 12, 3)) + 120 * label
      Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="png")
      self.stored.append(buffer.getvalue())

  def __len__(self):
    return len(self.stored)

  def read(self, i):
    return self.stored[i]

  def name(self, i):
    return f"shade {i}"


def domain(name, seed):
  splits = [Shades(n, seed + n) for n in (24, 16)]
  return Domain(name, *(Split(Images(s, side=12), s.y) for s in splits), CLASSES)


DOMAINS = {name: domain(name, seed) for name, seed in (("day", 0), ("night", 50))}
TASK = Task("day_night", ("day",), "night")
SETTINGS = Settings(model="tiny", steps=4, batch_size=8, lr=0.05, evaluations=2, image_size=16)


def request(method="source_only", **settings):
  suite = Suite("shades", (TASK,), SETTINGS, "made up")
  return Request(suite, TASK, method, SETTINGS._replace(**settings), (0, 1))


def loaded(**settings):
  asked = request(**settings)
  return material.load(asked, traits("source_only", {}), DOMAINS.__getitem__)


@pytest.fixture
def backbone(monkeypatch, tmp_path):
  """A tiny backbone by name, with published weights and a cache of its own."""
  made = backbones.Backbone(tiny.make_smallest, lambda state: state, 16, "tiny's")
  monkeypatch.setitem(backbones.BACKBONES, "tiny", made)
  init, _ = backbones.extractor("tiny")
  weights = jax.jit(init)(jax.random.key(7), np.zeros((1, 16, 16, 3), np.uint8))
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(weights))
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
  monkeypatch.setattr(material, "_made", {})
  monkeypatch.setattr(material, "_published", material._published.__wrapped__)
  material._trace.cache_clear()  # of other tests' networks by the same name
  return weights


def last(record):
  return np.array(record["curves"]["loss"])


def test_images_come_at_the_size_asked_for_and_larger_under_crops(backbone):
  assert loaded().target.train.x.shape == (24, 16, 16, 3)
  assert loaded(augment="crop", image_size=14).target.train.x.shape == (24, 16, 16, 3)
  assert loaded().hashes == loaded(image_size=32).hashes  # of what is stored, not of its size


def test_cached_features_train_as_the_frozen_network_does(backbone, tmp_path):
  frozen = {"pretrained": "tiny", "freeze": "backbone"}
  records = [
    run(request(**s), tmp_path / str(i), domains=DOMAINS.__getitem__).records[0]
    for i, s in enumerate((frozen, {**frozen, "cache_features": True}))
  ]
  np.testing.assert_allclose(*map(last, records), rtol=5e-3)
  assert len(list((tmp_path / "data/adapt_features").glob("*.npy"))) == 4


def test_features_are_read_from_the_cache_and_made_again_for_other_weights(backbone, monkeypatch):
  asked = {"pretrained": "tiny", "freeze": "backbone", "cache_features": True}
  first = loaded(**asked).target.train.x
  monkeypatch.setattr(material, "_made", {})
  monkeypatch.setattr("adapt.models.extractor", None)  # must not be needed
  np.testing.assert_array_equal(loaded(**asked).target.train.x, first)
  monkeypatch.setattr(material, "_made", {})
  other = jax.tree.map(lambda x: x + 1, backbone)
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(other))
  with pytest.raises(TypeError):  # the extractor that is None
    loaded(**asked)


def test_a_frozen_backbone_stays_and_a_slow_one_moves_less(backbone, tmp_path, monkeypatch):
  from adapt import cell
  from adapt.request import points

  def moved(**settings):
    asked = request(pretrained="tiny", weight_decay=0.0, **settings)
    method = traits("source_only", {})
    got = material.load(asked, method, DOMAINS.__getitem__)
    ts = cell.train(asked, method, points(asked), got, (), lambda *_: None).mapped.ts
    params = ts.params["net"]
    params = params["backbone"] if "backbone" in params else ts.state["stats"]["frozen"]["backbone"]
    gaps = jax.tree.map(lambda a, b: float(np.abs(a[0] - b).max()), params, backbone["params"])
    return max(jax.tree.leaves(gaps))

  assert moved(freeze="backbone") == 0
  full, tenth = moved(), moved(backbone_rate=0.1)
  assert 0 < tenth < 0.3 * full


def test_crops_train_streamed_and_resident_alike(backbone, tmp_path):
  from adapt.request import Feed

  asked = request(augment="jitter", image_size=14)
  records = [
    run(asked._replace(feed=Feed(kind)), tmp_path / kind, domains=DOMAINS.__getitem__).records[0]
    for kind in ("device", "stream")
  ]
  np.testing.assert_allclose(*map(last, records), rtol=5e-3)


def test_the_record_says_which_weights_were_loaded(backbone, monkeypatch):
  first = loaded(pretrained="tiny").hashes
  other = jax.tree.map(lambda x: x + 1, backbone)
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(other))
  again = loaded(pretrained="tiny").hashes
  assert {name for name in first if first[name] != again[name]} == {"pretrained"}


def test_other_weights_at_the_same_path_are_other_settings(backbone, tmp_path, monkeypatch):
  asked = request(pretrained="tiny", freeze="backbone", cache_features=True, steps=2)

  def again(asked=asked):
    return run(asked, tmp_path, domains=DOMAINS.__getitem__).fresh

  assert again() and not again()
  moved = asked._replace(settings=asked.settings._replace(pretrained="elsewhere/tiny"))
  assert not again(moved)  # the same weights
  other = jax.tree.map(lambda x: x + 1, backbone)
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(other))
  with pytest.raises(ValueError, match=r"made with other settings .*pretrained"):
    again()


def test_equal_inputs_with_other_labels_are_another_domain(backbone):
  day = DOMAINS["day"]
  turned = day._replace(train=day.train._replace(y=1 - day.train.y))
  asked = request()
  got = [
    material.load(asked, traits("source_only", {}), {"day": d, "night": DOMAINS["night"]}.get)
    for d in (day, turned)
  ]
  assert got[0].hashes["day"] != got[1].hashes["day"]
  np.testing.assert_array_equal(got[1].sources[0].train.y, turned.train.y)
  assert got[0].sources[0].train.x is got[1].sources[0].train.x  # made once


@pytest.mark.parametrize(
  ("settings", "message"),
  [
    ({"freeze": "backbone"}, "--freeze backbone without --pretrained leaves it random"),
    ({"augment": "blur"}, "unknown augment 'blur': choose from none, crop, centre, jitter"),
    ({"augment": "crop", "image_size": 0}, "--augment crop crops images: give --image-size"),
    ({"freeze": "head"}, "unknown freeze 'head': choose none, norm or backbone"),
    ({"model": "lenet", "freeze": "norm"}, "--freeze needs a backbone, and lenet has none"),
    ({"model": "lenet", "pretrained": "x.pth"}, "--pretrained needs a backbone"),
    ({"model": "lenet", "backbone_rate": 0.1}, "--backbone-rate needs a backbone"),
    (
      {"cache_features": True, "pretrained": "tiny"},
      "add --freeze backbone and --pretrained, and leave out --augment",
    ),
  ],
)
def test_choices_that_do_not_go_together_are_refused(backbone, settings, message):
  with pytest.raises(ValueError, match=message):
    loaded(**settings)


@pytest.mark.parametrize(
  ("settings", "message"),
  [
    ({"augment": "crop"}, "--augment crop crops images: turned has none, leave it out"),
    ({"image_size": 32}, "--image-size needs images, and turned has none"),
  ],
)
def test_vectors_have_no_size(settings, message):
  asked = toy.request("source_only", **settings)
  with pytest.raises(ValueError, match=message):
    material.load(asked, methods.get("source_only")(None), toy.load)
