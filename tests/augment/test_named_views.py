"""Views by name: the built-in ones are tested in test_random_views; here a user's own."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import catalogue
from adapt.augment import named_views
from adapt.cli import main

DIMMED = """
from adapt.augment.named_views import Views
from adapt.augment.random_views import resized

def dimmed(*, by: float = 0.5) -> Views:
  return Views(lambda key, x, side: resized(x, side) * by + by - 1)
"""
X = jnp.asarray(np.random.default_rng(0).integers(0, 256, (4, 18, 18, 3)), jnp.uint8)


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {})
  (tmp_path / "mine/augment").mkdir(parents=True)
  (tmp_path / "mine/augment/dimmed.py").write_text(DIMMED)
  (tmp_path / "mine/augment/wrong.py").write_text("def wrong(): return 3\n")
  catalogue.plugins(tmp_path / "mine")
  return str(tmp_path / "mine")


def test_names_are_none_the_tables_and_one_s_own():
  assert named_views.names() == ("none", *named_views.VIEWS, "dimmed", "wrong")


def test_one_s_own_view_is_shown_in_training_and_the_whole_image_in_evaluation():
  shown = named_views.train_view(jax.random.key(0), X, "dimmed", 16)
  whole = named_views.test_view(X, "dimmed", 16)
  assert whole.shape == (4, 16, 16, 3)
  np.testing.assert_allclose((shown + 1) * 2, whole + 1, atol=1e-6)
  with pytest.raises(ValueError, match=r"'wrong' makes a int: return Views in wrong\.py"):
    named_views.get("wrong")


def test_the_command_line_trains_with_it(own, tmp_path):
  rng = np.random.default_rng(0)
  for name in ("a", "b"):
    x, y = rng.integers(0, 256, (40, 12, 12, 3)).astype(np.uint8), np.arange(40) % 2
    np.savez(tmp_path / f"{name}.npz", x=x, y=y, x_test=x, y_test=y)
  command = ["run", "--source", str(tmp_path / "a.npz"), "--target", str(tmp_path / "b.npz")]
  command += [
    "--method",
    "source_only",
    "--model",
    "mlp",
    "--augment",
    "dimmed",
    "--image-size",
    "8",
  ]
  command += ["--steps", "2", "--evaluations", "1", "--seeds", "1", "--batch-size", "8"]
  out = ["--out", str(tmp_path / "out"), "--plugins", own, "--devices", "1"]
  assert main.main([*command, *out]) == 0
  [file] = (tmp_path / "out/run/a_b").glob("source_only*.json")
  made = json.loads(file.read_text())
  assert made["config"]["settings"]["augment"] == "dimmed"
  assert "augment" in made["config"]["code"]  # its file counts, as the method's does
