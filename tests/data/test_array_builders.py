"""Builders of digits, signs, features and reviews, from tiny copies of their published layouts."""

import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from adapt.data import builders, prepared
from adapt.data.builders import (
  amazon_400,
  amazon_text,
  base,
  gtsrb,
  office_caltech10_features,
  syn_digits,
  syn_signs,
)
from adapt.data.named import reviews

OURS = (
  "syn_digits",
  "gtsrb",
  "syn_signs",
  "office_caltech10_surf",
  "office_caltech10_decaf6",
  "amazon_400",
  "amazon_text",
)


pytestmark = pytest.mark.usefixtures("quiet")


def images(n, side, seed=0):
  return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), np.uint8)


def encoded(pixels, kind="PNG"):
  stream = io.BytesIO()
  Image.fromarray(pixels).save(stream, kind)
  return stream.getvalue()


def check(name, data_dir, expected):
  for split, (x, y) in expected.items():
    got_x, got_y = prepared.arrays(name, split, data_dir)
    np.testing.assert_array_equal(got_x, x)
    np.testing.assert_array_equal(got_y, y)


def sizes(monkeypatch, cls, splits, configs=(None,)):
  monkeypatch.setattr(cls, "SIZES", {config: dict(splits) for config in configs})


def only(monkeypatch, name, *configs):
  """Prepares these configs alone."""
  module, cls, _ = builders._BUILDERS[name]
  monkeypatch.setitem(builders._BUILDERS, name, (module, cls, configs))


def zipped(path, files):
  with zipfile.ZipFile(path, "w") as archive:
    for name, data in files.items():
      archive.writestr(name, data)


def unpacked(folder, files):
  for name, data in files.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


@pytest.mark.parametrize("name", OURS)
def test_described(name):
  about = builders.describe(name)
  assert about.license and about.homepage.startswith("http") and about.classes
  assert set(about.sizes) == set(about.configs or (None,))
  cls, _ = builders._builder(name)
  files = [file for published in cls.FILES.values() for file in published]
  assert set(cls.FILES) == set(about.sizes)
  assert about.automatic == all(file.urls for file in files)
  assert all(file.sha256 is None or len(file.sha256) == 64 for file in files)
  assert cls.CITATION.startswith("@")


@pytest.mark.parametrize("packed", [True, False])
def test_syn_digits(tmp_path, monkeypatch, packed):
  sizes(monkeypatch, syn_digits.SynDigits, {"train": 6, "test": 3})
  monkeypatch.setattr("adapt.data.builders.shards.SIZE", 4)  # the training set in two files
  expected, mats = {}, {}
  for split, n in (("train", 6), ("test", 3)):
    expected[split] = (images(n, 32, n), np.arange(n))
    stream = io.BytesIO()
    x = expected[split][0].transpose(1, 2, 3, 0)
    savemat(stream, {"X": x, "y": np.arange(n)[:, None]}, do_compression=True)
    mats[syn_digits.MATS[split]] = stream.getvalue()
  if packed:
    zipped(tmp_path / "SynthDigits.zip", mats)
  else:
    unpacked(tmp_path, mats)
  counts = builders.prepare("syn_digits", tmp_path, tmp_path / "out")
  assert counts == {"syn_digits": {"train": 6, "test": 3}}
  assert len(list((tmp_path / "out" / "syn_digits" / "1.0.0").glob("*train.array_record*"))) == 2
  check("syn_digits", tmp_path / "out", expected)
  sizes(monkeypatch, syn_digits.SynDigits, {"train": 6, "test": 4})
  with pytest.raises(ValueError, match=r"syn_digits test has 3 examples .* release has 4"):
    builders.prepare("syn_digits", tmp_path, tmp_path / "again")
  assert not (tmp_path / "again" / "syn_digits" / "1.0.0").exists()


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
  sizes(monkeypatch, syn_digits.SynDigits, {"train": 3, "test": 3})
  x = images(3, 32)
  for name in syn_digits.MATS.values():
    savemat(tmp_path / name, {"X": x.transpose(1, 2, 3, 0), "y": np.arange(3)})
  with monkeypatch.context() as broken:

    def full(image):
      if (image == x[1]).all():
        raise OSError(28, "No space left on device")
      return png(image)

    png = base.png
    broken.setattr(base, "png", full)
    with pytest.raises(ValueError, match=r"syn_digits could not be prepared .*free disk space"):
      builders.prepare("syn_digits", tmp_path, tmp_path / "out")
  assert not list((tmp_path / "out").rglob("*array_record*"))
  builders.prepare("syn_digits", tmp_path, tmp_path / "out")
  check("syn_digits", tmp_path / "out", {"train": (x, np.arange(3))})


