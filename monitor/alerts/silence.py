"""Which silence mutes an alert. Pure.

A silence names a pack, a rule, a story, a newsroom or words, with an end; where it names several, all of them must fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor import text


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute with an end; None stands for any."""

    id: int
    until: datetime
    pack: str | None = None
    rule: str | None = None
    story_id: int | None = None
    newsroom: str | None = None
    words: str | None = None
    """A phrase as the person wrote it; it is looked for by its folded words."""


@dataclass(frozen=True, slots=True)
class Muted:
    """What silences look at in an alert."""

    pack: str
    rules: Sequence[str]
    story_id: int
    newsroom: str
    words: str
    """Folded words of title and text, with single spaces."""


def find_silence(silences: Iterable[Silence], alert: Muted, now: datetime) -> Silence | None:
    """Return the silence that mutes the alert at `now`, the first of several."""
    return next((silence for silence in silences if silence.until > now and _fits(silence, alert)), None)


def _fits(silence: Silence, alert: Muted) -> bool:
    if silence.rule is not None and set(alert.rules) != {silence.rule}:
        return False  # another rule fired as well: it is not silenced
    return (
        silence.pack in (None, alert.pack)
        and silence.story_id in (None, alert.story_id)
        and (silence.newsroom is None or silence.newsroom.casefold() == alert.newsroom.casefold())
        and (silence.words is None or _says(alert.words, silence.words))
    )


def _says(words: str, phrase: str) -> bool:
    wanted = " ".join(text.folded_words(phrase))
    return bool(wanted) and f" {wanted} " in f" {words} "
