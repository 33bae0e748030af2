"""pca, jda, bda, tjm, jgsa against their equations written out, with full matrices and SciPy's solvers."""

import numpy as np
import pytest
from scipy.linalg import eig, eigh

from adapt.shallow import transfer_components as shared
from adapt.shallow.bda import bda
from adapt.shallow.jda import jda
from adapt.shallow.jgsa import jgsa
from adapt.shallow.maps import nearest, unit
from adapt.shallow.pca import pca
from adapt.shallow.tjm import tjm


@pytest.fixture(scope="module")
def pair():
  rng = np.random.default_rng(1)
  ys = np.arange(24) % 3
  centres = 2 * rng.normal(size=(3, 7))
  xs = centres[ys] + rng.normal(size=(24, 7))
  xt = centres[np.arange(30) % 3] + 1.5 * rng.normal(size=(30, 7)) + rng.normal(size=7)
  return xs, ys, xt


def same_up_to_sign(found, expected, rtol=1e-6):
  signs = np.sign((found * expected).sum(0))
  np.testing.assert_allclose(found * signs, expected, rtol=rtol, atol=1e-7)


def gap_matrix(ys, guessed, m, *, domain=1.0, classes=1.0, shares=False):
  """M entry by entry."""
  n = len(ys)
  total = np.zeros((n + m, n + m))
  e = np.r_[np.full(n, 1 / n), np.full(m, -1 / m)]
  total += domain * len(set(ys)) * np.outer(e, e)
  for c in set(ys) if guessed is not None else ():
    e = np.zeros(n + m)
    for i in range(n):
      if ys[i] == c:
        e[i] = (np.sqrt((ys == c).mean()) if shares else 1) / (ys == c).sum()
    for j in range(m):
      if guessed[j] == c:
        e[n + j] = -(np.sqrt((guessed == c).mean()) if shares else 1) / (guessed == c).sum()
    total += classes * np.outer(e, e)
  return total / np.linalg.norm(total)


def coefficients(k, gap, dim, penalty):
  """By the pencil (K H K, K M K + G) as a nonsymmetric problem; the smallest φ are its largest values."""
  size = len(k)
  centred = k @ (np.eye(size) - 1 / size) @ k
  values, vectors = eig(centred, k @ gap @ k + penalty)
  a = vectors[:, np.argsort(-values.real)[:dim]].real
  return a / np.linalg.norm(a, axis=0)


def kernel_of(xs, xt, bandwidth=0.0):
  x = np.concatenate([unit(xs), unit(xt)])
  if not bandwidth:
    return x @ x.T
  squared = ((x[:, None] - x) ** 2).sum(2)
  return np.exp(-squared / (bandwidth * np.median(squared[np.triu_indices(len(x), 1)])))


def embedded(k, a, n, scaled):
  z = k @ a
  z = z / np.linalg.norm(z, axis=1, keepdims=True) if scaled else z
  return z[:n], z[n:]


@pytest.mark.parametrize("bandwidth", [0.0, 0.7])
def test_jda_iterates_the_paper_s_eigenproblem(pair, bandwidth):
  xs, ys, xt = pair
  k, guessed = kernel_of(xs, xt, bandwidth), None
  for _ in range(3):
    a = coefficients(k, gap_matrix(ys, guessed, len(xt)), 2, 0.5 * np.eye(len(k)))
    zs, zt = embedded(k, a, len(xs), True)
    guessed = nearest(zs, ys, zt)
  maps = jda(xs, ys, xt, dim=2, ridge=0.5, iterations=3, bandwidth=bandwidth)
  same_up_to_sign(maps.source(xs), zs, 1e-5)
  same_up_to_sign(maps.target(xt), zt, 1e-5)


@pytest.mark.parametrize(("balance", "weighted"), [(0.2, False), (0.8, True), (1.0, False)])
def test_bda_weighs_classes_against_domains(pair, balance, weighted):
  xs, ys, xt = pair
  ys = np.where(np.arange(24) < 6, 0, ys)  # classes of other sizes than the guessed ones
  k, guessed = kernel_of(xs, xt), None
  for step in range(2):
    share = balance if step else 0.0
    gap = gap_matrix(ys, guessed, len(xt), domain=1 - share, classes=share, shares=weighted)
    zs, zt = embedded(k, coefficients(k, gap, 2, 0.5 * np.eye(len(k))), len(xs), True)
    guessed = nearest(zs, ys, zt)
  maps = bda(xs, ys, xt, balance=balance, weighted=weighted, dim=2, ridge=0.5, iterations=2)
  same_up_to_sign(maps.source(xs), zs, 1e-5)


def test_bda_in_the_middle_is_jda(pair):
  maps = [f(*pair, dim=3, ridge=1.0, iterations=3) for f in (bda, jda)]
  same_up_to_sign(maps[0].target(pair[2]), maps[1].target(pair[2]))


