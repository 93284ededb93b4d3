"""monitor.feeds.identity: which entry is this."""

from __future__ import annotations

from dataclasses import replace

from monitor import model
from monitor.feeds import identity
from monitor.feeds.identity import Known, New, Revised

STRIKE = model.Entry(
    guid="g-1",
    url="https://gazette.example/news/1?utm_source=rss",
    title="Harbour strike enters its third day in Haifa",
    summary="Dockers voted on Monday to stay out until their pensions are secured.",
)


def known(*entries: model.Entry, entry_id: int = 7) -> identity.KnownKeys:
    pairs = [pair for entry in entries for pair in identity.entry_keys(entry)]
    return identity.KnownKeys(
        entry_id, {kind: frozenset(v for k, v in pairs if k == kind) for kind in ("guid", "url", "print")}
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


def test_short_text_is_no_key_beside_others():
    """`Live updates` names nothing, unless there is nothing else."""
    entry = model.Entry("g", None, "Live updates")

    assert [kind for kind, _ in identity.entry_keys(entry)] == ["guid"]
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
