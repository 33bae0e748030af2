"""A folder of plug-ins, one file each: the command line and Python use them, the package untouched."""

import json
import pickle
import shutil
import sys
from importlib import metadata
from pathlib import Path
from unittest import mock

import documents
import numpy as np
import pytest
import toy

import adapt
from adapt import catalogue, data, methods, models, outputs, validators, weights
from adapt import tuning as tunings
from adapt.augment import named_views
from adapt.cli import main
from adapt.experiments import ray_cluster, suites
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.records import identity
from adapt.training import optimizers

FILES = {
  "methods/halved.py": '''
"""Half the loss."""
from _factor import FACTOR
from adapt.methods import source_only

def halved(net, *, factor: float = FACTOR):
  """Trains on the source with a part of the loss.

  Args:
    net: the network.
    factor: of the loss.
  """
  plain = source_only.source_only(net)

  def loss(params, state, batch, key, progress):
    value, rest = plain.loss(params, state, batch, key, progress)
    return factor * value, rest

  return plain._replace(loss=loss)
''',
  "methods/_factor.py": "FACTOR = 0.5\n",
  "validators/sure.py": '''
"""Sure predictions."""
import jax
from adapt.validators import Validator

def sure(*, power: float = 1.0) -> Validator:
  """Mean confidence of target predictions.

  Args:
    power: of the mean.
  """
  return Validator(lambda seen: jax.nn.softmax(seen.lt).max(axis=1).mean() ** power)
''',
  "outputs/pinball.py": documents.code("own output"),
  "models/narrow.py": '''
"""A narrow network."""
import flax.linen as nn
import jax.numpy as jnp
from adapt.models.linen import as_net

class Module(nn.Module):
  classes: int

  @nn.compact
  def __call__(self, x, train):
    f = nn.relu(nn.Dense(8, name="hidden")(x))
    return f, nn.Dense(self.classes, name="head")(f)

def narrow(classes, *, dtype=jnp.float32, axis=None):
  """Eight hidden units."""
  return as_net(Module(classes))
''',
  "optimizers/signed.py": '''
"""Signs of gradients."""
import jax
import jax.numpy as jnp
import optax

def signed(*, scale: float = 1.0, weight_decay: float = 0.0) -> optax.GradientTransformation:
  """The sign of each gradient.

  Args:
    scale: of the step.
    weight_decay: of the parameters.
  """
  def update(g, w):
    return jax.tree.map(lambda g, w: scale * jnp.sign(g) + weight_decay * w, g, w)
  return optax.stateless(update)
''',
  "weights/firsts.py": '''
"""The first half alone."""
import numpy as np

def firsts(xs, ys, xt, *, share: float = 0.5):
  """Counts the first examples alone.

  Args:
    xs: source inputs.
    ys: source labels.
    xt: target inputs.
    share: of the examples that count.
  """
  w = (np.arange(len(xs)) < share * len(xs)).astype(np.float32)
  return w / w.mean()
''',
  "tuning/last.py": '''
"""The head alone."""
from adapt.tuning import Tuning, only

def last() -> Tuning:
  """Trains what is called head."""
  return Tuning(lambda net, progress: only(net, lambda path: path[0] == "head"))
''',
  "augment/dimmed.py": '''
"""Darker views."""
from adapt.augment.named_views import Views
from adapt.augment.random_views import resized

def dimmed() -> Views:
  """Half as bright."""
  return Views(lambda key, x, side: resized(x, side) * 0.5 - 0.5)
''',
  "data/left.py": '''
"""Two clouds."""
import numpy as np
from adapt.data import Domain, Split

def cloud(shift):
  rng, y = np.random.default_rng(0), np.arange(80) % 2
  x = (rng.normal(size=(80, 2)) + 3 * y[:, None] + shift).astype(np.float32)
  return Split(x, y.astype(np.int32))

def left(data_dir=None):
  return Domain("left", cloud(0), cloud(0), ("a", "b"))
''',
  "data/right.py": '''
"""The same two clouds, moved."""
from left import cloud
from adapt.data import Domain

def right(data_dir=None):
  return Domain("right", cloud(1), cloud(1), ("a", "b"))
''',
  "suites/clouds.py": '''
"""Two clouds and moved ones."""
from adapt.experiments.suite import Suite, Task
from adapt.training.settings import Settings

SUITE = Suite(
  name="clouds",
  tasks=(Task("left_right", ("left",), "right"),),
  settings=Settings(model="narrow", optimizer="signed", steps=6, batch_size=16, evaluations=2),
  protocol="two clouds",
)
''',
}
KINDS = {
  "methods": (methods, "halved"),
  "weights": (weights, "firsts"),
  "tuning": (tunings, "last"),
  "models": (models, "narrow"),
  "validators": (validators, "sure"),
  "outputs": (outputs, "pinball"),
  "optimizers": (optimizers, "signed"),
  "augment": (named_views, "dimmed"),
  "data": (data, "left"),
  "suites": (suites, "clouds"),
}


