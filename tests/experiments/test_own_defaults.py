import numpy as np
import pytest

from adapt import catalogue, methods
from adapt.data import Domain, Split
from adapt.experiments.own_defaults import RADIUS, critic_width, hyperparameters, in_words


def domains(n):
  split = Split(np.zeros((n, 3), np.float32), np.zeros(n, np.int32))
  return [Domain(name, split, split, ("a",)) for name in "st"]


@pytest.mark.parametrize(
  ("examples", "width"), [(1, 64), (240, 64), (1600, 256), (4096, 1024), (60_000, 8192)]
)
def test_the_width_of_a_critic_follows_the_examples(examples, width):
  assert critic_width(examples) == width


def test_small_data_get_small_critics():
  found = hyperparameters(domains(300))
  assert found["dann"] == {"width": 64} and found["mdan"] == {"width": 64}
  assert found["mcd"] == found["swd"] == found["mdd"] == {"width": 64}  # heads, likewise
  assert "vada" in found and "source_only" not in found and "nrc" not in found


def test_pixels_have_defaults_of_their_own():
  """Linear classifiers, and a batch-norm pass for each domain."""
  x, masks = np.zeros((9000, 4, 4, 1), np.uint8), np.zeros((9000, 4, 4), np.uint8)
  made = [Domain(n, Split(x, masks), Split(x, masks), ("a", "b")) for n in "st"]
  assert hyperparameters(made) == {"mcd": {"depth": 0}, "dann": {"passes": "separate"}}


def test_of_networks_with_one_hidden_layer_danns_critic_is_linear():
  assert hyperparameters(domains(60_000), "mlp") == {"dann": {"depth": 0}}
  assert hyperparameters(domains(300), "mlp50")["dann"] == {"width": 64, "depth": 0}
  assert hyperparameters(domains(60_000), "mlp3") == {}
  assert in_words("dann")["depth"] == "2; of networks with one hidden layer (mlp, mlp50) 0"


def test_what_a_user_has_chosen_in_a_file_of_his_own_stands(tmp_path, monkeypatch):
  """Also where it takes the place of one of ours."""
  text = '"""Mine."""\n\ndef {}(net, *, width: int = 4096):\n  """Learns."""\n'
  for name in ("mine", "dann"):
    (tmp_path / f"{name}.py").write_text(text.format(name))
  monkeypatch.setattr(catalogue, "_extra", {})
  catalogue.add_folder("adapt.methods", tmp_path)
  found = hyperparameters(domains(300), "mlp")
  assert {"mine", "dann"} <= set(methods.names()) and not {"mine", "dann"} & set(found)
  assert found["mdan"] == {"width": 64}
  assert in_words("mine") == in_words("dann") == {}


def test_large_data_change_nothing():
  assert hyperparameters(domains(60_000)) == {}


def test_the_rule_in_words_is_of_methods_whose_width_it_may_change():
  assert in_words("dann")["width"].startswith("1024; on small data a 4th")
  small = hyperparameters(domains(4))
  by_kind = {"rsd"}  # not by size
  assert {name for name in methods.names() if in_words(name)} - by_kind == set(small)


def test_the_radius_of_perturbations_follows_the_inputs_length():
  x = np.tile(np.float32([3, 4, 0]), (300, 1))
  split = Split(x, np.zeros(300, np.int32))
  found = hyperparameters([Domain(name, split, split, ("a",)) for name in "st"])
  assert found["vada"]["radius"] == found["dirt_t"]["radius"] == pytest.approx(5 * RADIUS, rel=5e-3)
  assert "radius" not in found.get("afn", {})  # that is of features
  pictures = split._replace(x=x.reshape(300, 3, 1, 1))
  assert (
    "radius" not in hyperparameters([Domain(n, pictures, pictures, ("a",)) for n in "st"])["vada"]
  )
  series = [Domain(n, pictures, pictures, ("a",), "series") for n in "st"]
  assert hyperparameters(series)["vada"]["radius"] == found["vada"]["radius"]


def test_rsd_is_damped_on_vectors_and_series():
  x = np.ones((300, 3), np.float32)
  split = Split(x, np.zeros(300, np.int32))
  found = hyperparameters([Domain(name, split, split, ("a",)) for name in "st"])
  assert found["rsd"] == {"damping": 1e-4}
  assert in_words("rsd") == {"damping": "1e-06; of vectors and series 0.0001"}
  pictures = split._replace(x=x.reshape(300, 3, 1, 1))
  assert "rsd" not in hyperparameters([Domain(n, pictures, pictures, ("a",)) for n in "st"])
