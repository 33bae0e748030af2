"""A task's data at size, as features, and what cannot be asked of it."""

import jax
import numpy as np
import pytest
import tiny
import toy
from encoded import Encoded
from spoilt import SPOILT

from adapt import tuning
from adapt.augment.image_ops import as_float
from adapt.catalogue import Bound
from adapt.data import Domain, Split
from adapt.data.images import Images
from adapt.evaluation import metrics
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.experiments.suite import Suite, Task
from adapt.method import Method, Net
from adapt.models import backbones, pretrained
from adapt.training import loop, network_check, program, task_data
from adapt.training.joint_tasks import Part
from adapt.training.settings import Settings
from adapt.training.setup import Feed, Point

CLASSES = ("dark", "bright")


def shades(n, seed):
  """Encoded images, dark or bright by class."""
  y = (np.arange(n) % 2).astype(np.int32)
  pixels = np.random.default_rng(seed).integers(0, 120, (n, 12, 12, 3))
  pixels += 120 * y[:, None, None, None]
  return Split(Images(Encoded(pixels.astype(np.uint8)), side=12), y)


def domain(name, seed):
  return Domain(name, *(shades(n, seed + n) for n in (24, 16)), CLASSES)


DOMAINS = {name: domain(name, seed) for name, seed in (("day", 0), ("night", 50))}
TASK = Task("day_night", ("day",), "night")
SETTINGS = Settings(model="tiny", steps=4, batch_size=8, lr=0.05, evaluations=2, image_size=16)


def experiment_of(method="source_only", **settings):
  suite, given = Suite("shades", (TASK,), SETTINGS, "made up"), CRITIC if method == "dann" else {}
  return resolve(suite, TASK, method, SETTINGS._replace(**settings), (0, 1), given=given)


def loaded(**settings):
  return prepared(experiment_of(**settings), DOMAINS.__getitem__)


def prepared(experiment, domains):
  method = experiment.setup.traits(experiment.points)
  sources = [domains(name) for name in experiment.task.source]
  return task_data.prepare(experiment.setup, method, sources, domains(experiment.task.target))


TINY = backbones.Backbone(tiny.make_smallest, lambda state: state, 16, "tiny's")


