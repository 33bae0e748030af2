"""Metrics after two steps on the moons. If you did not intend to change behaviour, this may be a bug."""

import pytest
import toy

from adapt import cell, methods
from adapt.request import points, traits

GOLDEN = {
  "coral": {"coral_loss": 7.343915e-05, "label_loss": 0.9596422, "loss": 0.9816740},
  "dann": {"domain_loss": 0.6763158, "label_loss": 0.6740841, "loss": 1.3504000},
  "fine_tune": {"label_loss": 0.7449890, "loss": 0.7449890},
  "source_only": {"label_loss": 0.9596409, "loss": 0.9596409},
  "target_only": {"label_loss": 0.6461319, "loss": 0.6461319},
  "weighted": {"loss": 0.8457844, "source_loss": 0.8921318, "target_loss": 0.7994372},
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_metrics_after_two_steps(name):
  assert metrics(name) == pytest.approx(GOLDEN[name], rel=1e-4)


def test_every_method_is_here():
  assert set(GOLDEN) == set(methods.names())


def metrics(name):
  request = toy.request(name, seeds=(0,), steps=2, evaluations=1)
  asked = points(request)
  material = cell.Material((toy.MOONS,), toy.TURNED, {})
  kind = traits(name, asked[0].hyperparameters)
  trained = cell.train(request, kind, asked, material, (), lambda *_: None)
  return {k: float(v[0]) for k, v in trained.past.metrics[-1].items()}


if __name__ == "__main__":
  print({name: metrics(name) for name in methods.names()})
