"""Two classifiers on one body: their start. The steps are tested with the methods that take them."""

import by_hand
import jax
import numpy as np

from adapt import models
from adapt.methods import _two_classifiers
from adapt.models import nets


def test_both_classifiers_start_apart_even_from_one_source_model():
  net = models.build("mlp", by_hand.K)
  warm = nets.beginning_at(net, *net.init(jax.random.key(0), by_hand.batch().xs))
  params, _ = _two_classifiers.start(warm, jax.random.key(1), by_hand.batch())
  heads = params["heads"]
  assert np.abs(heads["first"]["kernel"] - heads["second"]["kernel"]).max() > 0.01
