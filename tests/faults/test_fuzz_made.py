"""What earlier runs left, and published weights, spoilt: each works, or one line says why not."""

import copy
import json

import fuzzing
import numpy as np
import pytest
import sample_records
import toy
from fuzzing import Tally, fuzz, spoilt
from hypothesis import strategies as st
from safetensors.numpy import save
from test_weights_file import BODY, STORAGES, old, tensor, zipped

from adapt.cli import main
from adapt.cli import model as model_cli
from adapt.cli import results as results_cli
from adapt.deploy import saved
from adapt.deploy.packed import packed
from adapt.deploy.rebuilt import Rebuilt, describe, named, rebuild
from adapt.experiments import grid
from adapt.experiments.plan import plan
from adapt.models import weights_file
from adapt.records import record

JSON = st.sampled_from(
  [
    None,
    True,
    0,
    -1,
    2,
    0.5,
    1e300,
    10**30,
    "",
    "text",
    "../up",
    [],
    [1],
    [[1], [2, 3]],
    {},
    {"a": 1},
    [None],
    ["x"],
    "�",
    "<script>alert(1)</script>",
    {"name": "full", "given": {}},
  ]
)


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
  fuzzing.stop_at_training(monkeypatch)


@st.composite
def changed(draw, value):
  """A JSON value of which a few parts are replaced, deleted, or other keys added."""
  value = copy.deepcopy(value)
  for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
    place, key = None, None
    inner = value
    while isinstance(inner, dict | list) and len(inner):
      key = draw(st.sampled_from(list(inner) if isinstance(inner, dict) else range(len(inner))))
      place, inner = inner, inner[key]
      if draw(st.sampled_from([True, False, False])):
        break
    if place is None:
      continue
    how = draw(st.sampled_from(["put", "put", "put", "delete", "add"]))
    if how == "put":
      place[key] = copy.deepcopy(draw(JSON))
    elif how == "delete":
      del place[key]
    elif isinstance(place, dict):
      place["new"] = copy.deepcopy(draw(JSON))
    else:
      place.append(copy.deepcopy(draw(JSON)))
  return value


def text(draw, value, odd=True):
  """JSON as bytes, perhaps spoilt, or none at all."""
  whole = json.dumps(value).encode()
  kind = draw(st.sampled_from(["whole"] * 5 + ["spoilt", "odd"])) if odd else "whole"
  if kind == "spoilt":
    return draw(spoilt(whole))
  none = [b"", b"[" * 100000, b"\xff", b"NaN", b'{"format": 1' + b"0" * 5000 + b"}", b"null", b"[]"]
  return draw(st.sampled_from(none)) if kind == "odd" else whole


