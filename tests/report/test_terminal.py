"""What a run says at its end of what it guarantees; the table is tested beside the pages."""

from adapt.report import terminal


def test_private_runs_say_what_they_guarantee():
  spent = {"source": {"epsilon": 3.14159, "epsilon_poisson": 1.5}}
  private = {"label": "shot+dp", "task": "a_b", "config": {"dp": {"delta": 1e-5}}, "privacy": spent}
  [line] = terminal.privacy([private, {"label": "shot", "task": "a_b", "config": {}}])
  assert line.startswith("shot+dp on a_b: one seed's model keeps each source example's gradients")
  assert "(ε = 3.14, δ = 1e-05)-private" in line and "ε = 1.50" in line
