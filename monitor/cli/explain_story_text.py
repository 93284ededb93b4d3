"""What `wirewatch explain --story A B` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.cli import common, story_words

LITTLE = 0.01
"""Part of the likeness below which a term is not named."""
AGAINST = {
    "days": "they name other days",
    "magnitude": "quakes of other magnitudes",
    "number": "headlines of a series with other numbers",
    "subject": "nothing shared but what everybody tells of",
}
KINDS = {"live": "live blog", "round-up": "round-up"}


def print_pair(told: Mapping[str, Any], zone: str) -> None:
    """Print a comparison: what stands, what was recorded, and what the comparison says now."""
    earlier, later = told["earlier"], told["later"]
    for side in (earlier, later):
        print(common.bold(f"{side['article']}  {common.clean(side['title'])}"))
        trust = "" if side["trusted"] else ", not trusted"
        newsroom = f"{common.clean(side['newsroom'])} ({side['lang'] or '?'}{trust})"
        print(f"  {newsroom}, {common.when(side['at'], zone)} {zone}, story {side['story']}")
    print(common.bold(_headline(told)))
    print(f"  recorded of {later['article']}: {_recorded_line(told)}")
    print(f"  text: {_copy_line(told['copy'], earlier['article'])}")
    for line in _likeness_lines(told):
        print(f"  {line}")


def _headline(told: Mapping[str, Any]) -> str:
    stories = told["earlier"]["story"], told["later"]["story"]
    return f"one story ({stories[0]})" if told["one_story"] else f"two stories ({stories[0]} and {stories[1]})"


def _recorded_line(told: Mapping[str, Any]) -> str:
    kept = told["recorded"]
    if kept["duplicate_of"]:
        return story_words.copied(kept["duplicate_of"], kept["duplicate_reason"], kept["share"])
    return story_words.placed(kept["joined"], told["recorded"]["first"])


def _copy_line(found: Mapping[str, Any], earlier: str) -> str:
    """Return what the texts share in a sentence."""
    if found["same_url"] or found["same_text"]:
        return f"the same {'URL' if found['same_url'] else 'text'} as {earlier}"
    passages = found["passages"]
    counted = (
        f"{passages['in_common']:,} of {min(passages['earlier'], passages['later']):,} passages of "
        f"{found['passage_words']} words ({story_words.percent(found['share'])}) stand in both"
    )
    if found["copy"]:
        return f"a copy of {earlier}: {counted}"
    if found["too_short"]:
        return f"no copy: one of them has fewer than {found['least_words']} words, which name nothing alone"
    return f"no copy: {counted}"


def _likeness_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield whether the articles tell of one event, and what says so or speaks against it."""
    found = told["likeness"]
    if found is None:
        yield "event: not compared, one of them was placed by a version that kept nothing to compare"
        return
    way = "their words" if found["by"] == "words" else "names, things and numbers, the same in every language"
    verdict, sign = ("the same", ">=") if found["one_event"] else ("two", "<")
    yield f"event: {verdict}, by {way}: {found['score']:.2f} {sign} {found['least']:.2f} needed, {_apart(told)} apart"
    if told["whole"] is not None:
        whole = told["whole"]
        verb, of = "fits" if whole["fits"] else "does not fit", story_words.plural(whole["compared"], "article")
        times = f"{1 + whole['fit']:.2f} times what is needed, over {of}"
        yield f"  story {told['earlier']['story']} as a whole {verb}: {times}"
    shared = [f"{one['term']} {one['part']:.2f}" for one in found["shared"] if one["part"] >= LITTLE]
    yield f"  shared: {story_words.listed(shared, len(shared)) or 'nothing'}"
    for side in ("earlier", "later"):
        only = found["only"][side]
        if only:
            yield f"  only in {told[side]['article']}: {story_words.listed(only, len(only))}"
        if found["kind"][side]:
            kind = KINDS.get(found["kind"][side], found["kind"][side])
            yield f"  {told[side]['article']} is a {kind}: it may join a story, and nothing is compared with it"
    for code in found["veto"]:
        lost = found["likeness"] - found["score"]
        yield f"  against, by {lost:.2f} in all: {AGAINST[code]}{_either(found.get(code))}"


def _apart(told: Mapping[str, Any]) -> str:
    return story_words.after(abs(told["hours_apart"]) * 3600).removeprefix("+")


def _either(of: Mapping[str, Any] | None) -> str:
    """Return what each of the articles has, as `, 03-12 / 03-14`; nothing where it is not a matter of the two."""
    if of is None:
        return ""
    shown = (", ".join(one) if isinstance(one, list) else str(one) for one in (of["earlier"], of["later"]))
    return ", " + " / ".join(shown)
