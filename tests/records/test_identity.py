"""Digests of code: what changes them, what does not, and what a record does with them."""

import json
import sys
import types

import pytest
import toy

from adapt import catalogue, methods
from adapt.experiments.run import run
from adapt.records import identity, record

FILE = '''"""A method."""
import {helper}


def {name}(net, *, weight: float = 1.0):
  """Does nothing."""
  return {helper}.SIGN * weight  # a comment
'''


def imported(folder, name, text):
  """A module of that text, imported as if for the first time."""
  file = folder / f"{name}.py"
  file.write_text(text)
  module = types.ModuleType(name)
  module.__file__ = str(file)
  sys.modules[name] = module
  exec(compile(text, str(file), "exec"), module.__dict__)
  return module


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
  """The digest of a function of a file, and of a helper beside it, as they are written now."""
  monkeypatch.syspath_prepend(str(tmp_path))

  def of(text, helper="SIGN = 1.0\n"):
    identity._digest.cache_clear()
    imported(tmp_path, "helper_of_mine", helper)
    module = imported(
      tmp_path, "mine_of_mine", text.format(helper="helper_of_mine", name="mine_of_mine")
    )
    return identity.digest(module.mine_of_mine)

  yield of
  for name in ("helper_of_mine", "mine_of_mine"):
    sys.modules.pop(name, None)


def test_code_counts_and_words_do_not(digest_of):
  before = digest_of(FILE)
  assert len(before) == 16
  assert digest_of(FILE.replace("A method", "Another").replace("  # a comment", "")) == before
  assert digest_of(FILE.replace("* weight", "+ weight")) != before


def test_modules_of_one_s_own_that_it_imports_count(digest_of):
  before = digest_of(FILE)
  assert digest_of(FILE, "SIGN = 1.0  # the same\n") == before
  assert digest_of(FILE, "SIGN = -1.0\n") != before


def test_what_no_file_defines_counts_by_its_code():
  space: dict = {}
  for name, body in (("one", "x + 1"), ("same", "x + 1"), ("other", "x + 2")):
    exec(f"def {name}(x): return {body}", space)
    space[name].__module__ = "nowhere"
  digests = {name: identity.digest(space[name]) for name in ("one", "same", "other")}
  assert digests["one"] == digests["same"] != digests["other"]


def test_every_method_has_a_digest_of_its_own():
  digests = {name: identity.digest(methods.get(name)) for name in methods.names()}
  assert None not in digests.values() and len(set(digests.values())) == len(digests)


def test_an_edited_method_does_not_return_the_old_result(tmp_path, monkeypatch):
  text = """from adapt.losses import ops
from adapt.method import Method
from adapt.models import nets

SIGN = 1.0


def edited(net):
  def init(key, batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch, key, progress):
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    value = SIGN * ops.cross_entropy(ls, batch.ys).mean()
    return value, ({"stats": stats}, {})

  return Method(init, loss, nets.predictor(net))
"""
  file, out = tmp_path / "edited.py", tmp_path / "out"
  file.write_text(text)
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})
  catalogue.add_folder("adapt.methods", str(tmp_path))

  def experiment(seeds=(0,)):
    return toy.experiment("edited", task=toy.TASK, seeds=seeds, steps=8, evaluations=1)

  [before] = run(experiment(), out, domains=toy.load).records
  assert set(before["config"]["code"]) == {"method", "model", "tuning"}
  # No commit says whether a file outside of the repository was changed.
  assert before["environment"]["dirty"] is (record.environment()["dirty"] or None)
  file.write_text(text.replace("SIGN = 1.0", "SIGN = -1.0"))
  sys.modules.pop("_from_folder.adapt.methods.edited")
  for seeds in ((0,), (0, 1)):
    with pytest.raises(ValueError, match=r"edited\.py has changed since .*--force replaces it"):
      run(experiment(seeds), out, domains=toy.load)
  [after] = run(experiment(), out, domains=toy.load, force=True).records
  assert after["parameters"] != before["parameters"]


def test_records_from_before_do_not_say_and_are_added_to(tmp_path):
  experiment = toy.experiment("source_only", seeds=(0,), steps=8, evaluations=1)
  run(experiment, tmp_path, domains=toy.load)
  [file] = tmp_path.glob("*/*/*.json")
  made = json.loads(file.read_text())
  del made["config"]["code"]
  file.write_text(json.dumps(made))
  more = toy.experiment("source_only", seeds=(0, 1), steps=8, evaluations=1)
  [both] = run(more, tmp_path, domains=toy.load).records
  assert both["config"]["seeds"] == [0, 1] and len(both["parameters"]) == 2
