"""What a run says at its end of what it guarantees; the table is tested beside the pages."""

import sample_records
from rich.console import Console

from adapt.report import terminal


def test_private_runs_say_what_they_guarantee():
  spent = {"source": {"epsilon": 3.14159, "epsilon_poisson": 1.5}}
  private = {"label": "shot+dp", "task": "a_b", "config": {"dp": {"delta": 1e-5}}, "privacy": spent}
  [line] = terminal.privacy([private, {"label": "shot", "task": "a_b", "config": {}}])
  assert line.startswith("shot+dp on a_b: one seed's model keeps each source example's gradients")
  assert "(ε = 3.14, δ = 1e-05)-private" in line and "ε = 1.50" in line


def shown(records):
  console = Console(width=90)
  with console.capture() as said:
    console.print(terminal.table(records))
  return said.get()


def test_the_expected_accuracy_stands_beside_the_accuracy_and_alone_without_labels():
  found = {"value": [0.6, 0.7, None], "low": [0.4, 0.5, None], "high": [0.8, 0.9, None]}
  labelled = {**sample_records.make(label="dann"), "expected": found}
  text = shown([labelled])
  assert "expected" in text and "65 (45–85)" in text
  assert shown([{**labelled, "last": None}]).count("65 (45–85)") == 1
  [line] = terminal.expectations([labelled])
  assert line.startswith("expected: target accuracy without target labels")
  assert "expected" not in shown([sample_records.make(label="dann")])
  assert terminal.expectations([sample_records.make(label="dann")]) == []


def test_a_long_measure_leaves_methods_room_in_eighty_columns():
  found = {"value": [0.6] * 3, "low": [0.4] * 3, "high": [0.8] * 3}
  made = {**sample_records.make(label="source_only"), "expected": found}
  made["measure"], made["last"] = "worst_group_accuracy", {**made["last"]}
  made["last"]["worst_group_accuracy"] = [0.5, 0.6, 0.7]
  with (console := Console(width=80)).capture() as said:
    console.print(terminal.table([made]))
  assert "source_only" in said.get() and "60.0 ± 10.0" in said.get() and "…" not in said.get()


def test_pixels_show_their_own_measures_the_one_asked_for_first():
  made = sample_records.make(label="adabn")
  made["output"] = {"name": "pixels"}
  made["last"] = {"miou": [0.7] * 3, "dice": [0.6] * 3, "pixel_accuracy": [0.9] * 3}
  for asked, first in (("dice", "60.0 ± 0.0"), (None, "70.0 ± 0.0")):
    text = shown([{**made, "measure": asked} if asked else made])
    assert first in text and text.count("±") == 1 and "recall" not in text
    assert {"mIoU", "Dice", "pixels"} <= set(text.split())


def test_labels_show_their_own_measures_beside_one_that_classes_have_too():
  made = {**sample_records.make(label="dann"), "output": {"name": "labels"}, "measure": "auroc"}
  made["last"] = {"map": [0.7] * 3, "auroc": [0.6] * 3, "f1": [0.5] * 3, "micro_f1": [0.4] * 3}
  text = shown([made])
  assert "60.0 ± 0.0" in text and "mAP" in text and "recall" not in text
