"""The named domains of objects: each is read from a tiny prepared set, and its framing is as stated."""

import io

import numpy as np
import published
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from adapt.data import builders
from adapt.data.images import Images
from adapt.data.named import objects

PREFIXES = {
  "office31": "office31",
  "office_caltech10": "office_caltech10",
  "office_home": "office_home",
  "image_clef": "image_clef_da",
  "visda2017": "visda2017",
  "domainnet126": "domainnet_126",
  "pacs": "pacs",
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
  """A data folder with a tiny copy of every set."""
  tfds.disable_progress_bar()
  out = tmp_path_factory.mktemp("out")
  for name in PREFIXES.values():
    folder = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patch:
      published.shrink(patch, name)
      for config in published.configs(name):
        published.unpack(folder, published.release(name, config))
      builders.prepare(name, folder, out)
  return out


def files(name, config):
  with pytest.MonkeyPatch.context() as patch:
    published.shrink(patch, name)
    return published.domain(name, config)


@pytest.mark.parametrize("prefix", [prefix for prefix in PREFIXES if prefix != "pacs"])
def test_transductive(stored, prefix):
  name = PREFIXES[prefix]
  for config in published.configs(name):
    domain = objects.DOMAINS[f"{prefix}_{config}"](stored)
    assert domain.name == f"{prefix}_{config}"
    assert domain.classes == published.BUILDERS[name].CLASSES[:3]
    expected = list(files(name, config).values())
    for split in (domain.train, domain.test):
      assert isinstance(split.x, Images)
      assert split.y.dtype == np.int32 and split.y.tolist() == [k for k, _ in expected]
      assert [split.x.encoded(i) for i in range(9)] == [data for _, data in expected]
    assert domain.train.x[:2].shape == (2, 224, 224, 3)


def test_pacs_has_a_fixed_split(stored):
  domain = objects.DOMAINS["pacs_photo"](stored)
  expected = {data: k for k, data in files("pacs", "photo").values()}
  parts = []
  for split, size in ((domain.train, 8), (domain.test, 1)):
    parts.append([split.x.encoded(i) for i in range(len(split.x))])
    assert len(parts[-1]) == len(split.y) == size
    assert split.y.dtype == np.int32 and split.y.tolist() == [expected[data] for data in parts[-1]]
  assert sorted(parts[0] + parts[1]) == sorted(expected)
  again = objects.DOMAINS["pacs_photo"](stored)
  assert [again.test.x.encoded(0)] == parts[1]


class Domainnet(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """What TFDS's own builder stores, of one domain."""

  VERSION = tfds.core.Version("1.0.0")
  BUILDER_CONFIGS = [tfds.core.BuilderConfig(name="sketch", description="")]  # noqa: RUF012

  def _info(self):
    features = {
      "image": tfds.features.Image(shape=(None, None, 3)),
      "label": tfds.features.ClassLabel(names=["ant", "bee"]),
      "domain": tfds.features.Text(),
    }
    return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

  def _split_generators(self, dl_manager):
    return {split: self._generate_examples(n) for split, n in (("train", 6), ("test", 4))}

  def _generate_examples(self, n):
    for i in range(n):
      stream = io.BytesIO()
      Image.new("RGB", (5 + i, 5), (40 * i, 0, 0)).save(stream, format="png")
      stream.seek(0)
      yield i, {"image": stream, "label": i % 2, "domain": "sketch"}


def test_domainnet_has_its_published_split(tmp_path):
  Domainnet(data_dir=tmp_path, config="sketch", file_format="array_record").download_and_prepare()
  domain = objects.DOMAINS["domainnet_sketch"](tmp_path)
  assert (domain.name, domain.classes) == ("domainnet_sketch", ("ant", "bee"))
  for split, n in ((domain.train, 6), (domain.test, 4)):
    red = split.x.resized(4)[:][:, 0, 0, 0]
    assert sorted(red) == [40 * i for i in range(n)]  # TFDS shuffles as it prepares
    np.testing.assert_array_equal(split.y, red // 40 % 2)


def test_names(stored, tmp_path):
  known = {f"{p}_{c}" for p, name in PREFIXES.items() for c in published.configs(name)}
  tfds_own = {
    f"domainnet_{c}" for c in ("clipart", "infograph", "painting", "quickdraw", "real", "sketch")
  }
  assert set(objects.DOMAINS) == known | tfds_own | {"visda2017_test"}
  for name, load in objects.DOMAINS.items():
    remedy = "run python -c" if name in tfds_own else "run adapt data prepare"
    with pytest.raises(ValueError, match=f"is not prepared in .*: {remedy}") as caught:
      load(tmp_path)
    assert "\n" not in str(caught.value), name
