"""`adapt predict` and `adapt export` as a user meets them: another process, any data, one-line errors."""

import json
import subprocess
import sys

import jax
import numpy as np
import pandas as pd
import pytest
import toy

import adapt
from adapt import data
from adapt.cli import config, main
from adapt.deploy import exported, saved
from adapt.experiments import own_data
from adapt.experiments.run import run

SHORT = {"steps": 40, "evaluations": 1, "seeds": (0,), "save_model": True}
X, Y = toy.TURNED.train


def trained(out, method, **changes):
  """The model of a short run, as text."""
  [made] = run(toy.experiment(method, **{**SHORT, **changes}), out, domains=toy.load).records
  return str(out / f"toy/{made['task']}/{made['label']}.seed0.model.npz")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
  return trained(tmp_path_factory.mktemp("models"), "dann")


@pytest.fixture
def file(tmp_path):
  """Examples with labels, some of each moon."""
  np.savez(tmp_path / "turned.npz", x=X, y=Y)
  return str(tmp_path / "turned.npz")


def predicted(model, name, out, *flags):
  """What `adapt predict` writes."""
  assert (
    main.main(["predict", "--model", model, "--data", str(name), "--out", str(out), *flags]) == 0
  )
  with np.load(out, allow_pickle=False) as found:
    return dict(found)


def probabilities(model, x):
  return jax.nn.softmax(saved.predictor(saved.read(model))(x))


def test_another_process_predicts_the_same_in_the_file_s_order(model, file, tmp_path):
  arguments = ["predict", "--model", model, "--data", file, "--out", str(tmp_path / "p.npz")]
  code = f"import sys; from adapt.cli import main as cli; sys.exit(cli.main({arguments!r}))"
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
  assert done.returncode == 0, done.stderr
  with np.load(tmp_path / "p.npz", allow_pickle=False) as found:
    assert sorted(found) == ["classes", "predicted", "probability"]
    np.testing.assert_allclose(found["probability"], probabilities(model, X), atol=1e-6)
    np.testing.assert_array_equal(found["predicted"], found["probability"].argmax(axis=1))
    assert found["classes"].tolist() == ["upper", "lower"]
    right = (found["predicted"] == Y).mean()
  assert 0.5 < right < 1
  assert done.stdout.endswith("320 predictions\n")
  assert "no accuracy is stated: " in done.stdout
  assert "turned.npz numbers its classes (0, 1)" in done.stdout
  assert "--label-map=upper=0,lower=1" in done.stdout
  assert "predict" in done.stderr  # the progress bar


def test_labels_need_not_be_there_and_blocks_are_padded(model, tmp_path, capsys):
  x = np.concatenate([X] * 4)  # three blocks, the last one of 280
  np.savez(tmp_path / "x.npz", x=x)
  found = predicted(model, tmp_path / "x.npz", tmp_path / "p.npz")
  np.testing.assert_allclose(found["probability"], probabilities(model, x), atol=1e-6)
  assert capsys.readouterr().out.endswith("1280 predictions\n")


def test_named_classes_are_matched_by_name(model, tmp_path, capsys):
  pytest.importorskip("pyarrow")
  table = [f"{b},{a},{('upper', 'lower')[k]}" for (a, b), k in zip(X, Y, strict=True)]
  (tmp_path / "t.csv").write_text("\n".join(["b,a,label", *table]))
  found = predicted(model, tmp_path / "t.csv", tmp_path / "p.npz")
  assert data.load(str(tmp_path / "t.csv")).classes == ("lower", "upper")
  right = 100 * (found["predicted"] == Y).mean()
  said = capsys.readouterr().out
  assert f"{right:.1f} % of 320 labels right" in said
  assert "those of " in said and "are taken in the order of their names" in said
  assert right > 60  # were they numbered otherwise, it would be below 40


def test_classes_that_the_source_has_not_are_unknown(tmp_path, capsys):
  model = trained(tmp_path, "osbp")
  x, y = toy.MOVED.test
  np.savez(tmp_path / "x.npz", x=x, y=y)
  names = ",".join(f"{c}={k}" for k, c in enumerate("abcdefgh"))
  found = predicted(model, tmp_path / "x.npz", tmp_path / "p.npz", "--label-map", names)
  assert found["classes"].tolist() == [*"abcd", "unknown"]
  assert found["probability"].shape == (400, 5)
  right = 100 * (found["predicted"] == np.minimum(y, 4)).mean()
  assert f"{right:.1f} % of 400 labels right" in capsys.readouterr().out


