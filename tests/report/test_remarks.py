"""What stands under a table of records."""

import numpy as np

from adapt.report.remarks import remarks

CLASSES = ["a", "b", "c"]


def record(matrices, **more):
  """A record of confusion matrices, one a seed."""
  from adapt.evaluation.metrics import Counts, measures

  each = [
    measures(Counts(np.array(m), np.zeros((15, 3)), None, None, None, None)) for m in matrices
  ]
  return {
    "label": "dann",
    "task": "s_t",
    "classes": CLASSES,
    "config": {"seeds": list(range(len(matrices))), "weights": {"name": "kmm"}},
    "confusion": [np.array(m).tolist() for m in matrices],
    "last": {n: [e[n] for e in each] for n in ("precision", "recall", "f1")},
    **more,
  }


def test_means_over_some_of_the_classes_say_so_and_show_all_where_they_differ():
  whole = [[90, 10, 0], [0, 100, 0], [0, 0, 9]]
  assert remarks([record([whole])]) == []
  [line] = remarks([record([[[100, 0, 0], [0, 80, 20], [0, 0, 0]]])])
  assert "means over the 2 of 3 classes that the test set has (not c); over all" in line
  assert line.endswith("as scikit-learn does: precision 66.7, recall 60.0, F1 63.0")
  [line] = remarks([record([[[100, 0, 0], [20, 80, 0], [0, 0, 0]]])])
  assert line.endswith("(not c)")


def test_small_test_sets_have_an_interval():
  matrix = [[20, 5, 0], [5, 20, 0], [0, 0, 5]]
  interval = {"accuracy": [[0.70, 0.90], [0.72, 0.92]]}
  [line] = remarks([record([matrix] * 2, interval=interval)])
  said = "55 test examples leave each seed's accuracy a 95 % interval (Wilson) of 71.0 to 91.0 on"
  assert said in line
  assert remarks([record([[[200, 0, 0], [0, 1, 0], [0, 0, 1]]], interval=interval)]) == []
  assert remarks([record([matrix])]) == []  # of an earlier version


def test_weightings_of_few_examples_are_told():
  matrix = [[200, 0, 0], [0, 100, 0], [0, 0, 9]]
  [line] = remarks([record([matrix], effective_share=0.123)])
  assert line.startswith("dann on s_t: kmm makes 12.3 % of the source examples count")
  assert remarks([record([matrix], effective_share=0.2)]) == []


def predicting(shares, of=1.0, there=0.25):
  matrix = [[200, 0, 0], [0, 100, 0], [0, 0, 9]]
  known = {"most_predicted": of, "predicted_share": shares, "source_share": there}
  lists = {n: v if isinstance(v, list) else [v] * len(shares) for n, v in known.items()}
  return record([matrix] * len(shares), expected=lists)


def test_one_class_for_nearly_all_of_the_target_is_told_whatever_its_labels():
  assert remarks([predicting([0.8, 0.81])]) == []  # others are a fifth here, three quarters there
  [line] = remarks([predicting([0.8, 0.97])])
  assert line.startswith("dann on s_t: 1 of 2 seeds predict one class for nearly all of the target")
  assert "as 'b' for 97.0 % where the source has 25.0 %: collapsed" in line
  assert remarks([predicting([0.95], there=0.9)]) == []  # as in the source
  blind = {n: learnt([0.3], 0.3, 500)[n] for n in ("curves", "majority")}
  [line] = remarks([predicting([1.0]) | blind])
  assert "always saying 'b'" in line  # even of the source: said once
  assert remarks([predicting([None], of=[None], there=[None])]) == []  # it diverged


def learnt(accuracies, share, examples, **more):
  """A record of held-out source accuracies, a seed each, beside the most frequent class's share."""
  return {
    **record([[[200, 0, 0], [0, 100, 0], [0, 0, 9]]] * len(accuracies)),
    "curves": {"source_accuracy": [None if a is None else [0.1, a] for a in accuracies]},
    "majority": {"class": "b", "share": share, "examples": examples},
    **more,
  }


def test_a_network_that_has_learnt_nothing_of_the_source_is_told():
  [line] = remarks([learnt([0.55], 0.5, 100)])
  assert "100 held-out source examples it is not told apart from always saying 'b'" in line
  assert "(55.0 beside 50.0 %)" in line
  [line] = remarks([learnt([0.9, None, 0.8, 0.2], 0.78, 100)])
  assert "2 of 3 seeds are" in line
  assert remarks([learnt([0.61], 0.5, 100)]) == []  # beyond two standard errors of 5 points
  assert remarks([learnt([0.55], 0.5, 10000)]) == []
  assert remarks([learnt([0.55], 0.5, 100, majority=None)]) == []  # of an earlier version


def test_records_without_labels_need_no_line():
  none = {"confusion": None, "last": None, "interval": None}
  assert remarks([{**record([[[1]]]), **none}]) == []


def test_an_estimated_prior_next_to_nothing_is_told():
  matrix = [[200, 0, 0], [0, 100, 0], [0, 0, 9]]
  shown = {"config": {"seeds": [0], "weights": {"name": "mlls"}}, "effective_share": 0.5}
  [line] = remarks([record([matrix], weighted_shares=[0.4, 0.59, 0.01], **shown)])
  assert "mlls estimates that 1.0 % of the target are of the class 'c'" in line
  assert remarks([record([matrix], weighted_shares=[0.3, 0.6, 0.1], **shown)]) == []