@pytest.fixture(scope="module")
def weights():
  """Published ones, as it were, of a tiny backbone."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setitem(backbones.BACKBONES, "tiny", TINY)
    init, _ = backbones.extractor("tiny")
    return jax.device_get(jax.jit(init)(jax.random.key(7), np.zeros((1, 16, 16, 3), np.uint8)))


@pytest.fixture
def backbone(weights, monkeypatch, tmp_path):
  """A tiny backbone by name, with published weights and a cache of its own."""
  monkeypatch.setitem(backbones.BACKBONES, "tiny", TINY)
  monkeypatch.setattr(pretrained, "load", lambda model, what: weights)
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
  monkeypatch.setattr(metrics, "block_size", lambda shape: 24)  # no padding to be computed
  monkeypatch.setattr(task_data, "_made", {})
  monkeypatch.setattr(task_data, "_published", task_data._published.__wrapped__)
  return weights


@pytest.fixture(scope="module", autouse=True)
def _own_traces():
  network_check._trace.cache_clear()  # of other tests' networks by the same name


# Every step is evaluated, so that the first is told from those that follow. The method reads both
# domains' inputs, and its linear critic has no corner of a rectifier.
STEPWISE = {"steps": 4, "evaluations": 4}
CRITIC = {"depth": 0}


def losses(experiment, out):
  [record] = run(experiment, out, domains=DOMAINS.__getitem__).records
  return np.array(record["curves"]["loss"])  # [seeds, steps]


def assert_alike(one, other):
  """Equal to rounding in the first step; later, as far as rounding may have grown in training.

  A rectifier's corner passes a rounding error on as a jump (1e-3 was seen with a critic of 2,000
  rectified units, one of which lay within 3e-6 of its corner), so few units may stand in the way.
  """
  np.testing.assert_allclose(one[:, 0], other[:, 0], rtol=1e-5)
  np.testing.assert_allclose(one, other, rtol=1e-4)


def test_the_kind_goes_from_the_data_to_the_network_that_a_method_gets():
  x = np.zeros((4, 16, 3, 1), np.float32)
  y = np.array([0, 1, 0, 1], np.int32)
  series = Domain("a", Split(x, y), Split(x, y), CLASSES, "series")
  found = []

  def method(net):
    found.append(net.kind)
    return Method(None, None, None)

  for wrapped in ("full", "bitfit"):  # one leaves the network as it is, the other makes its own
    given = {"method": Bound("own", method, {}), "tuning": tuning.bind(wrapped)}
    setup = experiment_of(model="lenet").setup._replace(**given)
    data = task_data.unchecked(setup, [series], series)
    assert data.kind == "series"
    spec = loop.spec_of([Part(setup, [Point("own", {}, 0.1)], data, ())])
    found.clear()
    program._builder(spec, Net(None, None))({}, 0.0)
    assert found == ["series"]


def test_images_come_at_the_size_asked_for_and_larger_under_crops(backbone):
  assert loaded().target.train.x.shape == (24, 16, 16, 3)
  assert loaded(augment="crop", image_size=14).target.train.x.shape == (24, 16, 16, 3)
  assert loaded().hashes == loaded(image_size=32).hashes  # of what is stored, not of its size


def test_cached_features_are_the_frozen_network_s(backbone):
  frozen = {"pretrained": "tiny", "freeze": "backbone"}
  kept, seen = loaded(**frozen, cache_features=True), loaded(**frozen)
  module = tiny.make_smallest(np.float32, None, False)
  for one, other in ((kept.sources[0], seen.sources[0]), (kept.target, seen.target)):
    for part, images in ((one.train, other.train), (one.test, other.test)):
      x = as_float(np.asarray(images.x[:]))
      np.testing.assert_allclose(part.x, module.apply(backbone, x, train=False), rtol=1e-5)


def test_cached_features_train_as_the_frozen_network_does(backbone, tmp_path):
  frozen = {"pretrained": "tiny", "freeze": "backbone", **STEPWISE}
  assert_alike(
    losses(experiment_of("dann", **frozen), tmp_path / "frozen"),
    losses(experiment_of("dann", **frozen, cache_features=True), tmp_path / "cached"),
  )
  assert len(list((tmp_path / "data/adapt_features").glob("*.npy"))) == 4


def test_features_are_read_from_the_cache_and_made_again_for_other_weights(backbone, monkeypatch):
  asked = {"pretrained": "tiny", "freeze": "backbone", "cache_features": True}
  first = loaded(**asked).target.train.x
  monkeypatch.setattr(task_data, "_made", {})
  monkeypatch.setattr("adapt.models.extractor", None)  # must not be needed
  np.testing.assert_array_equal(loaded(**asked).target.train.x, first)
  monkeypatch.setattr(task_data, "_made", {})
  other = jax.tree.map(lambda x: x + 1, backbone)
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(other))
  with pytest.raises(TypeError):  # the extractor that is None
    loaded(**asked)


@pytest.mark.holds("kept")
def test_spoilt_features_are_made_again(backbone, monkeypatch, tmp_path, capsys):
  asked = {"pretrained": "tiny", "freeze": "backbone", "cache_features": True}
  first = loaded(**asked).target.train.x
  files = sorted((tmp_path / "data/adapt_features").glob("*.npy"))
  whole = [file.read_bytes() for file in files]
  for way in SPOILT.values():
    for i, file in enumerate(files):
      way(file, files[i - 1])
    monkeypatch.setattr(task_data, "_made", {})
    np.testing.assert_array_equal(loaded(**asked).target.train.x, first)
    assert capsys.readouterr().err.count("it is made anew") >= 3  # one may be swapped with itself
    assert [file.read_bytes() for file in files] == whole


def test_a_frozen_backbone_stays_and_a_slow_one_moves_less(backbone):
  def moved(**settings):
    experiment = experiment_of(pretrained="tiny", weight_decay=0.0, **settings)
    data = prepared(experiment, DOMAINS.__getitem__)
    parts = [Part(experiment.setup, experiment.points, data)]
    cells = loop.program_of(parts)
    mapped, _, fed = loop.placed(parts, cells)
    ts = fed.advance(mapped, 2)[0].ts
    params = ts.params["net"]
    params = params["backbone"] if "backbone" in params else ts.state["stats"]["frozen"]["backbone"]
    gaps = jax.tree.map(lambda a, b: float(np.abs(a[0] - b).max()), params, backbone["params"])
    return max(jax.tree.leaves(gaps))

  assert moved(freeze="backbone") == 0
  full, tenth = moved(), moved(backbone_rate=0.1)
  assert 0 < tenth < 0.3 * full


def test_crops_train_streamed_and_resident_alike(backbone, tmp_path):
  crops = {"augment": "jitter", "image_size": 14, "model": "mlp"}
  experiment = experiment_of("dann", **crops, **STEPWISE)
  assert_alike(
    *(losses(experiment._replace(feed=Feed(k)), tmp_path / k) for k in ("device", "stream"))
  )


def test_the_record_says_which_weights_were_loaded(backbone, monkeypatch):
  first = loaded(pretrained="tiny").hashes
  other = jax.tree.map(lambda x: x + 1, backbone)
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(other))
  again = loaded(pretrained="tiny").hashes
  assert {name for name in first if first[name] != again[name]} == {"pretrained"}


def test_other_weights_at_the_same_path_are_other_settings(backbone, tmp_path, monkeypatch):
  frozen = {"pretrained": "tiny", "freeze": "backbone", "cache_features": True}
  experiment = experiment_of("dann", **frozen, **STEPWISE)  # compiled once, above

  def again(experiment=experiment):
    return run(experiment, tmp_path, domains=DOMAINS.__getitem__).fresh

  assert again() and not again()
  moved = experiment.settings._replace(pretrained="elsewhere/tiny")
  assert not again(experiment._replace(settings=moved))  # the same weights
  other = jax.tree.map(lambda x: x + 1, backbone)
  monkeypatch.setattr(pretrained, "load", lambda model, what: jax.device_get(other))
  with pytest.raises(ValueError, match=r"made with other settings .*pretrained"):
    again()


def test_equal_inputs_with_other_labels_are_another_domain(backbone):
  day = DOMAINS["day"]
  turned = day._replace(train=day.train._replace(y=1 - day.train.y))
  got = [
    prepared(experiment_of(), {"day": d, "night": DOMAINS["night"]}.get) for d in (day, turned)
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
  experiment = toy.experiment("source_only", **settings)
  with pytest.raises(ValueError, match=message):
    prepared(experiment, toy.load)


def test_the_rows_of_a_class_set_are_taken_once_per_set():
  x, rows = np.arange(12.0).reshape(6, 2), np.array([0, 3, 4])
  taken = task_data._taken(x, rows)
  np.testing.assert_array_equal(taken, x[rows])
  assert task_data._taken(x, rows.copy()) is taken  # what is made of it is found again by identity
  assert task_data._taken(x, rows[:2]) is not taken