def test_images_are_brought_to_size_and_named(tmp_path, monkeypatch):
  from PIL import Image

  pixels = np.random.default_rng(0).integers(0, 255, (6, 9, 9, 3)).astype(np.uint8)
  for i, image in enumerate(pixels):
    (tmp_path / "photos").mkdir(exist_ok=True)
    Image.fromarray(image).save(tmp_path / "photos" / f"{i}.png")
  domain = data.load(str(tmp_path / "photos"))
  about = {"classes": ["a", "b"], "unknown": False, "image_size": 12}
  about["inputs"] = {"shape": [12, 12, 3], "dtype": "uint8"}
  fake = saved.Model(about, None, None, None)  # type: ignore[arg-type]
  monkeypatch.setattr(saved, "read", lambda path: fake)
  # The first pixel's red and green are the logits.
  monkeypatch.setattr(saved, "predictor", lambda model: lambda x: x[:, 0, 0, :2].astype(float) / 99)
  found = predicted("a.model.npz", tmp_path / "photos", tmp_path / "p.npz")
  assert [name.rsplit("/", 1)[1] for name in found["name"]] == [f"{i}.png" for i in range(6)]
  small = np.concatenate([split.x.resized(12)[:] for split in (domain.train, domain.test)])
  order = np.argsort(np.concatenate([domain.train.x.rows, domain.test.x.rows]))
  expected = jax.nn.softmax(small[order][:, 0, 0, :2] / 99.0)
  np.testing.assert_allclose(found["probability"], expected, atol=1e-5)


def test_export_writes_two_files_away_from_the_records(model, tmp_path, capsys):
  assert main.main(["export", "--model", model, "--out", str(tmp_path)]) == 0
  [module], [signature] = tmp_path.glob("*.stablehlo"), tmp_path.glob("*.json")
  assert module.stem == signature.stem and module.stem.endswith("seed0")
  assert json.loads(signature.read_text())["input"]["shape"] == ["n", 2]
  assert "float32 [n, 2] → probabilities, float32 [n, 2]; for cpu, cuda, tpu" in (
    capsys.readouterr().out
  )


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
  """A folder with tables of one informative column beside wide noise, and a model trained on two."""
  folder = tmp_path_factory.mktemp("tables")
  random = np.random.default_rng(0)
  for name in "st":
    y = np.arange(400) % 2
    signal, noise = random.normal(3 * y - 1.5, 1), random.normal(200, 50, 400)
    cells = zip(range(1, 401), noise, signal, y, strict=True)
    rows = [f"{i},{b},{a},{('no', 'yes')[k]}" for i, b, a, k in cells]
    (folder / f"{name}.csv").write_text("\n".join(["id,noise,signal,label", *rows]))
  flags = ["--steps", "100", "--evaluations", "1", "--seeds", "1", "--devices", "1"]
  where = ["--source", str(folder / "s.csv"), "--target", str(folder / "t.csv")]
  chosen = ["--method", "source_only", "--save-model", "--scale", "robust", "--out", str(folder)]
  assert main.main(["run", *where, *chosen, *flags]) == 0
  [model] = folder.rglob("*.model.npz")
  return folder, str(model)


def rewritten(folder, header, order=(0, 1, 2, 3), rows=400, label=str):
  """The target with columns renamed or in another order."""
  table = [line.split(",") for line in (folder / "t.csv").read_text().splitlines()[1 : rows + 1]]
  lines = [",".join((*row[:3], label(row[3]))[k] for k in order) for row in table]
  (folder / "new.csv").write_text("\n".join([header, *lines]))
  return folder / "new.csv"


def stated(model, file, out, capsys, *flags):
  """What `adapt predict` prints, and the rows of the table that it writes."""
  out = out / "p.csv"
  flags = ["--model", model, "--data", str(file), "--out", str(out), *flags]
  assert main.main(["predict", *flags]) == 0
  return capsys.readouterr().out, [line.split(",") for line in out.read_text().splitlines()]


