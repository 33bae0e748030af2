"""Every shallow transform against its definition, computed another way, on small made-up domains."""

import numpy as np
import pytest

from adapt.shallow import transforms


@pytest.fixture(scope="module")
def pair():
  rng = np.random.default_rng(0)
  mix = rng.normal(size=(2, 6, 6))
  xs = rng.normal(size=(40, 6)) @ mix[0] + 1
  xt = rng.normal(size=(50, 6)) @ mix[1] - 2
  return xs.astype(np.float32), xt.astype(np.float32)


def directions(x, dim):
  """Leading eigenvectors of the covariance, by its definition."""
  x = x.astype(np.float64)
  centred = x - x.mean(0)
  return np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :dim]


def test_without_adaptation_nothing_changes(pair):
  maps = transforms.none(*pair)
  assert (maps.source(pair[0]) == pair[0]).all() and (maps.target(pair[1]) == pair[1]).all()


def test_coral_gives_the_source_the_target_s_covariance(pair):
  xs, xt = pair
  maps = transforms.coral(xs, xt, ridge=0.0)
  np.testing.assert_allclose(np.cov(maps.source(xs).T), np.cov(xt.T), rtol=1e-6, atol=1e-6)
  np.testing.assert_array_equal(maps.target(xt), xt)


def test_coral_adds_the_identity_to_both_covariances(pair):
  from scipy.linalg import sqrtm

  xs, xt = pair
  cs, ct = (np.cov(x.T.astype(np.float64)) + np.eye(6) for x in pair)
  expected = xs @ np.linalg.inv(sqrtm(cs)) @ sqrtm(ct)
  np.testing.assert_allclose(transforms.coral(xs, xt).source(xs), expected, rtol=1e-5)


def test_coral_refuses_a_singular_covariance(pair):
  with pytest.raises(ValueError, match="ridge above 0"):
    transforms.coral(np.zeros((5, 6)), pair[1], ridge=0.0)
  with pytest.raises(ValueError, match="0 or more"):
    transforms.coral(*pair, ridge=-1.0)


def test_sa_is_the_paper_s_similarity(pair):
  xs, xt = pair
  maps = transforms.sa(xs, xt, dim=3)
  assert maps.source(xs).shape == (40, 3)
  ps, pt = directions(xs, 3), directions(xt, 3)
  similarity = xs @ (ps @ ps.T @ pt @ pt.T) @ xt.T
  np.testing.assert_allclose(maps.source(xs) @ maps.target(xt).T, similarity, rtol=1e-5)


def test_sa_of_a_domain_with_itself_is_its_projection(pair):
  maps = transforms.sa(pair[0], pair[0], dim=2)
  np.testing.assert_allclose(maps.source(pair[0]), maps.target(pair[0]), atol=1e-6)


def test_subspaces_are_no_larger_than_the_data(pair):
  assert transforms.sa(pair[0][:4], pair[1], dim=80).source(pair[0]).shape == (40, 3)
  with pytest.raises(ValueError, match="dim is 0"):
    transforms.gfk(*pair, dim=0)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_gfk_integrates_along_the_geodesic(pair, dim):
  xs, xt = pair
  ps, pt = directions(xs, dim), directions(xt, dim)
  # The geodesic by its exponential map: from Ps, in the direction of Pt, on the Grassmannian.
  tangent = (np.eye(6) - ps @ ps.T) @ pt @ np.linalg.inv(ps.T @ pt)
  q, size, wt = np.linalg.svd(tangent, full_matrices=False)
  angle = np.arctan(size)

  def projector(t):
    phi = ps @ wt.T * np.cos(t * angle) + q * np.sin(t * angle)
    return phi @ phi.T

  np.testing.assert_allclose(projector(0), ps @ ps.T, atol=1e-9)
  np.testing.assert_allclose(projector(1), pt @ pt.T, atol=1e-6)
  nodes, share = np.polynomial.legendre.leggauss(20)
  kernel = sum(w / 2 * projector((t + 1) / 2) for t, w in zip(nodes, share, strict=True))
  maps = transforms.gfk(xs, xt, dim=dim)
  found = maps.source(xs) @ maps.target(xt).T
  np.testing.assert_allclose(found, xs @ kernel @ xt.T, rtol=1e-4, atol=1e-4)


def test_gfk_of_a_domain_with_itself_projects(pair):
  p = directions(pair[0], 2)
  maps = transforms.gfk(pair[0], pair[0], dim=2)
  found = maps.source(pair[0]) @ maps.target(pair[0]).T
  np.testing.assert_allclose(found, pair[0] @ p @ p.T @ pair[0].T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bandwidth", [0.0, 0.5])
def test_tca_solves_the_paper_s_eigenproblem(pair, bandwidth):
  xs, xt = pair
  everyone = np.concatenate(pair).astype(np.float64)
  size, n, mu = 90, 40, 0.3
  k = np.empty((size, size))
  distances = np.empty((size, size))
  for i in range(size):
    for j in range(size):
      distances[i, j] = ((everyone[i] - everyone[j]) ** 2).sum()
      k[i, j] = everyone[i] @ everyone[j]
  if bandwidth:
    k = np.exp(-distances / (bandwidth * np.median(distances[np.triu_indices(size, 1)])))
  sign = np.where(np.arange(size) < n, 1 / n, -1 / (size - n))
  centre = np.eye(size) - 1 / size
  matrix = np.linalg.inv(k @ np.outer(sign, sign) @ k + mu * np.eye(size)) @ k @ centre @ k
  values, vectors = np.linalg.eig(matrix)
  order = np.argsort(-values.real)[:3]
  maps = transforms.tca(xs, xt, dim=3, mu=mu, bandwidth=bandwidth)
  found = np.concatenate([maps.source(xs), maps.target(xt)])
  for column, eigenvector in zip(found.T, vectors[:, order].real.T, strict=True):
    expected = k @ eigenvector
    cosine = column @ expected / np.linalg.norm(column) / np.linalg.norm(expected)
    assert abs(cosine) == pytest.approx(1, abs=1e-6)


def test_tca_brings_the_means_together(pair):
  xs, xt = pair

  def gap(mu):
    maps = transforms.tca(xs, xt, dim=2, mu=mu, bandwidth=0.0)
    zs, zt = maps.source(xs), maps.target(xt)
    return np.linalg.norm(zs.mean(0) - zt.mean(0)) / np.concatenate([zs, zt]).std()

  assert gap(1e-3) < 0.05 < gap(1e9)


def test_tca_refuses(pair):
  for wrong in ({"mu": 0.0}, {"dim": 0}, {"dim": 90}, {"bandwidth": -1.0}):
    with pytest.raises(ValueError, match="choose mu"):
      transforms.tca(*pair, **wrong)


def test_msda_maps_both_domains_alike(pair):
  maps = transforms.msda(*pair, layers=2)
  assert maps.source(pair[0]).shape == (40, 18)
  np.testing.assert_array_equal(maps.source(pair[1]), maps.target(pair[1]))


def test_names():
  assert transforms.get("sa") is transforms.sa
  with pytest.raises(ValueError, match="unknown transform 'lda'"):
    transforms.get("lda")
