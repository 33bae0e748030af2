"""The catalogue at a glance: every method has its family, its paper and the setting its traits say."""

import pytest

from adapt import catalogue, methods
from adapt.cli import overview
from adapt.method import Method


@pytest.mark.parametrize("name", methods.names())
def test_every_method_has_a_family_and_a_paper(name):
  row = overview.of(name)
  assert row.family in overview.FAMILIES
  assert row.paper[0].isupper() and any(c.isdigit() for c in row.paper)


def test_every_family_has_methods_and_is_shown_once():
  assert {overview.family(name) for name in methods.names()} == set(overview.FAMILIES)
  assert len(set(overview.FAMILIES)) == len(overview.FAMILIES)


@pytest.mark.parametrize(
  ("line", "family"),
  [("", "own"), ('FAMILY = "of mine"', "own"), ('FAMILY = "adversarial"', "adversarial")],
)
def test_a_users_own_file_says_its_family(line, family, tmp_path, monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {})
  (tmp_path / "mine.py").write_text(f'"""Mine."""\n\n{line}\n\n\ndef mine(net):\n  """Adapts."""\n')
  catalogue.add_folder("adapt.methods", str(tmp_path))
  assert overview.family("mine") == family


def test_settings_follow_from_traits():
  def of(**traits):
    return overview.setting(Method(None, None, None, **traits))

  assert of() == "unlabelled target"
  assert of(reads=("source", "target", "labelled")) == "few target labels"
  assert of(reads=("target",), starts="source") == "source model only"
  assert of(sources=2) == "several sources"
  assert of(serves=("open",)) == "unknown target classes"


def test_extra_state_is_counted():
  shown = overview.of("wdgrl").extra  # a plain critic of width 100 on LeNet's 256 features
  assert shown == f"critic {(256 * 100 + 100 + 100 + 1) / 1000:.1f} k"
  assert overview.of("coral").extra == "–"
