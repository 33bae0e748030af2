"""The page of advice: escaped, self-contained, and readable on a narrow screen in a real browser."""

import html
import re

import browser
import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.toy import blobs
from adapt.evaluation.class_shares import ClassShares
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


def test_a_source_has_one_colour_in_all_pictures(found):
  last, *others = found.sources[::-1]  # not the order in which the inputs were given
  order = found._replace(sources=(last._replace(stacked=None), *others))  # one bar is missing
  text = advice_page.page(order)
  bars = re.findall(r'text-anchor="end">([^<]*)</text><rect [^>]*height="16" fill="(#\w+)"', text)
  key = re.findall(r'background:(#\w+)"></span>(far|target|&lt;b&gt;near)', text)
  near, far = ({c for n, c in bars if n.startswith(name)} for name in ("&lt;b&gt;near", "far"))
  assert len(near) == len(far) == 1 and near != far and len(bars) == 5
  assert {n: c for c, n in key} == {
    "&lt;b&gt;near": near.pop(),
    "far": far.pop(),
    "target": "#333333",
  }


def test_a_source_without_a_model_is_told(found):
  mute = found._replace(
    sources=tuple(s._replace(expected=None, stacked=None, shares=None) for s in found.sources),
    pooled=None,
  )
  text = advice_page.page(mute)
  assert "No source has a model" in text and "Class shares" not in text
  first, *others = found.sources
  text = advice_page.page(found._replace(sources=(*others, first._replace(stacked=None))))
  assert f"Without a bar: {html.escape(first.name)}, whose model says nothing" in text


@pytest.mark.skipif(browser.find() is None, reason="no Chromium: apt install chromium")
def test_a_narrow_screen_shows_all_of_it(found, tmp_path):
  place = tmp_path / "page.html"
  shares = ClassShares(("well", "ill"), (0.5, 0.5), (0.0, 1.0), (0.04, 0.04), 2.0, True, 0.001)
  # 50% → 100% stands beside the longest bar.
  wide = found._replace(pooled=found.pooled._replace(shares=shares))
  place.write_text(advice_page.page(wide), "utf-8")
  shown = browser.Browser(tmp_path / "profile", (390, 900))
  try:
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    shown.ask("Emulation.setDeviceMetricsOverride", **size)
    shown.open(place)
    assert shown.value("document.documentElement.scrollWidth") <= 390
    over = (
      "[...document.querySelectorAll('svg text')].filter(t => {const b = t.getBoundingClientRect(), "
      "s = t.ownerSVGElement.getBoundingClientRect();"
    )
    assert shown.value(over + "return b.left < s.left || b.right > s.right}).length") == 0
    assert shown.value("document.querySelectorAll('circle').length") > 500
    assert shown.complaints() == [] and shown.sent == [place.as_uri()]
  finally:
    shown.close()
