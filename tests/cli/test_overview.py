"""The catalogue at a glance: every method has its family, its paper and the setting its traits say."""

import pytest

from adapt import methods
from adapt.cli import overview
from adapt.method import Method


@pytest.mark.parametrize("name", methods.names())
def test_every_method_has_a_family_and_a_paper(name):
  row = overview.of(name)
  assert row.family in overview.FAMILIES
  assert row.paper[0].isupper() and any(c.isdigit() for c in row.paper)


def test_families_name_methods_that_are_there_once():
  named = [name for names in overview.FAMILIES.values() for name in names.split()]
  assert sorted(named) == sorted(methods.names())


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
