"""The audit finds what was planted, all of it and nothing else."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapt.data import Domain, Split, audit, folders
from adapt.data.domain import one_split
from adapt.data.images import Files, Images

REAL = Path(
  os.environ.get("ADAPT_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)


def photographs():
  """Tiles of photographs [n, 64, 64, 3] that do not overlap; plain sky and shadow left out."""
  skimage = pytest.importorskip("skimage")
  tiles = []
  for name in ("astronaut", "chelsea", "coffee", "ihc", "rocket"):
    [path] = (Path(skimage.__file__).parent / "data").glob(f"{name}.*")
    with Image.open(path) as image:
      x = np.asarray(image.convert("RGB"))
    for i in range(0, x.shape[0] - 63, 64):
      tiles += [x[i : i + 64, j : j + 64] for j in range(0, x.shape[1] - 63, 64)]
  return np.stack([tile for tile in tiles if tile.std() > 25])


def pacs():
  """PACS photographs and drawings [n, 128, 128, 3]."""
  images = []
  for name in ("photo", "art_painting"):
    path = REAL / "pacs" / f"{name}.npz"
    if not path.is_file():
      pytest.skip(f"no {path}")
    with np.load(path, allow_pickle=False) as file:
      data, offsets = file["data"], file["offsets"]
    for i in range(0, len(offsets) - 1, 11):
      with Image.open(io.BytesIO(data[offsets[i] : offsets[i + 1]].tobytes())) as image:
        images.append(np.asarray(image.convert("RGB")))
  return np.stack(images)


def planted(root, x):
  """A source and a target of image folders; 20 test images copied into the source, 5 saved again."""
  rng = np.random.default_rng(0)
  x = x[rng.permutation(len(x))]
  n = len(x) // 2
  places = [root / "source"] * n + [root / "target/train"] * (n // 2)
  places += [root / "target/test"] * (len(x) - len(places))
  for i, (image, place) in enumerate(zip(x, places, strict=True)):
    folder = place / "ab"[i % 2]
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / f"{i:04}.png")
  tests = sorted((root / "target/test").rglob("*.png"))
  chosen = [tests[i] for i in rng.choice(len(tests), 25, replace=False)]
  for k, path in enumerate(chosen):
    if k < 20:
      (root / "source/a" / f"copy{k}.png").write_bytes(path.read_bytes())
    else:
      with Image.open(path) as image:
        image.save(root / "source/b" / f"saved_again{k}.jpg", quality=[75, 80, 85, 90, 75][k - 20])
  return {str(p) for p in chosen[:20]}, {str(p) for p in chosen[20:]}


@pytest.mark.parametrize("images", [photographs, pacs])
def test_25_test_images_in_the_source_are_found_and_nothing_else(tmp_path, images):
  copied, saved_again = planted(tmp_path, images())
  source, target = (folders.read_folder(tmp_path / name) for name in ("source", "target"))
  assert len(target.test.x) > 50
  report = audit.audit([source], target)
  assert report.leaks
  found = {f.check: f for f in report.findings if "duplicates" in f.check}
  assert set(found) == {"duplicates", "near duplicates"}
  assert all(f.severity == "leak" for f in found.values())
  assert (found["duplicates"].affected, found["near duplicates"].affected) == (20, 5)
  assert {e.split(" = ")[0] for e in found["duplicates"].examples} == copied
  assert {e.split(" = ")[0] for e in found["near duplicates"].examples} == saved_again
  assert all("source/a/copy" in e.split(" = ")[1] for e in found["duplicates"].examples)
  assert all("source/b/saved_again" in e.split(" = ")[1] for e in found["near duplicates"].examples)
  [line] = [text for text in audit.warnings([source], target) if "also in" in text]
  assert line.startswith(f"20 of the {len(target.test.x)} examples of target test are also in")


def test_digits_are_not_taken_for_each_other():
  """2000 MNIST and 2000 USPS digits, where the local copies are: no look-alike among them."""
  for name in ("mnist", "usps"):
    if not (REAL / "digits" / f"{name}.npz").is_file():
      pytest.skip("no local copy of the digits")
  with np.load(REAL / "digits/mnist.npz") as file:
    mnist = file["train_images"][:4000].reshape(-1, 28, 28, 1)
  with np.load(REAL / "digits/usps.npz") as file:
    usps = np.rint(127.5 * (file["train_images"][:4000].reshape(-1, 16, 16, 1) + 1))
  domains = [
    Domain(name, Split(x[:2000], None), Split(x[2000:], None), ())
    for name, x in (("mnist", mnist), ("usps", usps.astype(np.uint8)))
  ]
  report = audit.audit(domains[:1], domains[1])
  assert not [f for f in report.findings if "duplicates" in f.check]


def vectors(name, x, y=None, cut=60):
  y = np.arange(len(x)) % 2 if y is None else y
  y = y.astype(np.int32)
  return Domain(name, Split(x[:cut], y[:cut]), Split(x[cut:], y[cut:]), ("0", "1"))


def test_labels_make_no_classes_to_compare():
  x = np.random.default_rng(3).normal(size=(100, 8)).astype(np.float32)
  marks = (x[:, :2] > 0).astype(np.int32)
  source, target = vectors("a", x, marks), vectors("b", x[::-1] + 1, marks)
  report = audit.audit([source._replace(classes=("p", "q"))], target._replace(classes=("p", "q")))
  assert report.findings == () and report.classes in ((), ("0",))


@pytest.fixture
def pair():
  rng = np.random.default_rng(0)
  return [rng.normal(0, 1, (100, 5)).astype(np.float32) for _ in range(2)]


def test_a_plain_pair_has_no_findings(pair):
  report = audit.audit([vectors("s", pair[0])], vectors("t", pair[1]))
  assert (report.findings, report.leaks) == ((), False)
  assert report.balance["t test"] == [20, 20]
  assert list(report.balance) == ["s train", "s test", "t train", "t test"]


@pytest.mark.parametrize(
  ("to", "at", "of", "severity", "what"),
  [
    (0, 90, (1, 70), "leak", "of the 40 examples of t test are also in s train or s test"),
    (0, 5, (1, 70), "leak", "of the 40 examples of t test are also in s train or s test"),
    (1, 5, (1, 70), "leak", "of the 40 examples of t test are also in t train"),
    (0, 5, (1, 10), "warning", "of the 60 examples of t train are also in s train or s test"),
    (0, 5, (0, 70), "warning", "of the 40 examples of s test are also in s train"),
  ],
)
def test_how_bad_a_duplicate_is(pair, to, at, of, severity, what):
  pair[to][at] = pair[of[0]][of[1]]
  report = audit.audit([vectors("s", pair[0])], vectors("t", pair[1]))
  [finding] = [f for f in report.findings if f.check == "duplicates"]
  assert (finding.severity, finding.what) == (severity, f"1 {what}")
  assert len(finding.examples) == 1


def test_an_unlabelled_target_s_own_repeats_are_a_warning(pair):
  pair[1][5] = pair[1][70]
  target = vectors("t", pair[1])
  target = target._replace(train=target.train._replace(y=None))
  [finding] = audit.audit([vectors("s", pair[0])], target).findings
  assert (finding.severity, finding.check) == ("warning", "duplicates")


def test_transductive_splits_are_a_note_and_compared_once(pair):
  pair[0][3] = pair[1][4]
  target = vectors("t", pair[1])
  target = target._replace(train=target.test, test=target.test)
  source = vectors("s", pair[0])
  report = audit.audit([source], target)
  assert [(f.severity, f.check) for f in report.findings] == [("note", "protocol")]
  pair[0][3] = pair[1][80]
  report = audit.audit([source], target)
  assert [(f.severity, f.check) for f in report.findings] == [
    ("leak", "duplicates"),
    ("note", "protocol"),
  ]
  images = Images(Files(("a.png", "b.png")))
  one = Domain("i", Split(images, None), Split(images.take(np.arange(2)), None), ())
  assert one_split(one)
  assert not one_split(one._replace(test=Split(images.take(np.array([1])), None)))


def test_repeats_of_short_vectors_are_natural():
  rng = np.random.default_rng(0)
  x = rng.integers(0, 3, (100, 3)).astype(np.float32)
  report = audit.audit([vectors("s", x)], vectors("t", x[::-1].copy()))
  found = [f for f in report.findings if f.check == "duplicates"]
  assert found and {f.severity for f in found} == {"note"}
  assert "chance" in found[0].remedy
  wide = np.tile(x, (1, 30))
  assert audit.audit([vectors("s", wide)], vectors("t", wide[::-1].copy())).leaks


def test_several_sources(pair):
  pair[0][90] = pair[1][70]
  other = vectors("u", pair[0] + 1)
  report = audit.audit([other, vectors("s", pair[0])], vectors("t", pair[1]))
  [finding] = [f for f in report.findings if f.check == "duplicates"]
  assert finding.examples == ("t test[10] = s test[30]",)


def test_blank_and_broken_images(tmp_path):
  for name in ("s", "t"):
    (tmp_path / name).mkdir()
    for i in range(10):
      x = np.random.default_rng([i, ord(name)]).integers(0, 255, (16, 16, 3)).astype(np.uint8)
      Image.fromarray(x if i else np.full_like(x, ord(name))).save(tmp_path / name / f"{i}.png")
  (tmp_path / "t/4.png").write_bytes(b"no image")
  source, target = (folders.read_folder(tmp_path / n) for n in "st")
  report = audit.audit([source._replace(classes=("a",))], target)
  what = sorted((f.check, f.affected, *f.examples) for f in report.findings)
  assert what == [
    ("images", 1, str(tmp_path / "s/0.png")),
    ("images", 1, str(tmp_path / "t/0.png")),
    ("images", 1, str(tmp_path / "t/4.png")),
  ]
  assert audit.warnings([source], target) == []  # nothing was decoded


def test_too_many_images_are_not_compared_and_said_so(monkeypatch):
  monkeypatch.setattr(audit.duplicates, "MOST_PAIRS", 50)
  rng = np.random.default_rng(0)
  x = rng.integers(0, 255, (40, 8, 8, 1)).astype(np.uint8)
  domains = [
    Domain(n, Split(part[:12], None), Split(part[12:], None), ())
    for n, part in (("s", x[:20]), ("t", x[20:]))
  ]
  report = audit.audit(domains[:1], domains[1])
  assert {f.check for f in report.findings} == {"near duplicates"}
  assert all(f.severity == "note" and "were not searched" in f.what for f in report.findings)


def test_warnings_stop_at_what_is_cheap(pair, monkeypatch):
  pair[0][3] = pair[1][70]
  source, target = vectors("s", pair[0]), vectors("t", pair[1])
  [line] = audit.warnings([source], target)
  assert line.startswith("1 of the 40 examples of t test are also in s train") and "drop" in line
  monkeypatch.setattr(audit, "MOST_BYTES", 100)
  assert audit.warnings([source], target) == []


def test_of_an_unseen_target_leaks_alone_are_looked_for(pair):
  pair[1] += 100  # another scale, which is a warning where the target is seen
  pair[0][3], pair[0][4] = pair[1][70], pair[1][10]
  source, target = vectors("s", pair[0]), vectors("t", pair[1])
  hidden = target._replace(train=source.train._replace(y=None))  # what stands in its place
  [line] = audit.leaks([source], hidden)
  assert line.startswith("1 of the 40 examples of t test are also in s train or s test")


def test_numbers_beside_names_are_said(pair):
  num, named = vectors("num", pair[0]), vectors("B", pair[1])._replace(classes=("cat", "dog"))
  said = "num numbers its classes, B names them: 0 is taken for 'cat', 1 is taken for 'dog': name"
  for source, target in ((num, named), (named, num), (num._replace(classes=()), named)):
    assert [line.startswith(said) for line in audit.warnings([source], target)] == [True]
    assert [f.severity for f in audit.audit([source], target).findings] == ["warning"]
  bare = Domain("num", *(Split(s.x, None) for s in num[1:3]), ())
  assert not audit.warnings([named], bare)
  assert not audit.warnings([named], named._replace(name="C", train=num.train, test=num.test))
