"""What peeling clitics is worth: gold mentions of places and people, and the packs' recall, with clitics on and off.

```
python -m tests.eval.names [CASES.yaml ...]
```

Gold mentions come from two corpora of other people (`ner-hebrew-nemo`, `ner-arabic-anercorp`, outside the repository).
A mention counts for an entity when its name, written as a dictionary would write it, is what is left of the gold
mention without the prefixes that its corpus marks (Hebrew), or that any reader may take off (Arabic). Country names
come from Unicode's CLDR, not from the rules; names of people are few in texts that are twenty to thirty years old.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from monitor import model
from monitor.rules import compile, evaluate, packs, terms
from monitor.rules.view import View
from tests.eval import labelled
from tests.support.corpora import DATA

COUNTRIES = {"EG": "egypt", "IL": "israel", "JO": "jordan", "US": "usa"}
MORE = {
    "he": {
        "עזה": "gaza", "רצועת עזה": "gaza", "קהיר": "egypt", 'ארה"ב': "usa", "ירושלים": "israel", "תל אביב": "israel",
        "וושינגטון": "usa", "סיני": "sinai", "רפיח": "rafah", "נתניהו": "netanyahu", "בנימין נתניהו": "netanyahu",
    },
    "ar": {
        "غزة": "gaza", "قطاع غزة": "gaza", "القاهرة": "egypt", "الولايات المتحدة": "usa", "واشنطن": "usa",
        "سيناء": "sinai", "رفح": "rafah", "نتانياهو": "netanyahu", "محمود عباس": "mahmoud-abbas",
    },
}  # fmt: skip
ARABIC_PREFIX = re.compile(r"^(?:[وف])?(?:[بلك])?")
PLACES = ("LOC", "GPE", "FAC")
PEOPLE = ("PER", "PERS")


def without_clitics(value: Any) -> Any:
    """Return a pack, or any part of it, whose terms match no word that has something attached in front."""
    if isinstance(value, terms.Term):
        return dataclasses.replace(value, clitics=False)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(without_clitics, value))
    if isinstance(value, dict):
        return {key: without_clitics(inner) for key, inner in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: without_clitics(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


def names_of(lang: str) -> dict[str, str]:
    """Return name -> entity."""
    territories = json.loads((DATA / "aliases" / "cldr-territories.json").read_text("utf-8"))
    found = {_name(territories, code, lang): entity for code, entity in COUNTRIES.items()}
    return {name: entity for name, entity in (found | MORE[lang]).items() if name}


def _name(territories: Any, code: str, lang: str) -> str:
    return str((territories.get(code) or {}).get(lang, ""))


def hebrew_mentions() -> Iterator[tuple[str, str, str]]:
    """Yield (sentence, the mention as it stands there, the mention without the prefixes that the corpus marks)."""
    for file in sorted((DATA / "ner-hebrew-nemo").glob("ud_token-multi_*.jsonl.gz")):
        for row in _rows(file):
            for first, last in _hebrew_spans(row["tags"]):
                words = row["tokens"][first : last + 1]
                prefixes = (
                    row["tags"][first].split("^").index(next(t for t in row["tags"][first].split("^") if t != "O"))
                )
                yield " ".join(row["tokens"]), " ".join(words), " ".join([words[0][prefixes:], *words[1:]])


def _hebrew_spans(tags: list[str]) -> Iterator[tuple[int, int]]:
    start = None
    for number, tag in enumerate(tags):
        last = tag.split("^")[-1]
        kind = last.partition("-")[2]
        if last[:1] in ("S", "B") and kind in (*PLACES, *PEOPLE):
            start = number
        if last[:1] in ("S", "E") and start is not None:
            yield start, number
            start = None


def arabic_mentions() -> Iterator[tuple[str, str, str]]:
    """Yield the same; prefixes of one letter are taken off where that leaves a name."""
    for row in _rows(DATA / "ner-arabic-anercorp" / "dev.jsonl.gz"):
        tokens, tags = row["tokens"], row["tags"]
        for number, tag in enumerate(tags):
            if tag[:2] == "B-" and tag[2:] in (*PLACES, *PEOPLE):
                end = number
                while end + 1 < len(tags) and tags[end + 1] == "I-" + tag[2:]:
                    end += 1
                mention = " ".join(tokens[number : end + 1])
                yield " ".join(tokens), mention, mention


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def bare_names(mention: str, names: dict[str, str], lang: str) -> str | None:
    """Return the name that `mention` writes, None where it is none of ours."""
    if mention in names:
        return mention
    if lang != "ar":
        return None
    stripped = {ARABIC_PREFIX.sub("", mention), mention[1:], mention[2:]}
    stripped |= {"ال" + rest[1:] for rest in (mention, mention[1:]) if rest.startswith("لل")}
    return next((name for name in names if name in stripped), None)


def recall(lang: str, rules: compile.RuleSet) -> tuple[Counter[str], Counter[str]]:
    """Return for each entity its gold mentions and those that the entity's names find in place."""
    names = names_of(lang)
    nodes = _entities(rules)
    gold, found = Counter[str](), Counter[str]()
    for sentence, mention, bare in hebrew_mentions() if lang == "he" else arabic_mentions():
        name = bare_names(bare, names, lang)
        if name is None or names[name] not in nodes:
            continue
        entity = names[name]
        gold[entity] += 1
        view = View(model.Article("", sentence, lang))
        places = [view.place(hit.lo, hit.hi)[3] for hit in evaluate.evaluate(nodes[entity], view)]
        found[entity] += any(mention in place or place in mention for place in places)
    return gold, found


