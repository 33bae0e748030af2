"""What processes agree on: process 0's word, everybody's errors, arrays to the bit."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.training import hosts


class Told(Exception):
  """More was asked of the other processes than a test has them say."""


@pytest.fixture
def company(monkeypatch):
  """Makes this process one of several; `said` is what the others say, exchange by exchange."""

  def of(process, *said):
    answers = iter(said)

    def exchanged(text):
      others = next(answers, None)
      if others is None:
        raise Told
      return [*others[:process], text, *others[process:]]

    monkeypatch.setattr(hosts._State, "joined", True)
    monkeypatch.setattr(jax, "process_index", lambda: process)
    monkeypatch.setattr(hosts, "_exchanged", exchanged)

  return of


def fails():
  raise ValueError("no such file")


def test_alone_nothing_is_exchanged():
  assert not hosts.several() and hosts.leads()
  assert hosts.together(lambda: 3) == hosts.led(lambda: 3) == hosts.agreed(lambda: 3) == 3
  assert hosts.anyone(True) and not hosts.anyone(False)
  hosts.alike("data", {})
  like = np.zeros(2)
  assert hosts.same(like) is like and hosts.same(like, lambda: 7) == 7
  with pytest.raises(ValueError, match="no such file") as raised:
    hosts.agreed(fails)
  assert not isinstance(raised.value, hosts.Agreed)


def test_process_0_decides_alone(company):
  company(1, [""], [json.dumps([1, "a"])])
  assert not hosts.leads()
  assert hosts.agreed(fails) == [1, "a"]  # its own is not asked for


def test_process_0_hears_itself(company):
  company(0, [""], [""])
  assert hosts.agreed(lambda: {"done": [5, 10]}) == {"done": [5, 10]}


@pytest.mark.parametrize(("process", "work"), [(0, fails), (1, lambda: 3)])
def test_an_error_of_process_0_is_everybodys(company, process, work):
  company(process, [""] if process == 0 else ["no such file"])
  with pytest.raises(hosts.Agreed, match=r"^no such file$"):
    hosts.led(work)


@pytest.mark.parametrize(("process", "work"), [(0, lambda: 3), (1, fails)])
def test_an_error_of_another_says_whose_it_is(company, process, work):
  company(process, [""] if process == 1 else ["no such file"])
  with pytest.raises(hosts.Agreed, match=r"^process 1: no such file$"):
    hosts.together(work)


def test_one_that_hears_a_signal_is_enough(company):
  company(0, ["", "1"], ["", ""])
  assert hosts.anyone(False)
  assert not hosts.anyone(False)


def test_other_data_are_refused(company):
  company(1, ['{"a": "12"}'], ['{"a": "13"}'])
  hosts.alike("data", {"a": "12"})
  with pytest.raises(hosts.Agreed, match=r'process 1 has other data .* \(a "12" instead of "13"\)'):
    hosts.alike("data", {"a": "12"})


def test_what_only_one_process_has_is_a_difference(company):
  company(0, ["{}", '{"x": [1, 2]}'])
  with pytest.raises(hosts.Agreed, match=r"\(x \[1, 2\] instead of null\)"):
    hosts.alike("flags", {})


def test_arrays_are_process_0s_to_the_bit(company, monkeypatch):
  def tree(sign):
    return {
      "zero": jnp.array(sign * 0.0),
      "half": jnp.full((2, 3), sign * 1.5, jnp.bfloat16),
      "key": jax.random.split(jax.random.key(2 + int(sign)), 3),
      "none": jnp.zeros((0, 4)),
      "count": np.array([sign * 7], np.int32),
    }

  sent = []
  monkeypatch.setattr(hosts, "_from_first", lambda content: sent.append(content) or sent[0])
  company(0, [""])
  hosts.same(tree(1.0), lambda: tree(-1.0))
  company(1, [""])
  got = hosts.same(tree(1.0), fails)
  for name, (ours, theirs) in {n: (got[n], tree(-1.0)[n]) for n in got}.items():
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, name
    if name == "key":
      ours, theirs = map(jax.random.key_data, (ours, theirs))
    assert np.asarray(ours).tobytes() == np.asarray(theirs).tobytes(), name


def test_words_of_any_length_come_through_unchanged():
  """The exchange itself, with one process in the company."""
  for text in ("", "é" * 300, "x"):
    assert hosts._exchanged(text) == [text]
