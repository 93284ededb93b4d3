"""Part of the deciding step: who stands behind a story, kept up as its articles come (`stories.independence`).

Call `speak` once an article is stored with its story and what it copies; one that a story begins with is stored with
its word instead (`store.voices.begin`). Call `merge` and `recount` (of both) where articles changed their story.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.store import voices
from monitor.store.store import Connection
from monitor.stories import independence, names
from monitor.stories.independence import Claim

MOST_HOPS = 50
"""Copies of copies that are followed back; what a loop of them would be is not followed for ever."""


def speak(connection: Connection, article_id: int, credited: Sequence[str]) -> None:
    """Store whom an article credits, and count it among those who give the same word.

    For a new article and for each new revision. Costs the same in a story of any size, but for a copy that is the first
    of its text to name its source: it changes the word of all copies before it.
    """
    speaker = voices.get_speaker(connection, article_id)
    if speaker is None or (speaker.claim is not None and speaker.credits == tuple(credited)):
        return
    speaker = replace(speaker, credits=tuple(credited))
    if speaker.claim is not None:
        _change(connection, speaker)
    elif speaker.counted:
        _add(connection, speaker)
    else:
        _tell(connection, speaker, independence.NOBODY)
        recount(connection, speaker.story_id)


def voices_of(connection: Connection, story_id: int) -> tuple[str, ...]:
    """Return the names of the independent newsrooms behind a story, in order of arrival; their number is the count."""
    spoken = [(Claim.from_text(row.claim), row.newsroom) for row in voices.list_spoken(connection, story_id)]
    sources = independence.choose_sources(claim for claim, _ in spoken)
    found: dict[str, str] = {}
    for claim, newsroom in spoken:
        source = sources[claim]
        own = newsroom if names.newsroom_key(newsroom) == source else None
        found.setdefault(source, names.label(source, own))
    return tuple(found.values())


def merge(connection: Connection, story_id: int, into: int) -> None:
    """Count the voices of a story for the one that all its articles belong to now; a row for each claim and feed."""
    voices.merge(connection, story_id, into)


def recount(connection: Connection, story_id: int) -> None:
    """Count a story's voices anew from all its articles: after a split, or where a version before did not count."""
    voices.clear(connection, story_id)
    speakers = voices.list_speakers(connection, story_id)
    heads = independence.chain_heads({speaker.id: speaker.duplicate_of for speaker in speakers})
    chains: dict[int, list[voices.Speaker]] = {}
    for speaker in speakers:
        chains.setdefault(heads[speaker.id], []).append(speaker)
    for chain in chains.values():
        first = next((speaker for speaker in chain if speaker.trusted), chain[0])
        voices.record_head(connection, [speaker.id for speaker in chain if speaker is not first], first.id)
    by_claim: dict[str, list[voices.Speaker]] = {}
    for chain in chains.values():
        by_claim.setdefault(_claim_of(chain).to_text(), []).extend(chain)
    for claim, speaking in by_claim.items():
        voices.record_claims(connection, speaking, claim)


def _add(connection: Connection, speaker: voices.Speaker) -> None:
    """Count a new article."""
    head = _head(connection, speaker)
    claim = independence.claim_of(speaker.newsroom, speaker.credits, speaker.aggregator)
    if head is None:
        _tell(connection, speaker, claim)
        return
    if speaker.trusted and not head.trusted:  # whoever copied first does not speak for whom it copied
        voices.record_head(connection, (head.id,), speaker.id)
        _tell(connection, speaker, claim)
        return
    chain = Claim.from_text(head.claim or "")
    owed = independence.joined(chain, claim) if speaker.trusted else chain
    if owed.to_text() != (head.claim or ""):
        copies = voices.list_copies(connection, head.id)
        voices.record_claims(connection, (head, *copies), owed.to_text())
    _tell(connection, speaker, owed, head.id)


def _change(connection: Connection, speaker: voices.Speaker) -> None:
    """Count a chain of copies anew, one of which credits others than before."""
    _tell(connection, speaker, Claim.from_text(speaker.claim or ""), speaker.copied_id)
    head = _head(connection, speaker) or speaker
    chain = [head, *voices.list_copies(connection, head.id)]
    voices.record_claims(connection, chain, _claim_of(chain).to_text())


def _tell(connection: Connection, speaker: voices.Speaker, claim: Claim, head: int | None = None) -> None:
    voices.record_speaker(connection, speaker, voices.Told(speaker.credits, claim.to_text(), head))


def _claim_of(chain: Sequence[voices.Speaker]) -> Claim:
    """Return the claim of a chain of copies: of its trusted articles, if it has any."""
    heard = [speaker for speaker in chain if speaker.trusted] or list(chain)
    found = independence.claim_of(heard[0].newsroom, heard[0].credits, heard[0].aggregator)
    for speaker in heard[1:]:
        found = independence.joined(found, independence.claim_of(speaker.newsroom, speaker.credits, speaker.aggregator))
    return found


def _head(connection: Connection, speaker: voices.Speaker) -> voices.Speaker | None:
    """Return the article at the head of the chain of copies that `speaker` belongs to, None if that is itself."""
    before = speaker.copied_id if speaker.copied_id is not None else speaker.duplicate_of
    found = None
    for _ in range(MOST_HOPS):
        if before == speaker.id:
            return None
        if before is None:
            return found
        found = voices.get_speaker(connection, before)
        if found is None or found.story_id != speaker.story_id:
            return None
        before = found.copied_id
    return found
