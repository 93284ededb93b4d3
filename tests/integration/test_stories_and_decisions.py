"""What a desk is told, and what is recorded about everything else."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from monitor.config import PollingSettings
from monitor.store.schema import articles, decisions, entries
from tests.support.desk import Desk, item, page

LONG = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))


def decided(desk: Desk) -> list[tuple[str, str, str]]:
    """Return (pack, outcome, reason) of every decision for a single pack, in order."""
    query = sa.select(decisions.c.pack, decisions.c.outcome, decisions.c.reason).where(decisions.c.pack != "*")
    return [tuple(row) for row in desk.read(lambda c: c.execute(query.order_by(decisions.c.decided_seq)).all())]


def test_first_poll_is_a_quiet_baseline(desk: Desk) -> None:
    """What a new feed lists already never alerts; its next item does."""
    desk.has(["gazette"]).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.run()
    desk.publishes("gazette", item(2, "Resettlement plan refused"), item(1, "Resettlement plan unveiled"))

    summary = desk.later()

    assert desk.senders["desk"].titles == ["Resettlement plan refused"]
    assert summary.new_entries == 1
    states = desk.read(lambda c: c.execute(sa.select(entries.c.state).order_by(entries.c.id)).scalars().all())
    assert states == ["baseline", "done"]
    assert "https://gazette.example/a/1" not in desk.web.asked


def test_backfill_lets_the_newest_items_of_a_new_feed_alert(desk: Desk) -> None:
    """With backfill = 1 the newest item of the first poll alerts, the older ones stay quiet."""
    desk.has(["gazette"])
    desk.config = replace(desk.config, polling=PollingSettings(backfill=1))
    desk.set_up()
    desk.publishes("gazette", item(2, "Resettlement talks resume"), item(1, "Resettlement plan unveiled"))

    desk.run()

    assert desk.senders["desk"].titles == ["Resettlement talks resume"]


def test_same_text_in_two_newsrooms_alerts_once(desk: Desk) -> None:
    """A wire report carried word for word by a second newsroom is recorded as a copy and not told again."""
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    desk.web.answers["https://gazette.example/a/1"] = page("Committee hears witnesses", LONG)
    desk.web.answers["https://herald.example/a/1"] = page("Witnesses before committee", LONG)
    desk.publishes("gazette", item(1, "Committee hears witnesses"))
    desk.later()
    desk.publishes("herald", item(1, "Witnesses before committee", site="herald"))

    desk.later()

    assert desk.senders["desk"].titles == ["Committee hears witnesses"]
    assert decided(desk) == [("move", "alert", "first_report"), ("move", "suppressed", "same_text")]
    twin = desk.read(lambda c: c.execute(sa.select(articles.c.duplicate_of).where(articles.c.id == 2)).scalar())
    assert twin == 1


def test_same_address_in_two_feeds_is_fetched_once_and_alerts_once(desk: Desk) -> None:
    """An article listed by two feeds under one canonical address is one story and one request."""
    desk.has(["gazette", "world"])
    desk.publishes("gazette")
    desk.publishes("world")
    desk.run()
    desk.web.answers["https://gazette.example/a/1"] = page("Plan", LONG)
    desk.publishes("gazette", item(1, "Resettlement plan"))
    desk.publishes("world", item(1, "Resettlement plan") | {"link": "https://gazette.example/a/1?utm_source=world"})

    desk.later()

    assert desk.senders["desk"].titles == ["Resettlement plan"]
    assert sum("/a/1" in url for url in desk.web.asked) == 1
    assert sorted(reason for _, _, reason in decided(desk)) == ["first_report", "same_url"]


def test_one_article_in_two_packs_is_one_message_naming_both(desk: Desk) -> None:
    """The alerts that one article raises in several packs share a message per recipient."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Delegation discusses resettlement"))

    desk.later()

    (notice,) = desk.senders["desk"].notices
    assert [telling.pack for telling in notice.items[0].tellings] == ["move", "talks"]


def test_copy_that_fires_another_pack_still_alerts_there(desk: Desk) -> None:
    """Matching precedes folding: a copy whose headline fires a second pack alerts that pack."""
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    desk.web.answers["https://gazette.example/a/1"] = page("Committee", LONG)
    desk.web.answers["https://herald.example/a/1"] = page("Committee", LONG)
    desk.publishes("gazette", item(1, "Committee hears witnesses"))
    desk.later()
    desk.publishes("herald", item(1, "Delegation hears witnesses", site="herald"))

    desk.later()

    assert ("talks", "alert", "first_report") in decided(desk)
    assert ("move", "suppressed", "same_text") in decided(desk)


def test_changed_headline_is_a_revision_and_only_adds(desk: Desk) -> None:
    """A changed headline is matched again: it can raise severity or fire another pack, never repeat an alert."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.web.answers["https://gazette.example/a/1"] = page("Plan", LONG)
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement plan unveiled to lawmakers"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement ultimatum to Cairo"))

    desk.later()

    assert decided(desk) == [
        ("move", "alert", "first_report"),
        ("move", "suppressed", "same_article"),
        ("move", "update", "higher_severity"),
    ]
    assert desk.senders["desk"].titles == ["Resettlement plan unveiled", "Resettlement ultimatum to Cairo"]
    assert sum("/a/1" in url for url in desk.web.asked) == 1


def test_every_revision_ends_in_a_decision_for_every_pack(desk: Desk) -> None:
    """An article that matches nothing is recorded too, under the rule set that judged it."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Football results"))

    desk.later()

    row = desk.read(lambda c: c.execute(sa.select(decisions)).mappings().one())
    assert (row["pack"], row["outcome"], row["reason"]) == ("*", "none", "no_match")
    assert row["detail"] == {"ruleset": desk.context.setup.live.id}


def test_consent_wall_of_one_newsroom_does_not_fold_its_articles(desk: Desk) -> None:
    """Two headlines of one newsroom over the same page text are two articles, for the text may be a consent wall."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    wall = page("Consent", "We and our partners use cookies. " * 20)
    desk.web.answers |= {f"https://gazette.example/a/{n}": wall for n in (1, 2)}
    desk.publishes("gazette", item(2, "Resettlement refused"), item(1, "Resettlement demanded"))

    desk.later()

    assert sorted(desk.senders["desk"].titles) == ["Resettlement demanded", "Resettlement refused"]


def test_items_that_link_to_the_front_page_stay_apart(desk: Desk) -> None:
    """A feed whose items all link to the site's front page gives one article per item, and no page is fetched."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    front = {"link": "https://gazette.example/"}
    desk.publishes("gazette", item(2, "Resettlement refused") | front, item(1, "Resettlement demanded") | front)

    desk.later()

    assert sorted(desk.senders["desk"].titles) == ["Resettlement demanded", "Resettlement refused"]
    assert "https://gazette.example/" not in desk.web.asked


def test_test_status_records_and_sends_nothing(desk: Desk) -> None:
    """A pack with `status: test` is matched and recorded, never sent."""
    desk.packs["packs/move.yaml"] = desk.packs["packs/move.yaml"].replace("title:", "defaults: {status: test}\ntitle:")
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"))

    desk.later()

    assert desk.senders["desk"].titles == []
    assert decided(desk) == [("move", "suppressed", "test_status")]
