"""Each fault and abuse of the catalogue has a test that names it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FAULTS = [f"f{number:02}" for number in range(1, 46)]
ABUSES = [f"a{number:02}" for number in range(1, 26)]
_TEST = re.compile(r"^\s*(?:async )?def test_((?:[af]\d\d_)+)\w+\(", re.MULTILINE)


def named() -> Counter[str]:
    """Return how many tests name each id: `test_f29_f31_...` names two."""
    texts = (path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    return Counter(name for text in texts for ids in _TEST.findall(text) for name in ids.strip("_").split("_"))


@pytest.mark.parametrize("name", [*FAULTS, *ABUSES])
def test_every_id_of_the_catalogue_has_a_test(name: str) -> None:
    """A fault that no test names is one that nobody tried."""
    assert named()[name] > 0


def test_ids_are_read_from_names() -> None:
    """A name with several ids counts for each of them, and a word that looks like one does not."""
    found = [ids.strip("_").split("_") for ids in _TEST.findall("def test_f29_a01_f31_x(\nasync def test_a7_x(\n")]

    assert found == [["f29", "a01", "f31"]]
