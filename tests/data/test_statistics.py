"""Classes and values of a pair: each finding when there is reason, and none on a plain pair."""

import numpy as np
import pytest
from PIL import Image

from adapt.data import Domain, Split
from adapt.data.images import Files, Images
from adapt.data.preprocessing import Preprocessing
from adapt.data.statistics import class_findings, counts, value_findings

RNG = np.random.default_rng(0)


def domain(name="a", y=(0, 1, 2) * 20, x=None):
  y = None if y is None else np.array(y, np.int32)
  n = 60 if y is None else len(y)
  x = RNG.normal(0, 1, (n, 4)).astype(np.float32) if x is None else x
  return Domain(
    name, Split(x, y), Split(x[: n // 2], None if y is None else y[: n // 2]), ("cat", "dog", "owl")
  )


def found(findings):
  return {(f.severity, f.what) for f in findings}


def test_a_plain_pair_has_no_findings():
  assert not found(class_findings([domain()], domain("b")))
  assert not found(value_findings([domain(), domain("b")]))
  assert not found(class_findings([domain()], domain("b", y=None)))
  assert not found(class_findings([domain(y=None)], domain("b")))


def test_counts():
  assert counts(domain().train, 4) == [20, 20, 20, 0]
  assert counts(domain(y=None).train, 4) is None


def test_labels_of_some_examples_alone_are_counted():
  some = domain("b", y=(0, -1, 1, 2, -1, -1) * 10)
  assert counts(some.train, 3) == [10, 10, 10]
  assert not found(class_findings([domain()], some))
  assert not found(class_findings([domain()], domain("b", y=(-1,) * 60)))
  assert not found(class_findings([domain(y=(-1,) * 60)], domain("b")))


@pytest.mark.parametrize(
  ("source", "target", "severity", "what"),
  [
    ((0, 1) * 30, (0, 1, 2) * 20, "warning", "the target b has classes that no source has: owl"),
    ((0, 1, 2) * 20, (0, 2) * 30, "note", "the target b lacks classes of the sources: dog"),
    ((0, 1) * 30 + (2,), (0, 1) * 30, "warning", "one training example each of the classes owl"),
    ((0,) * 60 + (1, 2) * 3, (0, 1) * 30, "note", "has 20 times the examples of dog"),
    (
      (0, 1, 2) * 20,
      (0,) * 50 + (1, 2) * 5,
      "note",
      "differ by 0.56 in total variation, most for cat",
    ),
  ],
)
def test_class_findings(source, target, severity, what):
  given = found(class_findings([domain(y=source)], domain("b", y=target)))
  assert any(s == severity and what in text for s, text in given), given


def test_several_sources_count_together():
  parts = [domain("a", y=(0,) * 20), domain("b", y=(1, 2) * 20)]
  assert not found(class_findings(parts, domain("c")))


def scaled(low, high, dtype=np.float32, shape=(60, 8, 8, 1)):
  return domain("b", x=RNG.uniform(low, high, shape).astype(dtype))


def test_scales():
  unit = scaled(0, 1)._replace(name="a")
  [finding] = value_findings([unit, scaled(0, 255)])
  assert finding.severity == "warning" and "values differ in scale: a " in finding.what
  [finding] = value_findings([unit, scaled(0.0, 0.05)])
  assert finding.severity == "warning"
  [finding] = value_findings([unit, scaled(1.2, 2)])
  assert finding.severity == "note" and "means are far apart" in finding.what
  kinds = found(value_findings([unit, scaled(0, 255, np.uint8)]))
  assert ("warning", "a is float32 and b uint8") in kinds


def test_tokens_measure_nothing():
  a = domain("a", x=RNG.integers(0, 30000, (60, 9)).astype(np.int32))
  b = domain("b", x=RNG.integers(0, 30, (60, 9)).astype(np.int32))
  assert not found(value_findings([a, b]))


def test_not_finite_and_zero_features():
  x = RNG.normal(0, 1, (60, 4)).astype(np.float32)
  broken = x.copy()
  broken[7, 2], broken[40, 0] = np.nan, np.inf
  given = list(value_findings([domain(x=broken), domain("b", x=x)]))
  assert [f.what for f in given] == [
    "2 examples of a train have NaN or infinite values",
    "1 examples of a test have NaN or infinite values",
  ]
  assert given[0].examples == ("a train[7]", "a train[40]")
  large = np.full((60, 4), 3e38, np.float32) * RNG.choice([-1, 1], (60, 4)).astype(np.float32)
  assert not list(value_findings([domain(x=large), domain("b", x=large)]))
  zero = x.copy()
  zero[:, 3] = 0
  [finding] = value_findings([domain(x=x), domain("b", x=zero)])
  assert finding.what == "1 of 4 features are zero in all of b but not in a"
  assert finding.examples == ("feature 3",)


def test_encoded_images_are_sampled_and_broken_ones_passed_over(tmp_path):
  for i in range(6):
    shade = RNG.integers(0, 255, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(shade).save(tmp_path / f"{i}.png")
  (tmp_path / "5.png").write_bytes(b"no image")
  images = Images(Files(tuple(str(tmp_path / f"{i}.png") for i in range(6))))
  x = RNG.integers(0, 255, (6, 224, 224, 3)).astype(np.uint8)
  given = value_findings(
    [domain(y=(0, 1, 2) * 2, x=x), Domain("b", Split(images, None), Split(images, None), ())]
  )
  assert not list(given)


def test_columns_of_unlike_spread_are_told_where_nothing_scales_them():
  def of(scale, width):
    x = RNG.normal(0, [1, 1, 1, width], (60, 4)).astype(np.float32)
    return domain(x=x)._replace(
      kind="vector", features=("age", "b", "c", "income"), preprocessing=Preprocessing(scale)
    )

  wide = of({"scale": "none"}, 500)
  first, second = value_findings([wide, wide._replace(name="b")])
  assert first.severity == "warning" and first.what.startswith("columns of a spread from ")
  assert "('income')" in first.what and "--scale none" in first.remedy
  assert second.what.startswith("columns of b")
  for plain in (of({}, 500), of({"scale": "none"}, 50), wide._replace(kind="counts")):
    assert not found(value_findings([plain, plain]))


def test_a_table_s_columns_are_called_by_their_names():
  a = domain()._replace(features=("age", "b", "c", "d"))
  b = a._replace(name="b", train=Split(a.train.x * np.float32([0, 1, 1, 1]), a.train.y))
  [finding] = value_findings([a, b])
  assert finding.examples == ("'age'",)