@pytest.fixture(autouse=True)
def no_folder_stays(monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})
  monkeypatch.setattr(sys, "path", list(sys.path))
  catalogue.entry_points.cache_clear()
  yield
  catalogue.entry_points.cache_clear()
  for module in ("left", "_factor"):
    sys.modules.pop(module, None)


@pytest.fixture
def folder(tmp_path):
  """A folder with a file of each kind."""
  for name, text in FILES.items():
    file = tmp_path / "mine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
  return tmp_path / "mine"


def test_each_kind_has_its_file_only_once_the_folder_is_added(folder):
  assert set(KINDS) == set(catalogue.KINDS)
  for room, name in KINDS.values():
    assert name not in room.names()
  for _ in range(2):  # twice is once
    catalogue.plugins(folder)
  for kind, (room, name) in KINDS.items():
    assert room.names().count(name) == 1, kind
    assert len(catalogue._extra[f"adapt.{kind}"]) == len(set(catalogue._extra[f"adapt.{kind}"]))
  assert "_factor" not in methods.names()


def test_help_and_docs_say_that_its_code_is_run(capsys):
  with pytest.raises(SystemExit):
    main.main(["run", "--help"])
  assert "its Python code is run" in " ".join(capsys.readouterr().out.split())
  docs = Path(__file__).parents[1] / "docs/add_a_method.md"
  assert "`--plugins` runs the Python code of that folder" in docs.read_text()


def test_a_file_directly_in_the_folder_is_a_method(folder):
  shutil.move(folder / "methods/halved.py", folder / "halved.py")
  shutil.move(folder / "methods/_factor.py", folder / "_factor.py")
  catalogue.plugins(folder)
  assert "halved" in methods.names() and methods.get("halved").__name__ == "halved"


def test_bench_runs_a_suite_of_plug_ins_with_everything_in_it(folder, tmp_path):
  flags = ["--seeds", "1", "--devices", "1", "--validator", "sure", "--weights", "firsts"]
  flags += ["--plugins", str(folder), "--out", str(tmp_path / "out"), "--factor", "0.25"]
  assert main.main(["bench", "clouds", "halved", *flags]) == 0
  [file] = (tmp_path / "out/clouds/left_right").glob("halved+firsts*.json")
  made = json.loads(file.read_text())
  config = made["config"]
  assert config["hyperparameters"] == {"factor": 0.25}
  assert config["weights"] == {"name": "firsts", "share": 0.5}
  assert config["settings"]["model"] == "narrow" and config["settings"]["optimizer"] == "signed"
  assert made["selected"]["validator"] == "sure"
  [scores] = made["validators"]["sure"]
  assert len(scores) == 2 and all(0.5 <= s <= 1 for s in scores)
  of_classes = {
    n for n in validators.names() if "classes" in validators.made(validators.get(n)).outputs
  }
  assert set(made["validators"]) == of_classes


def test_run_takes_domains_and_tuning_of_plug_ins(folder, tmp_path):
  command = ["run", "--plugins", str(folder), "--source", "left", "--target", "right"]
  command += ["--method", "fine_tune", "--tuning", "last", "--shots", "2", "--model", "narrow"]
  command += ["--steps", "4", "--evaluations", "1", "--seeds", "1", "--batch-size", "16"]
  assert main.main([*command, "--devices", "1", "--out", str(tmp_path / "out")]) == 0
  [file] = (tmp_path / "out/run/left_right").glob("fine_tune+last*.json")
  made = json.loads(file.read_text())
  assert made["classes"] == ["a", "b"] and "sure" in made["validators"]


def test_python_uses_the_same_files(folder, tmp_path):
  adapt.plugins(folder)
  suite = suites.get("clouds")
  moves = optimizers.bind("signed", scale=0.5)
  asked = resolve(
    suite, suite.tasks[0], "halved", validator="sure", weighting="firsts", optimizer=moves
  )
  [made] = run(asked, tmp_path).records
  assert made["config"]["optimizer"] == {"name": "signed", "scale": 0.5}
  assert made["label"] == "halved+firsts-scale=0.5" and "optimizer" in made["config"]["code"]
  assert made["selected"]["validator"] == "sure"
  again = pickle.loads(pickle.dumps(asked))
  assert again.optimizer.key == asked.optimizer.key and again.method.key == asked.method.key


