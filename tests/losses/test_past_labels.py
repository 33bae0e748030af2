"""Past labels: the oldest goes first, and one agreement in any slot is enough to be alike."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.losses import past_labels


def test_begins_with_labels_of_all_classes_and_no_visit():
  bank = past_labels.begun(jax.random.key(0), 200, 3, 4)
  assert set(np.ravel(bank["labels"])) == {0, 1, 2, 3}
  assert not bank["visits"].any() and (bank["rows"] == -1).all()


def test_the_oldest_label_is_written_over():
  bank = past_labels.begun(jax.random.key(0), 4, 3, 4)
  untouched = np.array(bank["labels"][1])
  for label in (7, 8, 9, 6):
    bank = past_labels.noted(bank, jnp.array([2]), jnp.array([label]))
  assert bank["labels"][2].tolist() == [6, 8, 9]
  assert bank["visits"][:, 0].tolist() == [0, 0, 4, 0]
  np.testing.assert_array_equal(bank["labels"][1], untouched)
  assert bank["labels"].dtype == jnp.int32


def test_an_example_twice_in_a_batch_is_one_visit_and_its_last_label():
  bank = past_labels.begun(jax.random.key(0), 4, 3, 4)
  bank = past_labels.noted(bank, jnp.array([2, 1, 2]), jnp.array([7, 5, 8]))
  assert bank["labels"][2, 0] == 8 and bank["visits"][2, 0] == 1


def test_all_slots_must_differ_each_with_its_own():
  bank = past_labels.begun(jax.random.key(0), 4, 2, 4)
  bank["labels"] = jnp.array([[0, 1], [1, 0], [0, 2], [3, 1]])
  found = past_labels.never_alike(bank, jnp.array([0, 2]), jnp.array([0, 1, 2, 3, -1]))
  # Swapped labels are not alike: no slot agrees.
  assert found.tolist() == [[False, True, False, False, False], [False, True, False, True, False]]
