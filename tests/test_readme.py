"""The README's Python, as a reader would run it."""

import inspect
import json
from pathlib import Path

import documents
import jax.numpy as jnp
import numpy as np
import toy

import adapt
from adapt import data, methods


def test_the_python_face_in_ten_lines(tmp_path, monkeypatch, capsys):
  monkeypatch.chdir(tmp_path)
  fit = adapt.fit
  monkeypatch.setattr(adapt, "fit", lambda *a, **k: fit(*a, **{**k, "steps": 20, "seeds": 1}))
  space = {
    "xs": toy.MOONS.train.x,
    "ys": toy.MOONS.train.y,
    "xt": toy.TURNED.train.x,
    "x": toy.TURNED.test.x,
    "y": toy.TURNED.test.y,
  }
  exec(documents.code("python"), space)
  assert "Accuracy(mean=" in capsys.readouterr().out or space["run"].accuracy
  assert (tmp_path / "model.npz").exists()


def test_a_loop_of_one_s_own_learns():
  text = documents.code("own loop")
  assert len([line for line in text.splitlines() if line.strip()]) <= 25
  xs, ys = jnp.asarray(toy.MOONS.train.x), jnp.asarray(toy.MOONS.train.y)
  space = {
    "xs": xs,
    "ys": ys,
    "weights": jnp.ones(len(ys)),
    "domains": jnp.ones((len(ys), 1)),
    "xt": jnp.asarray(toy.TURNED.train.x),
  }
  exec(text, space)
  assert np.isfinite(space["metrics"]["label_loss"]) and space["logits"].shape == (320, 2)


def test_the_first_five_lines_name_what_there_is(monkeypatch, capsys):
  class Run:
    accuracy, plot = "88.7 ± 1.2 %", print

  def fit(method, **given):
    inspect.signature(real).bind(method, **given)
    assert method in methods.names() and {given["source"], given["target"]} <= set(data.names())
    return Run

  real = adapt.fit
  monkeypatch.setattr(adapt, "fit", fit)
  exec(documents.code("five lines"), {})
  assert capsys.readouterr().out.split("\n")[:2] == ["88.7 ± 1.2 %", "tsne"]


def test_what_the_first_lines_print_comes_from_records(tmp_path, monkeypatch):
  monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "scripts"))
  import first_lines_block

  assert first_lines_block.block(tmp_path) == ""
  for method, accuracies in (("dann", [0.8, 0.9]), ("source_only", [0.7, None])):
    made = {"method": method, "last": {"accuracy": accuracies}}
    made["environment"] = {"commit": "0123456789abc", "device": "cpu"}
    (tmp_path / "run/a_b").mkdir(parents=True, exist_ok=True)
    (tmp_path / f"run/a_b/{method}.json").write_text(json.dumps(made))
  assert "source_only  70.0 %\ndann         85.0 ± 7.1 %\n" in first_lines_block.block(tmp_path)
