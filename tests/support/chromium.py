"""Chromium as the tests and the pictures of the manual start it: no network of its own, nothing of a first run."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: tools/install-test-packages")

CONTRAST = """element => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let ground = element;
  const seen = e => numbers(getComputedStyle(e).backgroundColor);
  while (ground.parentElement && seen(ground)[3] === 0) ground = ground.parentElement;
  const own = seen(ground);
  const below = light(own[3] === 0 ? [255, 255, 255] : own);
  const above = light(numbers(getComputedStyle(element).color));
  return (Math.max(above, below) + 0.05) / (Math.min(above, below) + 0.05);
}"""
"""The contrast of an element with what it stands on, as WCAG counts it."""