def test_the_python_face_uses_them_by_name(folder):
  adapt.plugins(folder)
  fitted = adapt.fit(
    "halved",
    source="left",
    target="right",
    model="narrow",
    weights="firsts",
    optimizer="signed",
    validator="sure",
    steps=4,
    batch_size=16,
  )
  assert fitted.record["selected"]["validator"] == "sure"
  assert fitted.record["config"]["weights"]["name"] == "firsts"


@pytest.mark.parametrize(
  ("kind", "name", "old", "new"),
  [
    ("optimizers", "signed", "sign(g)", "sign(-g)"),
    ("validators", "sure", ".max(", ".min("),  # whose score every record has
  ],
)
def test_an_entry_whose_file_has_changed_is_another(folder, tmp_path, kind, name, old, new):
  catalogue.plugins(folder)
  suite = suites.get("clouds")

  def asked():
    choice = {"optimizer": name} if kind == "optimizers" else {}
    return resolve(suite, suite.tasks[0], "source_only", **choice)

  run(asked(), tmp_path)
  file, text = folder / kind / f"{name}.py", FILES[f"{kind}/{name}.py"]
  assert old in text
  (folder / kind / "other.py").write_text(text.replace(old, new))
  (folder / kind / "other.py").rename(file)
  sys.modules.pop(f"_from_folder.adapt.{kind}.{name}")
  identity._digest.cache_clear()
  with pytest.raises(ValueError, match=rf"{name}\.py has changed since .*\.json was made"):
    run(asked(), tmp_path)


def test_the_command_line_sets_what_an_optimizer_takes_and_a_record_says_it_again(folder, tmp_path):
  flags = ["--seeds", "1", "--devices", "1", "--optimizer-scale", "0.5", "--plugins", str(folder)]
  command = ["source_only", *flags, "--out", str(tmp_path / "out")]
  with mock.patch.object(sys, "argv", ["adapt", "bench", "clouds", *command]):
    assert main.main(["bench", "clouds", *command]) == 0
  [file] = (tmp_path / "out/clouds/left_right").glob("source_only*.json")
  assert file.stem == "source_only-scale=0.5"
  catalogue._extra.clear()
  again = ["run", "--config", str(file), "--out", str(tmp_path / "again")]
  assert main.main(again) == 0
  assert (tmp_path / "again/clouds/left_right" / file.name).exists()


def test_a_validator_of_ones_own_changes_no_other_number(folder, tmp_path):
  asked = toy.experiment("source_only", steps=6, evaluations=2, seeds=(0, 1))
  [before] = run(asked, tmp_path / "a", domains=toy.load).records
  catalogue.plugins(folder)
  [after] = run(asked, tmp_path / "b", domains=toy.load).records
  assert set(after["validators"]) - set(before["validators"]) == {"sure"}
  for name, scores in before["validators"].items():
    np.testing.assert_allclose(after["validators"][name], scores, rtol=1e-5, err_msg=name)
  assert after["parameters"] == before["parameters"]


def test_a_validator_that_came_after_a_checkpoint_has_no_number_before_it(folder, tmp_path):
  asked = toy.experiment("source_only", steps=6, evaluations=3, seeds=(0,))
  with pytest.raises(toy.Crash):
    run(asked, tmp_path, domains=toy.load, report=toy.crash_at(4), minutes=0)
  catalogue.plugins(folder)
  [made] = run(asked, tmp_path, domains=toy.load, minutes=0).records
  [scores] = made["validators"]["sure"]
  assert scores[0] is None and np.isfinite(scores[-1])
  assert np.isfinite(made["validators"]["ema_agreement"]).all()


def test_a_node_of_a_cluster_adds_the_folders(folder, monkeypatch, tmp_path):
  monkeypatch.setattr(ray_cluster.compile_cache, "keep", lambda: None)
  monkeypatch.setattr(
    ray_cluster, "_trained", lambda cell, out: {"here": "halved" in methods.names()}
  )
  cell = ray_cluster.Cell(pickle.dumps(1), 1, None, (str(folder),), {}, frozenset(), {})
  assert ray_cluster.trained(cell).files == {"here": True}


WRONG = {
  "validtors/sure.py": r"unknown sub-folder of plug-ins 'validtors' \(did you mean validators\?\)",
  "method/x.py": r"'method' \(did you mean methods\?\)",
  "stuff/x.py": r"unknown sub-folder of plug-ins 'stuff': rename .*stuff, or choose from methods, ",
}


@pytest.mark.parametrize("file", WRONG)
def test_a_sub_folder_of_no_kind_is_refused_in_a_line(file, tmp_path, capsys):
  (tmp_path / file).parent.mkdir()
  (tmp_path / file).write_text("")
  with pytest.raises(ValueError, match=WRONG[file]) as raised:
    catalogue.plugins(tmp_path)
  assert "\n" not in str(raised.value) and not catalogue._extra.get("adapt.validators")
  assert main.main(["methods", "--plugins", str(tmp_path)]) == 2
  assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_helpers_tests_and_what_holds_no_python_are_left_alone(tmp_path):
  for file in ("tests/x.py", "_old/x.py", ".git/x.py", "lib/__init__.py", "notes/x.txt"):
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text("")
  catalogue.plugins(tmp_path)


