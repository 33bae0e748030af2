"""Tiny copies of the published layouts of the image sets, made here, for the tests that read them."""

import io
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from adapt.data.builders import (
  domainnet_126,
  image_clef_da,
  office31,
  office_caltech10,
  office_home,
  pacs,
  visda2017,
)

BUILDERS = {
  "office31": office31.Office31,
  "office_caltech10": office_caltech10.OfficeCaltech10,
  "office_home": office_home.OfficeHome,
  "image_clef_da": image_clef_da.ImageClefDa,
  "visda2017": visda2017.Visda2017,
  "domainnet_126": domainnet_126.Domainnet126,
  "pacs": pacs.Pacs,
}
COUNTS = (3, 2, 4)  # images of each of three classes
# How an image lies in the release; {c} is the class, {k} its label, {i} the image.
PLACES = {
  "office31": "{d}/images/{c}/frame_{i:04}.jpg",
  "office_caltech10": "office_caltech_10/{d}/{c}/frame_{i:04}.jpg",
  "office_home": "OfficeHomeDataset_10072016/{d}/{c}/{i:05}.jpg",
  "image_clef_da": "image_CLEF/{d}/{k}{i}.jpg",
  "visda2017": "{d}/{c}/src_{k}_{i}.png",
  "domainnet_126": "{d}/{c}/{d}_{k:03}_{i:06}.jpg",
  "pacs": "kfold/{d}/{c}/pic_{i:03}.jpg",
}
FOLDERS = {  # where a domain's folder has another name than its config
  "art": "Art",
  "clipart": "Clipart",
  "product": "Product",
  "real_world": "Real World",
  "synthetic": "train",
}


def image(name: str) -> bytes:
  """An image that differs for each name: a JPEG, a PNG, or a WebP by its ending."""
  rng = np.random.default_rng(zlib.crc32(name.encode()))
  h, w = rng.integers(6, 12, 2)
  stream = io.BytesIO()
  kind = {"jpg": "jpeg"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
  Image.fromarray(rng.integers(0, 256, (h, w, 3), np.uint8)).save(stream, format=kind)
  return stream.getvalue()


def configs(name: str) -> list[str]:
  """The configs that a tiny copy has."""
  return [c for c in BUILDERS[name].SIZES if c != "test" and not c.endswith("_mme")]


def shrink(monkeypatch, name: str) -> None:
  """Makes a builder expect three classes and few images."""
  cls = BUILDERS[name]
  sizes = {config: {"train": sum(COUNTS)} for config in cls.SIZES}
  monkeypatch.setattr(cls, "SIZES", sizes)
  monkeypatch.setattr(cls, "CLASSES", cls.CLASSES[: len(COUNTS)])


def domain(name: str, config: str) -> dict[str, tuple[int, bytes]]:
  """The images of a config: path in the release → (label, bytes), in the order of the examples."""
  folder = config if name == "domainnet_126" else FOLDERS.get(config, config)
  folder = "validation" if (name, config) == ("visda2017", "real") else folder
  found = {}
  for k, (cls, count) in enumerate(zip(BUILDERS[name].CLASSES, COUNTS, strict=False)):
    for i in range(count):
      path = PLACES[name].format(d=folder, c=cls, k=k, i=i + 1)
      found[path] = (k, image(path))
  return found


def release(name: str, config: str) -> dict[str, bytes]:
  """All files of a config as published: the images, and the list where there is one."""
  images = domain(name, config)
  files = {path: data for path, (_, data) in images.items()}
  if name == "image_clef_da":
    lines = [f"{path.removeprefix('image_CLEF/')} {k}\n" for path, (k, _) in images.items()]
    files[f"image_CLEF/{config}List.txt"] = "".join(reversed(lines)).encode()
  elif name == "visda2017":
    folder = next(iter(images)).split("/")[0]
    lines = [f"{path.removeprefix(folder + '/')} {k}\n" for path, (k, _) in images.items()]
    files[f"{folder}/image_list.txt"] = "".join(reversed(lines)).encode()
  elif name == "domainnet_126":
    lines = [f"{path} {k}\n" for path, (k, _) in images.items()]
    files[f"{config}_list.txt"] = "".join(reversed(lines)).encode()
  else:  # what else archives hold
    files["__MACOSX/" + next(iter(files))] = b"not an image"
    files[str(Path(next(iter(files))).with_name("Thumbs.db"))] = b"not an image"
  return files


def unpack(folder: Path, files: dict[str, bytes]) -> None:
  """Writes files as a release unpacks."""
  for path, data in files.items():
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def pack(path: Path, files: dict[str, bytes]) -> None:
  """Writes files as one archive, of the kind that its name has."""
  path.parent.mkdir(parents=True, exist_ok=True)
  if path.suffix == ".zip":
    with zipfile.ZipFile(path, "w") as archive:
      for name, data in files.items():
        archive.writestr(name, data)
    return
  with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
    for name, data in files.items():
      info = tarfile.TarInfo(name)
      info.size = len(data)
      archive.addfile(info, io.BytesIO(data))