def fake_gtsrb():
  """The files in the three archives, and what should come of them: one training image a class."""
  training, x, y = {}, images(45, 50), np.arange(43)
  for label in range(43):
    place = f"GTSRB/Final_Training/Images/{label:05d}"
    training[f"{place}/00000_00000.ppm"] = encoded(x[label], "PPM")
    row = f"00000_00000.ppm;50;50;4;6;44;46;{label}"
    training[f"{place}/GT-{label:05d}.csv"] = f"{gtsrb.HEADER}\r\n{row}\r\n".encode()
  test = {f"GTSRB/Final_Test/Images/{i:05d}.ppm": encoded(x[43 + i], "PPM") for i in range(2)}
  test["GTSRB/Final_Test/Images/GT-final_test.test.csv"] = b"Filename;Width;Height\n"
  rows = "00000.ppm;50;50;4;6;44;46;7\n00001.ppm;50;50;4;6;44;46;42\n"
  lists = {"GT-final_test.csv": f"{gtsrb.HEADER}\n{rows}".encode()}
  cut = x[:, 6:46, 4:44]
  return (training, test, lists), {"train": (cut[:43], y), "test": (cut[43:], [7, 42])}


def test_gtsrb(tmp_path, monkeypatch, serve):
  sizes(monkeypatch, gtsrb.Gtsrb, {"train": 43, "test": 2})
  www, url = serve
  archives, expected = fake_gtsrb()
  for name, files in zip(gtsrb.ZIPS, archives, strict=True):
    zipped(www / name, files)
    unpacked(tmp_path / "plain", files)
  files = tuple(base.Published(name, (url + name,)) for name in gtsrb.ZIPS)
  monkeypatch.setattr(gtsrb.Gtsrb, "FILES", {None: files})
  for out, source in (("a", www), ("b", tmp_path / "plain"), ("c", None)):
    builders.prepare("gtsrb", source, tmp_path / out)
    check("gtsrb", tmp_path / out, expected)

  def refused(folder, message):
    with pytest.raises(ValueError, match=message) as error:
      builders.prepare("gtsrb", folder, tmp_path / "d")
    assert "\n" not in str(error.value)

  (www / gtsrb.ZIPS[1]).unlink()
  refused(www, r"no GTSRB_Final_Test_Images.zip in '.*': put it beside the others")
  (tmp_path / "plain" / "GTSRB/Final_Training/Images/00007/00000_00000.ppm").write_bytes(b"P6")
  refused(tmp_path / "plain", r"00000_00000.ppm does not decode as an image: fetch it again")
  listed = tmp_path / "plain" / "GTSRB/Final_Training/Images/00007/GT-00007.csv"
  listed.write_text(f"{gtsrb.HEADER}\n00000_00000.ppm;50;50;4;6;44;46;8\n")
  refused(tmp_path / "plain", r"GT-00007.csv lists another class than 7: fetch it again")
  listed.unlink()
  refused(tmp_path / "plain", r"has no GTSRB/Final_Training/.*/GT-00007.csv: it is incomplete")
  (tmp_path / "plain" / "GT-final_test.csv").unlink()
  refused(tmp_path / "plain", r"no GTSRB_Final_Test_GT.zip in '.*plain', nor what it unpacks to")


@pytest.mark.parametrize("packed", [True, False])
def test_syn_signs(tmp_path, monkeypatch, packed):
  sizes(monkeypatch, syn_signs.SynSigns, {"train": 3})
  x, y = images(3, 40), [21, 0, 42]
  files = {f"synthetic_data/train/{i}.png": encoded(x[i]) for i in range(3)}
  rows = [f"train/{i}.png {y[i]} 0\n" for i in range(3)]
  files["synthetic_data/train_labelling.txt"] = "".join(rows).encode()
  if packed:
    zipped(tmp_path / "synthetic_data.zip", files)
  else:
    unpacked(tmp_path, files)
  assert builders.prepare("syn_signs", tmp_path, tmp_path / "out") == {"syn_signs": {"train": 3}}
  check("syn_signs", tmp_path / "out", {"train": (x, y)})
  (tmp_path / "empty").mkdir()
  with pytest.raises(ValueError, match=r"no synthetic_data.zip in '.*empty', nor train_labelling"):
    builders.prepare("syn_signs", tmp_path / "empty", tmp_path / "again")


