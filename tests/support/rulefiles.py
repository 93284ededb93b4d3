"""Rule files for tests: a small world of entities, and packs written in a line or two."""

from __future__ import annotations

from textwrap import dedent

from monitor import model
from monitor.rules import compile, load

ENTITIES = """\
format: 1
entities:
  - id: gaza
    type: place
    names:
      en:
        - Gaza Strip
        - Gazan*
        - name: Gaza
          forbid: [Street, Province, Gaza Cola]
          forbid_within: 2
        - name: the Strip
          require: [Gaza, Hamas]
          within: article
      ar: [غزة, قطاع غزة]
      he:
        - רצועת עזה
        - {name: עזה, forbid: [רחוב], forbid_within: 1}
  - id: usa
    type: place
    names: {en: [=US, White House]}
  - id: ron-dermer
    type: person
    names: {en: [Ron Dermer]}
  - id: gila-gamliel
    type: person
    names: {en: [Gila Gamliel]}
  - id: strategic-minister
    type: office
    names: {en: [strategic affairs minister]}
    holders:
      - {id: ron-dermer, from: 2023-01, to: 2025-11}
      - {id: gila-gamliel, from: 2025-12}
"""


def pack(rules: str, name: str = "p", **more: str) -> bytes:
    """Return a pack file with `rules` (YAML of the list's items) and further top-level keys."""
    extra = "".join(f"{key}: {value}\n" for key, value in more.items())
    body = "".join(f"  {line}\n" for line in dedent(rules).strip().splitlines())
    return f"format: 1\npack: {name}\n{extra}rules:\n{body}".encode()


def files(rules: str, **more: str) -> dict[str, bytes]:
    """Return the small world and one pack `p`."""
    return {"entities/world.yaml": ENTITIES.encode(), "packs/p.yaml": pack(rules, **more)}


def ruleset(rules: str, **more: str) -> compile.RuleSet:
    """Return the compiled rules of one pack `p`; it must be without error."""
    loaded = load.load_packs(files(rules, **more))
    assert not [str(fault) for fault in loaded.faults if fault.is_error]
    return compile.compile_rules(loaded.packs)


def article(text: str, title: str = "", **more: object) -> model.Article:
    """Return an article."""
    return model.Article(title=title, text=text, **more)  # type: ignore[arg-type]
