"""Amazon review texts from four product domains (Blitzer et al., 2007).

Paper: Blitzer, Dredze and Pereira, ACL 2007.

Of each review the text and the sentiment are kept, and nothing of who wrote it. Some texts are
published twice; each is kept once, so that no split has a review on both sides.
"""

import re
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, citations, class_names, layout, tree

# Without the repeated texts; with them, each domain has 1000 negative and 1000 positive reviews.
SIZES: base.Sizes = {
  "books": {"train": 1956},
  "dvd": {"train": 1954},
  "electronics": {"train": 1966},
  "kitchen": {"train": 1977},
}
SENTIMENTS = class_names.SENTIMENTS
ARCHIVE = "domain_sentiment_data.tar.gz"
KITCHEN = "kitchen_&_housewares"  # the folder's name in the archive
URL = (
  "https://raw.githubusercontent.com/bzantium/bert-AAD/"
  "cbe2e0cac6564dfbc6234882a73ca78020ac0d22/data/"
)
SHA256 = {
  ("books", "negative"): "4cd64715074b9a15587d69fe31d1f77b3baddec17dfbb0f35c558e3fddd63029",
  ("books", "positive"): "a7322ce98f6d37c8ae6531c4efcc0503b691717b39c0e64cfbb321ac9cabaa55",
  ("dvd", "negative"): "740259c8bbe6694ee350305c46f2777454803d00000f5d3402db7f282b4b5910",
  ("dvd", "positive"): "a25877855d2a1cfcb5b1dc6ac1a9fd29517c089743e59a51ce8c8f17403c0ac9",
  ("electronics", "negative"): "e8ab164d5cdea3be914afed4cffc41706d56de29f832c78acb3cccd541de8021",
  ("electronics", "positive"): "e5b048ded874b6c97354e3ce683f8f106199a6b586e4d9e7632d2fe021f4263d",
  ("kitchen", "negative"): "fc647f24f10e65e14d26f788185125c016451a45940252fa40aedfde51ed6902",
  ("kitchen", "positive"): "53044cb91876146aee00c7af3a35a99e310e06fa9d70700c31bd49cf4b5bbc93",
}


def read_reviews(data: bytes, name: str) -> list[str]:
  """Read the texts of a .review file.

  Its records look like XML and are none: "&" stands for itself and control characters occur. So
  they are found by their tags. Bytes that are not UTF-8 become U+FFFD.

  Args:
    data: the file.
    name: what a message calls it.

  Raises:
    ValueError: one line: no record; a record not closed, or without exactly one text that is not
      empty.
  """
  text = data.decode("utf-8", "replace")
  records = re.findall(r"<review>(.*?)</review>", text, re.DOTALL)
  if not records or len(records) != text.count("<review>"):
    raise ValueError(f"{name} has no complete <review> records: fetch the file again")
  texts = []
  for number, record in enumerate(records, 1):
    found = re.findall(r"<review_text>(.*?)</review_text>", record, re.DOTALL)
    if len(found) != 1 or not found[0].strip():
      raise ValueError(f"{name} review {number} has no <review_text>: fetch the file again")
    texts.append(found[0].strip())
  return texts


def unique(negative: list[str], positive: list[str]) -> tuple[list[str], np.ndarray]:
  """Remove duplicate texts and label the rest.

  Returns every text once, in the order given, negative ones first. The labels [n] are 1 for
  positive.

  Raises:
    ValueError: a text is on both sides.
  """
  texts = list(dict.fromkeys(negative)), list(dict.fromkeys(positive))
  if set(texts[0]) & set(texts[1]):
    raise ValueError("a review is both negative and positive: fetch the files again")
  return texts[0] + texts[1], np.repeat([0, 1], [len(part) for part in texts])


class AmazonText(base.ArrayBuilder):
  """Amazon review texts: 1954 to 1977 a domain, negative ones first.

  A folder given as source holds domain_sentiment_data.tar.gz, or the folders of domains in it, or
  `amazon/raw/{domain}`, each with negative.review and positive.review.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = SENTIMENTS
  SIZES = SIZES
  LICENSE = "No licence is stated for the data."
  HOMEPAGE = "https://www.cs.jhu.edu/~mdredze/datasets/sentiment/"
  CITATION = citations.BLITZER_2007
  FILES = {  # noqa: RUF012
    domain: tuple(
      base.Published(
        f"{domain}/{sentiment}.review",
        (f"{URL}{domain}/{sentiment}.review",),
        SHA256[str(domain), sentiment],
      )
      for sentiment in class_names.SENTIMENTS
    )
    for domain in SIZES
  }
  BUILDER_CONFIGS = base.configs(SIZES, "Reviews of {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    features = {
      "text": tfds.features.Text(),
      "label": tfds.features.ClassLabel(names=self.CLASSES),
    }
    return self._described(features, "Texts of product reviews, each once.", ("text", "label"))

  def _example(self, x: str, y: int) -> dict:  # type: ignore[override]
    return {"text": x, "label": int(y)}

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    domain = str(self._config())
    folders = (domain, KITCHEN) if domain == "kitchen" else (domain,)
    archive = folder / ARCHIVE
    with tree.opened([archive if archive.is_file() else folder]) as (names, read):
      texts = []
      for sentiment in SENTIMENTS:
        name = layout.ending(names, *(f"{of}/{sentiment}.review" for of in folders))
        if name is None:
          raise ValueError(
            f"no {domain}/{sentiment}.review in '{folder}', nor {ARCHIVE}: give --from the folder "
            "that holds it"
          )
        texts.append(read_reviews(read(name), name))
    return {"train": unique(*texts)}  # type: ignore[dict-item]

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._from_folder(self._fetched()[0].parent.parent)