def test_an_unscaled_table_is_learnt_as_logistic_regression_learns_it(tables):
  linear = pytest.importorskip("sklearn.linear_model")
  folder, _ = tables
  [file] = folder.glob("run/s_t/*.json")
  record = json.loads(file.read_text())
  d = dict(zip("st", own_data.loaded([str(folder / f"{n}.csv") for n in "st"]), strict=True))
  logistic = linear.LogisticRegression().fit(d["s"].train.x, d["s"].train.y)
  assert record["last"]["accuracy"][0] >= logistic.score(d["t"].test.x, d["t"].test.y) - 0.02
  assert record["last"]["accuracy"][0] > 0.85
  assert record["config"]["reading"] == {"scale": "robust"}
  assert [s["step"] for s in record["preprocessing"]["steps"]] == ["columns", "table", "scale"]


def test_columns_are_matched_by_name_and_a_table_comes_out(tables, tmp_path, capsys):
  folder, model = tables
  said, rows = stated(model, folder / "t.csv", tmp_path, capsys)
  right = float(said.split("400 predictions, ")[1].split(" %")[0])
  assert right > 85 and "of 400 labels right" in said
  assert rows[0] == ["id", "predicted", "probability no", "probability yes"]
  assert [row[0] for row in rows[1:]] == [str(i) for i in range(1, 401)]
  file = rewritten(folder, "signal,label,id,noise", (2, 3, 0, 1))
  assert stated(model, file, tmp_path, capsys)[1] == rows
  file = rewritten(folder, "id,noise,signal,label", rows=1)
  assert stated(model, file, tmp_path, capsys)[0].endswith(
    "1 predictions, 100.0 % of 1 labels right\n"
  )
  file = rewritten(folder, "noise,signal", (1, 2), rows=1)
  said, one = stated(model, file, tmp_path, capsys)
  assert said.endswith("1 predictions\n") and one[1:] == [rows[1][1:]]


def test_renamed_columns_are_refused_or_taken_in_order(tables, tmp_path, capsys):
  folder, model = tables
  file, out = rewritten(folder, "a,b,label", (1, 2, 3)), tmp_path / "p.csv"
  words = ["new.csv lacks the columns 'noise', 'signal'", "has 'a', 'b'", "--columns-in-order"]
  refused(capsys, *words, model=model, data=file, out=out)
  said, rows = stated(model, file, tmp_path, capsys, "--columns-in-order")
  assert float(said.split("400 predictions, ")[1].split(" %")[0]) > 85
  x = np.array([[float(v) for v in line.split(",")[:2]] for line in file.read_text().split()[1:]])
  np.savez(tmp_path / "x.npz", x=x)
  refused(
    capsys, "names no columns", "'noise', 'signal'", model=model, data=tmp_path / "x.npz", out=out
  )
  np.savez(tmp_path / "x.npz", x=x[:, ::-1], features=np.array(["signal", "noise"]))
  assert stated(model, tmp_path / "x.npz", tmp_path, capsys)[1] == rows


def test_numbered_labels_are_judged_by_a_map_alone(tables, tmp_path, capsys):
  folder, model = tables
  header = "id,noise,signal,label"
  file = rewritten(folder, header, label=lambda y: str(int(y == "yes")))
  said, rows = stated(model, file, tmp_path, capsys)
  assert "no accuracy is stated" in said and said.endswith("400 predictions\n")
  said, same = stated(model, file, tmp_path, capsys, "--label-map", "yes=1,no=0")
  assert same == rows and float(said.split("400 predictions, ")[1].split(" %")[0]) > 85
  flags = ["--source", str(folder / "s.csv"), "--target", str(file), "--method", "source_only"]
  assert main.main(["run", *flags, "--out", str(tmp_path)]) == 2
  assert "so they cannot be matched: say which is which" in capsys.readouterr().err


def test_an_exported_model_scales_and_says_the_rest(tables):
  folder, file = tables
  model = saved.read(file)
  _, signature = exported.export(model)
  assert signature["features"] == ["noise", "signal"]
  steps = signature["preprocessing"]
  assert steps["inside"] == ["scale"]
  assert [step["step"] for step in steps["before"]] == ["columns", "table"]
  columns = data.read(str(folder / "t.csv")).train.x.columns[1:]
  x = np.stack([column.values for column in columns], axis=1).astype(np.float32)
  given = pd.DataFrame(x, columns=["noise", "signal"])
  expected = adapt.load(file).predict_proba(given)
  np.testing.assert_allclose(exported.probabilities(model)(x), expected, atol=1e-5)


