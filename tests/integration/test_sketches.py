"""Which stored articles a text is compared with, the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bench.copies_stream import Stream, Told
from monitor import text
from monitor.store import sketches
from monitor.store.schema import articles
from monitor.store.schema import sketches as rows
from monitor.stories import copies, sketch
from tests.support.prose import prose


@pytest.fixture
def stream(database_url: str) -> Iterator[Stream]:
    """Articles placed one after the other, as the deciding step places them."""
    made = Stream(database_url)
    yield made
    made.close()


def sketched(body: str) -> sketch.Sketch:
    """Return the sketch of a text."""
    return sketch.sketch_of(text.folded_words(body))


def found(stream: Stream, body: str, trusted: bool = True, but: int | None = None) -> list[tuple[int, bool]]:
    """Return (article, whether it may be joined) of what shares hashes with a text."""
    near = sketches.find(stream.connection, sketched(body), trusted, but)
    return [(one.article_id, one.joinable) for one in near]


def test_what_the_store_finds_is_what_is_compared() -> None:
    """A row of the look-up is a candidate, field by field."""
    assert sketches.Neighbour._fields == tuple(copies.Candidate.__dataclass_fields__)


def test_copy_is_found_among_others_with_its_share(stream: Stream) -> None:
    """Of thirty stored reports the one is named that a shortened copy was made of."""
    for number in range(30):
        stream.place(Told(f"Newsroom {number % 4}", f"Report {number}", prose(f"report {number}", 300)))
    shortened = " ".join(prose("report 17", 300).split()[:200])

    placed = stream.place(Told("Herald", "Short", shortened))

    assert placed.copy is not None
    assert placed.copy.article_id == 18
    assert placed.copy.share == 1.0
    assert round(placed.copy.of_other, 1) == 0.7


def test_common_hash_is_kept_of_few_articles(stream: Stream) -> None:
    """A text that sixty newsrooms carry takes no more rows than one of forty, and its first article is named."""
    wire = prose("wire", 150)

    placed = [stream.place(Told(f"Newsroom {number}", "Strike", wire)) for number in range(60)]

    copied = [one.copy.article_id for one in placed[1:] if one.copy]
    assert copied == [1] * 59
    most = sa.select(sa.func.count()).group_by(rows.c.hash).order_by(sa.func.count().desc()).limit(1)
    assert stream.connection.execute(most.select_from(rows)).scalar() == sketches.MOST_OF_HASH
    assert len(found(stream, wire)) == sketches.MOST


def test_new_text_of_an_article_replaces_the_old_one(stream: Stream) -> None:
    """An article is found by what it says now, and no longer by what it said."""
    before, after = prose("before", 150), prose("after", 150)
    placed = stream.place(Told("Gazette", "Strike", before))

    sketches.record(stream.connection, placed.article_id, sketched(after), sketched(before).hashes)

    assert found(stream, before) == []
    assert found(stream, after) == [(placed.article_id, True)]
    assert found(stream, after, but=placed.article_id) == []


def test_article_whose_text_is_gone_is_nobodys_original(stream: Stream) -> None:
    """A revision without text takes the sketch away."""
    before = prose("before", 150)
    placed = stream.place(Told("Gazette", "Strike", before))

    sketches.record(stream.connection, placed.article_id, sketched(""), sketched(before).hashes)

    assert found(stream, before) == []
    assert stream.connection.execute(sa.select(articles.c.sketch, articles.c.sketch_kind)).one() == (None, None)


def test_sketches_of_another_kind_are_not_compared(stream: Stream) -> None:
    """What an older release stored is left alone: its values mean something else."""
    wire = prose("wire", 150)
    stream.place(Told("Gazette", "Strike", wire))
    stream.connection.execute(articles.update().values(sketch_kind="s0"))

    assert found(stream, wire) == []


def test_phrase_in_common_counts_for_short_texts_only(stream: Stream) -> None:
    """A hash that two long reports share does not make them candidates; for a brief any article is looked at."""
    brief, long = sketched(prose("brief", 60)), sketched(prose("long", 600))
    other = stream.place(Told("Gazette", "Other", prose("other", 600)))
    for one in (brief.hashes[0], long.hashes[0], long.hashes[1]):
        stream.connection.execute(rows.insert(), {"hash": one, "article_id": other.article_id})

    near_long, near_brief = sketches.find(stream.connection, long), sketches.find(stream.connection, brief)

    assert near_long == []
    assert [one.article_id for one in near_brief] == [other.article_id]


def test_a20_untrusted_article_in_a_trusted_story_is_only_a_witness(stream: Stream) -> None:
    """A trusted report does not join another trusted story through an untrusted article that copies both."""
    first, second = prose("first", 150), prose("second", 150)
    stream.place(Told("Gazette", "First", first))
    stream.place(Told("Impostor", "Both", f"{first} {second}", trusted=False))

    assert found(stream, second) == [(2, False)]
    assert found(stream, second, trusted=False) == [(2, True)]
    assert stream.place(Told("Herald", "Second", second)).copy is None


def test_a20_untrusted_original_alone_may_be_joined(stream: Stream) -> None:
    """Where nobody trusted is in the story, a trusted copy of it joins it, as one by address or text does."""
    wire = prose("wire", 150)
    stream.place(Told("Impostor", "Strike", wire, trusted=False))

    placed = stream.place(Told("Gazette", "Strike", wire))

    assert placed.copy is not None
    assert not placed.copy.trusted


def test_a20_repeated_forgeries_do_not_hide_the_newsrooms(stream: Stream) -> None:
    """A text that an untrusted feed published sixty times first is still known as the copy of a trusted report."""
    wire = prose("wire", 150)
    for number in range(60):
        stream.place(Told("Impostor", f"Strike {number}", f"{wire} {prose(f'end {number}', 12)}", trusted=False))
    stream.place(Told("Gazette", "Port closed", wire))

    placed = stream.place(Told("Herald", "Strike closes port", wire))

    assert placed.copy is not None
    assert placed.copy.trusted
    assert placed.copy.article_id == 61


def test_many_pages_of_one_frame_are_looked_up_in_few(stream: Stream) -> None:
    """However many pages carry a site's frame, a page is compared with a dozen and is a copy of none."""
    frame = prose("frame", 100)

    placed = [
        stream.place(Told("Gazette", prose(f"title {n}", 7), f"{frame} {prose(f'page {n}', 120)}")) for n in range(60)
    ]

    assert [one.copy for one in placed] == [None] * 60
    assert len(found(stream, frame)) == sketches.MOST
