"""Which rules of an edited pack are not the live ones."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from monitor.backtest.sameness import is_same, same_rules
from monitor.rules import load, packs

ENTITIES = """\
format: 1
entities:
  - {id: gaza, type: place, names: {en: [Gaza]}}
  - {id: minister, type: office, names: {en: [the minister]}, holders: [{id: dermer}]}
  - {id: dermer, type: person, names: {en: [Dermer]}}
"""
PACK = """\
format: 1
pack: aid
lists:
  money: {any: [grant, loan]}
rules:
  - {id: plain, any: [embargo, blockade]}
  - {id: listed, query: "$money AND NOT football"}
  - {id: named, query: "NEAR/5($gaza, $minister)"}
"""
RULES = {"plain", "listed", "named"}


def pack(text: str = PACK, entities: str = ENTITIES) -> packs.Pack:
    """Return the pack of a file."""
    loaded = load.load_packs({"packs/aid.yaml": text.encode(), "entities/all.yaml": entities.encode()})
    assert not loaded.broken, loaded.faults
    return loaded.packs[0]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("pack: aid\n", "pack: aid\n# a line more\n", set()),
        ("embargo", "sanctions", {"plain"}),
        ("loan", "subsidy", {"listed"}),
        ("NOT football", "NOT league", {"listed"}),
        ("NEAR/5", "NEAR/6", {"named"}),
        ("rules:\n", "languages: [en]\nrules:\n", RULES),
        ("id: plain", "id: other", {"other"}),
    ],
)
def test_a_rule_is_the_same_wherever_it_stands(before: str, after: str, changed: set[str]) -> None:
    """A rule counts as changed by what it says and by what its lists hold, not by the lines above it."""
    assert before in PACK

    edited = pack(PACK.replace(before, after))

    assert {rule.id for rule in edited.rules} - same_rules(pack(), edited) == changed


def test_what_a_name_leads_to_counts_through_other_names() -> None:
    """A rule that names an office has changed where the alias of its holder has."""
    edited = pack(entities=ENTITIES.replace("[Dermer]", "[Dermer, R. Dermer]"))

    assert same_rules(pack(), edited) == {"plain", "listed"}


@pytest.mark.parametrize("name", [field.name for field in fields(packs.Item)])
def test_every_word_of_an_item_counts(name: str) -> None:
    """An item is another one where anything of it is: its term, its languages, what must or must not stand near."""
    loan = next(item for item in pack().vocabularies["money"].items if item.term.written == "loan")
    other = {"term": replace(loan.term, written="loans"), "require": (loan.term,), "forbid": (loan.term,)}

    assert is_same(loan, replace(loan))
    assert not is_same(loan, replace(loan, **{name: other.get(name, frozenset({"fr"}))}))