@pytest.mark.holds("fuzzed")
def test_weights(tmp_path):
  tally = Tally()
  safe = save({"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.zeros((), "i8")})
  hostile = tensor("0", 12, (2**31 - 1, 2**31 - 1), (0, 0)), tensor("0", 12, (-1, 4), (4, 1))
  whole = [(".safetensors", safe), (".pth", zipped(BODY, STORAGES)), (".pth", old(BODY, STORAGES))]
  bodies = [b"}(X\x01\x00\x00\x00a" + body + b"u" for body in hostile]
  bodies += [b"cos\nsystem\n(X\x02\x00\x00\x00lstR", b"r\xff\xff\xff\x7f", b"\x8e" + b"\x7f" * 8]
  odd = [(".pth", form(body, STORAGES)) for body in bodies for form in (zipped, old)]

  @st.composite
  def made(draw):
    suffix, content = draw(st.sampled_from(whole * 3 + odd))
    return suffix, draw(spoilt(content)) if draw(st.booleans()) else content

  @fuzz("weights", made())
  def case(drawn):
    path = tmp_path / f"net{drawn[0]}"
    path.write_bytes(drawn[1])
    tally.of(lambda: weights_file.read(path), path.name)

  tally.done("weights")


@pytest.fixture
def model(tmp_path):
  """What a model says of itself, and its arrays: as after training, but zeros."""
  asked = toy.experiment("dann", given={"width": 8, "depth": 1})
  found = plan(asked, tmp_path, False, toy.load)
  about = {"kind": saved.KIND, "version": saved.VERSION, "suite": "a", "task": "b", "label": "c"}
  about |= {"date": "2026", **describe(asked.setup, found.points[0], found.data), "image_size": 0}
  about |= {"inputs": {"shape": [2], "dtype": "float32"}, "backbone": None, "environment": {}}
  about = json.loads(json.dumps({**about, "seed": 0, "step": 1}))
  made = rebuild(about)
  reads = made.reads()
  arrays = {n: np.zeros(x.shape[1:], x.dtype) for n, x in named(made.trained).items() if n in reads}
  return about, arrays


@pytest.mark.holds("fuzzed")
def test_models(tmp_path, capsys, model, monkeypatch):
  tally, file, out = Tally(), tmp_path / "bad.model.npz", tmp_path / "predicted.npz"
  about, arrays = model
  whole = packed(about, arrays)
  data = fuzzing.pair(tmp_path)[1]
  once, real = {}, Rebuilt.reads

  def reads(self):  # lowers the network, which takes most of the time
    key = json.dumps({**self.about, "digest": ""}, sort_keys=True)
    if key not in once:
      once[key] = real(self)
    return once[key]

  monkeypatch.setattr(Rebuilt, "reads", reads)
  monkeypatch.setattr(model_cli, "_outputs", lambda *_: (_ for _ in ()).throw(fuzzing.Trained))

  @st.composite
  def made(draw):
    kind = draw(st.sampled_from(["about", "arrays", "bytes"]))
    if kind == "bytes":
      return draw(spoilt(whole))
    if kind == "about":
      return packed(draw(changed(about)), arrays)
    parts = dict(arrays)
    name = draw(st.sampled_from(sorted(parts)))
    other = [np.zeros(0), np.zeros((3, 3)), parts[name].astype("U3"), parts[name].astype("f2")]
    other += [parts[name].astype("V4"), parts[name].astype("c8"), np.full_like(parts[name], np.nan)]
    parts[draw(st.sampled_from([name, "backbone/a", "backbone/a/b", "params"]))] = draw(
      st.sampled_from(other)
    )
    return packed(about, parts)

  @fuzz("models", made())
  def case(content):
    file.write_bytes(content)
    arguments = ["predict", "--model", str(file), "--data", data, "--out", str(out)]
    tally.command(capsys, lambda: main.main(arguments))
    assert not out.exists()

  tally.done("models")


@pytest.mark.holds("fuzzed")
def test_records(tmp_path, capsys):
  """Tables, comparisons and the terminal's table of records one of which is spoilt."""
  tally, results, other = Tally(), tmp_path / "results", tmp_path / "other"
  empty = tmp_path / "empty"
  empty.mkdir()
  items = [sample_records.make(label=label) for label in ("source_only", "dann")]
  sample_records.save(results, *items)
  sample_records.save(other, *items)
  bad = record.path(results, "digits", "mnist_usps", "dann")

  @fuzz("records", st.composite(lambda draw: text(draw, draw(changed(items[1]))))())
  def case(content):
    bad.write_bytes(content)

    def read():
      wanted = results_cli.Request(
        results, tmp_path / "tables", (), empty, rule=None, measure=None, check=False
      )
      results_cli.generated(wanted)
      assert results_cli.compare([str(results), str(other)]) == 0

    tally.of(read, bad.name)
    capsys.readouterr()

  tally.done("records")


@pytest.mark.holds("fuzzed")
def test_checkpoints(tmp_path, capsys, monkeypatch):
  """The record of an earlier run, or the configuration beside its checkpoints, spoilt before a re-run."""
  tally, paths, asked = Tally(), fuzzing.pair(tmp_path), []

  def remember(group, domains, options, _reporter):
    [experiment] = group
    asked.append(plan(experiment, options.out, False, domains))
    raise fuzzing.Trained

  monkeypatch.setattr(grid, "_program", remember)
  tally.command(capsys, lambda: fuzzing.run(*paths, tmp_path / "out"))
  [found], out = asked, tmp_path / "out"
  task, [point] = found.experiment.task.name, found.points
  wanted = json.loads(json.dumps(found.config(point)))
  file = record.path(out, "run", task, point.label)
  beside = file.parent / f".{file.stem}.partial" / "config.json"
  (beside.parent / "4").mkdir(parents=True)  # a checkpoint: without one it is looked at no further
  whole = {**sample_records.make(), "suite": "run", "task": task, "label": point.label}

  @st.composite
  def made(draw):
    asked = draw(changed(wanted)) if draw(st.sampled_from([True, True, False])) else wanted
    if draw(st.booleans()):
      return file, text(draw, {**whole, "config": asked})
    return beside, text(draw, draw(changed({"asked": [asked]})))

  @fuzz("checkpoints", made())
  def case(drawn):
    place, content = drawn
    place.write_bytes(content)
    tally.command(capsys, lambda: fuzzing.run(*paths, out), out)
    place.unlink()

  tally.done("checkpoints")
