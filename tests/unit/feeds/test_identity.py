"""monitor.feeds.identity: which entry is this."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor import model
from monitor.feeds import identity
from monitor.feeds.identity import Known, New, Repeated, Revised

STRIKE = model.Entry(
    guid="g-1",
    url="https://gazette.example/news/1?utm_source=rss",
    title="Harbour strike enters its third day in Haifa",
    summary="Dockers voted on Monday to stay out until their pensions are secured.",
)


def known(*entries: model.Entry, entry_id: int = 7) -> identity.KnownKeys:
    pairs = [pair for entry in entries for pair in identity.entry_keys(entry)]
    return identity.KnownKeys(
        entry_id,
        {kind: frozenset(v for k, v in pairs if k == kind) for kind in ("guid", "url", "print", "brief")},
        entries[-1].title,
        entries[-1].summary,
        entries[-1].published,
    )


def test_keys_come_in_a_fixed_order():
    """guid, url without trackers, print."""
    keys = identity.entry_keys(STRIKE)

    assert [kind for kind, _ in keys] == ["guid", "url", "print"]
    assert keys[1][1] == "https://gazette.example/news/1"


def test_print_ignores_case_punctuation_and_spaces():
    """A retouched comma is the same text."""
    retouched = replace(STRIKE, title="Harbour strike enters its third day in HAIFA!")

    assert identity.entry_keys(retouched)[2] == identity.entry_keys(STRIKE)[2]


def test_short_text_only_confirms_beside_others():
    """`Live updates` names nothing, unless there is nothing else."""
    entry = model.Entry("g", None, "Live updates")

    assert [kind for kind, _ in identity.entry_keys(entry)] == ["guid", "brief"]
    assert [kind for kind, _ in identity.entry_keys(replace(entry, guid=None))] == ["print"]


def test_front_page_is_no_key():
    """A feed that links all items to its front page does not make them one."""
    entry = replace(STRIKE, url="https://gazette.example/")

    assert [kind for kind, _ in identity.entry_keys(entry)] == ["guid", "print"]


def test_unknown_entry_is_new():
    """Without a hit the entry is new."""
    assert identity.decide_entry(STRIKE, []) == New("no_known_key")


def test_same_text_is_known_whatever_guid_and_address():
    """Guids rebuilt at each poll and session ids in addresses repeat nothing."""
    flapped = replace(STRIKE, guid="g-2", url="https://gazette.example/news/1;session=9")

    assert identity.decide_entry(flapped, [known(STRIKE)]) == Known(7, "same_text")


def test_changed_text_at_the_same_address_is_a_revision():
    """A changed headline is a revision of the same entry, with and without the guid."""
    changed = replace(STRIKE, guid="g-2", title="Harbour strike ends after three days in Haifa")

    assert identity.decide_entry(changed, [known(STRIKE)]) == Revised(7, "text_changed")


def test_same_guid_with_moved_address_and_same_text_is_known():
    """A new address alone changes nothing."""
    moved = replace(STRIKE, url="https://gazette.example/haifa/harbour-strike")

    assert identity.decide_entry(moved, [known(STRIKE)]) == Known(7, "same_text")


def test_same_guid_with_other_address_and_text_is_new():
    """A reused guid hides no article."""
    other = replace(STRIKE, url="https://gazette.example/news/2", title="Parliament votes on the budget late tonight")

    assert identity.decide_entry(other, [known(STRIKE)]) == New("guid_reused")


def test_same_guid_without_addresses_is_a_revision():
    """Where there is no address to differ, the guid decides."""
    bare = replace(STRIKE, url=None)
    changed = replace(bare, title="Harbour strike ends after three days in Haifa")

    assert identity.decide_entry(changed, [known(bare)]) == Revised(7, "text_changed")


def test_an_earlier_revision_s_text_is_known():
    """A headline that changes back is no third revision."""
    changed = replace(STRIKE, title="Harbour strike ends after three days in Haifa")

    assert identity.decide_entry(STRIKE, [known(STRIKE, changed)]) == Known(7, "same_text")


def test_entry_known_by_text_wins_over_one_known_by_address():
    """Of two hits the one with the same text is the entry."""
    elsewhere = replace(STRIKE, guid="g-9", title="Harbour strike ends after three days in Haifa")

    decision = identity.decide_entry(STRIKE, [known(elsewhere, entry_id=1), known(STRIKE, entry_id=2)])

    assert decision == Known(2, "same_text")


# -- the cases of real feeds ---------------------------------------------------------------------

DAY = datetime(2025, 3, 10, 6, 0, tzinfo=UTC)
COLUMN = model.Entry(
    "col-1", "https://gazette.example/c/1f2e", "The morning in brief: what happened world-wide overnight", published=DAY
)


def sort(listed: list[model.Entry], *hits: identity.KnownKeys) -> list[object]:
    """Decide about a body."""
    return [p.decision for p in identity.sort_listing(listed, [identity.entry_keys(e) for e in listed], hits)]


def next_column(hours: float) -> model.Entry:
    """The same headline under another guid and address, so many hours later."""
    return replace(COLUMN, guid="col-2", url="https://gazette.example/c/77aa", published=DAY + timedelta(hours=hours))


def test_headline_that_comes_again_the_next_day_is_another_article():
    """A daily column has the same words each day, and each day is an article."""
    assert identity.decide_entry(next_column(24), [known(COLUMN)]) == New("headline_again")


def test_article_posted_again_within_hours_is_the_same():
    """A re-post of the same day under a new guid and address repeats nothing."""
    assert identity.decide_entry(next_column(9), [known(COLUMN)]) == Known(7, "same_text")


def test_rebuilt_feed_with_new_dates_repeats_nothing():
    """Where nothing in the body is known by guid or address, equal text is the same entry whatever its date."""
    rebuilt = [next_column(24), replace(STRIKE, guid="n-1", url="https://new.example/1", published=DAY)]

    assert sort(rebuilt, known(COLUMN, entry_id=1), known(STRIKE, entry_id=2)) == [
        Known(1, "same_text"),
        Known(2, "same_text"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Navy ship hits mine off Haifa", "UPDATE 2: Navy ship hits mine off Haifa, three hurt"),
        ("Quake kills 12 in eastern province", "Quake kills 41 in eastern province"),
        ("Minister Cohen quits over budget row", "Minister Kohen quits over budget row"),
    ],
)
def test_revised_headline_with_a_new_slug_is_a_revision(before, after):
    """Slug and headline change together while the guid stays: the article is updated, not made anew."""
    old = model.Entry(
        "https://gazette.example/?p=48213", "https://gazette.example/news/old-slug", before, "First words."
    )
    new = replace(old, url="https://gazette.example/news/new-slug", title=after)

    assert identity.decide_entry(new, [known(old)]) == Revised(7, "text_changed")


def test_page_number_tells_a_rewritten_article():
    """A headline rewritten from scratch is a revision where the number in the address stayed."""
    old = model.Entry("a", "https://times.example/india/strike-begins/articleshow/104271344.cms", "Dockers walk out")
    new = replace(
        old, url="https://times.example/port-closed/articleshow/104271344.cms", title="All ports closed today"
    )

    assert identity.decide_entry(new, [known(old)]) == Revised(7, "text_changed")


def test_guid_that_counts_places_names_no_article():
    """Guids 1, 2, 3 by place in the feed: another headline at another address is another article."""
    first = model.Entry("1", "https://gazette.example/a", "Port plan unveiled at noon")
    second = replace(first, url="https://gazette.example/b", title="Port plan rejected by council")

    assert identity.decide_entry(second, [known(first)]) == New("guid_reused")


def test_same_guid_on_two_items_of_one_body_is_two_entries():
    """A guid that two items share names neither; each is known again by what is its own."""
    first = model.Entry("x", "https://gazette.example/a", "Port plan unveiled")
    second = replace(first, url="https://gazette.example/b", title="Port plan refused")

    fresh = sort([first, second])
    again = sort([second, first], known(first, entry_id=1), known(replace(second, guid=None), entry_id=2))

    assert fresh == [New("no_known_key"), New("shared_key")]
    assert again == [Known(2, "same_text"), Known(1, "same_text")]


def test_items_with_nothing_but_a_shared_guid_stay_apart():
    """Without links and with one guid for all, the words are what is left to tell items by."""
    items = [model.Entry("x", None, title) for title in ("Port plan unveiled", "Port plan refused")]
    placed = identity.sort_listing(items, [identity.entry_keys(e) for e in items], [])

    assert [p.decision for p in placed] == [New("no_known_key"), New("shared_key")]
    assert [[kind for kind, _ in p.keys] for p in placed] == [["print"], ["print"]]


def test_parts_of_one_page_are_entries_of_their_own():
    """A live blog lists its parts under one page: their guids tell them apart."""
    first = model.Entry("lb-1", "https://gazette.example/live#p1", "Sirens heard in the north")
    second = model.Entry("lb-2", "https://gazette.example/live#p2", "Sirens heard in the south")

    assert sort([first, second]) == [New("no_known_key"), New("shared_key")]


def test_item_listed_twice_is_one_entry():
    """The same item twice in a body, with trackers or another section's guid, is stored once."""
    twice = replace(STRIKE, guid="section-b", url="https://gazette.example/news/1?utm_medium=x#comments")

    assert sort([STRIKE, twice, STRIKE]) == [New("no_known_key"), Repeated(0), Repeated(0)]


