"""The page of silences: muting with a preview, the end of a silence, and what a wrong one is told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from monitor.jobs import silencing
from monitor.store import decisions, silences
from monitor.web.templating import count
from tests.support.dashboard import HOSTILE, Site
from tests.support.desk import Desk, item

PATH = "/silences"


def words(html: str) -> str:
    """Return the text of a page in one line."""
    return re.sub(r" ([.,;:])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", html).split()))


def active(site: Site) -> list[silences.StoredSilence]:
    """Return the silences that hold."""
    return list(site.desk.read(silences.list_active))


def test_a_silence_made_on_the_page_mutes(shared: Site) -> None:
    """What the form names is muted from then on, stands in the list with its comment, and is ended by a button."""
    done = shared.post("/silences", pack="talks", newsroom="Gazette", comment="known to all", **{"for": "4h"})
    (made,) = active(shared)
    listed = words(shared.get("/silences").text)
    ended = shared.post(f"/silences/{made.id}/end")
    again = shared.post(f"/silences/{made.id}/end")
    after = words(shared.get("/silences").text)

    assert done.headers["location"] == f"/silences?said=si-{made.id}%20mutes%20from%20now%20on."
    assert made.until - made.created_at == timedelta(hours=4)
    assert "pack talks, newsroom Gazette" in listed
    assert "known to all" in listed
    assert "hid 0 alerts" in listed
    assert (ended.status, again.status) == (303, 409)
    assert "Nothing is muted." in after
    assert "known to all" in after


def test_preview_says_what_would_have_been_muted(shared: Site) -> None:
    """Before anything is muted the form shows which alerts it would have hidden, and keeps what was typed."""
    before = active(shared)
    told = shared.desk.read(decisions.list_alerts)
    fits = [row for row in told if (row.pack, row.newsroom) == (told[0].pack, told[0].newsroom)]

    answer = shared.post(
        "/silences/preview", pack=told[0].pack, newsroom=told[0].newsroom.upper(), comment="why", **{"for": "3d"}
    )
    page = words(answer.text)

    assert f"{count(len(fits), 'alert')} of the {len(told)} in seven days would have been muted" in page
    assert f'href="/alerts/{told[0].id}"' in answer.text
    assert 'value="why"' in answer.text
    assert '<option value="3d" selected>' in answer.text
    assert active(shared) == before


def test_an_address_fills_the_form_in(shared: Site) -> None:
    """Other pages lead to a silence of what they show: nothing is muted by following a link."""
    page = shared.get("/silences?story=s1&pack=move").text

    assert 'name="story" value="s1"' in page
    assert '<option value="move" selected>' in page
    assert re.search(r"<details [^>]*open", page)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Name what to mute"),
        ({"pack": "moves"}, "There is no pack `moves`: did you mean `move`?"),
        ({"rule": "cor"}, "There is no rule `cor` in any pack: did you mean `core`?"),
        ({"story": "twelve"}, "`twelve` is no story's id"),
        ({"text": "..."}, "holds no word"),
        ({"pack": "move", "for": "soon"}, "`soon` is not understood"),
        ({"pack": "move", "until": "2001-01-01T00:00"}, "is over already"),
        ({"pack": "move", "until": "2999-01-01T00:00"}, "too far off"),
        ({"pack": "move", "comment": "x" * 501}, "at most 500 characters"),
        ({"newsroom": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_silence_that_cannot_be_made_is_explained(shared: Site, fields: dict[str, str], says: str) -> None:
    """Each wrong field is said with its remedy, and nothing is muted."""
    answer = shared.post("/silences", **{"for": "1h", **fields})

    assert answer.status == 422
    assert says in words(answer.text).replace("&#39;", "'")
    assert active(shared) == []


def test_a_newsroom_without_a_feed_is_muted_with_a_word_about_it(shared: Site) -> None:
    """An aggregator may pass it on: the silence is made, and what is odd about it is said."""
    done = shared.post("/silences", newsroom="Reuters", **{"for": "1h"})
    (made,) = active(shared)
    shared.post(f"/silences/{made.id}/end")

    assert "aggregator" in done.headers["location"]


def test_a07_comments_and_words_of_silences_do_nothing(shared: Site) -> None:
    """What a colleague typed stands on the page as text."""
    shared.post("/silences", text=HOSTILE[0], comment=HOSTILE[1], **{"for": "1h"})
    (made,) = active(shared)
    page = shared.get("/silences").text
    shared.post(f"/silences/{made.id}/end")

    assert "&lt;script&gt;" in page
    assert "<script>document" not in page
    assert "<img" not in page


def test_preview_on_both_databases_by_rule_story_and_words(desk: Desk) -> None:
    """The preview mutes what the silence would: one rule alone, the story as it stands by now, words in a row."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement of the harbour"), item(2, "An ultimatum: resettlement now"))
    desk.later()
    now = desk.clock.now()

    def muted(draft: silencing.Draft) -> int:
        return int(desk.read(lambda c: silencing.preview(c, draft, now - timedelta(days=7), now)).count)

    assert muted(silencing.Draft(pack="move")) == 2
    assert muted(silencing.Draft(pack="talks")) == 0
    assert muted(silencing.Draft(rule="core")) == 1
    assert muted(silencing.Draft(words="of the HARBOUR")) == 1
    assert muted(silencing.Draft(words="harbour ultimatum")) == 0
    assert muted(silencing.Draft(story_id=1)) + muted(silencing.Draft(story_id=2)) == 2
    assert muted(silencing.Draft(newsroom="GAZETTE", words="ultimatum")) == 1
