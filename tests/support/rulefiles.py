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

EXAMPLE = {
    "entities/middle-east.yaml": """\
# rules/entities/middle-east.yaml
format: 1
entities:
  - id: gaza
    type: place            # person | place | org | programme | law | office | event
    wikidata: Q39760
    names:
      en:
        - Gaza Strip
        - Gazan*
        - name: Gaza
          forbid: [Street, Province]        # near the mention: this mention is dropped, the article is not
          forbid_within: 2
        - name: the Strip
          require: [Gaza, Hamas, Rafah, Palestinian*]
          within: article                   # or a number of words
      ar: [غزة, قطاع غزة, الغزيين]
      he:
        - רצועת עזה
        - עזתי*
        - {name: עזה, forbid: [רחוב], forbid_within: 1}
      fr: [bande de Gaza, Gazaoui*]
  - id: il-strategic-affairs-minister
    type: office
    names: {en: [strategic affairs minister], he: [השר לעניינים אסטרטגיים], ar: [وزير الشؤون الاستراتيجية]}
    holders: [{id: ron-dermer, from: 2023-01}]   # add `to:` when the holder changes; rules keep working
  - {id: ron-dermer, type: person, names: {en: [Ron Dermer], he: [רון דרמר]}}
  - {id: egypt, type: place, names: {en: [Egypt, Cairo], ar: [مصر, القاهرة]}}
  - {id: jordan, type: place, names: {en: [Jordan, Amman], ar: [الأردن]}}
""".encode(),
    "packs/resettlement.yaml": """\
# rules/packs/resettlement.yaml
format: 1
pack: resettlement
title: Gaza - moving the population out
owner: mideast-desk
defaults:
  severity: high
  languages: [en, ar, he, fr]
  sources: {deny: [satire-weekly]}
  max_age: 36h
  route: [slack-mideast, mail-night-editor]
  throttle: {same_story: 6h, max: 12 per 1h}
lists:
  leaving:
    en: [resettl*, relocat*, displac*, mass migration, voluntary emigration, ethnic cleansing]
    ar: [تهجير, توطين, الهجرة الطوعية]
    he: [הגירה מרצון, טרנספר, גירוש]
    fr: [déplacement forcé, réinstall*, départs volontaires]
  taking-in:
    en: [take in, absorb, accept, house]
    ar: [استقبال, استيعاب]
    he: [לקלוט, קליטה]
    fr: [accueillir, absorber]
rules:
  - id: phrases                 # level 1: as easy as a Google Alert
    any: [Riviera of the Middle East, resettlement of Gazans, עיר הומניטרית, مدينة إنسانية]
  - id: core                    # level 2: one query
    query: |
      (NEAR/18($gaza, $leaving) OR SENT($gaza, $taking-in, ($egypt OR $jordan)))
      AND NOT title:(league OR striker OR منتخب)
  - id: weak-signals            # level 3: points, as in EMM
    severity: normal
    status: test                # recorded, not sent
    score:
      threshold: 30
      clauses:
        host:    {weight: 20, query: 'SENT($gaza, $taking-in)'}
        refusal: {weight: 15, title_bonus: 5, query: '($egypt OR $jordan) THEN/8 (reject* OR refus* OR "red line")'}
        inside:  {weight: -20, query: 'TIMES/2(Mawasi)'}
tests:
  should_match:
    - {rule: core, title: Egypt told to take in Gazans, text: Cairo refuses., because: [take in, Gazans]}
    - {rule: core, lang: ar, title: مصر ترفض, text: قالت إنها لن تقبل بالتهجير لسكان غزة., because: [بالتهجير]}
    - {rule: weak-signals, title: Jordan rejects idea, text: Nobody would house people from Gaza., because: [rejects]}
  should_not_match:
    - {title: Police clear Gaza Street, text: Residents were relocated for an hour.}
    - {title: Egypt loses to Jordan in league, text: The striker who left Gaza asked to relocate.}
""".encode(),
}
"""Section 6 of the rule format."""


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