def _entities(rules: compile.RuleSet) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for rule in rules.rules:
        nodes.update(_named(rule.node))
    return nodes


def _named(node: Any) -> Iterator[tuple[str, Any]]:
    if type(node).__name__ == "Named":
        yield node.id, node
    for name in ("child", "other", "children", "without", "clauses", "require", "forbid"):
        inner = getattr(node, name, ())
        for child in inner if isinstance(inner, tuple) else (inner,):
            if dataclasses.is_dataclass(child):
                yield from _named(child)


def pack_recall(found: Iterable[packs.Pack], cases: Iterable[labelled.Case], lang: str) -> tuple[int, int]:
    """Return how many wanted alerts of one language are raised, and how many are wanted."""
    wanted = [case for case in cases if case.article.lang == lang]
    outcomes = labelled.run_cases(compile.compile_rules(found), wanted)
    pairs = [(pack in outcome.fired) for outcome in outcomes for pack in outcome.case.expected]
    return sum(pairs), len(pairs)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", type=Path, help="labelled cases, as for tests.eval.packs")
    given = parser.parse_args()
    rules = labelled.load_rules(labelled_rules())
    bare = [without_clitics(pack) for pack in rules.packs.values()]
    bare_rules = compile.compile_rules(bare)
    print("gold mentions          entity            gold  clitics on  clitics off")
    for lang, corpus in (("he", "ner-hebrew-nemo"), ("ar", "ner-arabic-anercorp")):
        gold, on = recall(lang, rules)
        _, off = recall(lang, bare_rules)
        for entity in [*sorted(gold), "all"]:
            counts = [sum(c.values()) if entity == "all" else c[entity] for c in (gold, on, off)]
            print(
                f"{corpus:22} {entity:16} {counts[0]:5} {_share(counts[1], counts[0])} {_share(counts[2], counts[0])}"
            )
    for file in given.cases:
        cases = labelled.load_cases(file)
        for lang in ("ar", "he"):
            on, all_ = pack_recall(rules.packs.values(), cases, lang)
            off, _ = pack_recall(bare, cases, lang)
            shares = f"{on / all_:.3f} with clitics, {off / all_:.3f} without, of {all_}"
            print(f"recall of the packs, {file.name}, {lang}: {shares}")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:11.3f}" if whole else "          -"


def labelled_rules() -> Path:
    """Return the shipped rule folder."""
    return Path(__file__).resolve().parents[2] / "rules"


if __name__ == "__main__":
    main()
