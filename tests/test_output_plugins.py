"""An output of one's own: a loss for the labels of a kind that is there."""

import json
import sys

import numpy as np
import pytest
from test_plugins import FILES

import adapt
from adapt import catalogue, outputs
from adapt.cli import main


@pytest.fixture
def folder(monkeypatch, tmp_path):
  """A folder of plug-ins that is gone after the test."""
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})
  (tmp_path / "mine/outputs").mkdir(parents=True)
  (tmp_path / "mine/outputs/pinball.py").write_text(FILES["outputs/pinball.py"])
  return tmp_path / "mine"


def sides(seed):
  rng = np.random.default_rng(seed)
  x = rng.normal(size=(200, 2)).astype(np.float32)
  return x, x[:, 0] + rng.exponential(size=200)


SHORT = {"steps": 300, "batch_size": 32, "lr": 0.02}


def test_the_shell_trains_by_it_and_a_record_says_it_again(folder, tmp_path, capsys, monkeypatch):
  for name, seed in (("A", 0), ("B", 1)):
    rows = [f"{a},{b},{y}" for (a, b), y in zip(*sides(seed), strict=True)]
    (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,label", *rows]))
  ends = [str(tmp_path / name) for name in ("A.csv", "B.csv")]
  command = ["run", "--source", ends[0], "--target", ends[1], "--plugins", str(folder)]
  command += ["--method", "source_only", "--output", "pinball", "--output-tau", "0.9"]
  command += ["--seeds", "1", "--devices", "1", "--out", str(tmp_path / "out")]
  command += [f for n, v in SHORT.items() for f in (f"--{n.replace('_', '-')}", str(v))]
  monkeypatch.setattr(sys, "argv", ["adapt", *command])
  assert main.main(command) == 0
  [file] = (tmp_path / "out").rglob("source_only*.json")
  made = json.loads(file.read_text())
  assert made["config"]["output"] == {"name": "pinball", "tau": 0.9}
  assert (
    made["output"]["name"] == "values"
    and "r2" in made["last"]
    and "output" in made["config"]["code"]
  )
  assert "output=pinball" in made["label"] and "tau=0.9" in made["label"]
  again = ["run", "--config", str(file), "--plugins", str(folder), "--out", str(tmp_path / "again")]
  assert main.main(again) == 0
  [other] = (tmp_path / "again").rglob("source_only*.json")
  assert json.loads(other.read_text())["parameters"] == made["parameters"]
  assert main.main([*command, "--output", "pinbal"]) == 2
  assert "did you mean pinball" in capsys.readouterr().err


@pytest.mark.parametrize("tau", [0.1, 0.9])
def test_python_trains_by_it_and_loads_it_without_its_file(folder, tmp_path, tau):
  adapt.plugins(folder)
  xt, yt = sides(1)
  fitted = adapt.fit(
    "source_only",
    source=sides(0),
    target=xt,
    test=(xt, yt),
    output=("pinball", {"tau": tau}),
    **SHORT,
  )
  below = float((yt < np.ravel(fitted.predict(xt))).mean())
  assert abs(below - tau) < 0.08
  fitted.save(tmp_path / "model.npz")
  catalogue._extra.clear()
  np.testing.assert_array_equal(adapt.load(tmp_path / "model.npz").predict(xt), fitted.predict(xt))


def test_one_of_no_kind_is_refused(folder):
  text = FILES["outputs/pinball.py"]
  (folder / "outputs/ranks.py").write_text(
    text.replace("pinball", "ranks").replace('"values"', '"ranks"')
  )
  adapt.plugins(folder)
  with pytest.raises(
    ValueError, match="ranks is of the kind 'ranks': let its Output have one of cl"
  ):
    outputs.bind("ranks")


COUNTED = """
from adapt.method import Output


def counted() -> Output:
  \"\"\"Classes, by how many of each the source has.\"\"\"
  loss = Output().loss
  return Output("classes", loss, lambda counts: loss)
"""


def test_a_loss_of_one_s_own_by_counts_is_refused_where_target_labels_count(folder):
  (folder / "outputs/counted.py").write_text(COUNTED)
  adapt.plugins(folder)
  x, y = np.zeros((40, 2), np.float32), np.arange(40) % 2
  with pytest.raises(
    ValueError, match="the loss counted goes by the source's class counts, and fine_"
  ):
    adapt.fit("fine_tune", source=(x, y), target=x, labelled=(x, y), output="counted", steps=2)


def test_one_with_the_name_of_a_kind_is_taken_in_its_place(folder):
  (folder / "outputs/values.py").write_text(
    FILES["outputs/pinball.py"].replace("pinball", "values")
  )
  adapt.plugins(folder)
  assert outputs.names().count("values") == 1
  assert outputs.bind("values", tau=0.9).arguments == {"tau": 0.9}
  assert outputs.kind("values") == "values"
