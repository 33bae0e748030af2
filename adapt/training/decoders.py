"""Worker processes that decode batches, each over a socket of its own.

Nothing is shared but the sockets: no memory to leak, no lock that a killed process could keep. Whichever
end goes, the other one reads or writes into nothing and ends.
"""

import contextlib
import multiprocessing
import pickle
import signal
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class _Decoder(NamedTuple):
  process: BaseProcess
  line: Connection


def batches(
  ahead: Callable[[range], Iterator[T]], steps: range, workers: int
) -> Generator[T, None, None]:
  """Yields the batches of steps, decoded by turns in processes.

  Args:
    ahead: makes the batches of some steps; it is pickled.
    steps: whose batches are wanted, in order.
    workers: how many processes there are.

  Raises:
    ValueError: what `ahead` raised, or a process was killed.
  """
  decoders: list[_Decoder] = []
  try:
    with _interrupts_held():  # a child starts with them held: Ctrl-C is for this process to act on
      decoders += [_started() for _ in range(workers)]
    for i, decoder in enumerate(decoders):
      with _watched(decoder):
        decoder.line.send((ahead, steps[i::workers]))
    for i in range(len(steps)):
      with _watched(decoder := decoders[i % workers]):
        made = _received(decoder.line)
      if isinstance(made, ValueError):
        raise made
      yield made
  finally:
    for decoder in decoders:
      decoder.process.kill()
      decoder.process.join()
      decoder.line.close()


def _started() -> _Decoder:
  context = multiprocessing.get_context(
    "spawn"
  )  # JAX has threads, which a fork would not take over
  here, there = context.Pipe()
  # What a start writes is small: of a child killed meanwhile it would not hear.
  process = context.Process(target=_decode, args=(there,), daemon=True, name="decoder")
  process.start()
  there.close()
  return _Decoder(process, here)


@contextlib.contextmanager
def _watched(decoder: _Decoder) -> Iterator[None]:
  """Says in one line that a process has ended."""
  try:
    yield
  except (EOFError, ConnectionError) as error:
    decoder.process.join()
    raise ValueError(
      f"a process that decodes has ended (exit code {decoder.process.exitcode}), as one does that is "
      "killed when memory is short: the same command goes on from its last checkpoint; fewer --workers "
      "take less memory"
    ) from error


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
  if not hasattr(signal, "pthread_sigmask"):
    yield
    return
  before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
  try:
    yield
  finally:
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _decode(line: Connection) -> None:
  """Sends the batches of the steps that it is told, until nobody reads them."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  with contextlib.suppress(EOFError, ConnectionError):
    ahead, steps = line.recv()
    try:
      for made in ahead(steps):
        _send(line, made)
    except ValueError as error:
      _send(line, ValueError(str(error)))


def _send(line: Connection, value: Any) -> None:
  """Sends a value, its arrays without a copy."""
  buffers: list[pickle.PickleBuffer] = []
  rest = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
  arrays = [buffer.raw() for buffer in buffers]
  line.send((rest, len(arrays)))
  for array in arrays:
    line.send_bytes(array)


def _received(line: Connection) -> Any:
  rest, arrays = line.recv()
  return pickle.loads(rest, buffers=[line.recv_bytes() for _ in range(arrays)])
