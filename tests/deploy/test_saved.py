"""A model from its file predicts what evaluation saw; a file that is not whole or not ours is refused."""

import json
import os
from pathlib import Path

import jax
import numpy as np
import pytest
import tiny
import toy
from encoded import Encoded

from adapt import catalogue, tuning
from adapt.data import Domain, Split
from adapt.data.images import Images
from adapt.deploy import inputs, saved
from adapt.evaluation import metrics
from adapt.experiments.run import run
from adapt.models import backbones, pretrained
from adapt.training import program, task_data

SHORT = {"steps": 20, "evaluations": 1, "seeds": (0, 1), "save_model": True}
OWN = '''
"""A method of the user's own, with leaves of unusual types in its state."""

import jax
import jax.numpy as jnp

from adapt.method import Method
from adapt.models import nets


def odd(net, *, sign: float = 1.0):
  """Learns nothing. One leaf is no type of NumPy's, another no array of numbers."""

  def init(key, batch):
    params, stats, _ = nets.start(net, key, batch)
    turn = jnp.array([1.0, -3.0], jnp.bfloat16)
    return {"net": params}, {"stats": stats, "turn": turn, "keys": jax.random.split(key, 2)}

  def loss(params, state, batch, key, progress):
    return jnp.square(params["net"]["head"]["bias"]).sum(), (state, {})

  def predict(params, state, x):
    features, logits = nets.predictor(net)(params, state, x)
    return features, logits + sign * x * state["turn"]

  return Method(init, loss, predict)
'''


def made(out, method, load=toy.load, **changes):
  """The record of a short run, and the file it lies in."""
  [record] = run(toy.experiment(method, **{**SHORT, **changes}), out, domains=load).records
  return record, out / f"{record['suite']}/{record['task']}/{record['label']}.json"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
  """Two seeds of a run that has kept its models."""
  return made(tmp_path_factory.mktemp("kept"), "dann")


def accuracy(file, seed, split):
  """Of the model of a seed, read from its file."""
  predicted = np.asarray(saved.predictor(saved.read(saved.path(file, seed)))(split.x)).argmax(1)
  assert len(set(predicted)) > 1  # else any model would do
  return (predicted == split.y).mean()


def umask():
  """The process's own, which can only be read by setting it."""
  os.umask(now := os.umask(0o22))
  return now


def assert_predicts(record, file, split):
  for seed, seen in enumerate(record["last"]["accuracy"]):
    assert accuracy(file, seed, split) == pytest.approx(seen, abs=1e-6)


@pytest.mark.holds("models")
def test_each_seed_s_model_predicts_what_evaluation_saw(kept):
  record, file = kept
  assert_predicts(record, file, toy.TURNED.test)
  points = np.load(file.with_suffix(".npz"))  # of seed 0, whatever the other has learnt
  model = saved.read(saved.path(file, 0))
  logits = saved.predictor(model)(toy.TURNED.test.x)
  drawn = np.random.default_rng(0)
  drawn.permutation(400)
  rows = np.sort(drawn.permutation(400)[:500])
  expected = points["predicted"][points["domain"] == 1]
  np.testing.assert_array_equal(np.asarray(logits).argmax(1)[rows], expected)
  assert model.about["step"] == 20 and model.classes == ["upper", "lower"]
  # A model can tell of its training examples; what is published is the record.
  assert saved.path(file, 0).stat().st_mode & 0o777 == 0o600
  assert file.stat().st_mode & 0o777 == 0o666 & ~umask()


@pytest.mark.parametrize(
  ("method", "changes"),
  [
    ("fine_tune", {"tuning": tuning.bind("lora", rank=2)}),  # what does not move is in the state
    ("fine_tune", {"tuning": tuning.bind("wise_ft", alpha=0.3)}),  # two networks, in a tuple
    ("osbp", {"task": toy.OPEN}),
  ],
)
def test_what_lies_beside_the_network_comes_along(tmp_path, method, changes):
  record, file = made(tmp_path, method, **changes)
  asked = toy.experiment(method, **changes)
  assert_predicts(record, file, toy.data_of(asked).target.test)
  classes = saved.read(saved.path(file, 0)).classes
  assert classes == record["classes"]