def test_two_versions_of_a_known_item_in_one_body_revise_it_once():
    """A body with the new and the old headline of an article does not turn it over and over at each poll."""
    old = model.Entry("g", "https://gazette.example/news/9", "Talks start")
    new, newer = replace(old, title="Talks end"), replace(old, title="Talks fail")

    assert sort([newer, new], known(old)) == [Revised(7, "text_changed"), Known(7, "listed_twice")]


def test_short_headline_at_flapping_addresses_is_known_by_its_date():
    """Guid and address change at each poll and the headline is short: the second it came out at tells."""
    short = model.Entry("g-1", "https://gazette.example/a?s=1", "Port closed", published=DAY)
    flapped = replace(short, guid="g-2", url="https://gazette.example/a?s=2")
    other = replace(flapped, published=DAY + timedelta(minutes=5))

    assert identity.decide_entry(flapped, [known(short)]) == Known(7, "same_text")
    assert identity.decide_entry(other, [known(short)]) == New("no_known_key")


def test_items_side_by_side_with_the_same_short_text_stay_apart():
    """Twelve posts called `Photo`, each with its guid and page, are twelve entries, at the first poll and the next."""
    posts = [
        model.Entry(f"https://blog.example/post/{n}", f"https://blog.example/post/{n}", "Photo", published=DAY)
        for n in range(12)
    ]
    posts = [replace(post, published=DAY - timedelta(days=n)) for n, post in enumerate(posts)]
    hits = [known(post, entry_id=n) for n, post in enumerate(posts)]

    assert sort(posts) == [New("no_known_key")] * 12
    assert sort(posts, *hits) == [Known(n, "same_text") for n in range(12)]


