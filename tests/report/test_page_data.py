"""What the results page carries of runs: rounded numbers by seed, curves, shared settings, no markup."""

import json

import sample_records

from adapt.report import page_data


def command(found, run):
  """As the page's script puts it together again."""
  suite = found["suites"]["digits"]
  text = found["pools"]["r"][run["r"]].replace(page_data.LABEL, run["l"])
  return text.replace(page_data.TASK, suite["tasks"][run["t"]])


def test_a_run_has_its_numbers_settings_and_command():
  made = [sample_records.make("mnist_usps", label) for label in ("dann", "coral")]
  found = json.loads(page_data.text(made, {"digits": ["usps_mnist", "mnist_usps"]}))
  suite, pools = found["suites"]["digits"], found["pools"]
  first, second = suite["runs"]
  assert suite["measure"] == "accuracy" and suite["tasks"] == ["mnist_usps"]
  assert (first["t"], first["l"]) == (0, "dann")
  assert first["v"] == [round(100 * v, 2) for v in made[0]["last"]["accuracy"]]
  assert pools["s"][first["s"]] == made[0]["config"]["seeds"]
  assert pools["x"][first["x"]] == made[0]["curves"]["step"]
  assert len(first["c"]) == len(pools["s"][first["s"]])
  assert pools["k"][second["k"]]["steps"] == made[1]["config"]["settings"]["steps"]
  assert len(pools["k"]) == len({first["k"], second["k"]})
  assert [command(found, run) for run in suite["runs"]] == [r["command"] for r in made]


def test_runs_that_differ_in_task_and_label_share_a_command():
  places = [("mnist_usps", "dann"), ("usps_mnist", "coral")]
  made = [sample_records.make(*place) for place in places]
  for record, (task, label) in zip(made, places, strict=True):
    record["command"] = f"adapt run --task {task} {label}"
  found = json.loads(page_data.text(made, {}))
  assert len(found["pools"]["r"]) == 1
  runs = found["suites"]["digits"]["runs"]
  assert [command(found, run) for run in runs] == [r["command"] for r in made]


def test_a_diverged_seed_is_null_and_nothing_ends_the_block():
  made = sample_records.make("mnist_usps", "dann", diverged={"1": 3})
  made["command"] = "</script><script>x"
  text = page_data.text([made], {})
  assert "<" not in text
  found = json.loads(text)
  [run] = found["suites"]["digits"]["runs"]
  assert run["v"][1] is None and command(found, run) == made["command"]
  assert page_data.drawn([made]) == {"digits"}


def test_values_have_curves_of_their_measure_and_its_digits():
  made = sample_records.make("mnist_usps", "dann")
  made["output"] = {"name": "values"}
  made["last"] = {"r2": [0.71239, 0.5, 0.25]}
  made["curves"] = {"step": [5, 10], "target_r2": [[0.12345, 0.71239], [0.1, 0.5], [0.2, 0.25]]}
  suite = json.loads(page_data.text([made], {}))["suites"]["digits"]
  assert suite["curves"] == "target test R²"
  [run] = suite["runs"]
  assert run["c"][0] == [0.123, 0.712] and run["v"][0] == 0.7124
  assert page_data.drawn([made]) == {"digits"}
  assert page_data.drawn([{**made, "curves": {}}]) == set()
