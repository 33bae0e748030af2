"""The command that records show."""

from adapt.records import started


def test_a_command_tells_no_home(monkeypatch, tmp_path):
  monkeypatch.setenv("HOME", "/home/u")
  monkeypatch.chdir(tmp_path)
  words = [
    "adapt",
    "/home/u/a b.npz",
    "--out=/home/u/r",
    f"{tmp_path}/x.npz",
    "/data/x",
    "/home/u2",
  ]
  monkeypatch.setattr(started, "_command", words)
  assert started.shown() == "adapt ~/'a b.npz' '--out=~/r' x.npz /data/x /home/u2"


def test_a_command_is_shown_as_another_for_a_while():
  own = started.shown()
  with started.shown_as(["adapt", "bench", "digits"]):
    assert started.shown() == "adapt bench digits"
  assert started.shown() == own