def test_office_caltech10_features(tmp_path, monkeypatch, serve):
  www, url = serve
  module = office_caltech10_features
  rng = np.random.default_rng(0)
  counts, activations = rng.integers(0, 9, (3, 800), np.uint8), rng.random((3, 4096))
  savemat(www / "Caltech10_SURF_L10.mat", {"fts": counts, "labels": [[1], [10], [5]]})
  savemat(www / "caltech_decaf.mat", {"feas": activations, "labels": [1, 10, 5]})
  (www / "decaf6").mkdir()
  savemat(www / "decaf6" / "webcam.mat", {"fts": activations, "labels": [[1], [10], [5]]})
  for cls in (module.OfficeCaltech10Surf, module.OfficeCaltech10Decaf6):
    sizes(monkeypatch, cls, {"train": 3}, module.SIZES)
  only(monkeypatch, "office_caltech10_surf", "caltech10")
  only(monkeypatch, "office_caltech10_decaf6", "caltech10", "webcam")
  name = "Caltech10_SURF_L10.mat"
  digest = hashlib.sha256((www / name).read_bytes()).hexdigest()
  file = base.Published(name, (url + "absent.mat", url + name), digest)
  monkeypatch.setattr(module.OfficeCaltech10Surf, "FILES", {"caltech10": (file,)})
  for out, source in (("a", www), ("b", None)):
    builders.prepare("office_caltech10_surf", source, tmp_path / out)
    expected = (counts, [0, 9, 4])
    check("office_caltech10_surf/caltech10", tmp_path / out, {"train": expected})
  builders.prepare("office_caltech10_decaf6", www, tmp_path / "a")
  for config in ("caltech10", "webcam"):
    expected = (activations.astype(np.float32), [0, 9, 4])
    check(f"office_caltech10_decaf6/{config}", tmp_path / "a", {"train": expected})
  with pytest.raises(ValueError, match=r"no office_caltech10/surf/caltech10.mat or Caltech10_SURF"):
    builders.prepare("office_caltech10_surf", tmp_path, tmp_path / "c")
  with pytest.raises(ValueError, match=r"by hand, then use --from FOLDER: The four files"):
    builders.prepare("office_caltech10_decaf6", None, tmp_path / "c")


def test_amazon_400(tmp_path, monkeypatch):
  sizes(monkeypatch, amazon_400.Amazon400, {"train": 2}, amazon_400.SIZES)
  only(monkeypatch, "amazon_400", "electronics")
  x = np.random.default_rng(0).dirichlet(np.ones(400), 2)
  savemat(tmp_path / "elec_400.mat", {"fts": x, "labels": [[1], [0]]})
  builders.prepare("amazon_400", tmp_path, tmp_path / "out")
  check("amazon_400/electronics", tmp_path / "out", {"train": (x, [1, 0])})


def record(text):
  return f"<review>\n<reviewer>\nA. Person\n</reviewer>\n<review_text>\n{text}\n</review_text>\n</review>\n"


@pytest.mark.parametrize("layout", ["raw", "archive", "release"])
def test_amazon_text(tmp_path, monkeypatch, serve, layout):
  sizes(monkeypatch, amazon_text.AmazonText, {"train": 3}, amazon_text.SIZES)
  only(monkeypatch, "amazon_text", "kitchen")
  www, url = serve
  files = {
    "negative.review": (record("Bad & b\xe4d.") + record("Worse.") + record("Worse.")).encode(),
    "positive.review": record("Good.").encode(),
  }
  if layout == "archive":
    with tarfile.open(www / amazon_text.ARCHIVE, "w:gz") as archive:
      for name, data in files.items():
        info = tarfile.TarInfo(f"sorted_data_acl/{amazon_text.KITCHEN}/{name}")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
  else:
    unpacked(www, {f"kitchen/{name}": data for name, data in files.items()})
  published = tuple(base.Published(f"kitchen/{name}", (f"{url}kitchen/{name}",)) for name in files)
  monkeypatch.setattr(amazon_text.AmazonText, "FILES", {"kitchen": published})
  source = None if layout == "release" else www
  builders.prepare("amazon_text", source, tmp_path / "out")
  texts, y = reviews.texts("kitchen", tmp_path / "out")
  assert texts == ["Bad & b\xe4d.", "Worse.", "Good."]
  assert (y.dtype, y.tolist()) == (np.int32, [0, 0, 1])
  stored = b"".join(p.read_bytes() for p in (tmp_path / "out" / "amazon_text").rglob("*record*"))
  assert b"Worse." in stored and b"Person" not in stored


def test_amazon_text_absent(tmp_path):
  with pytest.raises(ValueError, match=r"no books/negative.review in '.*', nor domain_sentiment"):
    builders.prepare("amazon_text", tmp_path, tmp_path / "out")
