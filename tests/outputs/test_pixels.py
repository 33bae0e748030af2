"""Pixels as an output: loss, records, models, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from segments import NET, SMALL, SOURCE, TARGET, TEST
from sklearn import metrics

import adapt
from adapt import outputs
from adapt.report import remarks, tables
from adapt.training import evaluation


@pytest.fixture(scope="module")
def run():
  return adapt.fit("source_only", source=SOURCE, target=TARGET[0], test=TEST, seeds=2, **SMALL)


def test_the_loss_is_the_mean_over_scored_pixels_of_an_image():
  rng = np.random.default_rng(0)
  logits, labels = rng.normal(size=(3, 4, 5, 3)), rng.integers(0, 3, (3, 4, 5))
  labels[0, :2], labels[2] = -1, -1
  found = outputs.bind("pixels")().loss(jnp.asarray(logits), jnp.asarray(labels))
  log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
  for i in (0, 1):
    scored = labels[i] >= 0
    by_hand = -np.mean(
      [log_p[i][at][labels[i][at]] for at in zip(*np.nonzero(scored), strict=True)]
    )
    assert float(found[i]) == pytest.approx(by_hand, rel=1e-5)
  assert float(found[2]) == 0.0


def test_predictions_are_masks_and_the_record_says_so(run):
  predicted = run.predict(TEST[0], seed=1)
  assert predicted.shape == TEST[1].shape and run.classes == ["0", "1", "2"]
  scored = TEST[1] != 255
  last = {n: v[1] for n, v in run.measures.items()}
  truth, guess = TEST[1][scored], predicted[scored]
  assert last["miou"] == pytest.approx(metrics.jaccard_score(truth, guess, average="macro"))
  assert last["dice"] == pytest.approx(metrics.f1_score(truth, guess, average="macro"))
  assert last["pixel_accuracy"] == pytest.approx(np.mean(truth == guess))
  assert run.record["output"] == {"name": "pixels"} and "mIoU" in repr(run)
  known = {"source_loss", "mmd", "entropy", "information_maximisation", "snd"}
  assert set(run.record["validators"]) == known
  assert run.history["target_miou"][1][-1] == pytest.approx(last["miou"])


def test_curves_have_the_dice_that_suites_name(run):
  curves, last = run.record["curves"], run.record["last"]
  assert [each[-1] for each in curves["target_dice"]] == pytest.approx(last["dice"])
  assert curves["target_dice"] != curves["target_miou"]


def test_the_source_is_learnt(run):
  assert min(own[-1] for own in run.history["source_miou"]) > 0.6
  assert max(own[0] for own in run.history["label_loss"]) > 0.3


def test_a_saved_model_predicts_the_same_and_is_exported(run, tmp_path):
  from adapt.deploy import exported

  loaded = adapt.load(run.save(tmp_path / "m.npz"), model=NET)
  np.testing.assert_array_equal(loaded.predict(TEST[0]), run.predict(TEST[0]))
  found = exported.probabilities(run._model(0))(jnp.asarray(TEST[0][:2]))
  np.testing.assert_allclose(found, run.predict_proba(TEST[0][:2]), atol=1e-5)
  assert exported.export(run._model(0))[1]["output"]["shape"] == ["n", 16, 16, 3]
  with pytest.raises(ValueError, match="pixels have no accuracy"):
    run.evaluate(*TEST)


def test_tables_show_miou(run):
  [sheet] = [s for s in tables.sheets([run.record], None) if s.name == "accuracy"]
  assert sheet.title == "Target mIoU"
  assert sheet.lines[0].entries[0].value == pytest.approx(100 * np.mean(run.measures["miou"]))
  assert remarks.remarks([run.record]) == []


@pytest.mark.parametrize(
  ("method", "changes", "said"),
  [
    ("cdan", {}, "cdan predicts classes, and the output is pixels: take .*source_only"),
    ("source_only", {"validator": "bnm"}, "bnm judges predicted classes.*snd"),
    ("source_only", {"model": "lenet"}, "lenet makes one prediction an example.*unet"),
    ("source_only", {"image_size": 8}, "bring images and masks to one size"),
    (
      "source_only",
      {"source": (SOURCE[0], SOURCE[1][:, :8])},
      r"masks of source have shape \[24, 8",
    ),
    ("source_only", {"source": (SOURCE[0], SOURCE[1] + 0.5)}, "give masks of class numbers"),
    ("source_only", {"target": (TARGET[0], TARGET[1] % 254 + 5)}, "target has pixels of class 7"),
    ("source_only", {"output": "classes"}, "or output='pixels'"),
  ],
)
def test_what_has_no_meaning_is_refused(method, changes, said):
  given = {"source": SOURCE, "target": TARGET[0], **SMALL, **changes}
  with pytest.raises(ValueError, match=said):
    adapt.fit(method, **given)


def test_a_network_of_pixels_is_refused_for_classes():
  with pytest.raises(ValueError, match="makes pixels, and the output is classes"):
    adapt.fit("source_only", source=(SOURCE[0], np.arange(24) % 2), target=TARGET[0], model=NET)


def test_labelled_target_masks_teach(monkeypatch):
  monkeypatch.setattr(evaluation, "_probed", lambda *_: {})
  given = {**SMALL, "steps": 6, "seeds": 1}
  labelled = (TEST[0][:4], TEST[1][:4])
  found = adapt.fit("fine_tune", source=SOURCE, target=TARGET[0], labelled=labelled, **given)
  assert found.record["examples"]["labelled"] == 4 and jax.numpy.isfinite(
    found.history["label_loss"][0][-1]
  )


def test_adapt_predict_writes_masks(run, tmp_path, capsys):
  from adapt.cli import model as command
  from adapt.deploy import saved
  from adapt.deploy.rebuilt import Own
  from adapt.models import bind

  file, read = run.save(tmp_path / "m.npz"), saved.read
  np.savez(tmp_path / "new.npz", x=TEST[0], y=TEST[1])
  own = lambda path: read(path, Own(model=bind(NET)))  # its file cannot name a network of one's own
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(saved, "read", own)
    words = ["--model", str(file), "--data", str(tmp_path / "new.npz"), "--out"]
    command.main(["predict", *words, str(tmp_path / "out.npz")])
    with pytest.raises(ValueError, match="masks are no table"):
      command.main(["predict", *words, str(tmp_path / "out.csv")])
  found = np.load(tmp_path / "out.npz")
  np.testing.assert_array_equal(found["predicted"], run.predict(TEST[0]))
  assert found["predicted"].dtype == np.uint8 and found["probability"].shape == (8, 16, 16, 3)
  share = 100 * run.measures["pixel_accuracy"][0]
  assert f"{share:.1f} % of the pixels right" in capsys.readouterr().out
