"""Labels as an output: loss, records, models, predictions, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

import adapt
from adapt import methods, models, outputs, weights
from adapt.cli import model as command
from adapt.method import Batch
from adapt.report import curves, remarks, tables, terminal

SMALL = {"steps": 120, "evaluations": 3, "batch_size": 32, "lr": 0.3, "output": "labels"}


def made(shift, n=256, seed=0):
  """Inputs, and three labels that depend on them, the last rare."""
  rng = np.random.default_rng(seed)
  x = rng.normal(size=(n, 4)).astype(np.float32)
  y = np.stack([x[:, 0] > 0, x[:, 0] + x[:, 1] > 0, x[:, 2] > 1], axis=1).astype(int)
  return x + np.float32(shift), y


SOURCE, TARGET, TEST = made(0), made(0.3, seed=1), made(0.3, seed=2)
SOURCE[1][:9, 0] = -1


@pytest.fixture(scope="module")
def run():
  return adapt.fit("source_only", source=SOURCE, target=TARGET[0], test=TEST, seeds=2, **SMALL)


def by_hand(logits, labels):
  """Mean over the known labels of each example, in float64."""
  p = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
  each = -np.where(labels == 1, np.log(p), np.log(1 - p))
  known = labels >= 0
  return np.where(known, each, 0).sum(1) / np.maximum(known.sum(1), 1)


def test_the_loss_is_the_mean_over_an_examples_known_labels():
  rng = np.random.default_rng(0)
  logits, labels = rng.normal(size=(6, 3)) * 3, rng.integers(-1, 2, (6, 3))
  labels[0] = -1
  found = outputs.bind("labels")().loss(jnp.asarray(logits), jnp.asarray(labels))
  np.testing.assert_allclose(found, by_hand(logits, labels), rtol=1e-5)
  assert found[0] == 0.0


def _step(name, **given):
  """A method on one batch: its gradients of the network, params, state and batch."""
  net = models.build("mlp", 3)._replace(output=outputs.bind("labels")())
  method = methods.get(name)(net, **given)
  x, y = jnp.asarray(SOURCE[0][:12]), jnp.asarray(SOURCE[1][:12], jnp.int32)
  batch = Batch(x, y, jnp.arange(1.0, 13), jnp.ones((12, 1)), jnp.asarray(TARGET[0][:12]))
  params, state = jax.jit(method.init)(jax.random.key(0), batch)
  loss = lambda p: method.loss(p, state, batch, jax.random.key(1), 0.5)
  (total, (_, found)), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
  logits = lambda p: method.predict({"net": p}, state, x)[1]
  wanted = np.average(by_hand(logits(params["net"]), np.asarray(y)), weights=np.arange(1.0, 13))
  alone = lambda p: jnp.average(net.output.loss(logits(p), y), weights=jnp.arange(1.0, 13))
  return total, found, grads["net"], jax.jit(jax.grad(alone))(params["net"]), wanted


def test_methods_take_this_loss_and_the_null_control_nothing_else():
  total, found, grads, alone, wanted = _step("source_only")
  assert float(total) == pytest.approx(wanted, rel=1e-5)
  _, found, grads, alone, wanted = _step("dann", width=8, weight=0.0)
  assert float(found["label_loss"]) == pytest.approx(wanted, rel=1e-5)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), grads, alone)
  _, _, grads, alone, _ = _step("dann", width=8)
  apart = jax.tree.map(lambda a, b: float(abs(a - b).max()), grads, alone)
  assert apart["hidden"]["kernel"] > 1e-4


def test_which_methods_and_weightings_serve_labels():
  served = {n for n in methods.names() if "labels" in methods.traits(n).outputs}
  asked = {"source_only", "target_only", "fine_tune", "weighted", "adabn"}
  assert served >= asked | {"dann", "coral", "dan", "wdgrl"}
  assert not served & {"cdan", "mcc", "mcd", "entropy", "fda", "shot"}
  both = [{n for n in weights.names() if k in weights.outputs_of(n)} for k in ("labels", "values")]
  assert both[0] == both[1] != set()


def test_measures_of_the_record_are_those_of_its_predictions(run):
  p, said = run.predict_proba(TEST[0], seed=1), run.predict(TEST[0], seed=1)
  assert said.tolist() == (p > 0.5).astype(int).tolist() and run.classes == ["0", "1", "2"]
  last = {n: v[1] for n, v in run.measures.items()}
  assert last["map"] == pytest.approx(metrics.average_precision_score(TEST[1], p), rel=1e-5)
  assert last["f1"] == pytest.approx(metrics.f1_score(TEST[1], said, average="macro"))
  assert last["hamming_loss"] == pytest.approx(np.mean(said != TEST[1]))
  assert last["map"] > 0.9 and run.history["target_map"][1][-1] == pytest.approx(last["map"])
  assert run.record["output"] == {"name": "labels"} and "mAP" in repr(run)
  assert set(run.record["validators"]) == {"dev", "iwcv", "mmd", "source_loss"}
  loss = [-own[-1] for own in run.record["validators"]["source_loss"]]
  assert run.record["selected"]["validator"] == "source_loss" and 0 < min(loss) <= max(loss) < 0.4


def test_a_saved_model_predicts_the_same_and_is_exported(run, tmp_path, capsys):
  from adapt.deploy import exported

  file = run.save(tmp_path / "m.npz")
  loaded = adapt.load(file)
  np.testing.assert_array_equal(loaded.predict(TEST[0]), run.predict(TEST[0]))
  found = exported.probabilities(run._model(0))(jnp.asarray(TEST[0][:5]))
  np.testing.assert_allclose(found, run.predict_proba(TEST[0][:5]), rtol=1e-4, atol=1e-6)
  assert exported.export(run._model(0))[1]["labels"] == ["0", "1", "2"]
  with pytest.raises(ValueError, match="labels have no accuracy"):
    run.evaluate(*TEST)
  np.savez(tmp_path / "new.npz", x=TEST[0], y=TEST[1])
  words = ["predict", "--model", str(file), "--data", str(tmp_path / "new.npz"), "--out"]
  command.main([*words, str(tmp_path / "out.csv")])
  first, row, *_ = (tmp_path / "out.csv").read_text().splitlines()
  assert first == "0,1,2,probability 0,probability 1,probability 2"
  said, p = run.predict(TEST[0])[0], run.predict_proba(TEST[0])[0]
  assert [float(v) for v in row.split(",")] == pytest.approx([*said, *p], rel=1e-4)
  right = 100 * (1 - run.measures["hamming_loss"][0])
  assert f"{right:.1f} % of 768 labels right" in capsys.readouterr().out


def test_tables_show_map_and_pictures_of_classes_are_left_out(run):
  [sheet] = [s for s in tables.sheets([run.record], None) if s.name == "accuracy"]
  assert sheet.title == "Target mAP (mean average precision)"
  assert sheet.lines[0].entries[0].value == pytest.approx(100 * np.mean(run.measures["map"]))
  [beside] = [s for s in tables.sheets([run.record], None) if s.name == "measures"]
  assert beside.header[1:4] == ("macro F1", "micro F1", "macro AUROC")
  assert terminal.table([run.record]).row_count and remarks.remarks([run.record]) == []
  assert curves.figure([run.record]) is not None
  for kind in ("tsne", "confusion", "reliability", "roc", "predicted"):
    with pytest.raises(ValueError, match="labels"):
      run.plot(kind)


def test_a_test_set_without_a_positive_has_no_map(run):
  void = {**run.record, "last": {**run.record["last"], "map": [None, None]}}
  [told] = remarks.remarks([void])
  assert "no mAP (mean average precision), as no label of the test set has a positive" in told


def test_names_of_a_frame_and_labelled_target_examples():
  pd = pytest.importorskip("pandas")
  frame = pd.DataFrame(SOURCE[0], columns=list("abcd"))
  frame = frame.assign(wet=SOURCE[1][:, 0], cold=SOURCE[1][:, 1])
  given = {**SMALL, "steps": 6, "evaluations": 1}
  target = frame.drop(columns=["wet", "cold"])
  rows = frame[:40]
  found = adapt.fit(
    "fine_tune", source=frame, target=target, labelled=rows, label="wet,cold", **given
  )
  assert found.classes == ["wet", "cold"] and found.record["examples"]["labelled"] == 40
  with pytest.raises(ValueError, match="and no 'dry'"):
    adapt.fit("source_only", source=frame, target=target, label="wet,dry", **given)


@pytest.mark.parametrize(
  ("method", "changes", "said"),
  [
    (
      "cdan",
      {},
      "cdan predicts classes, and the output is labels: take adabn, .*coral, coral_dg, dan, dann",
    ),
    ("dann", {"validator": "bnm"}, "bnm judges predicted classes.*dev, iwcv, mmd, source_loss"),
    ("dann", {"weights": "bbse"}, "bbse counts labels of classes.*kmm"),
    ("dann", {"output": "classes"}, "output='labels' .several of 0 and 1."),
    ("dann", {"source": (SOURCE[0], SOURCE[1] / 2)}, "source row 1 has the value -0.5"),
    (
      "dann",
      {"source": (SOURCE[0], SOURCE[1][:, :2]), "test": TEST},
      "different numbers of labels",
    ),
    ("dann", {"groups": ["a"] * 256}, "groups are for the accuracy of classes"),
  ],
)
def test_what_has_no_meaning_is_refused(method, changes, said):
  given = {"source": SOURCE, "target": TARGET[0], **SMALL, **changes}
  with pytest.raises(ValueError, match=said):
    adapt.fit(method, **given)
