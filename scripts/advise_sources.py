"""What `--source auto` is worth beside other choices of sources, for results/advise.md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from advise_fit import made_at

_CHOICES = {
  "half": "the better half, `--source auto`",
  "all": "all sources pooled",
  "all_but_last": "all but the last",
  "weighted": "all, weighted by 1 / place",
  "first": "the first alone",
  "random_half": "a random half, mean of three",
  "oracle_single": "the best alone, by target labels",
}
_NETWORKS = {
  "source_only": "`source_only`, all sources pooled",
  "source_only_half": "`source_only`, the better half",
  "dann": "`dann`, all sources pooled",
  "mdan": "`mdan`, all sources apart",
  "m3sda": "`m3sda`, all sources apart",
}


def section(folder: Path) -> str:
  """The page's part; `folder` has advise_sources.json."""
  content = json.loads((folder / "advise_sources.json").read_text("utf-8"))
  made = content["targets"]
  lines = [
    "## Choice of sources",
    "",
    f"{len(made)} targets with three sources or more, from [advise_sources.json](advise_sources.json), made "
    f"by `python -m benchmarks.advise_sources` {made_at([content['origin']])}: accuracy of logistic models "
    "of the sources chosen, %. Ranks "
    "are by weights of other families; that the half is kept was chosen with these numbers in sight.",
    "",
    *_table("sources", _CHOICES, "accuracy", made),
    "",
  ]
  if not all("networks" in t for t in made):
    return "\n".join(lines)
  lines += [
    "The same for networks with the defaults for one's own vectors, one seed: methods that keep the sources "
    "apart beside those that pool them. No choice was made with these numbers.",
    "",
    *_table("method", _NETWORKS, "networks", made),
    "",
  ]
  return "\n".join(lines)


def _table(
  head: str, titles: Mapping[str, str], key: str, made: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
  """A row for each choice, in percent: over targets, over families, and by family."""
  families = list(dict.fromkeys(t["family"] for t in made))
  of = np.array([t["family"] for t in made])
  yield f"| {head} | mean of targets | mean of families | " + " | ".join(families) + " |"
  yield "| :-- | --: | --: |" + " --: |" * len(families)
  for name, title in titles.items():
    own = 100 * np.array([t[key][name] for t in made])
    each = [own[of == f].mean() for f in families]
    cells = " | ".join(f"{e:.1f}" for e in each)
    yield f"| {title} | {own.mean():.1f} | {np.mean(each):.1f} | {cells} |"
