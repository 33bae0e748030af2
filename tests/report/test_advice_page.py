"""The page of advice: escaped, self-contained, and readable on a narrow screen in a real browser."""

import browser
import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.toy import blobs
from adapt.experiments.advice import advice
from adapt.report import advice_page

NAME = "<b>near</b> & a very long name indeed"


@pytest.fixture(scope="module")
def found():
  def of(name, seed, moved, keep):
    x, y = blobs(320, 0, seed)
    x, y = x[keep(y)] + np.float32(moved), y[keep(y)]
    return Domain(name, Split(x, y), Split(x[:8], y[:8]), tuple("abcdefgh"))

  every = [of(NAME, 1, 0.3, lambda y: y < 9), of("far", 2, 1.5, lambda y: y < 9)]
  return advice([*every, of("target", 3, 0.0, lambda y: y % 2 == 0)])


def test_names_are_text_and_nothing_is_asked_of_a_network(found):
  text = advice_page.page(found)
  assert "&lt;b&gt;near&lt;/b&gt; &amp; a very" in text and "<b>near" not in text
  for word in ("<script", "<link", "src=", "url(", "@import", "onload"):
    assert word not in text
  assert text.count("<svg") >= 4 and "Class shares" in text
  assert all(s.split(" (")[0][:20] in text for s in found.sentences if "<" not in s[:40])


def test_a_source_without_a_model_is_told(found):
  mute = found._replace(
    sources=tuple(s._replace(expected=None, stacked=None, shares=None) for s in found.sources),
    pooled=None,
  )
  text = advice_page.page(mute)
  assert "No source has a model" in text and "Class shares" not in text


@pytest.mark.skipif(browser.find() is None, reason="no Chromium: apt install chromium")
def test_a_narrow_screen_shows_all_of_it(found, tmp_path):
  place = tmp_path / "page.html"
  place.write_text(advice_page.page(found), "utf-8")
  shown = browser.Browser(tmp_path / "profile", (390, 900))
  try:
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    shown.ask("Emulation.setDeviceMetricsOverride", **size)
    shown.open(place)
    assert shown.value("document.documentElement.scrollWidth") <= 390
    over = (
      "[...document.querySelectorAll('svg text')].filter(t => {const b = t.getBoundingClientRect();"
    )
    assert shown.value(over + "return b.left < 0 || b.right > 390}).length") == 0
    assert shown.value("document.querySelectorAll('circle').length") > 500
    assert shown.complaints() == [] and shown.sent == [place.as_uri()]
  finally:
    shown.close()
