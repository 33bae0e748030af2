"""Discrepancies against double loops in NumPy, identities, gradients and vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import optimize, stats

from adapt.losses import discrepancy, kernels

BANDWIDTHS = (1.0, 3.0, 9.0)
N, M, D = 7, 5, 3


@pytest.fixture
def samples():
  rng = np.random.default_rng(0)
  fs, ft = rng.normal(size=(N, D)), 1.5 * rng.normal(size=(M, D)) + 0.5
  return fs.astype(np.float32), ft.astype(np.float32)


def kernel_by_loop(x, y, bandwidths):
  k = np.zeros((len(x), len(y)))
  for i in range(len(x)):
    for j in range(len(y)):
      distance = np.sum((x[i].astype(np.float64) - y[j]) ** 2)
      k[i, j] = np.mean([np.exp(-distance / b) for b in bandwidths])
  return k


def mmd_by_loop(kss, ktt, kst, estimate):
  if estimate == "linear":
    quads = [(2 * i, 2 * i + 1) for i in range(min(len(kss), len(ktt)) // 2)]
    return np.mean([kss[i, j] + ktt[i, j] - kst[i, j] - kst[j, i] for i, j in quads])
  total = 0.0
  for k, sign in ((kss, 1), (ktt, 1)):
    n = len(k)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j or estimate == "biased"]
    total += sign * sum(k[i, j] for i, j in pairs) / len(pairs)
  return total - 2 * kst.mean()


def test_coral_equals_numpy_cov(samples):
  fs, ft = samples
  difference = np.cov(fs, rowvar=False) - np.cov(ft, rowvar=False)  # [d, d]
  expected = np.sum(difference**2) / (4 * D**2)
  np.testing.assert_allclose(discrepancy.coral(fs, ft), expected, rtol=1e-5)


def test_coral_ignores_means_and_order(samples):
  fs, ft = samples
  value = discrepancy.coral(fs, ft)
  np.testing.assert_allclose(discrepancy.coral(fs[::-1] + 4.0, ft), value, rtol=1e-4)
  np.testing.assert_allclose(discrepancy.coral(ft, fs), value, rtol=1e-5)
  assert discrepancy.coral(fs, fs) == 0.0


@pytest.mark.parametrize("estimate", discrepancy.ESTIMATES)
def test_mmd_equals_a_double_loop(samples, estimate):
  fs, ft = samples
  kernels = [kernel_by_loop(a, b, BANDWIDTHS) for a, b in ((fs, fs), (ft, ft), (fs, ft))]
  value = discrepancy.mmd(fs, ft, BANDWIDTHS, estimate=estimate)
  np.testing.assert_allclose(value, mmd_by_loop(*kernels, estimate), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("estimate", discrepancy.ESTIMATES)
def test_joint_mmd_multiplies_the_layers_kernels(samples, estimate):
  fs, ft = samples
  layers_s, layers_t, scales = (fs, fs[:, :2] ** 2), (ft, ft[:, :2] ** 2), (BANDWIDTHS, (2.0,))
  kernels = []
  for a, b in ((layers_s, layers_s), (layers_t, layers_t), (layers_s, layers_t)):
    kernels.append(kernel_by_loop(a[0], b[0], scales[0]) * kernel_by_loop(a[1], b[1], scales[1]))
  value = discrepancy.joint_mmd(layers_s, layers_t, scales, estimate=estimate)
  np.testing.assert_allclose(value, mmd_by_loop(*kernels, estimate), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 4])
def test_local_mmd_equals_a_loop_over_classes(samples, classes):
  fs, ft = samples
  rng = np.random.default_rng(3)
  ys = rng.integers(0, 2, N)  # of four classes, two have no source example
  pt = rng.dirichlet(np.ones(classes), M)
  kss, ktt, kst = (kernel_by_loop(a, b, BANDWIDTHS) for a, b in ((fs, fs), (ft, ft), (fs, ft)))
  parts = []
  for c in set(ys) & set(pt.argmax(axis=1)):
    ws, wt = (ys == c) / (ys == c).sum(), pt[:, c] / pt[:, c].sum()
    parts.append(ws @ kss @ ws + wt @ ktt @ wt - 2 * ws @ kst @ wt)
  assert parts
  value = discrepancy.local_mmd(fs, ft, jnp.asarray(ys), jnp.asarray(pt), BANDWIDTHS)
  np.testing.assert_allclose(value, np.mean(parts), rtol=1e-4)


def test_local_mmd_of_one_class_is_mmd_and_of_none_is_zero(samples):
  fs, ft = samples
  value = discrepancy.local_mmd(fs, ft, jnp.zeros(N, int), jnp.ones((M, 1)))
  np.testing.assert_allclose(value, discrepancy.mmd(fs, ft), rtol=1e-4)
  elsewhere = jnp.tile(jnp.asarray([0.1, 0.9]), (M, 1))
  assert discrepancy.local_mmd(fs, ft, jnp.zeros(N, int), elsewhere) == 0


def test_local_mmd_gives_no_gradient_to_probabilities(samples):
  fs, ft = samples
  pt = jnp.full((M, 2), 0.5)
  slope = jax.grad(lambda p: discrepancy.local_mmd(fs, ft, jnp.arange(N) % 2, p))(pt)
  np.testing.assert_array_equal(slope, 0)


def test_cmd_equals_scipys_moments(samples):
  fs, ft = samples
  gaps = [np.mean(fs, axis=0) - np.mean(ft, axis=0)]
  gaps += [stats.moment(fs, k) - stats.moment(ft, k) for k in (2, 3, 4)]
  expected = sum(np.linalg.norm(gap) / 2.0 ** (k + 1) for k, gap in enumerate(gaps))
  np.testing.assert_allclose(discrepancy.cmd(fs, ft, 4, 2.0), expected, rtol=1e-4)


def test_cmd_of_collapsed_features_has_a_finite_gradient():
  value, slope = jax.value_and_grad(discrepancy.cmd)(jnp.zeros((4, 2)), jnp.zeros((4, 2)))
  assert value == 0
  np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_homm_equals_the_tensors_themselves(samples, order):
  letters = "abcd"[:order]
  subscripts = ",".join(f"n{c}" for c in letters) + "->" + letters
  tensors = [np.einsum(subscripts, *[c] * order) / len(c) for c in (x - x.mean(0) for x in samples)]
  gap = tensors[0] - tensors[1]
  np.testing.assert_allclose(discrepancy.homm(*samples, order), np.mean(gap**2), rtol=1e-3)
  entries = np.stack(np.unravel_index(np.arange(gap.size), gap.shape), axis=1)
  np.testing.assert_allclose(
    discrepancy.homm(*samples, order, jnp.asarray(entries)), np.mean(gap**2), rtol=1e-4
  )
  some = discrepancy.homm(*samples, order, jnp.asarray(entries[1:4]))
  np.testing.assert_allclose(some, np.mean(gap.ravel()[1:4] ** 2), rtol=1e-4)


def test_homm_of_order_two_is_coral(samples):
  fs, ft = samples[0][:M], samples[1]
  biased = discrepancy.coral(fs, ft) * 4 * ((M - 1) / M) ** 2  # 1/n for 1/(n - 1), d² for 4d²
  np.testing.assert_allclose(discrepancy.homm(fs, ft, 2), biased, rtol=1e-4)


def test_sliced_wasserstein_is_the_cheapest_pairing(samples):
  p, q = samples[0][:M], samples[1]
  lines = np.random.default_rng(4).normal(size=(D, 6)).astype(np.float32)
  lines /= np.linalg.norm(lines, axis=0)
  expected = []
  for line in lines.T:
    cost = ((p @ line)[:, None] - (q @ line)[None]) ** 2
    expected.append(cost[optimize.linear_sum_assignment(cost)].mean())
  value = discrepancy.sliced_wasserstein(p, q, lines)
  np.testing.assert_allclose(value, np.mean(expected), rtol=1e-4)
  np.testing.assert_allclose(discrepancy.sliced_wasserstein(p, p[::-1], lines), 0, atol=1e-6)


def test_joint_mmd_sees_what_marginals_hide():
  rng = np.random.default_rng(1)
  a, b = rng.normal(size=(2, 40, 2)).astype(np.float32)
  same_marginals = discrepancy.mmd(b, b[::-1])
  assert abs(same_marginals) < 1e-6
  assert discrepancy.joint_mmd((a, a), (a, a[::-1])) > 0.01


def test_median_bandwidth_equals_numpy(samples):
  pooled = np.concatenate(samples)
  distances = kernels.squared_distances(pooled, pooled)
  expected = np.median([distances[i, j] for i in range(N + M) for j in range(i)])
  np.testing.assert_allclose(kernels.median_bandwidth(distances), expected, rtol=1e-6)
  by_hand = expected * np.asarray(kernels.MULTIPLES)
  np.testing.assert_allclose(
    discrepancy.mmd(*samples), discrepancy.mmd(*samples, by_hand), rtol=1e-4
  )


def test_mmd_of_collapsed_features_is_finite():
  zeros = jnp.zeros((4, 2))
  value, slope = jax.value_and_grad(discrepancy.mmd)(zeros, zeros)
  assert value == 0.0
  assert np.isfinite(slope).all()


@pytest.mark.parametrize(
  "measure", [discrepancy.mmd, discrepancy.coral, discrepancy.cmd, discrepancy.homm]
)
def test_identities(samples, measure):
  fs, ft = samples
  value = measure(fs, ft)
  assert value > 0.01
  np.testing.assert_allclose(measure(fs, fs), 0.0, atol=1e-6)
  np.testing.assert_allclose(measure(ft, fs), value, rtol=1e-4)
  np.testing.assert_allclose(measure(fs[::-1], np.roll(ft, 2, axis=0)), value, rtol=1e-4)
  assert measure(fs, ft + 3.0) >= value * 0.999


@pytest.mark.parametrize(
  "measure",
  [
    discrepancy.coral,
    lambda a, b: discrepancy.mmd(a, b, BANDWIDTHS),
    lambda a, b: discrepancy.mmd(a, b, BANDWIDTHS, estimate="unbiased"),
    lambda a, b: discrepancy.joint_mmd((a, a**2), (b, b**2), (BANDWIDTHS, (2.0,))),
    lambda a, b: discrepancy.cmd(a, b, 4, 3.0),
    discrepancy.homm,
    lambda a, b: discrepancy.sliced_wasserstein(a[:M], b, jnp.eye(D)),
  ],
)
def test_gradients(samples, measure):
  check_grads(measure, samples, order=1, modes=["rev"], atol=1e-2, rtol=1e-2)


def test_no_gradient_flows_through_the_bandwidth(samples):
  fs, ft = samples
  pooled = np.concatenate(samples)
  distances = kernels.squared_distances(pooled, pooled)
  fixed = kernels.median_bandwidth(distances) * jnp.asarray(kernels.MULTIPLES)
  expected = jax.grad(discrepancy.mmd)(fs, ft, fixed)
  np.testing.assert_allclose(jax.grad(discrepancy.mmd)(fs, ft), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
  "measure", [discrepancy.mmd, discrepancy.coral, discrepancy.cmd, discrepancy.homm]
)
def test_vmap_and_jit_equal_a_loop(measure):
  fs, ft = np.random.default_rng(2).normal(size=(2, 3, N, D)).astype(np.float32)
  loop = [measure(a, b) for a, b in zip(fs, ft, strict=True)]
  np.testing.assert_allclose(jax.jit(jax.vmap(measure))(fs, ft), loop, rtol=1e-4, atol=1e-6)


def test_errors_name_the_remedy(samples):
  fs, ft = samples
  with pytest.raises(ValueError, match="larger batch"):
    discrepancy.coral(fs[:1], ft)
  with pytest.raises(ValueError, match="larger batch"):
    discrepancy.mmd(fs, ft[:1], estimate="unbiased")
  with pytest.raises(ValueError, match="choose from biased, unbiased, linear"):
    discrepancy.mmd(fs, ft, estimate="fast")
  for refused in (lambda: discrepancy.cmd(fs, ft, 0), lambda: discrepancy.homm(fs, ft, 0)):
    with pytest.raises(ValueError, match="choose at least 1"):
      refused()
  with pytest.raises(ValueError, match="per layer"):
    discrepancy.joint_mmd((fs, fs), (ft,))
