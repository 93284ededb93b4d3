"""Two newsrooms tell of one event in words of their own: told when the second comes, again when one says more."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from monitor.store.schema import alerts, articles, decisions
from tests.support.desk import PACK, SECOND, Desk, item, page

WAIT = "corroboration: {newsrooms: 2, hold: 90m}\n"
TITLES = {
    "gazette": "Egypt rejects resettlement of Gaza families in Sinai camp",
    "herald": "Cairo refuses Sinai camp for resettlement of families from Gaza",
    "tribune": "Egypt turns down plan to resettle Gaza families: resettlement in Sinai is off",
}
TEXTS = {
    "gazette": (
        "Egypt on Monday rejected a plan to move families from Gaza to a camp near El Arish in northern Sinai.",
        "Foreign Minister Badr Abdelatty told the parliament in Cairo that resettlement of Palestinians in Sinai was"
        " a red line. He spoke after talks with the Israeli envoy Ron Dermer.",
        "The camp near El Arish was to hold tents and two field hospitals, officials said.",
    ),
    "herald": (
        "Badr Abdelatty, the Egyptian foreign minister, said in parliament that no camp for families from Gaza would be"
        " built near El Arish in the north of Sinai.",
        "His words came hours after he met Ron Dermer, the envoy of Israel, in Cairo. The resettlement of Palestinians"
        " in Sinai is a red line for Egypt, he told lawmakers on Monday.",
    ),
    "tribune": (
        "There will be no tents for Gaza families near El Arish, Egypt's foreign minister Badr Abdelatty told"
        " parliament on Monday, rejecting the resettlement of Palestinians in Sinai after meeting Israel's Ron Dermer.",
        "Lawmakers in Cairo applauded the red line.",
    ),
}


def rooms(desk: Desk, terms: str = "") -> Desk:
    """Three newsrooms past their baseline."""
    desk.packs = {"packs/move.yaml": terms + PACK, "packs/talks.yaml": SECOND}
    desk.has(list(TITLES))
    for name in TITLES:
        desk.publishes(name)
    desk.run()
    return desk


def tells(desk: Desk, name: str, title: str | None = None, *more: str) -> None:
    """Let a newsroom publish its report, and the monitor read it."""
    desk.web.answers[f"https://{name}.example/a/1"] = page("", *TEXTS[name], *more)
    desk.publishes(name, item(1, title or TITLES[name], site=name))
    desk.later()


def decided(desk: Desk) -> list[tuple[str, str]]:
    """Return (outcome, reason) of every decision for the pack `move`, in order."""
    query = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.pack == "move")
    ordered = query.order_by(decisions.c.decided_seq, decisions.c.revision_id, decisions.c.n)
    return [tuple(row) for row in desk.read(lambda c: c.execute(ordered).all())]


def details(desk: Desk) -> list[dict[str, object]]:
    """Return the details of every alert, in order."""
    return list(desk.read(lambda c: c.execute(sa.select(alerts.c.detail).order_by(alerts.c.id)).scalars().all()))


def test_second_newsroom_lets_the_first_report_be_told(desk: Desk) -> None:
    """Held when one newsroom has it; told, naming both, as the other tells it in words of its own."""
    rooms(desk, WAIT)
    tells(desk, "gazette")
    before = list(desk.senders["desk"].titles)

    tells(desk, "herald")

    assert before == []
    assert desk.senders["desk"].titles == [TITLES["gazette"]]
    assert decided(desk) == [
        ("held", "awaiting_corroboration"),
        ("alert", "corroborated"),
        ("suppressed", "same_story"),
    ]
    (detail,) = details(desk)
    assert (detail["newsrooms"], detail["names"]) == (2, ["Gazette", "Herald"])
    stories = desk.read(lambda c: c.execute(sa.select(articles.c.story_id)).scalars().all())
    assert set(stories) == {1}


def test_third_newsroom_is_an_update_that_names_all(desk: Desk) -> None:
    """The story is told at once, folded at the second newsroom, and told again at the third."""
    rooms(desk)
    for name in TITLES:
        tells(desk, name)

    assert desk.senders["desk"].titles == [TITLES["gazette"], TITLES["tribune"]]
    assert decided(desk) == [("alert", "first_report"), ("suppressed", "same_story"), ("update", "newsrooms")]
    update = details(desk)[1]
    assert (update["newsrooms"], update["names"]) == (3, ["Gazette", "Herald", "Tribune"])
    assert (update["step"], update["folded"]) == (3, 1)


def test_what_two_newsrooms_add_within_the_interval_is_one_update(desk: Desk) -> None:
    """Two numbers of two retellings, twenty minutes apart, are told together when the first was six hours ago."""
    rooms(desk)
    desk.packs = {"packs/move.yaml": "steps: [9]\n" + PACK, "packs/talks.yaml": SECOND}
    desk.set_up(desk.context.setup.live if desk.context else None)
    tells(desk, "gazette")
    tells(desk, "herald", None, "The resettlement of 300,000 people was never agreed to, he said.")
    tells(desk, "tribune", None, "The resettlement was to cost 500 million dollars, a lawmaker said.")
    early = list(desk.senders["desk"].titles)

    desk.later(hours=6)
    desk.later(hours=6)

    assert early == [TITLES["gazette"]]
    assert len(desk.senders["desk"].notices) == 2
    assert decided(desk)[-1] == ("update", "new_facts")
    assert details(desk)[1]["new"] == {"numbers": ["300,000 people", "500 million dollars"]}


def test_number_of_another_newsroom_is_told_when_the_interval_is_over(desk: Desk) -> None:
    """A retelling that adds a number beside the match waits for six hours, and is told with it."""
    rooms(desk)
    tells(desk, "gazette")
    tells(desk, "herald", None, "The resettlement of 300,000 people was never agreed to, he said.")
    early = list(desk.senders["desk"].titles)

    desk.later(hours=6)

    assert early == [TITLES["gazette"]]
    assert desk.senders["desk"].titles == [TITLES["gazette"], TITLES["herald"]]
    assert details(desk)[1]["new"] == {"numbers": ["300,000 people"]}
    assert decided(desk)[-2:] == [("held", "awaiting_interval"), ("update", "new_facts")]


@pytest.mark.parametrize("copied", ["near copy", "retelling"])
def test_a20_untrusted_copy_or_retelling_does_not_hide_the_trusted_report(desk: Desk, copied: str) -> None:
    """The attacker comes first with nearly the same text, or the same event in other words: the report is told."""
    rooms(desk)
    feeds = tuple(replace(feed, trusted=feed.id != "herald") for feed in desk.config.feeds)
    desk.config = replace(desk.config, feeds=feeds)
    desk.set_up()
    if copied == "near copy":
        desk.web.answers["https://herald.example/a/1"] = page("", *TEXTS["gazette"], "Subscribe to the Herald today.")
        desk.publishes("herald", item(1, TITLES["herald"], site="herald"))
        desk.later()
    else:
        tells(desk, "herald")

    tells(desk, "gazette")

    assert desk.senders["desk"].titles[-1] == TITLES["gazette"]
    assert [outcome for outcome, _ in decided(desk)] == ["alert", "alert"]


def test_untrusted_newsroom_corroborates_nothing(desk: Desk) -> None:
    """A feed that anybody may write into is no second newsroom."""
    rooms(desk, WAIT)
    feeds = tuple(replace(feed, trusted=feed.id != "herald") for feed in desk.config.feeds)
    desk.config = replace(desk.config, feeds=feeds)
    desk.set_up()
    tells(desk, "gazette")

    tells(desk, "herald")

    assert desk.senders["desk"].titles == []
    assert ("alert", "corroborated") not in decided(desk)