def test_nothing_is_kept_but_what_predictions_read(kept):
  with np.load(saved.path(kept[1], 0), allow_pickle=False) as found:
    names = {"head/bias", "head/kernel", "hidden/bias", "hidden/kernel"}
    assert set(found) == {"about", *(f"params/net/{name}" for name in names)}


def test_models_are_made_where_they_are_missing(tmp_path):
  asked = toy.experiment("source_only", **SHORT)
  alone = run(asked._replace(save_model=False), tmp_path, domains=toy.load)
  file = tmp_path / "toy/moons_turned/source_only.json"
  assert not saved.path(file, 0).exists()
  first = run(asked, tmp_path, domains=toy.load)
  assert first.fresh and not run(asked, tmp_path, domains=toy.load).fresh
  toy.assert_same_numbers(alone.records[0], first.records[0])
  saved.path(file, 1).unlink()
  assert run(asked, tmp_path, domains=toy.load).fresh
  # A record that was made again has no model, though one of an earlier run lies there.
  record = json.loads(file.read_text())
  assert not saved.lacking(file, record)
  assert saved.lacking(file, {**record, "date": "later"})


def test_a_diverged_seed_leaves_no_model_and_is_not_tried_again(tmp_path):
  asked = toy.experiment("source_only", **SHORT, weight_decay=1e30)
  result = run(asked, tmp_path, domains=toy.load)
  assert set(result.records[0]["diverged"]) == {"0", "1"}
  assert not list(tmp_path.rglob("*.model.npz"))
  assert not run(asked, tmp_path, domains=toy.load).fresh


def test_a_method_of_one_s_own_and_types_that_numpy_has_not(tmp_path, monkeypatch):
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine/odd.py").write_text(OWN)
  extra = {**catalogue._extra, "adapt.methods": [tmp_path / "mine"]}
  monkeypatch.setattr(catalogue, "_extra", extra)
  record, file = made(tmp_path, "odd", given={"sign": -2.0})
  assert_predicts(record, file, toy.TURNED.test)
  monkeypatch.setattr(catalogue, "_extra", {**extra, "adapt.methods": []})
  with pytest.raises(ValueError, match=r"'odd', which is not here: give --plugins .* odd\.py"):
    saved.read(saved.path(file, 0))
  changed = OWN.replace("sign: float", "other: float").replace("+ sign", "+ other")
  (tmp_path / "changed").mkdir()
  (tmp_path / "changed/odd.py").write_text(changed)
  monkeypatch.setattr(catalogue, "_extra", {**extra, "adapt.methods": [tmp_path / "changed"]})
  with pytest.raises(ValueError, match="odd takes no 'sign'"):
    saved.read(saved.path(file, 0))
  program.program.cache_clear()


def test_a_model_above_cached_features_brings_their_backbone(tmp_path, monkeypatch):
  """It takes images, as a user has them, and needs no published weights."""
  own = backbones.Backbone(tiny.make_smallest, lambda state: state, 16, "tiny's")
  monkeypatch.setitem(backbones.BACKBONES, "tiny", own)
  init, _ = backbones.extractor("tiny")
  weights = jax.device_get(jax.jit(init)(jax.random.key(7), np.zeros((1, 16, 16, 3), np.uint8)))
  monkeypatch.setattr(pretrained, "load", lambda model, what: weights)
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
  monkeypatch.setattr(task_data, "_published", task_data._published.__wrapped__)
  monkeypatch.setattr(metrics, "block_size", lambda shape: 24)
  domains = {name: photographs(name, seed) for seed, name in enumerate(("moons", "turned"))}
  above = {"pretrained": "tiny", "freeze": "backbone", "cache_features": True, "image_size": 16}
  changes = {"model": "tiny", "batch_size": 8, "lr": 0.01, **above}
  record, file = made(tmp_path, "source_only", domains.__getitem__, **changes)
  monkeypatch.delattr(pretrained, "load")
  model = saved.read(saved.path(file, 0))
  assert model.inputs == inputs.Inputs((16, 16, 3), "uint8")
  test = domains["turned"].test
  assert_predicts(record, file, test._replace(x=test.x.resized(16)[:]))
  assert 0 < min(record["last"]["accuracy"]) < 1


