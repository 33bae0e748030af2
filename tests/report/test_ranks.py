"""Ranks over tasks: Demšar's own example, scipy, and who is left out."""

import numpy as np
import pytest
import sample_records
from PIL import Image
from scipy import stats

from adapt.report import comparisons, ranks

# Demšar (2006), Table 6: AUC of C4.5 without and with m, cf and both tuned, on 14 data sets.
AUC = """0.763 0.768 0.771 0.798  0.599 0.591 0.590 0.569  0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657  0.882 0.888 0.886 0.898  0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685  0.583 0.583 0.563 0.625  0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000  0.940 0.962 0.965 0.962  0.619 0.666 0.614 0.669
0.972 0.981 0.9751 0.975  0.957 0.978 0.946 0.970"""
NAMES = ("c45", "c45+m", "c45+cf", "c45+m+cf")


def records(table=None, names=NAMES):
  table = np.array([float(v) for v in AUC.split()]).reshape(14, 4) if table is None else table
  made = []
  for t, row in enumerate(table):
    for name, value in zip(names, row, strict=True):
      made.append(sample_records.make(f"s{t}_t{t}", name, 0.5, seeds=2))
      made[-1]["last"]["accuracy"] = [value - 0.1, value + 0.1]
  return made


def test_the_example_of_the_paper():
  found = ranks.ranking(records())
  assert found.tasks == 14
  known = {"c45": 3.143, "c45+m": 2.000, "c45+cf": 2.893, "c45+m+cf": 1.964}
  assert found.ranks == pytest.approx(known, abs=1e-3)
  assert list(found.ranks) == ["c45+m+cf", "c45+m", "c45+cf", "c45"]
  table = np.array([float(v) for v in AUC.split()]).reshape(14, 4)
  assert found.p == pytest.approx(stats.friedmanchisquare(*table.T).pvalue)
  # "the critical value is 2.569 and the corresponding CD is 1.25": all differences are below it.
  assert found.difference == pytest.approx(1.25, abs=0.01)
  assert found.groups == (tuple(found.ranks),) and found.without == ()


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_the_critical_values_of_the_paper(methods, q):
  factor = np.sqrt(methods * (methods + 1) / (6 * 20))
  assert ranks.critical_difference(methods, 20) == pytest.approx(q * factor, rel=1e-3)


def test_groups_are_maximal_runs():
  ordered = {"a": 1.0, "b": 1.8, "c": 2.5, "d": 2.6, "e": 9.0}
  assert ranks._groups(ordered, 1.0) == (("a", "b"), ("b", "c", "d"))
  assert ranks._groups({"a": 1.0, "b": 2.0}, 1.0) == ()  # a whole difference apart is apart


def test_who_lacks_a_task_or_sees_target_labels_is_left_out():
  made = records()
  gone = [r for r in made if (r["task"], r["label"]) != ("s0_t0", "c45")]
  seen = [sample_records.make(f"s{t}_t{t}", "target_only", 0.99) for t in range(14)]
  null = [sample_records.make(f"s{t}_t{t}", "dann-weight=0.0", 0.99) for t in range(14)]
  for r in null:
    r["config"]["hyperparameters"] = {"weight": 0.0}
  found = ranks.ranking([*gone, *seen, *null])
  assert found.without == ("c45",) and len(found.ranks) == 3
  assert "Left out, as they lack tasks: c45." in comparisons.rank_sheet(gone).caption


def test_too_few_are_not_ranked():
  table = np.random.default_rng(0).uniform(size=(14, 4))
  assert ranks.ranking(records(table[:4])) is None
  assert ranks.ranking(records(table[:, :2], NAMES[:2])) is None
  assert ranks.ranking([]) is None and comparisons.rank_sheet([]) is None
  assert ranks.ranking(records(table[:5])) is not None


def test_methods_that_never_differ_rank_alike():
  found = ranks.ranking(records(np.full((6, 4), 0.5)))
  assert found.p == 1 and set(found.ranks.values()) == {2.5}


def test_the_table_says_who_is_not_told_apart():
  table = np.tile([0.9, 0.8, 0.4, 0.3], (12, 1)) + np.arange(12)[:, None] / 1000
  sheet = comparisons.rank_sheet(records(table))
  assert [line.name for line in sheet.lines] == list(NAMES)
  assert [line.entries[1].text for line in sheet.lines] == ["yes", "yes", "no", "no"]


def test_many_methods_are_listed_with_intervals(tmp_path, monkeypatch):
  table = np.tile(np.linspace(0.9, 0.1, 17), (6, 1))
  table[0] = table[0, ::-1]  # one of six tasks ranks them the other way round
  names = tuple(f"m{i:02}" for i in range(17))
  few, many = records(table[:, :15], names[:15]), records(table, names)
  kept = []
  monkeypatch.setattr(ranks, "save", lambda figure, path: kept.append(figure))
  ranks.diagram(few, tmp_path / "a.png"), ranks.diagram(many, tmp_path / "b.png")
  diagram, listed = kept
  assert any("critical difference" in text.get_text() for text in diagram.axes[0].texts)
  shown = [label.get_text() for label in listed.axes[0].get_yticklabels()]
  assert shown[0] == f"m00  {(5 * 1 + 17) / 6:.1f}" and len(shown) == 17
  low, high = ranks.ranking(many).intervals["m00"]
  assert low == 1 and (5 + 17) / 6 < high < 12  # 0 to 4 of 6 draws are the odd task


def test_the_diagram_is_drawn(tmp_path):
  path = ranks.diagram(records(), tmp_path / "ranks.png")
  with Image.open(path) as image:
    assert min(image.size) > 150 and np.asarray(image.convert("L")).std() > 10
  assert ranks.diagram(records()[:4], tmp_path / "none.png") is None
