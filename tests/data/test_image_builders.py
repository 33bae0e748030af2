"""The builders of image sets: tiny copies of each published layout, packed and unpacked, read back."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import published
import pytest
from PIL import Image

from adapt.data import builders, prepared
from adapt.data.builders import base, pacs, shards, tree, usps

REAL = Path(
  os.environ.get("ADAPT_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)


pytestmark = pytest.mark.usefixtures("quiet")


def check(name: str, data_dir: Path, configs: list[str]) -> None:
  """Every image is there with its bytes unchanged, sorted by class and file name."""
  for config in configs:
    expected = published.domain(name, config)
    images, labels = prepared.images(f"{name}/{config}", "train", data_dir)
    assert [images.encoded(i) for i in range(len(images))] == [d for _, d in expected.values()]
    assert labels.tolist() == [k for k, _ in expected.values()]
    assert prepared.classes(f"{name}/{config}", data_dir) == published.BUILDERS[name].CLASSES


def refuses(message: str, *arguments) -> None:
  with pytest.raises(ValueError, match=message) as caught:
    builders.prepare(*arguments)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", published.BUILDERS)
def test_unpacked(name, tmp_path, monkeypatch):
  published.shrink(monkeypatch, name)
  configs = published.configs(name)
  for config in configs:
    published.unpack(tmp_path / "in", published.release(name, config))
  counts = builders.prepare(name, tmp_path / "in", tmp_path / "out")
  assert counts == {f"{name}/{config}": {"train": sum(published.COUNTS)} for config in configs}
  check(name, tmp_path / "out", configs)


@pytest.mark.parametrize("name", published.BUILDERS)
def test_packed_as_published(name, tmp_path, monkeypatch):
  published.shrink(monkeypatch, name)
  configs = published.configs(name)
  contents: dict[str, dict[str, bytes]] = {}
  for config in configs:
    *lists, archive = (file.name for file in published.BUILDERS[name].FILES[config])
    files = published.release(name, config)
    for text in lists:
      published.unpack(tmp_path / name, {text: files.pop(text)})
    contents.setdefault(archive, {}).update(files)
  for archive, files in contents.items():
    published.pack(tmp_path / name / archive, files)
  builders.prepare(name, tmp_path, tmp_path / "out")  # found in the subfolder of the set's name
  check(name, tmp_path / "out", configs)


@pytest.mark.parametrize("name", ["office31", "office_caltech10", "office_home"])
def test_packed_as_a_whole(name, tmp_path, monkeypatch):
  published.shrink(monkeypatch, name)
  configs = published.configs(name)
  (archive,) = published.BUILDERS[name].ARCHIVES
  files = {k: v for config in configs for k, v in published.release(name, config).items()}
  published.pack(tmp_path / archive, files)
  builders.prepare(name, tmp_path, tmp_path / "out")
  check(name, tmp_path / "out", configs)


def test_downloaded_once(tmp_path, monkeypatch, serve, asked):
  www, url = serve
  name = "office_caltech10"
  published.shrink(monkeypatch, name)
  configs = published.configs(name)
  files = {k: v for config in configs for k, v in published.release(name, config).items()}
  published.pack(www / "officecaltech.tgz", files)
  file = base.Published("officecaltech.tgz", (f"{url}officecaltech.tgz",))
  monkeypatch.setattr(published.BUILDERS[name], "FILES", dict.fromkeys(configs, (file,)))
  builders.prepare(name, None, tmp_path / "out")
  assert asked == ["/officecaltech.tgz"]
  kept = tmp_path / "out" / "downloads" / "adapt" / name / "officecaltech.tgz"
  assert kept.is_file()
  check(name, tmp_path / "out", configs)


def test_visda_test_labels(tmp_path, monkeypatch):
  """The test domain is prepared where its labels are: beside test.tar, or in the folder."""
  published.shrink(monkeypatch, "visda2017")
  for config in ("synthetic", "real"):
    published.unpack(tmp_path, published.release("visda2017", config))
  names = [f"trunk0{i % 2}/{i}.jpg" for i in range(sum(published.COUNTS))]
  labels = np.repeat(np.arange(3), published.COUNTS)
  text = "".join(f"{name} {k}\n" for name, k in zip(names, labels, strict=True)).encode()
  files = {f"test/{name}": published.image(name) for name in names}
  published.unpack(tmp_path, {"image_list.txt": text})
  published.pack(tmp_path / "test.tar", files)
  assert list(builders.prepare("visda2017", tmp_path, tmp_path / "out"))[2:] == ["visda2017/test"]
  images, y = prepared.images("visda2017/test", "train", tmp_path / "out")
  expected = sorted((int(k), f"test/{name}") for name, k in zip(names, labels, strict=True))
  assert y.tolist() == [k for k, _ in expected]
  assert [images.encoded(i) for i in range(9)] == [files[name] for _, name in expected]


def test_domainnet_126_has_two_lists(tmp_path, monkeypatch):
  published.shrink(monkeypatch, "domainnet_126")
  for config in published.configs("domainnet_126"):
    published.unpack(tmp_path, published.release("domainnet_126", config))
  text = (tmp_path / "real_list.txt").read_text()
  (tmp_path / "labeled_source_images_real.txt").write_text(text.replace("000001.jpg", "000009.jpg"))
  message = r"labeled_source_images_real.txt lists real/.*000009.jpg, which is not there \(3 of 9"
  refuses(message, "domainnet_126", tmp_path, tmp_path / "out")
  for path in (tmp_path / "real").rglob("*000001.jpg"):
    path.rename(path.with_name(path.name.replace("000001", "000009")))
  counts = builders.prepare("domainnet_126", tmp_path, tmp_path / "out")
  assert list(counts)[4:] == ["domainnet_126/real_mme"]
  mme, _ = prepared.images("domainnet_126/real_mme", "train", tmp_path / "out")
  cleaned, _ = prepared.images("domainnet_126/real", "train", tmp_path / "out")
  assert mme.encoded(0) == cleaned.encoded(1) and mme.encoded(2) == cleaned.encoded(0)


def packed(path: Path, names: list[str], **changes) -> None:
  """An .npz of encoded images, with some arrays replaced."""
  data = [published.image(name) for name in names]
  arrays = {
    "data": np.frombuffer(b"".join(data), np.uint8),
    "offsets": np.cumsum([0, *map(len, data)]),
    "names": np.array(names),
  }
  np.savez(path, **arrays | changes)


def test_pacs_packed_in_npz(tmp_path, monkeypatch):
  published.shrink(monkeypatch, "pacs")
  (tmp_path / "pacs").mkdir()
  names = ["giraffe/b.webp", "dog/z.webp", "dog/a.webp", "elephant/q.webp"]
  monkeypatch.setattr(pacs.Pacs, "SIZES", {c: {"train": 4} for c in pacs.Pacs.SIZES})
  for config in published.configs("pacs"):
    packed(tmp_path / "pacs" / f"{config}.npz", names)
  builders.prepare("pacs", tmp_path, tmp_path / "out")
  images, labels = prepared.images("pacs/photo", "train", tmp_path / "out")
  order = ["dog/a.webp", "dog/z.webp", "elephant/q.webp", "giraffe/b.webp"]
  assert [images.encoded(i) for i in range(4)] == [published.image(name) for name in order]
  assert labels.tolist() == [0, 0, 1, 2]
  assert images.resized(8)[[3, 0]].shape == (2, 8, 8, 3)
  packed(tmp_path / "bad.npz", names, offsets=np.array([0, 5, 2, 9, 11]))
  with pytest.raises(ValueError, match=r"bad.npz has offsets that do not fit"):
    pacs.read_packed(tmp_path / "bad.npz", "photo")


def test_images_that_are_refused(tmp_path, monkeypatch):
  published.shrink(monkeypatch, "pacs")
  for config in published.configs("pacs"):
    published.unpack(tmp_path / "in", published.release("pacs", config))
  art = tmp_path / "in" / "kfold" / "art_painting"
  image = art / "elephant" / "pic_002.jpg"
  whole = image.read_bytes()

  def refused(message):
    refuses(message, "pacs", tmp_path / "in", tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.array_record*"))
    assert not list((tmp_path / "out").rglob("incomplete*"))

  for data in (b"", b"no image", whole[: len(whole) // 2], whole[:-20]):
    image.write_bytes(data)
    refused(
      r"pacs/art_painting kfold/art_painting/elephant/pic_002.jpg does not decode as an image"
    )
  image.unlink()
  refused(r"pacs/art_painting has 8 images where the release has 9: .* fetch them again")
  (art / "elephant" / "pic_001.jpg").unlink()
  refused(r"pacs/art_painting has no image of the class elephant \(1 of 3 classes are absent\)")
  (art / "elephant").rmdir()
  refused(r"no image of the class elephant")
  refuses(r"no image of the class dog \(3 of 3", "pacs", art / "giraffe", tmp_path / "out")
  refuses(r"no folder '.*away': give --from", "pacs", tmp_path / "away", tmp_path / "out")


def test_lists_and_archives_that_are_refused(tmp_path, monkeypatch):
  published.shrink(monkeypatch, "image_clef_da")
  message = r"image_clef_da has no list bList.txt or b_list.txt: give --from the folder"
  refuses(message, "image_clef_da", tmp_path, tmp_path / "out")
  files = published.release("image_clef_da", "b")
  for line in (b"b/1.jpg", b"b/1.jpg x", b"b/1.jpg 3", b"b/1.jpg -1"):
    files["image_CLEF/bList.txt"] = b"\n" + line
    published.unpack(tmp_path, files)
    message = r"bList.txt line 2 is not 'path label' with a label below 3: fetch it again"
    refuses(message, "image_clef_da", tmp_path, tmp_path / "out")
  published.pack(tmp_path / "image_CLEF.zip", files)
  data = (tmp_path / "image_CLEF.zip").read_bytes()
  (tmp_path / "image_CLEF.zip").write_bytes(data[:-100])
  refuses(r"image_CLEF.zip is damaged or cut short", "image_clef_da", tmp_path, tmp_path / "out")


def test_by_hand(tmp_path):
  message = r"image_clef_da has to be downloaded by hand, then use --from FOLDER: ImageCLEF-DA is"
  refuses(message, "image_clef_da", None, tmp_path)


@pytest.mark.parametrize("after", [0, 5])
def test_a_full_disk_leaves_nothing(after, tmp_path, monkeypatch):
  """A failure in the middle leaves nothing that is later taken for a set; the next run works."""
  published.shrink(monkeypatch, "pacs")
  for config in published.configs("pacs"):
    published.unpack(tmp_path / "in", published.release("pacs", config))
  examples = pacs.Pacs._generate_examples

  def full(self):
    for i, example in examples(self):
      if i == after:
        raise OSError(errno.ENOSPC, "No space left on device")
      yield i, example

  with monkeypatch.context() as patch:
    patch.setattr(pacs.Pacs, "_generate_examples", full)
    refuses(
      r"pacs could not be prepared \(OSError: .*No space left",
      "pacs",
      tmp_path / "in",
      tmp_path / "out",
    )
  assert not [
    p for p in (tmp_path / "out").rglob("*") if "1.0.0" in p.name or "incomplete" in p.name
  ]
  with pytest.raises(
    ValueError, match=r"pacs/photo is not prepared in .*run adapt data prepare pacs"
  ):
    prepared.images("pacs/photo", "train", tmp_path / "out")
  builders.prepare("pacs", tmp_path / "in", tmp_path / "out")
  check("pacs", tmp_path / "out", published.configs("pacs"))


def test_a_disk_that_fills_while_arrayrecord_writes(tmp_path, monkeypatch):
  from array_record.python import array_record_module

  class Full:
    def __init__(self, path, options):
      Path(path).write_bytes(b"half")

    def write(self, record):
      pass

    def close(self):
      raise RuntimeError("write() failed: No space left on device")

  published.shrink(monkeypatch, "pacs")
  for config in published.configs("pacs"):
    published.unpack(tmp_path / "in", published.release("pacs", config))
  monkeypatch.setattr(array_record_module, "ArrayRecordWriter", Full)
  message = r"pacs could not be prepared \(RuntimeError: write\(\) failed: No space left"
  refuses(message, "pacs", tmp_path / "in", tmp_path / "out")
  assert not list((tmp_path / "out").rglob("*.array_record*"))


def test_a_full_disk_leaves_nothing_of_arrays(tmp_path, monkeypatch):
  monkeypatch.setattr(usps.Usps, "SIZES", {None: {"train": 6, "test": 6}})
  monkeypatch.setattr(
    usps.Usps, "_from_folder", lambda *a: dict.fromkeys(("train", "test"), arrays)
  )
  arrays = (np.zeros((6, 16, 16, 1), np.uint8), np.arange(6))

  def full(self, xs, ys):
    yield 0, self._example(xs[0], ys[0])
    raise OSError(errno.ENOSPC, "No space left on device")

  with monkeypatch.context() as patch:
    patch.setattr(usps.Usps, "_generate_examples", full)
    refuses(r"usps could not be prepared .*No space left", "usps", tmp_path, tmp_path / "out")
  assert not [p for p in (tmp_path / "out" / "usps").rglob("*") if p.name != ".config"]
  assert builders.prepare("usps", tmp_path, tmp_path / "out") == {"usps": {"train": 6, "test": 6}}


def test_of_two_files_of_a_name_the_first_counts(tmp_path):
  for folder in "ab":
    published.unpack(tmp_path / folder, {"x.txt": folder.encode(), folder: b"1"})
  with tree.opened([tmp_path / "a", tmp_path / "b"]) as (names, read):
    assert names == ["a", "x.txt", "b"] and read("x.txt") == b"a" and read("b") == b"1"


def test_several_shards(tmp_path, monkeypatch):
  published.shrink(monkeypatch, "pacs")
  monkeypatch.setattr(shards, "SIZE", 4)
  for config in published.configs("pacs"):
    published.unpack(tmp_path / "in", published.release("pacs", config))
  builders.prepare("pacs", tmp_path / "in", tmp_path / "out")
  assert len(list((tmp_path / "out" / "pacs" / "photo").rglob("*-of-00003"))) == 3
  check("pacs", tmp_path / "out", published.configs("pacs"))


def test_arrays_of_images_of_several_sizes(tmp_path, monkeypatch):
  published.shrink(monkeypatch, "pacs")
  for config in published.configs("pacs"):
    published.unpack(tmp_path / "in", published.release("pacs", config))
  builders.prepare("pacs", tmp_path / "in", tmp_path / "out")
  with pytest.raises(ValueError, match="have several sizes"):
    prepared.arrays("pacs/photo", "train", tmp_path / "out")


VALUES = ("beijing_air",)  # sets whose labels are values, not classes


def test_descriptions():
  for name in builders.names():
    found = builders.describe(name)
    assert found.name == name and found.license and found.homepage.startswith("http")
    assert found.automatic is (found.manual == "") and "\n" not in found.manual
    assert len(set(found.classes)) == len(found.classes)
    assert len(found.classes) > 1 or name in VALUES
    assert set(found.sizes) == set(found.configs or (None,))
    assert all(n > 0 for splits in found.sizes.values() for n in splits.values())
    cls, _ = builders._builder(name)
    assert cls.CITATION.startswith("@") and set(cls.FILES) == set(found.sizes)
    for files in cls.FILES.values():
      assert files
      assert all(file.urls or found.manual for file in files)
  assert builders.describe("office31").sizes["webcam"] == {"train": 795}
  assert len(builders.describe("domainnet_126").classes) == 126
  assert len(builders.describe("office_home").classes) == 65
  assert len(builders.describe("office31").classes) == 31
  assert not builders.describe("image_clef_da").automatic
  with pytest.raises(
    ValueError, match=r"unknown data set 'pac' \(did you mean pacs\?\): choose from mnist"
  ):
    builders.describe("pac")


@pytest.mark.skipif(not (REAL / "pacs").is_dir(), reason="no copy of PACS")
def test_pacs_itself(tmp_path):
  counts = builders.prepare("pacs", REAL, tmp_path)
  assert [splits["train"] for splits in counts.values()] == [2048, 2344, 1670, 3929]
  images, labels = prepared.images("pacs/photo", "train", tmp_path)
  assert np.bincount(labels).tolist() == [189, 202, 182, 186, 199, 280, 432]
  with np.load(REAL / "pacs" / "photo.npz", allow_pickle=False) as arrays:
    data, offsets = arrays["data"], arrays["offsets"]
    np.testing.assert_array_equal(labels, arrays["labels"])
  for i in (0, 777, 1669):
    assert images.encoded(i) == data[offsets[i] : offsets[i + 1]].tobytes()
  with Image.open(io.BytesIO(images.encoded(777))) as image:
    assert (image.format, image.size) == ("WEBP", (128, 128))
