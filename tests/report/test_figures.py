"""Figures are made, are PNGs, and are not blank."""

import numpy as np
import pytest
import sample_records
from PIL import Image

from adapt.records import record
from adapt.report import curves, figures, tsne


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
  out = tmp_path_factory.mktemp("results")
  levels = {"source_only": 0.75, "target_only": 0.97, "dann": 0.9, "coral": 0.8}
  made = [sample_records.make(label=label, level=level) for label, level in levels.items()]
  made.append(sample_records.make(label="mmd", diverged={"1": 40}))
  made.append(sample_records.make(label="mcd", diverged={"0": 3, "1": 3, "2": 3}))
  # A task with many classes, labels for none of its target and no features.
  names = tuple(f"class {i}" for i in range(31))
  bare = sample_records.make("amazon_webcam", suite="office31", classes=names)
  bare.update(last=None, confusion=None)
  bare["curves"].pop("target_accuracy")
  sample_records.save(out, *made, bare)
  sample_records.save_points(out, made[0], size=20)
  sample_records.save_points(out, made[2], size=20, shift=0.5)
  return figures.draw(out, out / "figures")


def test_a_source_only_of_other_settings_is_before_adaptation():
  made = [sample_records.make(label=name, level=0.8) for name in ("source_only-steps=300", "dann")]
  made[0]["method"] = "source_only"
  points = {"features": np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)}
  points |= {"label": np.arange(24) % 3, "domain": np.arange(24) % 2}
  figure = figures.tsne_figure(made, {r["label"]: points for r in made})
  titles = [axis.get_title().split(":")[0] for axis in figure.axes[:2]]
  assert titles == ["before", "after"]


def test_every_figure_is_a_picture(drawn):
  assert [path.parts[-3:] for path in drawn] == [
    ("digits", "mnist_usps", name) for name in ("curves.png", "tsne.png", "confusion.png")
  ]
  for path in drawn:
    assert 5_000 < path.stat().st_size < 200_000
    with Image.open(path) as image:
      assert image.format == "PNG"
      assert min(image.size) > 300
      assert max(image.size) < 2000
      assert np.asarray(image.convert("L")).std() > 10


def test_the_adapted_side_is_no_bound():
  levels = {"source_only": 0.75, "target_only": 0.97, "dann": 0.9, "coral": 0.8}
  made = [sample_records.make(label=label, level=level) for label, level in levels.items()]
  assert [r["label"] for r in figures.before_and_after(made)][-1] == "dann"
  assert not [r for r in figures.before_and_after(made[:2]) if r["label"] not in curves.BOUNDS]


def test_overlays_are_of_those_that_have_pictures(tmp_path):
  levels = {"source_only": 0.6, "adabn": 0.9, "fda": 0.8}  # adabn, the best, has none
  made = [sample_records.make(label=label, level=level) for label, level in levels.items()]
  sample_records.save(tmp_path, *made)
  for item in made[::2]:
    place = record.path(tmp_path, item["suite"], item["task"], item["label"])
    masks = np.tile(np.arange(8, dtype=np.int16) % 3, (1, 6, 1))
    images = np.full((1, 6, 8, 3), 100, np.uint8)
    mark = item.get("parameters", [""])[0]
    record.write_points(place, mark=mark, images=images, predicted=masks, truth=masks)
  shown = []
  patched = lambda records, *_: shown.extend(r["label"] for r in records)
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(figures.overlays, "overlays", patched)
    patch.setattr(figures, "tsne", lambda *_: None)
    figures.draw(tmp_path, tmp_path / "figures")
  assert shown == ["source_only", "fda"]


def test_other_settings_are_no_other_method():
  levels = {"source_only-lr=0.1": 0.9, "source_only-steps=9": 0.95, "source_only+mlls": 0.6}
  levels |= {
    "source_only-single": 0.6,
    "dann-steps=9": 0.7,
    "coral": 0.5,
    "target_only-steps=9": 1.0,
  }
  made = [sample_records.make(label=label, level=level) for label, level in levels.items()]
  shown = [r["label"] for r in figures.before_and_after(made)]
  assert shown == ["source_only-steps=9", "dann-steps=9"]
  usual = sample_records.make(label="source_only", level=0.7)
  assert figures.before_and_after([*made, usual])[0]["label"] == "source_only-steps=9"
  assert figures.before_and_after([made[0], *made[2:], usual])[0] is usual
  assert [r["label"] for r in figures.before_and_after(made[:2])] == ["source_only-lr=0.1"]
  styles = curves._styles(list(levels))
  assert {n for n, s in styles.items() if s["marker"] == "None"} == {
    "source_only-lr=0.1",
    "target_only-steps=9",
  }


def test_lines_differ_without_colour():
  styles = curves._styles([f"method{i}" for i in range(25)])
  assert len({(style["linestyle"], style["marker"]) for style in styles.values()}) == 25


def test_confusion_skips_diverged_seeds():
  made = sample_records.make(diverged={"0": 1})
  matrix = figures._matrix(made)
  np.testing.assert_allclose(matrix.sum(axis=1), 100)
  counts = [np.array(m) for m in made["confusion"][1:]]
  wanted = np.mean([100 * m / m.sum(axis=1, keepdims=True) for m in counts], axis=0)
  np.testing.assert_allclose(matrix, wanted)


def test_classes_stay_apart_without_colour():
  assert tsne.class_signs(("7", "8", "9")) == ["7", "8", "9"]
  signs = tsne.class_signs([f"class {i}" for i in range(62)])
  assert len(set(signs)) == 62 and all(len(sign) == 1 for sign in signs)
  assert tsne.class_signs(("$", "\\")) == ["a", "b"]  # nothing that mathtext reads as its own
  assert len(tsne.class_signs(["x"] * 100)) == 100


def test_a_suite_has_pictures_of_its_own_and_tasks_can_be_chosen(tmp_path):
  made = []
  for i in range(5):
    for label, level in (("source_only", 0.6), ("dann", 0.8), ("coral", 0.7)):
      made.append(sample_records.make(f"s{i}_t{i}", label, level, seeds=2))
      made[-1]["validators"] = {"snd": made[-1]["curves"]["target_accuracy"]}
  sample_records.save(tmp_path, *made, sample_records.make(suite="letters"))

  def drawn(**chosen):
    paths = figures.draw(tmp_path, tmp_path / "figures", **chosen)
    return ["/".join(path.relative_to(tmp_path / "figures").parts) for path in paths]

  assert drawn(suites=["digits"], tasks=[]) == ["digits/ranks.png", "digits/validators.png"]
  assert drawn(suites=["letters"], tasks=["mnist_usps"]) == [
    "letters/mnist_usps/curves.png",
    "letters/mnist_usps/confusion.png",
  ]
  for wrong in ({"suites": ["digit"]}, {"tasks": ["s9_t9"]}):
    with pytest.raises(ValueError, match="no record of"):
      drawn(**wrong)
