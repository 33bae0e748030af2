"""What `--source auto` is worth beside other choices of sources, for results/advise.md."""

import json
from pathlib import Path

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


def section(folder: Path) -> str:
  """The page's part; `folder` has advise_sources.json."""
  content = json.loads((folder / "advise_sources.json").read_text("utf-8"))
  made = content["targets"]
  families = list(dict.fromkeys(t["family"] for t in made))
  of = np.array([t["family"] for t in made])
  lines = [
    "## Choice of sources",
    "",
    f"{len(made)} targets with three sources or more, from [advise_sources.json](advise_sources.json), made "
    f"by `python -m benchmarks.advise_sources` {made_at([content['origin']])}: accuracy of logistic models "
    "of the sources chosen, %. Ranks "
    "are by weights of other families; that the half is kept was chosen with these numbers in sight.",
    "",
    "| sources | mean of targets | mean of families | " + " | ".join(families) + " |",
    "| :-- | --: | --: |" + " --: |" * len(families),
  ]
  for name, title in _CHOICES.items():
    own = 100 * np.array([t["accuracy"][name] for t in made])
    each = [own[of == f].mean() for f in families]
    cells = " | ".join(f"{e:.1f}" for e in each)
    lines.append(f"| {title} | {own.mean():.1f} | {np.mean(each):.1f} | {cells} |")
  return "\n".join([*lines, ""])
