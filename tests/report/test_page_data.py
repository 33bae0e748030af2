"""What the results page carries of runs: rounded numbers by seed, curves, shared settings, no markup."""

import json

import sample_records

from adapt.report import page_data


def test_a_run_has_its_numbers_settings_and_command():
  made = [sample_records.make("mnist_usps", label) for label in ("dann", "coral")]
  found = json.loads(page_data.text(made, {"digits": ["usps_mnist", "mnist_usps"]}))
  suite = found["suites"]["digits"]
  first, second = suite["runs"]
  assert suite["measure"] == "accuracy" and suite["tasks"] == ["mnist_usps"]
  assert (first["t"], first["l"]) == ("mnist_usps", "dann")
  assert first["v"] == [round(100 * v, 2) for v in made[0]["last"]["accuracy"]]
  assert first["x"] == made[0]["curves"]["step"] and len(first["c"]) == len(first["s"])
  assert first["r"] == made[0]["command"]
  assert found["settings"][second["k"]]["steps"] == made[1]["config"]["settings"]["steps"]
  assert len(found["settings"]) == len({first["k"], second["k"]})


def test_a_diverged_seed_is_null_and_nothing_ends_the_block():
  made = sample_records.make("mnist_usps", "dann", diverged={"1": 3})
  made["command"] = "</script><script>x"
  text = page_data.text([made], {})
  assert "<" not in text
  [run] = json.loads(text)["suites"]["digits"]["runs"]
  assert run["v"][1] is None and run["r"] == made["command"]
  assert page_data.drawn([made]) == {"digits"}
