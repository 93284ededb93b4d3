"""Pre-selection loses no match: tested against evaluation of everything."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import model
from monitor.rules import compile, load, match

WORDS = [
    "gaza", "Gazans", "resettle", "re-settle", "re", "settle", "take", "in", "US", "U.S.", "us", "Sa'ar", "l'Égypte",
    "1,300", "1.3bn", "F-35", "a-b-c", "غزة", "وغزة", "بالتهجير", "تهجير", "للقاهرة", "القاهرة", "עזה", "שבעזה",
    "ב-קהיר", "קהיר", "בקהיר", "ארה״ב", "Каир", "Каире",
]  # fmt: skip
TERMS = [
    "gaza", "Gaza*", "=US", "us", "resettle", "re-settle", "resettl*", "take in", "settle take", "re-settle us",
    "Sa'ar", "Égypte", "1300", "1.3 bn", "f35", "abc", "a-b", "غزة", "تهجير", "القاهرة", "تهج*", "עזה", "קהיר",
    "עזה קהיר", "ארה״ב", "קהי*", "Каир*", "re?ettle", "$places", "$words", '="US in"',
]  # fmt: skip

texts = st.lists(st.sampled_from(WORDS), max_size=14).flatmap(
    lambda words: st.lists(
        st.sampled_from([" ", " ", " ", "\n", ". ", ", ", "-", "-\n"]), min_size=len(words), max_size=len(words)
    ).map(lambda gaps: "".join(word + gap for word, gap in zip(words, gaps, strict=True)))
)
terms = st.lists(st.sampled_from(TERMS), min_size=1, max_size=3)
plain = st.sampled_from([term for term in TERMS if not term.startswith("$")])
aliases = st.fixed_dictionaries(
    {"name": plain},
    optional={
        "require": st.lists(plain, min_size=1, max_size=2),
        "forbid": st.lists(plain, min_size=1, max_size=2),
        "clitics": st.sampled_from(["true", "false"]),
        "langs": st.just(["ar"]),
    },
)
rules = st.fixed_dictionaries({"all": terms}, optional={"any": terms, "none": terms})


def as_text(value: object) -> bytes:
    """Return JSON, which is YAML too."""
    return json.dumps(value, ensure_ascii=False).encode()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(rules, min_size=1, max_size=4),
    st.lists(aliases, min_size=1, max_size=3),
    terms,
    texts,
    texts,
    st.sampled_from([None, "en", "ar", "he"]),
)
def test_preselection_loses_no_match(
    written: list[dict[str, object]], names: list[object], words: list[str], title: str, body: str, lang: str | None
) -> None:
    """Matching through the automaton gives what evaluating every rule gives, evidence included."""
    numbered = [{"id": f"r{n}", **rule} for n, rule in enumerate(written)]
    place = {"id": "places", "type": "place", "names": {"en": names}}
    listed = {"words": {"any": [w for w in words if not w.startswith("$")] or ["gaza"], "he": ["עזה"]}}
    files = {
        "entities/e.yaml": as_text({"format": "1", "entities": [place]}),
        "packs/p.yaml": as_text({"format": "1", "pack": "p", "lists": listed, "rules": numbered}),
    }
    loaded = load.load_packs(files)
    assert not [str(fault) for fault in loaded.faults]
    ruleset = compile.compile_rules(loaded.packs)
    article = model.Article(title=title, text=body, lang=lang)

    found = match.match_article(ruleset, article)

    assert found == match.match_everything(ruleset, article)
    for evidence in (e for m in found for e in m.evidence):
        assert (title if evidence.field == "title" else body)[evidence.start : evidence.end] == evidence.text