def test_a_record_repeats_how_its_data_were_read(tables):
  folder, _ = tables
  [file] = folder.glob("run/s_t/*.json")
  data = ["--source", str(folder / "s.csv"), "--target", str(folder / "t.csv")]
  _, argv = config.expanded(["--config", str(file), *data])
  assert argv[argv.index("--scale") + 1] == "robust"


def refused(capsys, *words, command="predict", **flags):
  """Runs a command that is wrong, and checks what it says."""
  pairs = [(f"--{name.replace('_', '-')}", str(value)) for name, value in flags.items()]
  try:
    code = main.main([command, *(part for pair in pairs for part in pair)])
  except SystemExit as stop:
    code = stop.code
  lines = capsys.readouterr().err.strip().splitlines()
  assert code == 2 and len(lines) == 1 and lines[0].startswith("error: "), lines
  assert all(word in lines[0] for word in words), lines[0]


DATA = [
  ({"x": X[:, :1]}, ["shape [1]", "takes [2]"]),
  ({"x": np.zeros((4, 8, 8), np.uint8)}, ["shape [8, 8, 1]", "takes [2]"]),
  ({"x": X, "y": Y * 5}, ["class '5'", "knows 2: upper, lower", "leave out"]),
  ({"x": X.astype(object)}, ["object"]),
]


@pytest.mark.parametrize(("arrays", "words"), DATA, ids=lambda v: str(v)[-40:])
def test_data_that_the_model_does_not_take(model, tmp_path, capsys, arrays, words):
  np.savez(tmp_path / "bad.npz", **arrays)
  out = tmp_path / "new" / "p.npz"
  named = "upper=0,lower=1"
  refused(capsys, *words, model=model, data=tmp_path / "bad.npz", out=out, label_map=named)
  assert not out.parent.exists()


def test_another_type_of_image_is_refused(tmp_path, monkeypatch, capsys):
  about = {"classes": ["a"], "unknown": False, "image_size": 0}
  about["inputs"] = {"shape": [4, 4, 1], "dtype": "uint8"}
  monkeypatch.setattr(saved, "read", lambda path: saved.Model(about, None, None, None))
  np.savez(tmp_path / "x.npz", x=np.zeros((5, 4, 4), np.float32))
  words = ["is float32", "takes uint8", "convert"]
  refused(capsys, *words, model="m", data=tmp_path / "x.npz", out=tmp_path / "p.npz")


def test_files_that_cannot_be_read_or_written(model, file, tmp_path, capsys):
  out = tmp_path / "p.npz"
  refused(capsys, "no file 'no.model.npz'", model="no.model.npz", data=file, out=out)
  refused(capsys, "unknown domain 'no'", model=model, data="no", out=out)
  refused(capsys, "no whole model", model=file, data=file, out=out)
  refused(capsys, "would replace the --data", model=model, data=file, out=file)
  refused(capsys, "would replace the --model", model=model, data=file, out=model)
  refused(capsys, "no .npz or .csv file", model=model, data=file, out=tmp_path / "p.txt")
  refused(capsys, "--out", model=model, data=file)
  (tmp_path / "taken").write_text("in the way")
  refused(capsys, "cannot write", "--out", model=model, data=file, out=tmp_path / "taken/p.npz")
  refused(capsys, "no file 'no'", command="export", model="no")
  refused(capsys, "cannot write", command="export", model=model, out=tmp_path / "taken")
  refused(capsys, "no folder", command="export", model=model, plugins="/no/such/folder")
  assert not out.exists()


def test_the_flag_keeps_models_beside_the_records(tmp_path):
  paths = []
  for d in (toy.MOONS, toy.TURNED):
    paths.append(str(tmp_path / f"{d.name}.npz"))
    np.savez(paths[-1], x=d.train.x, y=d.train.y)
  flags = "--method source_only --steps 3 --evaluations 1 --seeds 2 --devices 1 --save-model"
  out = ["--out", str(tmp_path / "runs")]
  assert main.main(["run", "--source", paths[0], "--target", paths[1], *out, *flags.split()]) == 0
  found = sorted(p.name for p in (tmp_path / "runs/run/moons_turned").glob("*.model.npz"))
  assert found == [f"source_only-evaluations=1-steps=3.seed{s}.model.npz" for s in (0, 1)]
  predicted(str(tmp_path / "runs/run/moons_turned" / found[1]), paths[1], tmp_path / "p.npz")
