"""One entry in full: what its file and its traits say, with its flags."""

import importlib.util
import json
import re

import pytest

from adapt import catalogue, extras
from adapt.cli import commands, describe, kinds
from adapt.cli.kinds import KINDS


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")


def shown(capsys, *argv):
  assert commands.main(argv) == 0
  return capsys.readouterr().out


EVERY = [(k, n) for k in ("methods", "weights", "tunings") for n in KINDS[k].names()]


@pytest.mark.parametrize(("command", "name"), EVERY, ids=lambda v: v)
def test_a_page_fits_80_columns_and_has_every_flag(command, name):
  kind = KINDS[command]
  page = describe.page(kind, name)
  # A formula or an address has no place to be broken at.
  assert all(len(line) <= 80 or " " not in line.strip() for line in page.splitlines())
  for p in catalogue.parameters(catalogue.get(kind.package, name)):
    flag = f"{kind.prefix}{p.name.replace('_', '-')}"
    assert re.search(rf"^  --(\[no-\])?{flag}\b", page, re.MULTILINE), flag
  assert "use it\n  adapt run" in page


@pytest.mark.parametrize("command", ["methods", "weights", "tunings", "validators"])
def test_every_entry_has_its_equation(command):
  kind = KINDS[command]
  without = [n for n in kind.names() if not any(map(kinds.is_equation, kinds.doc(kind, n).notes))]
  assert not without


def test_an_equation_keeps_its_lines(monkeypatch):
  monkeypatch.setenv("COLUMNS", "40")
  page = describe.page(KINDS["methods"], "mcd").splitlines()
  first = next(n for n, line in enumerate(page) if line.startswith("    1. "))
  assert [line[4:6] for line in page[first : first + 3]] == ["1.", "2.", "3."]
  assert page[first - 1] == page[first + 3] == ""


@pytest.mark.parametrize("command", ["models", "validators"])
def test_a_page_of_what_has_no_flags_fits_too(command):
  for name in KINDS[command].names():
    page = describe.page(KINDS[command], name)
    assert page.startswith(f"{name}: ") and max(map(len, page.splitlines())) <= 80


def test_a_method_says_what_it_needs_and_where_others_go_wrong(capsys):
  page = " ".join(shown(capsys, "methods", "mme").split())
  for part in (
    "mme: minimax entropy with a few target labels",
    "paper Saito et al., 2019, arXiv:1904.06487",
    "family few labelled targets",
    "a few labelled target examples (--shots)",
    "starts a fresh network",
    "closed (the same on both sides), partial",
    "Where re-implementations go wrong: the reversal sits between",
    "--temperature divides the products of unit features and prototypes (the paper's T). (default: 0.05)",
    "adapt run --source A --target B --method mme --shots 5",
  ):
    assert part in page, part
  page = " ".join(shown(capsys, "methods", "shot").split())
  assert "starts the source model: source_only" in page and "setting source model only" in page
  assert "--source A B --target C" in shown(capsys, "methods", "mdan")


def test_a_weighting_says_what_is_not_installed(capsys, monkeypatch):
  assert "needs   piqp, scikit-learn\n" in shown(capsys, "weights", "kmm")
  real = importlib.util.find_spec
  monkeypatch.setattr(
    importlib.util, "find_spec", lambda n, *p: None if n == "piqp" else real(n, *p)
  )
  page = " ".join(shown(capsys, "weights", "kmm").split())
  assert f"piqp, scikit-learn (not installed: {extras.install('weights')})" in page


def test_a_tuning_and_a_model_say_where_they_start(capsys):
  assert "starts  the source model\n" in shown(capsys, "tunings", "lora")
  assert "starts  any start\n" in shown(capsys, "tunings", "full")
  assert "torchvision's resnet50: --pretrained resnet50" in shown(capsys, "models", "resnet50")
  assert "a second training of each run" in shown(capsys, "validators", "reverse")
  left_out = shown(capsys, "validators", "leave_one_domain_out")
  assert "a further training of each run for every source" in left_out
  for name in ("source_accuracy", "source_loss"):
    assert "source examples alone" in shown(capsys, "validators", name)


def test_a_page_for_programs_has_traits_as_the_method_says_them(capsys):
  found = json.loads(shown(capsys, "methods", "mdan", "--json"))
  assert found["reads"] == ["source", "target"] and found["source_domains"] == 2
  assert (found["starts"], found["classes"]) == ("scratch", ["closed", "partial"])
  flags = {flag["flag"]: flag for flag in found["flags"]}
  assert flags["--soft"]["kind"] == "bool" and flags["--soft"]["default"] is True
  assert flags["--width"]["default"] == 1024


def test_a_switch_is_shown_with_its_off(capsys):
  assert re.search(r"--\[no-\]soft .*", shown(capsys, "methods", "mdan"))


@pytest.mark.parametrize("command", KINDS)
def test_an_unknown_name_is_one_line(command, capsys):
  assert commands.main([command, "xyzzy"]) == 2
  said = capsys.readouterr().err
  assert said.count("\n") == 1 and said.startswith("error: unknown") and "choose from" in said
