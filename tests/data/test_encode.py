import numpy as np

from adapt.data import Domain, Reading, Split
from adapt.data.encode import together


def test_together_says_what_the_inputs_are_and_what_has_made_them() -> None:
  x, y = np.zeros((4, 3), np.float32), np.zeros(4, np.int32)
  vectors = Domain("v", Split(x, y), Split(x, y), ("a",))
  series = vectors._replace(name="s", kind="series")
  found = together([vectors, series], Reading(mel=32))
  assert [d.kind for d in found] == ["vector", "series"]
  assert all(d.preprocessing is not None for d in found)
  assert found[0].preprocessing.reading == {"mel": 32}  # type: ignore[union-attr]
