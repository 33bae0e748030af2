"""Files as people have them are read right, or refused in one line."""

import pytest
from odd_files import FILES
from odd_outcomes import outcome, write


@pytest.mark.parametrize("odd", FILES, ids=lambda odd: odd.name)
def test_is_right_or_one_line(tmp_path, odd):
  pytest.importorskip("pyarrow")
  if odd.name.endswith((".mat", ".svmlight", ".svm")) or odd.name in ("sparse.npz", "huge.npz"):
    pytest.importorskip("scipy")
    pytest.importorskip("sklearn")
  shown, wrong = outcome(odd, write(odd, tmp_path))
  assert not wrong, shown
