"""Methods on planted tasks whose domains have different classes: what they are for, they do."""

import numpy as np
import pytest
import toy

from adapt import methods
from adapt.experiments.run import run

# Clustering needs features that point in different directions, which sigmoids do not.
CLUSTERED = {
  "model": "normed",
  "lr": 0.01,
  "given": {"temperature": 0.2, "margin": 0.2, "memory": 128},
}
# (weight, how to run it, least H-score, least points of it above weight 0). Of source_only the
# H-score is 0, as it never says "unknown".
UNKNOWN = {"osbp": (1.0, {}, 0.65, 0.05), "dance": (0.2, CLUSTERED, 0.85, 0.06)}
# Least points of accuracy above dann, where the source has six classes that the target lacks, and
# above weight 0.
ABSENT = {"pada": (0.08, 0.01), "iwan": (0.15, 0.15)}


@pytest.fixture(scope="module")
def last(tmp_path_factory):
  """Runs a method with several weights in one program, once: measures by weight, means over seeds."""
  done = {}

  def measured(name, task, weights, **changes):
    if name not in done:
      asked = toy.experiment(name, task=task, sweep={"weight": weights}, **changes)
      asked = asked._replace(settings=asked.settings._replace(steps=400, evaluations=1))
      records = run(asked, tmp_path_factory.mktemp(name), domains=toy.load).records
      done[name] = [{k: np.mean(v) for k, v in r["last"].items()} for r in records]
    return done[name]

  return measured


@pytest.mark.adapts("osbp", "dance")
@pytest.mark.parametrize("name", UNKNOWN)
def test_finds_planted_unknown_classes(name, last):
  weight, changes, least, gain = UNKNOWN[name]
  null, found = last(name, toy.OPEN, (0.0, weight), **changes)
  assert found["h_score"] > least
  assert found["h_score"] - null["h_score"] > gain
  assert found["os_star"] > 0.95  # not by calling everything unknown


@pytest.mark.adapts("pada", "iwan")
@pytest.mark.parametrize("name", ABSENT)
def test_passes_over_planted_absent_classes(name, last):
  above_dann, above_null = ABSENT[name]
  null, found = last(name, toy.PARTIAL, (0.0, 1.0))
  [whole] = last("dann", toy.PARTIAL, (1.0,))
  assert found["accuracy"] - whole["accuracy"] > above_dann
  assert found["accuracy"] - null["accuracy"] > above_null


def test_every_relation_is_served_and_the_baseline_serves_all():
  known = {"closed", "partial", "open", "universal"}
  served = {n: set(methods.traits(n, {}).serves) for n in methods.names()}
  assert all(kinds <= known for kinds in served.values())
  assert served["source_only"] == known
  for name in ("target_only", "fine_tune", "weighted"):  # their labels know no "unknown"
    assert served[name] == {"closed", "partial"}
