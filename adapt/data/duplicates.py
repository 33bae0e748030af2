"""Find duplicates between two sets.

Equal contents are found by SHA-256. Images that look alike are found too.

Look-alikes are found by a perceptual hash of 64 bits (signs of the lowest 8x8 coefficients of a
32x32 cosine transform, as Zauner's pHash, 2010), compared by exclusive or and popcount in blocks.
The hash alone takes many different digits or sketches for one, so each candidate is confirmed by
the correlation of the two thumbnails' pixels.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from adapt.data.images import Images, decode

SIDE = 32  # of a thumbnail, in pixels
BITS = 8  # hashes that differ in more are not candidates
# Correlation of thumbnails from which two images may be one. Saved as JPEG of quality 75, digits and
# sketches keep 0.996 and photographs 0.999; different optical digits of 8x8 pixels reach 0.992.
ALIKE = 0.994
SAME = 0.9995  # and from which they are
APART = 0.2  # share of the distance (1 - correlation) to other images that a copy keeps at most
MOST_PAIRS = 50_000**2  # comparisons, about half a minute
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # which JPEG keeps best (ITU-R BT.601)
_BLOCK = 1 << 24  # comparisons held at a time


class Prints(NamedTuple):
  """The fingerprints of n examples."""

  exact: list[frozenset[bytes]]  # digests of each; equal contents share one; none if nothing to see
  thumbs: np.ndarray | None  # [n, 1024] float32, zero mean and unit norm; None for vectors
  hashes: np.ndarray | None  # [n] uint64
  blank: np.ndarray  # rows whose values are all the same
  broken: list[str]  # images that do not decode


def prints(x: Any, looks: bool = True) -> Prints:
  """Compute fingerprints of images, encoded images or vectors.

  Images are [n, h, w, c] and vectors are [n, d].

  Blank examples and images that do not decode have none: two of them are no duplicates.

  Args:
    x: the examples.
    looks: also what images look like; of encoded images the stored bytes alone otherwise.
  """
  if isinstance(x, Images):
    return _of_encoded(x) if looks else _of_stored(x)
  blank = _blank(x)
  exact = [
    frozenset() if nothing else frozenset([hashlib.sha256(row).digest()])
    for row, nothing in zip(np.ascontiguousarray(x), blank, strict=True)
  ]
  rows = np.flatnonzero(blank)
  if not looks or x.ndim != 4:
    return Prints(exact, None, None, rows, [])
  return Prints(exact, *_looks(_small(x)), rows, [])


def equal(a: Prints, b: Prints) -> dict[int, int]:
  """Match equal rows of b to rows of a.

  For each row of b that has an equal in a: the first such row of a.
  """
  first: dict[bytes, int] = {}
  for i, digests in enumerate(a.exact):
    for digest in digests:
      first.setdefault(digest, i)
  found = {}
  for j, digests in enumerate(b.exact):
    if there := [first[d] for d in digests if d in first]:
      found[j] = min(there)
  return found


def alike(a: Prints, b: Prints) -> dict[int, int]:
  """Match rows of b to similar-looking rows of a.

  For each row of b that looks like one of a: the row of a most like it.

  Rows with equal contents are among them. Vectors have no looks: none.
  """
  if a.hashes is None or b.hashes is None:
    return {}
  assert a.thumbs is not None and b.thumbs is not None
  best, of = np.full(len(b.hashes), -1.0), np.zeros(len(b.hashes), np.int64)
  for i, j in _candidates(a.hashes, b.hashes):
    likeness = np.einsum("kd,kd->k", a.thumbs[i], b.thumbs[j])
    order = np.argsort(likeness, kind="stable")  # of several values for one j, the last one stays
    better = order[likeness[order] > best[j[order]]]
    best[j[better]], of[j[better]] = likeness[better], i[better]
  rows = np.flatnonzero(best >= ALIKE)
  apart = 1 - _next(b.thumbs, rows)
  near = 1 - best[rows] <= np.maximum(APART * apart, 1 - SAME)
  return {int(j): int(of[j]) for j in rows[near]}


def _next(thumbs: np.ndarray, rows: np.ndarray) -> np.ndarray:
  """Similarity [k] of each row to its nearest other image.

  Only other images of the same set count.

  Ones written by many hands look alike, and so do the frames of a film: a copy must be much nearer
  than they are. Copies within the set are not counted as others.
  """
  out = np.empty(len(rows))
  for start in range(0, len(rows), 256):
    likeness = thumbs[rows[start : start + 256]] @ thumbs.T
    out[start : start + 256] = np.where(likeness >= SAME, -1, likeness).max(axis=1)
  return out


def _candidates(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yield pairs of rows whose hashes differ in few bits.

  Pairs are (i of a, j of b), in pieces that fit into memory.
  """
  step = max(1, _BLOCK // max(len(b), 1))
  for start in range(0, len(a), step):
    differing = np.bitwise_count(a[start : start + step, None] ^ b[None])
    i, j = np.nonzero(differing <= BITS)
    for cut in range(0, len(i), 1 << 15):
      yield i[cut : cut + (1 << 15)] + start, j[cut : cut + (1 << 15)]


def _of_stored(x: Images) -> Prints:
  """The bytes of encoded images, not decoded."""
  exact = [frozenset([hashlib.sha256(x.encoded(i)).digest()]) for i in range(len(x))]
  return Prints(exact, None, None, np.empty(0, np.int64), [])


def _of_encoded(x: Images) -> Prints:
  """Return encoded images' bytes and their pixels.

  The pixels are at twice a thumbnail's size.
  """

  def one(i: int) -> tuple[frozenset[bytes], np.ndarray | None, bool]:
    data = x.encoded(i)
    try:
      image = decode(data, 2 * SIDE, x.name(i))[None]
    except ValueError:
      return frozenset(), None, False
    if _blank(image)[0]:
      return frozenset(), _small(image)[0], True
    digests = frozenset([hashlib.sha256(data).digest(), hashlib.sha256(image.tobytes()).digest()])
    return digests, _small(image)[0], False

  thumbs = np.zeros((len(x), SIDE, SIDE), np.float32)
  exact, blank, broken = [], [], []
  with ThreadPoolExecutor(os.cpu_count()) as pool:
    for i, (digests, thumb, nothing) in enumerate(pool.map(one, range(len(x)))):
      exact.append(digests)
      if thumb is None:
        broken.append(x.name(i))
      else:
        thumbs[i] = thumb
      if nothing:
        blank.append(i)
  return Prints(exact, *_looks(thumbs), np.array(blank, np.int64), broken)


def _blank(x: np.ndarray) -> np.ndarray:
  """Return which examples are blank, [n] bool.

  Vectors [n, d] are blank if all values are equal, images [n, h, w, c] if all one colour.
  """
  pixels = x.reshape(len(x), -1, x.shape[-1] if x.ndim == 4 else 1)
  return (pixels == pixels[:, :1]).all(axis=(1, 2))


def _small(x: np.ndarray) -> np.ndarray:
  """Downscale images [n, h, w, c] to grey thumbnails.

  They are [n, 32, 32] float32. Each value is the mean over its area.
  """
  high, wide = (_areas(size) for size in x.shape[1:3])
  out = np.empty((len(x), SIDE, SIDE), np.float32)
  for start in range(0, len(x), 1024):
    part = x[start : start + 1024].astype(np.float32)
    grey = part @ _LUMA if x.shape[-1] == 3 else part.mean(axis=-1)
    out[start : start + 1024] = high @ grey @ wide.T
  return out


def _areas(size: int) -> np.ndarray:
  """Weights [32, size] that average pixels over 32 equal parts.

  They say how much of each pixel lies in each part. Rows sum to 1.
  """
  edges = np.arange(SIDE + 1) * size / SIDE
  low, high = edges[:-1, None], edges[1:, None]
  pixel = np.arange(size)
  covered = np.minimum(high, pixel + 1) - np.maximum(low, pixel)
  return (np.clip(covered, 0, None) * SIDE / size).astype(np.float32)


def _looks(small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Compute normalised thumbnails and hashes.

  Thumbnails [n, 1024] have zero mean and unit norm, or are zero where flat. Hashes are [n] uint64.
  """
  k, i = np.arange(8)[:, None], np.arange(SIDE)
  cosines = np.cos(np.pi * k * (i + 0.5) / SIDE).astype(np.float32)
  low = (cosines @ small @ cosines.T).reshape(len(small), -1)
  bits = low > np.median(low[:, 1:], axis=1, keepdims=True)
  hashes = np.packbits(bits, axis=1).view(np.uint64)[:, 0]
  flat = small.reshape(len(small), -1)
  flat = flat - flat.mean(axis=1, keepdims=True)
  norm = np.linalg.norm(flat, axis=1, keepdims=True)
  return np.divide(flat, norm, out=np.zeros_like(flat), where=norm > 1e-3), hashes
