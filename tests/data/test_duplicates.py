"""Fingerprints: equal contents, look-alikes against an exhaustive search, and what has none."""

import io

import numpy as np
import pytest
from PIL import Image

from adapt.data import duplicates
from adapt.data.duplicates import alike, equal, prints
from adapt.data.images import Files, Images


def blobs(n, side=40, seed=0):
  """Smooth random pictures [n, side, side, 3] uint8, as photographs are smooth."""
  rng = np.random.default_rng(seed)
  small = rng.integers(0, 255, (n, 7, 7, 3), np.uint8)
  return np.stack([np.asarray(Image.fromarray(i).resize((side, side))) for i in small])


def jpeg(image, quality):
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, "JPEG", quality=quality)
  return stream.getvalue()


def saved(folder, images, names):
  folder.mkdir()
  for image, name in zip(images, names, strict=True):
    if name.endswith("jpg"):
      (folder / name).write_bytes(jpeg(image, 80))
    else:
      Image.fromarray(image).save(folder / name)
  return Images(Files(tuple(str(folder / name) for name in names)))


def test_equal_rows_of_arrays():
  a, b = blobs(10), blobs(6, seed=1)
  b[2], b[5] = a[7], a[1]
  assert equal(prints(a), prints(b)) == {2: 7, 5: 1}
  x = np.arange(12.0).reshape(4, 3)
  assert equal(prints(x), prints(x[::-1])) == {0: 3, 1: 2, 2: 1, 3: 0}
  assert prints(x).hashes is None and alike(prints(x), prints(x)) == {}


def test_the_first_of_several_copies_is_named():
  a = blobs(5)
  a[3] = a[1]
  assert equal(prints(a), prints(a[1:2])) == {0: 1}


def test_blank_examples_are_no_duplicates():
  a = np.stack([np.full((8, 8, 3), [9, 9, 200], np.uint8), blobs(1, 8)[0]])
  found = prints(a)
  assert found.blank.tolist() == [0]
  assert equal(found, found) == alike(found, found) == {1: 1}
  x = np.array([[0.0, 0, 0], [1, 2, 3]])
  assert (prints(x).blank.tolist(), equal(prints(x), prints(x))) == ([0], {1: 1})


@pytest.mark.parametrize("quality", [75, 90])
def test_images_saved_again_look_alike(quality):
  a, b = blobs(60), blobs(30, seed=1)
  for j in range(0, 30, 3):
    with Image.open(io.BytesIO(jpeg(a[j + 5], quality))) as image:
      b[j] = np.asarray(image.resize((40, 40)))
  assert alike(prints(a), prints(b)) == {j: j + 5 for j in range(0, 30, 3)}
  assert not equal(prints(a), prints(b))


def test_sizes_and_channels_may_differ():
  a = blobs(20, 40)
  b = np.stack([np.asarray(Image.fromarray(i).convert("L").resize((64, 64))) for i in a[3:9]])
  assert alike(prints(a), prints(b[..., None])) == {j: j + 3 for j in range(6)}


def test_frames_that_resemble_each_other_are_no_copies():
  """Variations of one picture are as near to each other as to a third: no copy among them."""
  rng = np.random.default_rng(0)
  one = blobs(1)[0].astype(int)
  frames = np.stack([np.clip(one + blobs(1, seed=s)[0] // 12, 0, 255) for s in range(40)])
  frames = frames.astype(np.uint8)
  a, b = prints(frames[:20]), prints(frames[20:])
  assert a.thumbs is not None and b.thumbs is not None
  assert ((b.thumbs @ a.thumbs.T).max(axis=1) > duplicates.ALIKE).sum() > 10
  assert alike(a, b) == {}
  copies = frames[20:].copy()
  copies[4] = np.clip(frames[11] + rng.integers(-1, 2, frames[11].shape), 0, 255)
  assert alike(a, prints(copies)) == {4: 11}


def test_encoded_images_by_bytes_and_by_pixels(tmp_path):
  a = blobs(8)
  first = saved(tmp_path / "a", a, [f"{i}.png" for i in range(8)])
  second = saved(tmp_path / "b", a[[2, 4, 6]], ["png.png", "webp.webp", "jpg.jpg"])
  Image.fromarray(a[4]).save(tmp_path / "b/webp.webp", lossless=True)
  one, two = prints(first), prints(second)
  assert equal(one, two) == {0: 2, 1: 4}  # other bytes, but the same pixels
  assert alike(one, two) == {0: 2, 1: 4, 2: 6}
  one, two = prints(first, looks=False), prints(second, looks=False)
  assert equal(one, two) == {0: 2}
  assert alike(one, two) == {}


def test_images_that_do_not_decode_are_named_and_equal_nothing(tmp_path):
  images = saved(tmp_path / "a", blobs(4), [f"{i}.png" for i in range(4)])
  for i in (1, 3):
    (tmp_path / f"a/{i}.png").write_bytes(b"no image")
  found = prints(images)
  assert found.broken == [str(tmp_path / f"a/{i}.png") for i in (1, 3)]
  assert found.blank.tolist() == []
  assert equal(found, found) == alike(found, found) == {0: 0, 2: 2}


def test_the_search_in_blocks_is_the_exhaustive_one(monkeypatch):
  rng = np.random.default_rng(0)
  a = rng.integers(0, 2**64, 50, np.uint64)
  b = a[rng.integers(0, 50, 20)] ^ np.uint64(0b1011) << np.uint64(20)
  wanted = [
    (i, j)
    for i in range(50)
    for j in range(20)
    if bin(int(a[i]) ^ int(b[j])).count("1") <= duplicates.BITS
  ]
  for block in (1, 64, 1 << 20):
    monkeypatch.setattr(duplicates, "_BLOCK", block)
    found = [(i, j) for part in duplicates._candidates(a, b) for i, j in zip(*part, strict=True)]
    assert sorted(found) == wanted
  assert len(wanted) >= 20


def test_thumbnails_are_means_over_areas():
  x = np.random.default_rng(0).integers(0, 255, (3, 64, 96, 1)).astype(np.uint8)
  by_hand = x[..., 0].reshape(3, 32, 2, 32, 3).mean(axis=(2, 4))
  np.testing.assert_allclose(duplicates._small(x), by_hand, rtol=1e-5)
  assert duplicates._areas(28).sum(axis=1) == pytest.approx(1)
  assert duplicates._areas(28).sum(axis=0) == pytest.approx(32 / 28)
