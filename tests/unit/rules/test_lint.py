"""Warnings: each speaks when it should, and is silent otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.rules import lint, load
from tests.support.rulefiles import files

TODAY = datetime(2025, 6, 1, tzinfo=UTC)
GOOD = "{should_match: [{title: x1}, {title: x1 b}], should_not_match: [{title: c}, {title: d}]}"


def codes(world: dict[str, bytes], strict: bool = False) -> list[str]:
    """Return the distinct codes of a lint run."""
    found = lint.lint(world, load.Known(), strict=strict, today=TODAY)
    assert all(fault.line and fault.fix for fault in found if fault.code.startswith("W"))
    return sorted({fault.code for fault in found})


def world(rules: str = "- {id: a, any: [x1]}", entity: str = "", **more: str) -> dict[str, bytes]:
    """Return a pack that lints clean, but for what the arguments change."""
    found = files(rules, **{"owner": "desk", "route": "[desk]", "tests": GOOD, "lint_ok": "[W602]", **more})
    del found["entities/world.yaml"]
    if entity:
        found["entities/e.yaml"] = f"format: 1\nentities:\n{entity}".encode()
    return found


def test_a_good_pack_lints_clean() -> None:
    """Nothing is said where nothing is wrong."""
    assert codes(world()) == []


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (
            world(entity="  - {id: katz, type: person, names: {en: [Katz]}}\n", rules="- {id: a, any: [x1, $katz]}"),
            "W502",
        ),
        (world("- {id: a, any: [x1, FMF]}"), "W504"),
        (
            world(
                entity="  - {id: aa, type: org, names: {en: [Foo]}}\n  - {id: bb, type: org, names: {fr: [foo]}}\n",
                rules="- {id: a, any: [x1, $aa, $bb]}",
            ),
            "W505",
        ),
        (world("- {id: a, any: [x1, foo], none: [Foo]}"), "W506"),
        (
            world(
                entity="  - {id: aa, type: org, names: {en: [{name: Mercury, forbid: [planet]}]}}\n",
                rules="- {id: a, any: [x1, $aa], none: [mercury]}",
            ),
            "W507",
        ),
        (world("- {id: a, any: [x1, foo OR bar]}"), "W509"),
        (world("- {id: a, any: [x1, resettled, resettl*]}"), "W510"),
        (world("- {id: a, any: [x1, Sa'ar, Saar]}"), "W510"),
        (world(entity="  - {id: aa, type: org, names: {en: [Foo]}}\n"), "W602"),
        (world(languages="[en, ar]"), "W603"),
        (world(owner="''"), "W701"),
        (world(active="{to: 2025-01}", tests="{}"), "W703"),
        (world(tests="{should_match: [{title: x1}]}"), "W901"),
        (world(tests=GOOD.replace("{title: c}", "{title: x1}")), "test_failed"),
    ],
)
def test_each_warning_speaks(found: dict[str, bytes], code: str) -> None:
    """Each lint finds what it is for."""
    assert code in codes(found)


@pytest.mark.parametrize(
    "rules",
    [
        "- {id: a, any: [x1, =FMF]}",
        "- {id: a, any: [x1, FMF], lint_ok: [W504]}",
        "- {id: a, any: [x1, {name: FMF, lint_ok: [W504]}]}",
        "- {id: a, any: [x1, national interest, national-interest]}",
        "- {id: a, any: [x1, or else]}",
    ],
)
def test_warnings_stay_silent(rules: str) -> None:
    """A warning is silenced by lint_ok, and does not speak of what is meant."""
    assert codes(world(rules)) == []


def test_names_in_several_languages_are_no_repetition() -> None:
    """The same name under two language keys of an entity is what people write."""
    entity = "  - {id: aa, type: org, names: {en: [Foobar], fr: [Foobar]}}\n"

    assert codes(world("- {id: a, any: [x1, $aa]}", entity)) == []


def test_an_office_without_holder_warns() -> None:
    """An office whose last holder left is told, so that somebody adds the next."""
    entity = (
        "  - {id: aa, type: person, names: {en: [Foo Bar]}}\n"
        "  - {id: bb, type: office, names: {en: [chief of foo]}, holders: [{id: aa, to: 2025-01}]}\n"
    )

    assert codes(world("- {id: a, any: [x1, $bb]}", entity)) == ["W703"]


def test_strict_makes_too_few_tests_an_error() -> None:
    """With --strict a live rule needs its tests."""
    assert codes(world(tests="{should_match: [{title: x1}]}"), strict=True) == ["E901"]
