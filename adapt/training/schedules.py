"""Learning-rate schedules by name, as functions of the progress through a run."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from adapt import catalogue

_STEP = "step,"
_EXAMPLE = f"{_STEP}0.5,0.4,0.9 multiplies the rate by 0.5 after 40 % of the steps and after 90 %"


def rate(schedule: str, lr: jax.Array | float) -> Callable[[jax.Array], jax.Array]:
  """The learning rate [] at a progress from 0 to 1.

  Args:
    schedule: inverse (Ganin et al., 2016, §5.2.2), cosine (Loshchilov & Hutter, 2017), constant, or
      step,FACTOR,SHARE,… which multiplies the rate by FACTOR at each of these shares of the run.
    lr: at the start; may be traced.

  Raises:
    ValueError: an unknown schedule, or a step one that is not of that form.
  """
  known: dict[str, Callable[[jax.Array], jax.Array]] = {
    "inverse": lambda p: lr * (1 + 10 * p) ** -0.75,
    "cosine": lambda p: lr * 0.5 * (1 + jnp.cos(jnp.pi * p)),
    "constant": lambda p: jnp.asarray(lr),
  }
  if schedule.startswith(_STEP):
    return _steps(schedule, lr)
  if schedule not in known:
    raise ValueError(catalogue.unknown("schedule", schedule, (*known, f"{_STEP}FACTOR,SHARE,…")))
  return known[schedule]


def _steps(schedule: str, lr: jax.Array | float) -> Callable[[jax.Array], jax.Array]:
  try:
    factor, *shares = [float(text) for text in schedule.removeprefix(_STEP).split(",")]
  except ValueError:
    raise ValueError(f"schedule {schedule}: {_EXAMPLE}") from None
  if not (0 < factor <= 1 and shares and all(0 < share < 1 for share in shares)):
    raise ValueError(f"schedule {schedule} is out of bounds: {_EXAMPLE}")
  places = jnp.asarray(shares)
  return lambda p: lr * factor ** (p >= places).sum()
