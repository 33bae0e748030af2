"""What the speed benchmark compares, by name."""

from benchmarks import speed_networks, speed_own
from benchmarks.speed_case import Case


def cases(cpu: bool, there: int) -> dict[str, Case]:
  """All cases but `cold`, which is of another kind.

  Args:
    cpu: whether this is a CPU: photographs are tiny there, and devices faked.
    there: devices there are.
  """
  return {
    **speed_networks.cases(cpu, there),
    "seeds": speed_own.seeds(cpu),
    "devices": speed_own.devices(cpu, there),
    "evaluation": speed_own.evaluation(),
    "checkpoint": speed_own.checkpoint(),
  }
