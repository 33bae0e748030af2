"""What every shallow entry must do, whatever it is: finite maps, no side effects, one order of classes."""

import numpy as np
import pytest

from adapt import catalogue
from adapt.shallow import classifier, transforms
from adapt.shallow.maps import nearest

# Small where the defaults are for larger data.
GIVEN = {name: {"dim": 3} for name in ("pca", "sa", "gfk", "tca", "jda", "bda", "tjm", "jgsa")}
GIVEN |= {"msda": {"layers": 1}}


@pytest.fixture(scope="module")
def domains():
  """Two classes in six dimensions, called 1 and 3; the target turned and moved."""
  rng = np.random.default_rng(0)
  ys, yt = np.array([1, 3] * 15), np.array([3, 1] * 20)
  xs = rng.normal(size=(30, 6)) + 3 * (ys == 3)[:, None]
  xt = rng.normal(size=(40, 6)) + 3 * (yt == 3)[:, None] + np.array([1, -1, 0, 0, 0, 0])
  return xs.astype(np.float32), ys, xt.astype(np.float32), yt


@pytest.mark.parametrize("name", sorted(transforms.TRANSFORMS))
def test_a_transform_maps_both_domains_to_one_space(name, domains):
  xs, ys, xt, yt = domains
  before = [x.copy() for x in (xs, ys, xt)]
  maps = transforms.fitted(name, xs, ys, xt, **GIVEN.get(name, {}))
  zs, zt = maps.source(xs), maps.target(xt)
  assert zs.shape[1] == zt.shape[1] and np.isfinite(zs).all() and np.isfinite(zt).all()
  np.testing.assert_allclose(maps.target(xt[:5]), zt[:5], rtol=1e-5, atol=1e-8)
  again = transforms.fitted(name, xs, ys, xt, **GIVEN.get(name, {}))
  np.testing.assert_array_equal(again.target(xt), zt)
  for x, kept in zip((xs, ys, xt), before, strict=True):
    np.testing.assert_array_equal(x, kept)
  assert (nearest(zs, ys, zt) == yt).mean() > 0.8


@pytest.mark.parametrize("name", sorted(classifier.ADAPTIVE))
def test_an_adaptive_classifier_gives_the_classes_of_the_source(name, domains):
  xs, ys, xt, yt = domains
  machine = classifier.adapted(name, transforms.none(xs, xt), xs, ys, xt, {})
  assert (machine.predict(xt) == yt).mean() > 0.8
  assert set(machine.predict(xt)) == {1, 3}


@pytest.mark.parametrize("entry", [*transforms.TRANSFORMS.values(), *classifier.ADAPTIVE.values()])
def test_every_setting_is_documented(entry):
  assert len(catalogue.summary(entry).split()) <= 12
  for parameter in catalogue.parameters(entry):
    assert parameter.meaning, parameter.name


@pytest.mark.parametrize(
  "name", ["pca", "jda", "bda", "tjm", "jgsa", "otda", "easytl", "meda", "jdot"]
)
def test_an_entry_s_file_names_its_paper(name):
  entry = (transforms.TRANSFORMS | classifier.ADAPTIVE)[name]
  assert catalogue.facts(entry).paper


def test_an_unknown_classifier_is_refused(domains):
  xs, ys, xt, _ = domains
  with pytest.raises(ValueError, match="unknown classifier 'easy'"):
    classifier.adapted("easy", transforms.none(xs, xt), xs, ys, xt, {})
