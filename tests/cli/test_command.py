"""Exit codes and messages of every command."""

import signal

import pytest
from jax.errors import JaxRuntimeError

from adapt.cli import command
from adapt.training import stopping


def raising(error):
  def work():
    raise error

  return work


@pytest.fixture(autouse=True)
def same_handler():
  before = signal.getsignal(signal.SIGTERM)
  yield
  signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
  ("error", "code", "said"),
  [
    (ValueError("a\nb: do c"), 2, "error: a b: do c\n"),
    (ValueError("\x1b[31mred\x1b[0m: stop"), 2, "error: ?[31mred?[0m: stop\n"),
    (ValueError(f"{'x' * 9000}: shorter"), 2, f"error: {'x' * 100}…"),
    (ValueError("many words " * 900), 2, "error: many words"),
    (OSError(36, "File name too long", "a" * 9), 2, "error: aaaaaaaaa: File name too long: check"),
    (MemoryError(), 2, "error: out of memory: smaller inputs, --batch-size or --seeds\n"),
    *(
      (JaxRuntimeError(text), 2, "error: out of memory: smaller inputs")
      for text in (
        "RESOURCE_EXHAUSTED: no room",
        "INTERNAL: Error dispatching computation: Out of memory allocating 64 bytes",
        "INTERNAL: std::bad_alloc",
      )
    ),
    (stopping.Stopped("step 3 of 9 is saved"), 75, "stopped (step 3 of 9 is saved): "),
    (KeyboardInterrupt(), 75, "stopped: what is finished is kept; to go on, run the same"),
  ],
)
@pytest.mark.holds("signalled")
def test_every_end_has_its_code_and_one_line(error, code, said, capsys):
  assert command.guarded(raising(error)) == code
  text = capsys.readouterr().err
  assert text.startswith(said) and text.count("\n") == 1 and len(text) < 2000


def test_what_was_stopped_says_how_to_go_on(monkeypatch, capsys):
  monkeypatch.setattr("sys.argv", ["/somewhere/benchmarks/digits.py", "dann", "--out", "a b"])
  command.guarded(raising(stopping.Stopped("")))
  assert capsys.readouterr().err.endswith("python -m benchmarks.digits dann --out 'a b'\n")


def test_an_error_of_ours_is_not_hidden():
  with pytest.raises(KeyError):
    command.guarded(raising(KeyError("x")))
  with pytest.raises(JaxRuntimeError):
    command.guarded(raising(JaxRuntimeError("INTERNAL: a shape")))


@pytest.mark.parametrize(
  ("flag", "meant"),
  [
    ("--label", ": did you mean --label-column?"),
    ("--metod", ": did you mean --method?"),
    ("--methods", ": did you mean --method?"),  # and not the longer --methods-path
    ("--zz", ""),
  ],
)
def test_a_flag_that_is_not_there_names_the_nearest(flag, meant, capsys):
  parser = command.Parser(prog="adapt run")
  parser.add_argument("--label-column")
  parser.add_argument("--method")
  with pytest.raises(SystemExit):
    parser.parse_args([flag, "x"])
  assert capsys.readouterr().err == f"error: unrecognized arguments: {flag} x{meant} (see --help)\n"