def test_one_date_for_all_does_not_join_items_with_the_same_short_text():
    """All items are dated with the minute of the poll: `Live updates` beside a known `Live updates` is another one."""
    first = model.Entry("l-1", "https://gazette.example/l/1", "Live updates", published=DAY)
    second = replace(first, guid="l-2", url="https://gazette.example/l/2")

    assert sort([first, second]) == [New("no_known_key")] * 2
    assert sort([second, first], known(first)) == [New("no_known_key"), Known(7, "same_text")]


def test_all_new_feed_still_brings_the_headline_that_comes_again():
    """After a night nothing known is listed, and among the new items the daily column of today is new too."""
    news = [
        model.Entry(f"n-{n}", f"https://gazette.example/n/{n}", f"Night report number {n} from the northern district")
        for n in range(5)
    ]

    assert sort([*news, next_column(24)], known(COLUMN))[-1] == New("headline_again")


def test_rebuilt_feed_with_its_whole_archive_repeats_nothing():
    """Ten known texts under new names say that the feed was rebuilt, although a hundred unknown ones stand beside."""
    old = [
        model.Entry(f"o-{n}", f"https://a.example/{n}", f"Report {n} on the port", "x" * 40, published=DAY)
        for n in range(10)
    ]
    later = DAY + timedelta(days=9)
    again = [replace(e, guid=f"r-{n}", url=f"https://b.example/{n}", published=later) for n, e in enumerate(old)]
    archive = [
        model.Entry(f"z-{n}", f"https://b.example/z/{n}", f"Archive piece {n} on the port", "y" * 40)
        for n in range(100)
    ]

    made = sort([*archive, *again], *(known(e, entry_id=n) for n, e in enumerate(old)))

    assert made[100:] == [Known(n, "same_text") for n in range(10)]


def test_entry_of_signs_alone_has_a_key():
    """Even a headline without a letter is known again."""
    assert identity.entry_keys(model.Entry(None, None, "!!!"))
