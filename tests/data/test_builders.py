"""The TFDS builders, from tiny copies of both layouts that the tests make; and the script."""

import gzip
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapt.data import atomic_files, builders, prepared
from adapt.data.builders import amazon_reviews, base, mnist, mnist_m, usps

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"train": 12, "test": 7}
SPLITS = tuple(SIZES)


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def tiny(monkeypatch):
  """Builders that expect 12 and 7 examples."""
  for cls in (mnist.MnistDigits, usps.Usps, mnist_m.MnistM):
    monkeypatch.setattr(cls, "SIZES", SIZES)
  monkeypatch.setattr(amazon_reviews.AmazonReviews, "_sizes", lambda self: SIZES)


def grey(side, split, seed=0):
  """Random images [n, side, side] uint8 and labels [n]."""
  rng = np.random.default_rng([seed, len(split)])
  n = SIZES[split]
  return rng.integers(0, 256, (n, side, side), np.uint8), np.arange(n) % 10


def npz(path, arrays):
  path.parent.mkdir(parents=True, exist_ok=True)
  images = {f"{split}_images": x for split, (x, _) in arrays.items()}
  np.savez(path, **images, **{f"{split}_labels": y for split, (_, y) in arrays.items()})


def idx(array):
  head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
  return gzip.compress(head + array.astype(np.uint8).tobytes())


def zip_text(x, y):
  lines = [
    f"{digit:.4f} " + " ".join(f"{v:.3f}" for v in image.ravel()) + " "
    for image, digit in zip(x, y, strict=True)
  ]
  return gzip.compress("\n".join(lines).encode())


def serve_as(monkeypatch, cls, *mirrors):
  """The published files of a builder, by name alone, at other addresses and with any content."""
  files = {
    config: tuple(base.Published(f.name, tuple(m + f.name for m in mirrors)) for f in published)
    for config, published in cls.FILES.items()
  }
  monkeypatch.setattr(cls, "FILES", files)


def check(name, data_dir, expected):
  for split, (x, y) in expected.items():
    got_x, got_y = prepared.arrays(name, split, data_dir)
    np.testing.assert_array_equal(got_x, x)
    np.testing.assert_array_equal(got_y, y)


def test_mnist_from_a_folder(tiny, tmp_path):
  arrays = {split: grey(28, split) for split in SPLITS}
  npz(tmp_path / "digits" / "mnist.npz", arrays)
  assert builders.prepare("mnist", tmp_path, tmp_path / "out") == {"mnist": SIZES}
  check("mnist_digits", tmp_path / "out", {s: (x[..., None], y) for s, (x, y) in arrays.items()})
  # A second time it is left as it is, and the source is not even read.
  assert builders.prepare("mnist", None, tmp_path / "out") == {"mnist": SIZES}


def test_mnist_from_the_second_mirror(tiny, tmp_path, serve, monkeypatch):
  www, url = serve
  serve_as(monkeypatch, mnist.MnistDigits, url + "absent/", url)
  arrays = {split: grey(28, split) for split in SPLITS}
  parts = [array for split in SPLITS for array in arrays[split]]
  for name, array in zip(mnist.FILES, parts, strict=True):
    (www / name).write_bytes(idx(array))
  builders.prepare("mnist", None, tmp_path / "out")
  check("mnist_digits", tmp_path / "out", {s: (x[..., None], y) for s, (x, y) in arrays.items()})


def test_usps_from_a_folder_and_from_its_site(tiny, tmp_path, serve, monkeypatch):
  www, url = serve
  serve_as(monkeypatch, usps.Usps, url)
  arrays, expected = {}, {}
  for split in SPLITS:
    x, y = grey(16, split)
    x[:, 0, 0], x[:, 0, 1] = 0, 255
    arrays[split] = (np.round(x / 127.5 - 1, 3).astype(np.float32), y)
    expected[split] = (x[..., None], y)
    (www / usps.FILES[split]).write_bytes(zip_text(*arrays[split]))
  npz(tmp_path / "digits" / "usps.npz", arrays)
  builders.prepare("usps", tmp_path, tmp_path / "a")
  builders.prepare("usps", None, tmp_path / "b")
  check("usps", tmp_path / "a", expected)
  check("usps", tmp_path / "b", expected)


