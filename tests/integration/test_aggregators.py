"""Google News and Bing through the real jobs: whose article it is, and when its page is asked for."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import pytest
import sqlalchemy as sa

from monitor.config import FeedSettings
from monitor.model import HttpInfo, Reply
from monitor.store.schema import articles, decisions, revisions
from tests.support.desk import Desk, item, page, rss

SEARCH = "https://news.google.com/rss/search?q=gaza"
OPAQUE = "https://news.google.com/rss/articles/AU_yqLMabc?oc=5"
TARGET = "https://herald.example/a/1"
BING_LINK = "http://www.bing.com/news/apiclick.aspx?ref=x&url=https%3a%2f%2fherald.example%2fa%2f1&c=9"
BODY = " ".join(f"Paragraph {n} of the report on families and their homes, and an ultimatum." for n in range(30))


def passed_on(title: str, link: str = OPAQUE, source: str | None = "Herald", summary: str = "") -> dict[str, str]:
    """Return an item as a news search lists it."""
    tail = f" - {source}" if source else ""
    parts = {"title": title + tail, "link": escape(link), "guid": f"id-{title}", "description": escape(summary)}
    return parts | ({"source": source} if source else {})


def a_desk(desk: Desk, *feeds: FeedSettings) -> Desk:
    """Return a desk with these feeds, past their baseline."""
    desk.has(["gazette"])
    desk.config = replace(desk.config, feeds=(*desk.config.feeds, *feeds))
    desk.set_up()
    desk.publishes("gazette")
    for feed in feeds:
        desk.web.answers[feed.url] = rss()
    desk.run()
    desk.web.asked.clear()
    return desk


@pytest.fixture
def searching(desk: Desk) -> Desk:
    """A desk that reads a search at Google News beside a feed of its own."""
    return a_desk(desk, FeedSettings(url=SEARCH, id="google", name="Google", newsroom="Google News"))


def lists(desk: Desk, *items: dict[str, str], feed: str = SEARCH) -> None:
    desk.web.answers[feed] = rss(*items)
    desk.later()


def rows(desk: Desk) -> list[sa.Row]:
    """Return newsroom, aggregator, address and newest revision of each article."""
    query = (
        sa.select(
            articles.c.newsroom, articles.c.aggregator, articles.c.url, articles.c.partial, articles.c.retry_at,
            revisions.c.n, revisions.c.title,
        )
        .join(revisions, revisions.c.article_id == articles.c.id)
        .order_by(articles.c.id, revisions.c.n)
    )  # fmt: skip
    return desk.read(lambda connection: connection.execute(query).all())


def test_article_belongs_to_the_publisher(searching: Desk) -> None:
    """The publisher is the newsroom, told without its tail; the search stands beside it."""
    lists(searching, passed_on("Resettlement plan unveiled"))

    (notice,) = searching.senders["desk"].notices
    assert (notice.items[0].title, notice.items[0].newsroom) == ("Resettlement plan unveiled", "Herald")
    assert notice.items[0].partial
    assert rows(searching)[0][:2] == ("Herald", "Google News")


def test_nobody_named_leaves_the_aggregator(searching: Desk) -> None:
    """An item without `<source>` is the search's own, and marked as passed on all the same."""
    lists(searching, passed_on("Resettlement plan unveiled", source=None))

    assert rows(searching)[0][:2] == ("Google News", "Google News")


def test_own_feed_has_no_aggregator(searching: Desk) -> None:
    """A newsroom's own article is independent, whatever `<source>` it names."""
    searching.publishes("gazette", item(1, "Resettlement plan unveiled") | {"source": "Herald"})
    searching.later()

    assert rows(searching)[0][:2] == ("Gazette", None)


def test_wrapper_is_not_asked_for_without_a_match(searching: Desk) -> None:
    """An item that no rule wants costs no request, now or later, and ends in a decision."""
    lists(searching, passed_on("Weather stays fine"))
    searching.later(hours=13)

    assert OPAQUE not in searching.web.asked
    (row,) = rows(searching)
    assert (row.partial, row.retry_at) == (True, None)
    assert searching.read(lambda c: c.execute(sa.select(decisions.c.reason)).scalars().all()) == ["no_match"]


def test_what_others_wrote_fires_no_rule(searching: Desk) -> None:
    """The list of links in a Google News item is not the article's text."""
    cluster = (
        '<ol><li><a href="x">Weather</a> Herald</li><li><a href="y">Resettlement plan unveiled</a> Gazette</li></ol>'
    )

    lists(searching, passed_on("Weather stays fine", summary=cluster))

    assert searching.senders["desk"].notices == []


