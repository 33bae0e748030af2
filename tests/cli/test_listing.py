"""What `adapt methods` prints: everything there is, in short and as a table."""

from adapt import methods, tuning, weights
from adapt.cli import main


def test_the_short_list_has_everything(capsys, monkeypatch):
  monkeypatch.setenv("COLUMNS", "200")
  assert main.main(["methods"]) == 0
  printed = capsys.readouterr().out
  for package in (methods, weights, tuning):
    assert all(f" {name} " in printed for name in package.names())


def test_the_table_has_every_method_under_its_family(capsys, monkeypatch):
  monkeypatch.setenv("COLUMNS", "200")
  assert main.main(["methods", "--table"]) == 0
  printed = capsys.readouterr().out
  assert all(f" {name} " in printed for name in methods.names())
  assert "adversarial (" in printed and "arXiv:1505.07818" in printed