BROKEN = {
  "validators/off.py": (
    "def off(): return 3\n",
    "'off' returns a int, no Validator: mend .*off.py",
  ),
  "validators/bad.py": (
    "from adapt.validators import Validator\ndef bad(): return Validator(lambda seen: seen.fs @ seen.ft)\n",
    r"'bad' fails \(TypeError: .*\): mend .*bad.py",
  ),
  "validators/few.py": (
    "from adapt.validators import Validator\ndef few(): return Validator(score=lambda es: [1.0])\n",
    "'few' scores 2 evaluations by 1 numbers: mend",
  ),
  "validators/reverse.py": ("def reverse(): ...\n", "'reverse' is a validator of its own"),
}


@pytest.mark.parametrize("file", BROKEN)
def test_a_broken_validator_is_named_before_training(file, tmp_path):
  text, message = BROKEN[file]
  (tmp_path / "validators").mkdir()
  (tmp_path / file).write_text(text)
  catalogue.plugins(tmp_path)
  with pytest.raises(ValueError, match=message):
    run(toy.experiment("source_only", steps=2), tmp_path / "out", domains=toy.load)
  assert not list(tmp_path.rglob("*.json"))


def test_a_file_that_lacks_its_object_is_named(tmp_path):
  for kind, name in (("data", "x"), ("suites", "y"), ("optimizers", "z"), ("augment", "v")):
    (tmp_path / kind).mkdir()
    (tmp_path / kind / f"{name}.py").write_text("import math\n")
  catalogue.plugins(tmp_path)
  for room, name, lacks in (
    (suites.get, "y", "must define SUITE"),
    (optimizers.get, "z", "must define a function 'z'"),
    (named_views.get, "v", "must define a function 'v'"),
  ):
    with pytest.raises(ValueError, match=lacks):
      room(name)


UNKNOWN = [
  (methods.get, "dan_n", "method", "dann"),
  (weights.get, "kiep", "weighting", "kliep"),
  (tunings.get, "lroa", "tuning", "lora"),
  (models.build, "lanet", "model", "lenet"),
  (validators.get, "entropi", "validator", "entropy"),
  (validators.get, "revers", "validator", "reverse"),
  (optimizers.get, "adamv", "optimizer", "adamw"),
  (outputs.get, "value", "output", "values"),
  (named_views.get, "crob", "augmentation", "crop"),
  (suites.get, "digit", "suite", "digits"),
  (data.load, "mnits", "domain", "mnist"),
]


@pytest.mark.parametrize(("get", "name", "kind", "meant"), UNKNOWN)
def test_an_unknown_name_is_answered_with_the_nearest(get, name, kind, meant):
  options = (2,) if get is models.build else ()
  with pytest.raises(ValueError, match=rf"unknown {kind} '{name}' \(did you mean .*{meant}"):
    get(name, *options)


def test_so_is_an_unknown_task():
  with pytest.raises(ValueError, match=r"no task 'moon_turned' .*\(did you mean moons_turned"):
    toy.SUITE.task("moon_turned")


def test_nothing_near_nothing_said():
  assert catalogue.unknown("cake", "zzz", ["plum"]) == "unknown cake 'zzz': choose from plum"


def test_an_installed_package_adds_entries_of_every_kind(tmp_path, monkeypatch):
  (tmp_path / "dist/other").mkdir(parents=True)
  (tmp_path / "dist/other/__init__.py").write_text("")
  groups = []
  for kind, (_, name) in KINDS.items():
    text = FILES[f"{kind}/{name}.py"].replace("from _factor import FACTOR", "FACTOR = 0.5")
    (tmp_path / f"dist/other/{name}.py").write_text(text)
    groups.append(
      f"[adapt.{kind}]\n{name} = other.{name}:{'SUITE' if kind == 'suites' else name}\n"
    )
  info = tmp_path / "dist/other-1.0.dist-info"
  info.mkdir()
  (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
  (info / "entry_points.txt").write_text("\n".join(groups))
  monkeypatch.syspath_prepend(tmp_path / "dist")
  catalogue.entry_points.cache_clear()
  assert metadata.version("other") == "1.0"
  for room, name in KINDS.values():
    assert name in room.names()
  assert suites.get("clouds").name == "clouds" and data.load("left").name == "left"
  assert validators.bind("sure").arguments == {"power": 1.0}
  assert optimizers.bind("signed", scale=2.0).arguments["scale"] == 2.0
  assert models.build("narrow", 2).init is not None
