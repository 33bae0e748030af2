"""The parsers of digits, signs, features and reviews: what they read, and what they refuse."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from adapt.data.builders import (
  amazon_400,
  amazon_text,
  class_names,
  gtsrb,
  layout,
  mat,
  office_caltech10_features,
  syn_digits,
  syn_signs,
)


def image(side=40, kind="PNG", seed=0):
  """A random image [side, side, 3] and its bytes."""
  pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
  stream = io.BytesIO()
  Image.fromarray(pixels).save(stream, kind)
  return pixels, stream.getvalue()


def one_line(error):
  assert "\n" not in str(error.value)


def test_class_names():
  assert len(class_names.SIGNS) == len(set(class_names.SIGNS)) == 43
  assert (class_names.SIGNS[14], class_names.SIGNS[17], class_names.SIGNS[40]) == (
    "stop",
    "no entry",
    "roundabout",
  )


@pytest.mark.parametrize(
  "data",
  [
    b"",
    b"MATLAB 5.0 MAT-file" + b"\0" * 200,
    b"no MATLAB file, and longer than its header " * 9,
    b"\x89HDF\r\n\x1a\n" + b"\0" * 600,
  ],
)
def test_mat_refuses_another_file(tmp_path, data):
  (tmp_path / "a.mat").write_bytes(data)
  with pytest.raises(ValueError, match=r"a.mat (is not a MATLAB 5 file|has no array 'X')") as error:
    mat.read(tmp_path / "a.mat", ("X",))
  one_line(error)


@pytest.mark.parametrize("compressed", [False, True])
def test_mat_refuses_a_cut_file(tmp_path, compressed):
  path = tmp_path / "a.mat"
  x = np.random.default_rng(0).random((20, 30))
  savemat(path, {"X": x}, do_compression=compressed)
  np.testing.assert_array_equal(mat.read(path, ("Y", "X"))[0], x)
  path.write_bytes(path.read_bytes()[:-100])
  with pytest.raises(ValueError, match=r"a.mat is not a MATLAB 5 file .*: fetch the file again"):
    mat.read(path, ("X",))


def test_mat_refuses_a_damaged_file(tmp_path):
  path = tmp_path / "a.mat"
  savemat(path, {"X": np.random.default_rng(0).random((20, 30))}, do_compression=True)
  data = bytearray(path.read_bytes())
  data[len(data) // 2] ^= 255
  path.write_bytes(data)
  with pytest.raises(ValueError, match=r"a.mat is not a MATLAB 5 file"):
    mat.read(path, ("X",))


def test_mat_refuses_absent_arrays_and_words(tmp_path):
  savemat(tmp_path / "a.mat", {"fts": "words", "labels": [1]})
  with pytest.raises(ValueError, match=r"no file '.*b.mat': give --from"):
    mat.read(tmp_path / "b.mat", ("X",))
  with pytest.raises(ValueError, match=r"has no array 'X' \(it has fts, labels\)"):
    mat.read(tmp_path / "a.mat", ("X",))
  with pytest.raises(ValueError, match=r"'fts' is no array of numbers"):
    mat.read(tmp_path / "a.mat", ("fts",))


@pytest.mark.parametrize(
  ("x", "y", "message"),
  [
    (np.ones((3, 5)), [1, 2, 10], r"features of shape \(3, 5\), not \[n, 4\]"),
    (np.ones((3, 4)), [1, 2], "3 examples but 2 labels"),
    (np.ones((3, 4)), [1, 2, 11], "labels other than 1 to 10"),
    (np.ones((3, 4)), [1, 2, 0.5], "labels other than 1 to 10"),
    (np.ones((3, 4)), [[1, 2], [3, 4]], "not one column"),
    (np.full((3, 4), np.nan), [1, 2, 3], "not finite"),
  ],
)
def test_features_refuse(tmp_path, x, y, message):
  savemat(tmp_path / "a.mat", {"fts": x, "labels": np.array(y)})
  with pytest.raises(ValueError, match=rf"a.mat .*{message}"):
    mat.features(tmp_path / "a.mat", 4, ("fts",), 1, 10)


def test_surf_and_decaf6(tmp_path):
  path = tmp_path / "a.mat"
  counts = np.random.default_rng(0).integers(0, 256, (3, 800), np.uint8)
  savemat(path, {"fts": counts, "labels": [[1], [10], [2]]})
  x, y = office_caltech10_features.read_surf(path)
  assert (x.dtype, y.tolist()) == (np.uint8, [0, 9, 1])
  np.testing.assert_array_equal(x, counts)
  savemat(path, {"fts": counts / 2, "labels": [1, 1, 1]})
  with pytest.raises(ValueError, match="not counts up to 255"):
    office_caltech10_features.read_surf(path)
  for name in ("feas", "fts"):
    savemat(path, {name: np.full((2, 4096), 0.1), "labels": [3, 4]})
    x, y = office_caltech10_features.read_decaf6(path)
    assert (x.dtype, x.shape, y.tolist()) == (np.float32, (2, 4096), [2, 3])


def test_amazon_400_refuses_counts(tmp_path):
  savemat(tmp_path / "a.mat", {"fts": np.ones((2, 400)), "labels": [0, 1]})
  with pytest.raises(ValueError, match="do not sum to 1"):
    amazon_400.read_shares(tmp_path / "a.mat")


def test_syn_digits(tmp_path):
  path = tmp_path / "a.mat"
  images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
  savemat(path, {"X": images.transpose(1, 2, 3, 0), "y": [[1], [10], [0]]})
  x, y = syn_digits.read_digits(path)
  np.testing.assert_array_equal(x, images)
  assert y.tolist() == [1, 0, 0]
  savemat(path, {"X": images, "y": [1, 2, 3]})
  with pytest.raises(ValueError, match=r"X of uint8 \[3, 32, 32, 3\], not uint8 \[32, 32, 3, n\]"):
    syn_digits.read_digits(path)
  savemat(path, {"X": images.transpose(1, 2, 3, 0), "y": [1, 2]})
  with pytest.raises(ValueError, match="3 images but 2 labels"):
    syn_digits.read_digits(path)


@pytest.mark.parametrize(
  "line",
  [
    "a.ppm;50;40;5;5;51;35;3",  # the box leaves the image
    "a.ppm;50;40;5;5;5;35;3",
    "a.ppm;50;40;5;5;45;35;43",
    "a.ppm;50;40;5;5;45;35",
    "a.ppm;50;40;5;x;45;35;3",
    "../a.ppm;50;40;5;5;45;35;3",
  ],
)
def test_gtsrb_list_refuses(line):
  good = f"{gtsrb.HEADER}\r\na.ppm;50;40;5;6;45;35;3\r\n"
  assert gtsrb.read_boxes(good.encode(), "a.csv") == [("a.ppm", (5, 6, 45, 35), 3)]
  with pytest.raises(ValueError, match=r"a.csv line 3 is not 'Filename;Width"):
    gtsrb.read_boxes((good + line).encode(), "a.csv")
  for bad in (b"", b"Filename,Width\n", b"\xff\xfe"):
    with pytest.raises(ValueError, match=r"a.csv (does not begin|is not a plain)"):
      gtsrb.read_boxes(bad, "a.csv")


def test_gtsrb_crop():
  pixels, data = image(60, "PPM")
  np.testing.assert_array_equal(
    gtsrb.crop(data, (7, 3, 47, 43), "a.ppm"),
    pixels[3:43, 7:47],  # 40x40 already: untouched
  )
  assert gtsrb.crop(data, (0, 0, 60, 60), "a.ppm").shape == (40, 40, 3)
  with pytest.raises(ValueError, match=r"a.ppm is smaller than its box"):
    gtsrb.crop(data, (0, 0, 61, 60), "a.ppm")
  with pytest.raises(ValueError, match=r"a.ppm does not decode"):
    gtsrb.crop(data[:-50], (0, 0, 60, 60), "a.ppm")


@pytest.mark.parametrize(
  "line", ["train/1.png", "train/1.png x 0", "train/1.png 43 0", "../1.png 1"]
)
def test_syn_signs_list_refuses(line):
  assert syn_signs.read_list(b"train/1.png 21 0\n", "list") == [("train/1.png", 21)]
  with pytest.raises(ValueError, match=r"list line 2 "):
    syn_signs.read_list(f"train/1.png 21 0\n{line}\n".encode(), "list")


def test_syn_signs_refuse_another_size(tmp_path):
  with zipfile.ZipFile(tmp_path / syn_signs.ZIP, "w") as archive:
    archive.writestr("synthetic_data/train_labelling.txt", "train/1.png 21 0\n")
    archive.writestr("synthetic_data/train/1.png", image(32)[1])
  with pytest.raises(ValueError, match=r"train/1.png is \(32, 32\) pixels, not 40x40"):
    syn_signs.read_release(tmp_path)


def test_layout(tmp_path):
  for name in ("b", "c.zip"):
    (tmp_path / name).write_bytes(b"")
  assert layout.find(tmp_path, "a", "b") == tmp_path / "b"
  with pytest.raises(ValueError, match=r"no a or d in '.*': give --from the folder"):
    layout.find(tmp_path, "a", "d")
  assert layout.archives_or_folder(tmp_path, ("e.zip",)) == [tmp_path]
  assert layout.archives_or_folder(tmp_path, ("c.zip",)) == [tmp_path / "c.zip"]
  with pytest.raises(ValueError, match=r"no e.zip in '.*': put it beside the others"):
    layout.archives_or_folder(tmp_path, ("c.zip", "e.zip"))
  with pytest.raises(ValueError, match=r"'x' has no b: it is incomplete, fetch it again"):
    layout.strict(lambda name: b"", ["a"], "'x'")("b")


RECORD = (
  "<review>\n<title>\nA & B\n</title>\n<reviewer>\nX\n</reviewer>\n"
  "<review_text>\n{}\n</review_text>\n</review>\n"
)


def test_reviews():
  data = (RECORD.format("It's <b>fine</b> &\x1a so\n\non.") + RECORD.format("No.")).encode()
  assert amazon_text.read_reviews(data, "a") == ["It's <b>fine</b> &\x1a so\n\non.", "No."]
  assert amazon_text.read_reviews(RECORD.format("caf\xe9").encode("latin-1"), "a") == ["caf\ufffd"]
  texts, y = amazon_text.unique(["b", "a", "b"], ["d", "d"])
  assert (texts, y.tolist()) == (["b", "a", "d"], [0, 0, 1])
  with pytest.raises(ValueError, match="both negative and positive"):
    amazon_text.unique(["a"], ["a"])


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("", "no complete <review> records"),
    (RECORD.format("a") + RECORD.format("b")[:-12], "no complete <review> records"),
    (RECORD.format("a") + "<review>\n</review>\n", "review 2 has no <review_text>"),
    (RECORD.format(" "), "review 1 has no <review_text>"),
  ],
)
def test_reviews_refuse(text, message):
  with pytest.raises(ValueError, match=rf"a.review .*{message}"):
    amazon_text.read_reviews(text.encode(), "a.review")
