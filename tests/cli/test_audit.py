"""The audit's tables: classes, values, labels and masks, each in its own form."""

import json

import numpy as np
import pytest

from adapt.cli import audit, main


def table(path, seed, names):
  """A CSV of 20 rows: two features, and a column for each name, that of "b" with an empty cell."""
  rng = np.random.default_rng(seed)
  lines = [",".join(("u", "v", *names))]
  for i in range(20):
    cells = [f"{x:.6f}" for x in rng.normal(size=2)]
    cells += [
      "" if n == "b" and i == 3 else str((i * 7 + k + seed) % 2) for k, n in enumerate(names)
    ]
    lines.append(",".join(cells))
  path.write_text("\n".join(lines) + "\n")
  return str(path)


def audited(capsys, *arguments):
  """What is printed, as rows of words without lines of tables."""
  assert main.main(["data", "audit", *arguments]) == 0
  rows = capsys.readouterr().out.replace("│", " ").replace("┃", " ").splitlines()
  return [row.split() for row in rows]


def test_values_and_labels_of_a_table(tmp_path, capsys):
  both = [table(tmp_path / f"{n}.csv", seed, ("a", "b", "c")) for seed, n in enumerate("st")]
  out = tmp_path / "r.json"
  asked = ["--json", str(out), "--output"]
  rows = audited(capsys, *both, "--label-column", "a,c", "--drop", "b", *asked, "values")
  found = json.loads(out.read_text())
  assert (found["output"], found["balance"], list(found["labels"])) == ("values", {}, ["a", "c"])
  train = found["labels"]["c"]["s train"]
  assert (train["count"], train["missing"]) == (16, 0)
  assert ["c", "s", "train", "16", "0", "0", f"{train['mean']:.5g}", "1"] in [r[:8] for r in rows]
  own = ["--label-column", "a,b", "--drop", "c", *asked]
  rows = audited(capsys, *both, *own, "labels")
  shares = json.loads(out.read_text())["labels"]["a"].values()
  assert ["a", *(f"{100 * each['positive']:.1f}" for each in shares)] in rows
  assert any(row[:1] == ["b"] and any(w.startswith("(") for w in row) for row in rows)
  assert "?" not in str(rows)


def test_masks_and_a_target_without_labels(tmp_path, capsys):
  rng = np.random.default_rng(0)
  files = [str(tmp_path / f"{n}.npz") for n in "st"]
  x = rng.integers(0, 255, (2, 20, 8, 8, 3)).astype(np.uint8)
  y = np.tile(np.array([0, 1, 255, 1], np.uint8), (20, 8, 2))
  np.savez(files[0], x=x[0], y=y)
  np.savez(files[1], x=x[1])
  rows = audited(capsys, *files, "--output", "pixels")
  assert ["0", "33.3", "33.3", "?", "?"] in rows and ["1", "66.7", "66.7", "?", "?"] in rows
  assert ["ignored", "25.0", "25.0", "?", "?"] in rows
  out = str(tmp_path / "p.png")
  assert main.main(["data", "audit", *files, "--output", "pixels", "--plot", out]) == 2
  assert "the labels are pixels, without class balance" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["classes", "labels"])
def test_many_are_cut_in_the_table(capsys, output):
  names = tuple(f"c{k}" for k in range(50))
  of = {"s train": {"positive": 0.5, "unknown": 0.0}}
  report = audit.Report((), names, {"s train": [1] * 50})
  if output == "labels":
    report = audit.Report((), (), {}, "labels", dict.fromkeys(names, of))
  audit._print(report)
  shown = capsys.readouterr().out
  assert "c39" in shown and "c40" not in shown and f"10 {output} more" in shown