def test_match_has_its_link_resolved_and_its_page_read(searching: Desk) -> None:
    """After the alert the link is followed once; the page is a new revision that may add what was not told yet."""
    searching.web.answers[OPAQUE] = Reply(HttpInfo(200), TARGET, page("Resettlement plan", BODY).encode())

    lists(searching, passed_on("Resettlement plan unveiled"))
    searching.later()

    assert searching.web.asked.count(OPAQUE) == 1
    _, second = rows(searching)
    assert (second.n, second.url, second.partial) == (2, TARGET, False)
    severities = [notice.severity for notice in searching.senders["desk"].notices]
    assert severities == ["normal", "urgent"]  # `ultimatum` stands in the page only


def test_link_that_leads_nowhere_is_left_as_it_is(searching: Desk) -> None:
    """A page of the aggregator's own is not read, not tried again, and the alert stands."""
    searching.web.answers[OPAQUE] = page("Google News", "Before you continue. " * 40)

    lists(searching, passed_on("Resettlement plan unveiled"))
    searching.later(hours=1)
    searching.later(hours=13)

    assert searching.web.asked.count(OPAQUE) == 1
    (row,) = rows(searching)
    assert (row.url, row.retry_at) == (OPAQUE, None)
    assert searching.senders["desk"].titles == ["Resettlement plan unveiled"]


def test_resolving_is_tried_again_when_the_network_fails(searching: Desk) -> None:
    """A failure on the way is retried on the schedule of pages."""
    lists(searching, passed_on("Resettlement plan unveiled"))
    searching.web.answers[OPAQUE] = Reply(HttpInfo(200), TARGET, page("Resettlement plan", BODY).encode())
    searching.later(hours=4)

    assert rows(searching)[-1].partial is False


def test_bing_link_holds_its_target(desk: Desk) -> None:
    """Bing's redirect is never asked; the page itself is, once a rule matched the snippet."""
    bing = "https://www.bing.com/news/search?q=gaza&format=rss"
    a_desk(desk, FeedSettings(url=bing, id="bing", name="Bing", newsroom="Bing News"))
    desk.web.answers[TARGET] = page("Plan", BODY)

    lists(desk, passed_on("Plan unveiled", BING_LINK, summary="A resettlement plan was unveiled."), feed=bing)

    assert BING_LINK not in desk.web.asked
    assert desk.web.asked.count(TARGET) == 1
    assert rows(desk)[-1].url == TARGET


def test_title_of_a_search_does_not_stand_for_the_page(desk: Desk) -> None:
    """What a search listed without its page does not keep the newsroom's own feed from having it read."""
    bing = "https://www.bing.com/news/search?q=gaza&format=rss"
    a_desk(desk, FeedSettings(url=bing, id="bing", name="Bing", newsroom="Bing News"))
    link = BING_LINK.replace("herald", "gazette")
    lists(desk, passed_on("Plan unveiled", link, source="Gazette"), feed=bing)
    desk.web.answers["https://gazette.example/a/1"] = page("Plan unveiled", "The resettlement committee sat. " + BODY)

    desk.publishes("gazette", item(1, "Plan unveiled"))
    desk.later()

    assert desk.web.asked.count("https://gazette.example/a/1") == 1
    assert desk.senders["desk"].titles == ["Plan unveiled"]


def test_a_revised_headline_that_matches_has_its_page_read(searching: Desk) -> None:
    """An item that starts to match at a later poll is followed then."""
    searching.web.answers[OPAQUE] = Reply(HttpInfo(200), TARGET, page("Resettlement plan", BODY).encode())
    lists(searching, passed_on("Families are told to leave their homes by Sunday") | {"guid": "one"})
    lists(searching, passed_on("Resettlement: families are told to leave their homes by Sunday") | {"guid": "one"})

    assert searching.web.asked.count(OPAQUE) == 1
    assert rows(searching)[-1].partial is False


def test_tag_makes_any_feed_an_aggregator(desk: Desk) -> None:
    """A feed tagged `aggregator` names its publishers; its ordinary links are read at once."""
    planet = "https://planet.example/feed"
    a_desk(desk, FeedSettings(url=planet, id="planet", name="Planet", newsroom="Planet", tags=("aggregator",)))
    desk.web.answers[TARGET] = page("Plan", "The resettlement committee sat. " + BODY)

    lists(desk, passed_on("Plan unveiled", TARGET), feed=planet)

    (row,) = rows(desk)
    assert (row.newsroom, row.aggregator, row.partial) == ("Herald", "Planet", False)
    assert desk.senders["desk"].titles == ["Plan unveiled"]
