import numpy as np
import pytest

from adapt.streams import orders

LABELS = np.arange(60) % 3


@pytest.mark.parametrize("kind", orders.KINDS)
def test_each_example_of_each_domain_comes_once(kind):
  domains = 4 * (9 if kind == "gradual" else 1)
  order = orders.make(kind, LABELS, 4, 10, seed=0)
  assert order.rows.shape == (domains * 6, 10) and order.reset.shape == (domains * 6,)
  rows, times = np.unique(order.rows, return_counts=True)
  if kind != "gradual":
    assert (rows == np.arange(240)).all() and (times == 1).all()
  again = orders.make(kind, LABELS, 4, 10, seed=0)
  assert (again.rows == order.rows).all()
  assert (orders.make(kind, LABELS, 4, 10, seed=1).rows != order.rows).any()


def test_domains_come_as_told():
  def domains(kind):
    return orders.make(kind, LABELS, 2, 20, seed=0).rows // 60

  assert (np.ptp(domains("continual"), axis=1) == 0).all()
  assert (np.ptp(domains("mixed"), axis=1) > 0).all()
  shown = domains("gradual")[::3, 0]
  assert (shown[:9] % 5 == [0, 1, 2, 3, 4, 3, 2, 1, 0]).all()
  assert len(set(shown[:9] // 5)) == 1 and shown[9] // 5 != shown[0] // 5
  twice = orders.make("continual", LABELS, 2, 20, seed=0, rounds=2).rows // 60
  assert (twice[:6] == twice[6:]).all()


@pytest.mark.parametrize(("kind", "starts"), [("iid", 2), ("continual", 1), ("episodic", 6)])
def test_resets(kind, starts):
  order = orders.make(kind, LABELS, 2, 20, seed=0)
  assert order.reset.sum() == starts and order.reset[0]


def test_correlated_batches_have_few_classes():
  labels = np.arange(500) % 10

  def classes(kind):
    rows = orders.make(kind, labels, 1, 20, seed=0).rows
    return np.mean([len(set(labels[r])) for r in rows])

  assert classes("correlated") < 5 < 8 < classes("continual")


@pytest.mark.parametrize("kind", orders.KINDS)
def test_what_does_not_fill_a_batch_is_left_out(kind):
  assert orders.make(kind, LABELS, 1, 40, seed=0).rows.shape[1] == 40


def test_what_cannot_be_is_refused():
  with pytest.raises(ValueError, match="choose from"):
    orders.make("reversed", LABELS, 2, 10, seed=0)
  with pytest.raises(ValueError, match="set 1 to 60"):
    orders.make("iid", LABELS, 2, 61, seed=0)
