"""Encoded images behave as the array that they decode to."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from adapt.data import images
from adapt.data.images import Files, Images

N, SIDE = 6, 8


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
  """Six PNG files, with their pixels."""
  folder = tmp_path_factory.mktemp("files")
  rng = np.random.default_rng(0)
  pixels = rng.integers(0, 255, (N, SIDE, SIDE, 3), np.uint8)
  paths = [folder / f"{i}.png" for i in range(N)]
  for path, image in zip(paths, pixels, strict=True):
    Image.fromarray(image).save(path)
  return Images(Files(tuple(map(str, paths))), side=SIDE), pixels


def test_shape_and_indexing_are_those_of_the_array(stored):
  lazy, pixels = stored
  assert (lazy.shape, lazy.dtype, lazy.ndim) == (pixels.shape, pixels.dtype, pixels.ndim)
  assert (len(lazy), lazy.nbytes) == (len(pixels), pixels.nbytes)
  for at in (0, -1, np.int64(3), slice(1, 4), slice(None, None, 2), [4, 0, 4], np.array([], int)):
    np.testing.assert_array_equal(lazy[at], pixels[at])
  np.testing.assert_array_equal(images.decoded(lazy), pixels)
  assert images.decoded(pixels) is pixels


def test_many_are_decoded_by_threads_to_the_same(stored, monkeypatch):
  lazy, pixels = stored
  monkeypatch.setattr(images, "_FEW", 2)
  np.testing.assert_array_equal(lazy[[5, 1, 3]], pixels[[5, 1, 3]])


def test_taking_and_resizing_leave_them_encoded(stored):
  lazy, pixels = stored
  some = images.take(images.take(lazy, np.array([5, 3, 1])), np.array([2, 0]))
  assert isinstance(some, Images)
  np.testing.assert_array_equal(some[:], pixels[[1, 5]])
  np.testing.assert_array_equal(images.take(pixels, np.array([1, 5])), pixels[[1, 5]])
  smaller = images.resized(lazy, 4)
  assert isinstance(smaller, Images) and smaller.shape == (N, 4, 4, 3)
  np.testing.assert_array_equal(smaller[:], images.resized(pixels, 4))  # bilinear, antialiased
  assert images.resized(pixels, SIDE) is pixels
  grey = images.resized(pixels[..., :1], 4)
  assert grey.shape == (N, 4, 4, 1)


def test_workers_get_them_pickled(stored):
  lazy, pixels = stored
  again = pickle.loads(pickle.dumps(lazy.take(np.array([2]))))
  np.testing.assert_array_equal(again[:], pixels[[2]])


def test_grey_and_transparent_files_come_as_rgb():
  for mode in ("L", "RGBA", "P"):
    buffer = io.BytesIO()
    Image.new(mode, (5, 7), 3).save(buffer, format="png")
    assert images.decode(buffer.getvalue(), SIDE).shape == (SIDE, SIDE, 3)


def test_what_does_not_decode_is_named(tmp_path):
  (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff no picture")
  lazy = Images(Files((str(tmp_path / "bad.jpg"),)), side=SIDE)
  with pytest.raises(ValueError, match=r"bad\.jpg does not decode as an image: replace it"):
    lazy[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_any_channels_and_floats_are_resized(dtype, channels):
  x = np.random.default_rng(0).uniform(0, 255, (8, 6, channels)).astype(dtype)
  y = images.resize(x, 4)
  assert (y.shape, y.dtype) == ((4, 4, channels), dtype)
  for k in range(channels):
    np.testing.assert_array_equal(y[..., k], images.resize(x[..., k : k + 1], 4)[..., 0])
  np.testing.assert_allclose(y.mean((0, 1)), x.mean((0, 1)), rtol=0.1)
  if dtype == np.float32:  # neither clipped nor rounded
    np.testing.assert_allclose(images.resize(x / 1e3, 4), y / 1e3, rtol=1e-5)


def png(mode_or_array, suffix="png"):
  buffer = io.BytesIO()
  Image.fromarray(mode_or_array).save(buffer, format=suffix)
  return buffer.getvalue()


def test_sixteen_bits_are_scaled_and_unknown_ranges_refused():
  grey = np.linspace(0, 65535, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint16)
  x = images.decode(png(grey), SIDE)
  np.testing.assert_array_equal(x, np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, -1))
  for dtype, mode in ((np.int32, "I"), (np.float32, "F")):
    with pytest.raises(ValueError, match=rf"a.tif has pixels of mode {mode}, whose range is unk"):
      images.decode(png(grey.astype(dtype), "tiff"), SIDE, "a.tif")


def blank(kind, side, **settings):
  """A file of one grey: few bytes for many pixels."""
  buffer = io.BytesIO()
  Image.new("L", (side, side)).save(buffer, kind, **settings)
  return buffer.getvalue()


@pytest.mark.holds("hostile")
def test_an_image_s_pixels_must_be_worth_its_bytes(monkeypatch):
  monkeypatch.setattr(images, "LARGEST", 4 * 100**2)
  assert images.decode(blank("PNG", 100), 8, "a.png").shape == (8, 8, 3)
  with pytest.raises(ValueError, match=r"a\.png has 400 x 400 pixels, which take 1 MiB: make it"):
    images.decode(blank("PNG", 400), 8, "a.png")
  # As many pixels of a photograph, whose file is larger.
  noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)
  buffer = io.BytesIO()
  Image.fromarray(noise).save(buffer, "PNG")
  assert images.decode(buffer.getvalue(), 8, "a.png").shape == (8, 8, 3)


def test_a_large_jpeg_is_decoded_at_a_fraction(monkeypatch):
  monkeypatch.setattr(images, "LARGEST", 4 * 100**2)
  assert images.decode(blank("JPEG", 800), 8, "a.jpg").shape == (8, 8, 3)
  with pytest.raises(ValueError, match=r"a\.jpg has 800 x 800 pixels"):
    images.decode(blank("JPEG", 800), 500, "a.jpg")
  with pytest.raises(ValueError, match=r"a\.jpg has 800 x 800 pixels"):  # held as a whole
    images.decode(blank("JPEG", 800, progressive=True), 8, "a.jpg")


@pytest.mark.parametrize("most", [100, 400_000])  # of the latter Pillow only warns
def test_more_pixels_than_pillow_would_open(most, monkeypatch):
  monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
  assert images.decode(blank("JPEG", 800), 8, "a.jpg").shape == (8, 8, 3)
  assert most == Image.MAX_IMAGE_PIXELS


def grey_file(path, values, **options):
  Image.fromarray(values).save(path, **options)
  return images.decode(path.read_bytes(), SIDE, str(path))[..., 0].astype(int)


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_grey_of_more_than_8_bits_is_scaled_by_its_declared_depth(tmp_path, bits):
  from PIL import PngImagePlugin, TiffImagePlugin

  ramp = np.linspace(0, 2**bits - 1, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint16)
  wanted = (ramp >> (bits - 8)).astype(int)
  tags = TiffImagePlugin.ImageFileDirectory_v2()
  tags[281] = 2**bits - 1  # MaxSampleValue
  found = grey_file(tmp_path / "a.tif", ramp, tiffinfo=tags)
  np.testing.assert_array_equal(found, wanted)
  chunks = PngImagePlugin.PngInfo()
  chunks.add(b"sBIT", bytes([bits]))
  np.testing.assert_array_equal(grey_file(tmp_path / "a.png", ramp, pnginfo=chunks), wanted)
  pgm = b"P5 %d %d %d\n" % (SIDE, SIDE, 2**bits - 1) + ramp.astype(">u2").tobytes()
  read = images.decode(pgm, SIDE)[..., 0].astype(int)
  assert np.abs(read - wanted).max() <= 1 and read.max() == 255


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_photographs_stand_upright(tmp_path, suffix):
  pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
  pixels[: SIDE // 2] = 250  # above
  turned = Image.fromarray(np.rot90(pixels))  # how the sensor has it
  exif = Image.Exif()
  exif[0x112] = 6  # turn by 90 degrees to the right
  turned.save(tmp_path / f"a.{suffix}", exif=exif)
  found = images.decode((tmp_path / f"a.{suffix}").read_bytes(), SIDE).astype(int)
  assert np.abs(found - pixels).mean() < 20
  without = tmp_path / f"b.{suffix}"
  turned.save(without)
  assert np.abs(images.decode(without.read_bytes(), SIDE).astype(int) - pixels).mean() > 60


@pytest.mark.parametrize("suffix", ["gif", "tif", "bmp", "webp", "pgm"])
def test_other_kinds_of_files_give_their_first_picture(tmp_path, suffix):
  first, second = (Image.new("L", (SIDE, SIDE), shade) for shade in (200, 20))
  more = {"save_all": True, "append_images": [second]} if suffix in ("gif", "tif", "webp") else {}
  first.save(tmp_path / f"a.{suffix}", **more)
  found = images.decode((tmp_path / f"a.{suffix}").read_bytes(), SIDE)
  assert np.abs(found.astype(int) - 200).max() < 5
