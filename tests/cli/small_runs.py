"""`adapt run` on the toy pair in a few steps, and how bad input must end."""

from adapt.cli import main

SHORT = [
  "--steps",
  "6",
  "--evaluations",
  "2",
  "--seeds",
  "2",
  "--batch-size",
  "32",
  "--devices",
  "1",
]

SAID = "batch_size=32-evaluations=2-steps=6"  # of these, by a label


def adapt(pair, out, *flags):
  return main.main(
    ["run", "--source", pair[0], "--target", pair[1], "--out", str(out), *SHORT, *flags]
  )


def refused(capsys, code, *words):
  captured = capsys.readouterr()
  lines = captured.err.strip().splitlines()
  lines = [line for line in lines if not line.startswith("warning: ")]  # of the audit
  assert code == 2
  assert len(lines) == 1, lines
  assert lines[0].startswith("error: ")
  assert all(w in lines[0] for w in words), lines[0]