def test_mnist_m_from_sheets_and_from_the_release(tiny, tmp_path):
  expected = {}
  sheets = tmp_path / "digits" / "mnist_m"
  release = tmp_path / "b" / "downloads" / "manual" / "mnist_m"
  sheets.mkdir(parents=True)
  for split, n in SIZES.items():
    x = np.random.default_rng(n).integers(0, 256, (n, 32, 32, 3), np.uint8)
    y = np.arange(n) % 10
    expected[split] = (x, y)
    sheet = np.zeros((640, 1600, 3), np.uint8)
    for k, image in enumerate(x):
      sheet[:32, 32 * k : 32 * k + 32] = image
    Image.fromarray(sheet).save(sheets / f"{split}_000.webp", lossless=True)
    np.save(sheets / f"{split}_labels.npy", y)
    (release / f"mnist_m_{split}").mkdir(parents=True)
    lines = [f"{k:08d}.png {digit}\n" for k, digit in enumerate(y)]
    (release / f"mnist_m_{split}_labels.txt").write_text("".join(lines))
    for k, image in enumerate(x):
      Image.fromarray(image).save(release / f"mnist_m_{split}" / f"{k:08d}.png")
  builders.prepare("mnist_m", tmp_path, tmp_path / "a")
  builders.prepare("mnist_m", None, tmp_path / "b")
  check("mnist_m", tmp_path / "a", expected)
  check("mnist_m", tmp_path / "b", expected)


def svmlight(x, y):
  rows = [
    f"{label} " + " ".join(f"{j}:{row[j]}" for j in np.flatnonzero(row)) + "\n"
    for row, label in zip(x, y, strict=True)
  ]
  return "".join(rows)


def test_amazon_from_a_folder_and_from_its_repository(tiny, tmp_path, serve, monkeypatch):
  www, url = serve
  serve_as(monkeypatch, amazon_reviews.AmazonReviews, url)
  folder = tmp_path / "amazon" / "bow5000"
  folder.mkdir(parents=True)
  rng = np.random.default_rng(0)
  expected = {}
  for domain in amazon_reviews.TEST_SIZES:
    for split, n in SIZES.items():
      x = rng.poisson(0.002, (n, 5000)).astype(np.uint8)
      x[0, [0, 4999]], x[1] = 84, 0  # first and last word; a review without any
      expected[domain, split] = (x, np.arange(n) % 2)
      text = svmlight(*expected[domain, split])
      (folder / f"{domain}_{split}.svmlight").write_text(text)
      (www / f"{domain}_{split}.svmlight").write_text(text)
  counts = builders.prepare("amazon_reviews", tmp_path, tmp_path / "a")
  assert counts == {f"amazon_reviews/{domain}": SIZES for domain in amazon_reviews.TEST_SIZES}
  builders.prepare("amazon_reviews", None, tmp_path / "b")
  for (domain, split), arrays in expected.items():
    check(f"amazon_reviews/{domain}", tmp_path / "a", {split: arrays})
    check(f"amazon_reviews/{domain}", tmp_path / "b", {split: arrays})


def test_wrong_size_is_refused(tmp_path):
  npz(tmp_path / "digits" / "usps.npz", {s: (np.zeros((3, 16, 16)), np.zeros(3)) for s in SPLITS})
  with pytest.raises(ValueError, match=r"usps train has 3 examples .* fetch them again"):
    builders.prepare("usps", tmp_path, tmp_path / "out")