def photographs(name, seed):
  """Encoded images of 12 pixels, dark or bright by class."""
  random = np.random.default_rng(seed)

  def split(n):
    y = (np.arange(n) % 2).astype(np.int32)
    pixels = random.integers(0, 200, (n, 12, 12, 3)) + 20 * y[:, None, None, None]
    return Split(Images(Encoded(pixels.astype(np.uint8)), side=12), y)

  return Domain(name, split(24), split(24), ("dark", "bright"))


def rewritten(file, into, about=None, drop=(), **arrays):
  """A copy of a model with other contents."""
  with np.load(file) as found:
    everything = {n: found[n] for n in found if n not in drop} | arrays
  header = {**json.loads(everything["about"].tobytes()), **(about or {})}
  header = {n: v for n, v in header.items() if n not in drop}
  everything["about"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
  np.savez(into, **everything)
  return into


def settings(**changes):
  return {"settings": {**toy.SETTINGS._replace(pretrained="")._asdict(), **changes}}


KERNEL = "params/net/head/kernel"
BROKEN = [
  ({"about": {"version": 2}}, "version 2, and this adapt reads 'adapt model', version 1"),
  ({"about": {"kind": "a poem"}}, "is of 'a poem'"),
  ({"drop": ["seed"]}, "does not say its seed"),
  ({"drop": [KERNEL]}, "head/kernel is nothing in the file"),
  ({KERNEL: np.zeros((3, 2), np.float32)}, r"head/kernel is \[3, 2\] in the file, \[\d+, 2\] here"),
  ({"about": {"method": "gone"}}, "'gone', which is not here: give --plugins"),
  ({"about": {"tuning": {"name": "gone", "given": {}}}}, "no tuning 'gone'"),
  ({"about": settings(model="gone")}, "no model 'gone'"),
  ({"about": settings(colour=3)}, "no setting 'colour'"),
  ({"about": {"hyperparameters": {"colour": 3}}}, "dann takes no 'colour'"),
  ({KERNEL: np.array([{}])}, "it holds Python objects"),
  (
    {KERNEL: np.float32([[np.nan, 0]] * 100)},
    "has NaN or infinite numbers in params/net/head/kernel",
  ),
  ({KERNEL: np.float32([[0, -np.inf]] * 100)}, "has NaN or infinite numbers in params/net/head"),
  ({"about": {"hyperparameters": {"width": 20000}}}, "method's state takes .* MiB, over 256"),
]


@pytest.mark.parametrize(("changes", "message"), BROKEN, ids=lambda v: str(v)[:40])
def test_another_file_is_refused_with_the_remedy(kept, tmp_path, changes, message):
  file = rewritten(saved.path(kept[1], 0), tmp_path / "a.model.npz", **changes)
  with pytest.raises(ValueError, match=message) as error:
    saved.read(file)
  assert "a.model.npz" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
  "spoil", [np.zeros_like, lambda a: a[::-1], lambda a: a.astype(np.float64) + 1]
)
def test_whole_arrays_that_are_not_those_that_were_written_are_refused(kept, tmp_path, spoil):
  file = saved.path(kept[1], 0)
  with np.load(file) as found:
    kernel = spoil(found[KERNEL])
  other = rewritten(file, tmp_path / "a.model.npz", **{KERNEL: kernel})
  with pytest.raises(
    ValueError, match=r"a\.model\.npz is no whole model \(its arrays are not those"
  ):
    saved.read(other)
  assert saved.read(
    rewritten(file, other, drop=["digest"])
  ).classes  # as files from before have none


@pytest.mark.holds("refused")
def test_a_file_that_is_cut_short_or_spoilt_is_refused(kept, tmp_path):
  file: Path = saved.path(kept[1], 0)
  whole, other = file.read_bytes(), tmp_path / "b.model.npz"
  place = whole.index(b"NUMPY", whole.index(b"hidden")) + 200  # among the numbers of a layer
  flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
  for content in (whole[: len(whole) // 2], whole[:-1], b"", b"text", flipped):
    other.write_bytes(content)
    with pytest.raises(ValueError, match=r"b\.model\.npz is no whole model .*--save-model"):
      saved.read(other)
  np.savez(other, x=np.zeros(3))
  with pytest.raises(ValueError, match="is no whole model"):
    saved.read(other)
  with pytest.raises(ValueError, match=r"no file .*--save-model"):
    saved.read(tmp_path / "c.model.npz")