def test_tjm_reweighs_the_source_s_rows(pair):
  xs, ys, xt = pair
  k, penalty = kernel_of(xs, xt), np.ones(54)
  gap = gap_matrix(ys, None, len(xt))
  for _ in range(3):
    a = coefficients(k, gap, 2, 0.3 * np.diag(penalty))
    penalty = np.r_[1 / np.linalg.norm(a[:24], axis=1), np.ones(30)]
  maps = tjm(xs, xt, dim=2, ridge=0.3, iterations=3)
  same_up_to_sign(maps.source(xs), (k @ a)[:24], 1e-5)
  assert np.ptp(penalty[:24]) > 1  # some examples count far less than others


def test_jgsa_solves_the_paper_s_pencil(pair):
  xs, ys, xt = pair
  s, t, d, n = unit(xs), unit(xt), 7, len(xs)
  between, within = np.zeros((d, d)), np.zeros((d, d))
  for c in range(3):
    own = s[ys == c]
    between += len(own) * np.outer(own.mean(0) - s.mean(0), own.mean(0) - s.mean(0))
    within += sum(np.outer(x - own.mean(0), x - own.mean(0)) for x in own)
  guessed = nearest(s, ys, t)
  x = np.zeros((54, 14))
  x[:n, :d], x[n:, d:] = s, t
  for _ in range(2):
    gap = gap_matrix(ys, None, len(t))
    whole = gap_matrix(ys, guessed, len(t))
    e = np.r_[np.full(n, 1 / n), np.full(30, -1 / 30)]
    # Of norm 1 alone above; the released code divides both by the norm of the first.
    scale = 3 * (e @ e) / np.linalg.norm(3 * np.outer(e, e))
    whole = whole * _norm(ys, guessed, 30) / (3 * (e @ e)) * scale
    assert np.linalg.norm(gap) == pytest.approx(1)
    below = x.T @ whole @ x + 2.0 * np.kron([[1, -1], [-1, 1]], np.eye(d)) + 1e-9 * np.eye(14)
    below[:d, :d] += 0.2 * within
    below[d:, d:] += 0.5 * np.eye(d)
    above = np.zeros((14, 14))
    above[:d, :d] = 0.2 * between
    above[d:, d:] = 0.5 * np.cov(t.T) * 29
    w = eigh(above, below)[1][:, ::-1][:, :2]
    w /= np.linalg.norm(w, axis=0)
    guessed = nearest(s @ w[:d], ys, t @ w[d:])
  maps = jgsa(xs, ys, xt, dim=2, iterations=2, subspace=2.0, variance=0.5, scatter=0.2)
  same_up_to_sign(maps.source(xs), s @ w[:d], 1e-5)
  same_up_to_sign(maps.target(xt), t @ w[d:], 1e-5)


def _norm(ys, guessed, m):
  """The Frobenius norm of M before it is divided by it."""
  gaps = np.hstack([np.sqrt(3) * shared.marginal(len(ys), m), shared.conditional(ys, guessed)])
  return np.linalg.norm(gaps @ gaps.T)


def test_pca_is_scikit_learn_s_but_for_the_mean(pair):
  from sklearn.decomposition import PCA

  xs, _, xt = pair
  model = PCA(3, svd_solver="full").fit(np.concatenate([xs, xt]))
  maps = pca(xs, xt, dim=3)
  same_up_to_sign(
    maps.source(xs)
    - model.mean_
    @ model.components_.T
    * np.sign((maps.source(xs) * (xs @ model.components_.T)).sum(0)),
    model.transform(xs),
  )


def test_a_class_that_nobody_is_guessed_to_be_keeps_the_source_s_mean(pair):
  _, ys, _ = pair
  columns = shared.conditional(ys, np.zeros(30, int))
  np.testing.assert_allclose(columns[:24].sum(0), 1)
  np.testing.assert_allclose(columns[24:].sum(0), [-1, 0, 0])


def test_settings_out_of_range_are_refused(pair):
  xs, ys, xt = pair
  refused = [
    (lambda: jda(xs, ys, xt, dim=7), "0 < dim < 7"),
    (lambda: jda(xs, ys, xt, dim=2, ridge=0.0), "ridge above 0"),
    (lambda: jda(xs, ys, xt, dim=2, iterations=0), "iterations is 0"),
    (lambda: jda(xs, ys, xt, dim=2, bandwidth=-1.0), "bandwidth is -1"),
    (lambda: bda(xs, ys, xt, balance=1.5), "balance is 1.5"),
    (lambda: tjm(xs, xt, iterations=0), "iterations is 0"),
    (lambda: jgsa(xs, ys, xt, dim=8), "0 < dim ≤ 7"),
    (lambda: jgsa(xs, ys, xt, dim=2, scatter=-1.0), "weights of 0 or more"),
    (lambda: pca(xs, xt, dim=8), "choose 1 to 7"),
  ]
  for wrong, line in refused:
    with pytest.raises(ValueError, match=line):
      wrong()