def test_prepare_refuses(tmp_path, serve, monkeypatch):
  message = r"unknown data set 'uspss' \(did you mean usps\?\): choose from mnist, usps"
  with pytest.raises(ValueError, match=message):
    builders.prepare("uspss")
  with pytest.raises(ValueError, match=r"no folder '.*absent': give --from"):
    builders.prepare("usps", tmp_path / "absent")
  with pytest.raises(ValueError, match=r"no file '.*usps.npz': give --from"):
    builders.prepare("usps", tmp_path, tmp_path / "out")
  with pytest.raises(ValueError, match=r"no train_labels.npy and train_.* give --from"):
    builders.prepare("mnist_m", tmp_path, tmp_path / "out")
  with pytest.raises(ValueError, match=r"no file '.*books_train.svmlight': give --from"):
    builders.prepare("amazon_reviews", tmp_path, tmp_path / "out")
  with pytest.raises(ValueError, match=r"downloaded by hand: unpack mnist_m.tar.gz .*manual"):
    builders.prepare("mnist_m", None, tmp_path / "out")
  serve_as(monkeypatch, usps.Usps, serve[1])
  with pytest.raises(ValueError, match=r"zip.train.gz could not be downloaded \(.*404"):
    builders.prepare("usps", None, tmp_path / "out")


def test_script(tmp_path):
  def run(*arguments):
    script = [sys.executable, "-W", "error", ROOT / "scripts" / "prepare_data.py", *arguments]
    return subprocess.run(script, capture_output=True, text=True, check=False)

  bad = run("uspss")
  assert bad.returncode == 2
  assert bad.stderr.startswith(
    "prepare_data: unknown data set 'uspss' (did you mean usps?): choose from"
  )
  assert bad.stderr.count("\n") == 1
  assert bad.stdout == ""


def test_script_prints_counts(tiny, tmp_path, capsys, monkeypatch):
  monkeypatch.syspath_prepend(ROOT / "scripts")
  import prepare_data

  npz(
    tmp_path / "digits" / "usps.npz", {s: (grey(16, s)[0] / 255.0, grey(16, s)[1]) for s in SPLITS}
  )
  out = str(tmp_path / "out")
  assert prepare_data.main(["usps", "--from", str(tmp_path), "--data-dir", out]) == 0
  assert capsys.readouterr().out.startswith("usps: train 12, test 7 (")


@pytest.mark.holds("prepared")
def test_a_second_prepare_waits_for_the_first(tiny, tmp_path, capsys):
  arrays = {split: grey(28, split) for split in SPLITS}
  npz(tmp_path / "digits" / "mnist.npz", arrays)
  out, made = tmp_path / "out", []

  def prepare():
    made.append(builders.prepare("mnist", tmp_path, out))

  both = [threading.Thread(target=prepare) for _ in range(2)]
  with atomic_files.one_at_a_time(out / ".mnist_digits.lock", "prepares mnist"):
    for thread in both:
      thread.start()
    both[0].join(0.3)
    assert made == [] and not (out / "mnist_digits").exists()
  for thread in both:
    thread.join(60)
  assert made == [{"mnist": SIZES}] * 2
  assert "warning: another process prepares mnist in" in capsys.readouterr().err


@pytest.mark.holds("prepared")
def test_what_a_killed_prepare_has_left_is_swept(tiny, tmp_path):
  npz(tmp_path / "digits" / "mnist.npz", {split: grey(28, split) for split in SPLITS})
  place = tmp_path / "out" / "mnist_digits"
  for name in ("incomplete.ABCDEF_1.0.0", "incomplete.ABCDEF_9.9.9", "mine"):
    (place / name).mkdir(parents=True)
    (place / name / "shard").write_bytes(b"1")
  builders.prepare("mnist", tmp_path, tmp_path / "out")
  assert sorted(p.name for p in place.iterdir()) == ["1.0.0", "incomplete.ABCDEF_9.9.9", "mine"]


@pytest.mark.holds("downloads")
def test_every_published_file_has_a_limit_and_what_is_pinned_a_checksum():
  files = {
    f for name in builders.names() for fs in builders._builder(name)[0].FILES.values() for f in fs
  }
  published = [file for file in files if file.urls]
  assert len(published) > 50
  for file in published:
    assert file.urls[0].startswith("https://") and 0 < file.most <= 2**34, file
    assert not file.urls[0].startswith("https://raw.githubusercontent") or file.sha256, file
  assert sum(file.sha256 is not None for file in published) >= 37
