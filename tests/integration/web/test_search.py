"""The page and the API of search, over HTTP on a seeded dashboard."""

from __future__ import annotations

import html
import re
import threading
from urllib.parse import quote

import pytest

from tests.support import dashboard


def ids(text: str) -> list[str]:
    """Return the articles of a page, as it lists them."""
    return re.findall(r"<span>(art-\d+)</span>", text)


def test_the_page_finds_what_rules_would_and_marks_it(shared: dashboard.Site) -> None:
    """Each article has its title and its sentences with the words marked, and leads to its story and to a rule."""
    answer = shared.get(f"/search?q={quote('resettlement AND Gaza')}")

    assert answer.status == 200
    assert ids(answer.text)
    assert "<mark title=" in answer.text
    assert re.search(r">Resettlement</mark>", answer.text)
    assert re.search(r'href="/stories/\d+#art-\d+"', answer.text)
    assert 'href="/playground?query=resettlement+AND+Gaza"' in answer.text


def test_an_empty_page_offers_help_and_no_result(shared: dashboard.Site) -> None:
    """Without a query nothing is searched."""
    answer = shared.get("/search")

    assert answer.status == 200
    assert "What do you look for?" in answer.text
    assert "SENT(a, b)" in answer.text


def test_a_wrong_query_is_shown_at_its_place(shared: dashboard.Site) -> None:
    """Line, column, code and the rest of the query marked; hostile queries stay text."""
    answer = shared.get(f"/search?q={quote('Gaza AND <script>')}")

    assert answer.status == 422
    assert "1:10 E310" in answer.text
    assert "Gaza AND <mark>&lt;script&gt;</mark>" in answer.text
    assert "<script>" not in answer.text.partition("<body>")[2]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("q=gaza&since=yesterday", "is no time"),
        ("q=gaza&pack=nobody", "There is no pack"),
        ("q=gaza&before=x", "no place in the archive"),
        (f"q={'a' * 2_001}", "at most 2000 characters"),
    ],
)
def test_wrong_fields_say_what_to_write(shared: dashboard.Site, asked: str, said: str) -> None:
    """A field that cannot be used is named, and what was typed stays in the form."""
    answer = shared.get(f"/search?{asked}")

    assert (answer.status, said in html.unescape(answer.text)) == (422, True)


def test_pages_go_on_below_the_last_article(shared: dashboard.Site) -> None:
    """The API's `next` is where the next page begins; all pages together hold each article once."""
    found, before = [], ""
    while True:
        page = shared.api("GET", f"/search?q={quote('re:/./')}&limit=2{before}").json
        found += [hit["id"] for hit in page["hits"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"

    assert len(found) > 4
    assert found == sorted(set(found), reverse=True)
    assert page["indexed"] is False
    assert "one by one" in page["notes"][0]


def test_the_api_gives_every_span_in_the_original(shared: dashboard.Site) -> None:
    """Programs get what the page marks."""
    page = shared.api("GET", f"/search?q={quote('title:resettlement')}").json

    for hit in page["hits"]:
        for span in hit["evidence"]:
            assert hit["title"][span["start"] : span["end"]] == span["text"]
    assert page["hits"]


def test_the_api_refuses_a_wrong_query_with_its_place(shared: dashboard.Site) -> None:
    """422 with a fault for the parameter, line and column in its message."""
    answer = shared.api("GET", f"/search?q={quote('gaza AND')}")

    assert answer.status == 422
    assert "query:1:6: E310" in answer.text


def test_a25_more_searches_than_two_are_sent_away(shared: dashboard.Site) -> None:
    """A crowd of searches gets answers or 503 with Retry-After, and pages still answer."""
    answers: list[dashboard.Answer] = []

    def search() -> None:
        answers.append(shared.get(f"/search?q={quote('re:/zz+y/ OR re:/q+z/')}"))

    crowd = [threading.Thread(target=search) for _ in range(12)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert {answer.status for answer in answers} <= {200, 503}
    assert all(answer.headers["retry-after"] for answer in answers if answer.status == 503)
    assert shared.get("/search").status == 200
