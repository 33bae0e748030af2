"""Synchronises the processes of one run (`jax.distributed`).

All of them train. Process 0 alone reads and writes results, and decides what depends on a clock, a
file or a secret; the others are told, and an error that it meets there ends all of them alike.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

T = TypeVar("T")


class Agreed(ValueError):
  """A user error that all processes raise at the same point."""


class _State:
  joined = False  # asked often, and JAX would start its backends to answer


def several() -> bool:
  """Whether this run is one of several processes."""
  return _State.joined


def leads() -> bool:
  """Whether this process is the one that writes and prints."""
  return not _State.joined or jax.process_index() == 0


def joined(now: bool) -> None:
  """Records whether the processes are connected."""
  _State.joined = now


def together(work: Callable[[], T]) -> T:
  """Runs work on every process; one's ValueError is raised on all.

  `work` must not itself wait for other processes.
  """
  if not several():
    return work()
  made, failure = None, ""
  try:
    made = work()
  except ValueError as error:
    failure = str(error) or type(error).__name__
  for process, said in enumerate(_exchanged(failure)):
    if said:
      raise Agreed(said if process == 0 else f"process {process}: {said}")
  return made  # type: ignore[return-value]  # it has returned


def led(work: Callable[[], T]) -> T | None:
  """Runs work on process 0 only; the others wait.

  Process 0 gets its result, the others None. Its ValueError is raised on all.
  """
  return together(lambda: work() if leads() else None)


def agreed(decide: Callable[[], T]) -> T:
  """Broadcasts process 0's decision (JSON); its ValueError is raised on all."""
  if not several():
    return decide()
  made = led(decide)
  said: T = json.loads(_exchanged(json.dumps(made) if leads() else "")[0])
  return said


def anyone(flag: bool) -> bool:
  """Whether the value is true in any process."""
  return flag if not several() else any(_exchanged("1" if flag else ""))


def alike(what: str, value: Mapping[str, Any]) -> None:
  """Raises Agreed unless all processes have the same values.

  The message names the first difference.

  Args:
    what: what they are of, for the message.
    value: by name, as JSON can say it.
  """
  if not several():
    return
  first, *others = _exchanged(json.dumps(value, sort_keys=True, default=str))
  wanted = json.loads(first)
  for process, said in enumerate(others, 1):
    own = json.loads(said)
    for name in sorted(wanted.keys() | own.keys()):
      if (theirs := own.get(name)) != (ours := wanted.get(name)):
        raise Agreed(
          f"process {process} has other {what} than process 0 ({name} {_short(theirs)} instead of "
          f"{_short(ours)}): start all with the same"
        )


def _short(value: Any) -> str:
  text = json.dumps(value, ensure_ascii=False)
  return text if len(text) <= 60 else f"{text[:60]}…"


def same(like: Any, make: Callable[[], Any] | None = None) -> Any:
  """Broadcasts process 0's arrays, bit for bit, to every process.

  Args:
    like: a tree of arrays and random keys of the right structure, shapes and types.
    make: called by process 0 alone, for what is to be had; None: `like` itself.
  """
  made = like if make is None else led(make)
  if not several():
    return made
  leaves, structure = jax.tree.flatten(like)
  flat = [_numbers(leaf) for leaf in (jax.tree.leaves(made) if leads() else leaves)]
  # As bytes, because a sum with zeros, which brings them over, is exact then; -0.0 + 0.0 is not -0.0.
  content = np.concatenate([np.zeros(0, np.uint8), *(x.reshape(-1).view(np.uint8) for x in flat)])
  rest, parts = _from_first(content), []
  for leaf, x in zip(leaves, flat, strict=True):
    own, rest = rest[: x.nbytes].view(x.dtype).reshape(x.shape), rest[x.nbytes :]
    key = jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    parts.append(
      jax.random.wrap_key_data(jnp.asarray(own), impl=jax.random.key_impl(leaf)) if key else own
    )
  return jax.tree.unflatten(structure, parts)


def _numbers(leaf: Any) -> np.ndarray:
  key = jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
  return np.asarray(jax.random.key_data(leaf) if key else leaf)


def _from_first(content: np.ndarray) -> np.ndarray:
  from jax.experimental import multihost_utils

  return np.asarray(multihost_utils.broadcast_one_to_all(content))


def _exchanged(text: str) -> list[str]:
  """Gathers every process's value, ordered by process."""
  from jax.experimental import multihost_utils

  content = np.frombuffer(text.encode(), np.uint8)
  sizes = multihost_utils.process_allgather(np.array([len(content)], np.int32))[:, 0]
  if not sizes.any():
    return [""] * len(sizes)
  # Few lengths, as each is compiled.
  buffer = np.zeros(max(256, 1 << int(sizes.max() - 1).bit_length()), np.uint8)
  buffer[: len(content)] = content
  every = multihost_utils.process_allgather(buffer)
  return [bytes(row[:n]).decode() for row, n in zip(every, sizes, strict=True)]
