"""Values as an output: losses, every method that serves it, records, models, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import adapt
from adapt import methods, models, outputs, weights
from adapt.evaluation.value_measures import of_predictions
from adapt.method import Batch
from adapt.report import curves, remarks, tables, terminal

SERVING = [n for n in methods.names() if "values" in methods.traits(n).outputs]
SMALL = {"steps": 120, "evaluations": 3, "batch_size": 32, "lr": 0.02, "output": "values"}


def made(shift, n=256, seed=0):
  """Inputs, and a value far from mean 0 and deviation 1."""
  rng = np.random.default_rng(seed)
  x = rng.normal(size=(n, 4)).astype(np.float32)
  return x + np.float32(shift), 500 + 30 * (x[:, 0] - x[:, 1]) + rng.normal(size=n)


SOURCE, TARGET, TEST = made(0), made(0.3, seed=1), made(0.3, seed=2)


@pytest.fixture(scope="module")
def run():
  return adapt.fit("source_only", source=SOURCE, target=TARGET[0], test=TEST, seeds=2, **SMALL)


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_losses_by_hand(loss):
  apart = np.array([[0.5, -3.0], [2.0, 0.0]])
  each = {
    "squared": apart**2,
    "absolute": np.abs(apart),
    "huber": np.where(np.abs(apart) < 1.5, apart**2 / 2, 1.5 * (np.abs(apart) - 0.75)),
  }[loss]
  own = outputs.bind("values", loss=loss, delta=1.5)()
  np.testing.assert_allclose(own.loss(jnp.asarray(apart), jnp.zeros((2, 2))), each.mean(1), 1e-6)


# Of otda the head alone moves, on a source model's features: test_otda.py has what it gains.
@pytest.mark.parametrize("name", [n for n in SERVING if n != "otda"])
def test_a_method_that_serves_values_learns_them(name):
  net = models.build("mlp", 2)._replace(output=outputs.bind("values")())
  method = methods.get(name)(net, **({"width": 8} if name in ("dann", "dann_dg", "wdgrl") else {}))
  (x, y), (xt, _) = SOURCE, TARGET
  labels = jnp.asarray(np.stack([y - 500, 500 - y], 1) / 42, jnp.float32)[:64]
  x, xt, rows = jnp.asarray(x[:64]), jnp.asarray(xt[:64]), jnp.arange(64)
  domains = jax.nn.one_hot(rows % method.sources, method.sources)
  batch = Batch(x, labels, jnp.ones(64), domains, xt, x, labels, rows)
  params, state = method.init(jax.random.key(0), batch)
  phases = (method.loss,) if callable(method.loss) else [p.loss for p in method.loss]

  def step(carry, key):
    params, state = carry
    for loss in phases:
      grads, (state, _) = jax.grad(loss, has_aux=True)(params, state, batch, key, 0.5)
      params = {n: jax.tree.map(lambda p, g: p - 0.1 * g, params[n], grads[n]) for n in params}
    return (params, state), None

  keys = jax.random.split(jax.random.key(1), 80)
  (after, state_after), _ = jax.jit(lambda c: jax.lax.scan(step, c, keys))((params, state))
  error = lambda p, s: float(jnp.mean((method.predict(p, s, x)[1] - labels) ** 2))
  assert error(after, state_after) < 0.5 * error(params, state)


def test_the_squared_loss_is_the_methods_label_loss():
  net = models.build("mlp", 1)._replace(output=outputs.bind("values")())
  method = methods.get("source_only")(net)
  x, y = (jnp.asarray(v[:8], jnp.float32) for v in SOURCE)
  batch = Batch(x, y[:, None], jnp.arange(1.0, 9), jnp.ones((8, 1)), x)
  params, state = method.init(jax.random.key(0), batch)
  loss, _ = method.loss(params, state, batch, jax.random.key(1), 0.0)
  predicted = np.asarray(method.predict(params, state, x)[1])[:, 0]
  by_hand = np.average((predicted - np.asarray(y)) ** 2, weights=np.arange(1.0, 9))
  assert float(loss) == pytest.approx(by_hand, rel=1e-5)


def test_predictions_are_in_the_labels_unit_and_the_record_says_which(run):
  predicted = run.predict(TEST[0], seed=1)
  assert predicted.shape == (256,) and abs(predicted.mean() - 500) < 30
  expected = of_predictions(predicted[:, None], TEST[1][:, None])
  last = run.record["last"]
  assert {n: v[1] for n, v in last.items()} == pytest.approx(expected, rel=1e-4)
  assert run.record["output"]["mean"][0] == pytest.approx(SOURCE[1].mean(), abs=2)  # of four fifths
  assert run.record["selected"]["validator"] == "source_loss"
  assert set(run.record["validators"]) == {"source_loss", "mmd", "dev", "iwcv"}
  assert run.record["curves"]["target_r2"][0][-1] == pytest.approx(last["r2"][0], rel=1e-3)


def test_a_saved_model_predicts_the_same(run, tmp_path):
  file = run.save(tmp_path / "m.npz")
  np.testing.assert_array_equal(adapt.load(file).predict(TEST[0]), run.predict(TEST[0]))
  with pytest.raises(ValueError, match="values have no probabilities"):
    run.predict_proba(TEST[0])
  with pytest.raises(ValueError, match="values have no accuracy"):
    run.evaluate(*TEST)


def test_pictures_are_of_the_values_that_were_predicted(run):
  dots = run.plot("predicted").collections[1].get_offsets().data
  np.testing.assert_allclose(np.sort(dots[:, 0]), np.sort(TEST[1]), rtol=1e-5)
  np.testing.assert_allclose(np.sort(dots[:, 1]), np.sort(run.predict(TEST[0])), rtol=1e-4)
  assert run.plot("residuals").containers
  with pytest.raises(
    ValueError, match="roc is a picture of two classes, and the output is 1 values"
  ):
    run.plot("roc")


def test_an_exported_model_gives_values(run):
  from adapt.deploy import exported

  function = exported.probabilities(run._model(0))
  found = np.asarray(function(jnp.asarray(TEST[0][:5])))
  np.testing.assert_allclose(found[:, 0], run.predict(TEST[0][:5]), rtol=1e-4)


def test_several_values_have_a_column_each():
  both = np.stack([SOURCE[1], -SOURCE[1]], axis=1)
  found = adapt.fit("source_only", source=(SOURCE[0], both), target=TARGET[0], **SMALL)
  predicted = found.predict(TEST[0])
  assert predicted.shape == (256, 2) and found.classes == ["value 1", "value 2"]
  assert of_predictions(predicted, np.stack([TEST[1], -TEST[1]], axis=1))["r2"] > 0.5


def test_tables_show_r2(run):
  [sheet] = [s for s in tables.sheets([run.record], None) if s.name == "accuracy"]
  assert sheet.title == "Target R²"
  assert sheet.lines[0].entries[0].value == pytest.approx(np.mean(run.measures["r2"]))
  shown = terminal.table([run.record])
  assert [c.header for c in shown.columns][1:4] == ["R²", "MAE", "RMSE"]
  assert remarks.remarks([run.record]) == []
  assert curves.figure([run.record]) is not None


@pytest.mark.parametrize(
  ("method", "changes", "said"),
  [
    (
      "cdan",
      {},
      "cdan predicts classes, and the output is values: take .*coral, coral_dg, dan, dann",
    ),
    ("dann", {"validator": "bnm"}, "bnm judges predicted classes.*dev, iwcv, mmd, source_loss"),
    ("dann", {"validator": "reverse"}, "reverse judges predicted classes"),
    ("dann", {"weights": "bbse"}, "bbse counts labels of classes.*kmm"),
    ("fine_tune", {"tuning": "co_tuning", "shots": 5}, "co_tuning needs classes"),
    ("dann", {"output": ("values", {"loss": "cubic"})}, "choose squared, absolute or huber"),
    ("dann", {"output": "classes"}, "not whole: give classes, or output='values'"),
    ("dann", {"source": (SOURCE[0], np.ones(256))}, r"source labels are all \[1.0\]"),
  ],
)
def test_what_has_no_meaning_is_refused(method, changes, said):
  given = {"source": SOURCE, "target": TARGET[0], **SMALL, **changes}
  with pytest.raises(ValueError, match=said):
    adapt.fit(method, **given)


def test_weightings_of_inputs_serve_values_and_those_of_labels_do_not():
  served = {n for n in weights.names() if "values" in weights.outputs_of(n)}
  assert served == {"discriminator", "gaussian", "kliep", "kmm", "nnw", "rulsif", "ulsif"}


def test_a_network_that_learnt_nothing_is_told(run):
  lost = {**run.record["curves"], "source_r2": [[0.9, 0.01], [0.5, 0.9]]}
  [told] = remarks.remarks([{**run.record, "curves": lost}])
  assert "with seed 0 the source's own R² is below 0.05" in told
