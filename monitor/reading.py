"""Page and entry -> text, language, matches, fingerprint: one call into a worker, small frozen values in and out.

`jobs` calls it inside a worker process, `replay` in its own; both get the same answer for the same input.
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from datetime import datetime

from monitor import errors, model, text
from monitor.alerts import facts
from monitor.articles import extract, language, page_words, walls
from monitor.rules import compile as rules_compile
from monitor.rules import live, match, mentions
from monitor.stories import credits, features, fingerprint, sketch
from monitor.tasks import PREFILTERED, PageBytes, Reading

REPEATED = 12
"""Leading words of a summary that must stand in body or title for it to repeat them; its end is often cut."""


def warm_up(rules_path: str) -> None:
    """Load the rules, and whatever the libraries load at their first page."""
    page = PageBytes(_SAMPLE, "https://www.example.org/", "text/html; charset=utf-8")
    read_entry(rules_path, model.Article(title="", text="", lang=None), page, None)


_SAMPLE = b"""<html><head><title>Port closed by strike</title></head><body><article><h1>Port closed by strike</h1>
<p>The port was closed on Tuesday by a strike of its pilots; no ship has left it since, and the harbour master said that
none would before the end of the week. The owners of the ships have asked the government for talks with the pilots.</p>
</article></body></html>"""
"""Long enough for the detector of languages to be asked, and short enough for the second extractor."""
WHOLE = 1500
"""Characters: a feed's text of that length that is not broken off is the whole article, whatever its page shows."""
FAR_LONGER = 1.5
"""How many times longer than a page's text the feed's must be to be taken instead."""
_LITTLE = ("paid", "thin_page", "no_text")
"""Reasons of a page that is there and shows little. Behind a wall, or at a later time, it may show more."""
_BROKEN_OFF = re.compile(
    r"(?:…|\.\.\.|\[\+\d+ chars\]|\[…\]|\[\.\.\.\])\s*$|continue reading|read more|read the rest|weiterlesen"
    r"|lire la suite|leer más|להמשך קריאה|לכתבה המלאה|اقرأ المزيد|المزيد",
    re.IGNORECASE,
)


def read_entry(rules_path: str, draft: model.Article, page: PageBytes | None, missing: str | None) -> Reading:
    """Read an entry, with its page where one was fetched.

    Args:
        rules_path: File with the rule source to match under.
        draft: The article so far; `text` is the feed's own text.
        page: None where there is no page.
        missing: Why there is no page although there should be one (a FetchError code), None if none is expected.
    """
    article, reason = (draft, missing) if page is None else _with_page(draft, page)
    return read_article(live.of_file(rules_path), replace(article, partial=reason is not None), reason)


def read_sifted(rules_path: str, draft: model.Article, page: PageBytes | None, missing: str | None) -> Reading:
    """Read an entry as `read_entry` does, but leave its page unread where no rule could match whatever stands in it.

    Such an article keeps the feed's text, is not partial, and says PREFILTERED.
    """
    if page is not None and draft.title and not walls.of_address(draft.url, page.url):
        rules = live.of_file(rules_path)
        words = page_words.page_words(page.body, page.content_type, (draft.title, draft.text))
        if words is not None and not match.may_match(rules, words):
            return replace(read_article(rules, replace(draft, partial=False), None), partial_reason=PREFILTERED)
    return read_entry(rules_path, draft, page, missing)


def read_stored(rules_path: str, article: model.Article) -> Reading:
    """Read an article whose text is known already: a changed headline, or the same page in another feed."""
    return read_article(live.of_file(rules_path), article, "stored_partial" if article.partial else None)


def read_article(rules: rules_compile.RuleSet, article: model.Article, partial_reason: str | None) -> Reading:
    """Tell the language, match, and fingerprint an article whose text stands."""
    body, cut = text.cut(article.text)
    title_words, text_words = text.folded_words(article.title), text.folded_words(body)
    known = article.lang or language.detect_language(article.title, body)
    article = replace(article, text=body, lang=known)
    haystack = match.haystack_of(article)
    matches = match.match_article(rules, article, haystack)
    named = mentions.mentions(rules, article, haystack)
    return Reading(
        article=article,
        partial_reason=partial_reason,
        cut=cut,
        matches=matches,
        ruleset_id=rules.id,
        table_id=text.TABLE_ID,
        folded_hash=fingerprint.folded_hash(title_words, text_words),
        title_words=" ".join(title_words),
        text_words=" ".join(text_words),
        forms=tuple(text.other_forms(article.title, body)),
        facts=facts.article_facts(article, matches, named, functools.partial(mentions.mentions, rules)),
        credits=credits.credits_of(article.title, body, article.author, article.newsroom),
        sketch=sketch.sketch_of(text_words),
        features=features.pack(features.features_of(article, title_words, text_words, named)),
    )


def _with_page(draft: model.Article, page: PageBytes) -> tuple[model.Article, str | None]:
    wall = walls.of_address(draft.url, page.url)
    if wall:
        return draft, wall
    try:
        read = extract.read_page(page.body, page.url, page.content_type)
    except errors.ExtractError as fault:
        return draft, _unless_whole(draft.text, fault.code)
    seen, reason = read.page, read.partial_reason
    if _feed_has_more(draft.text, seen.text, reason):
        return draft, _unless_whole(draft.text, reason)
    title = draft.title or seen.title
    body = _without_headline((title, seen.title), seen.text)
    article = replace(
        draft,
        title=title,
        text=with_summary(title, draft.text, body),
        lang=language.detect_language(draft.title, seen.text, seen.lang or draft.lang),
        author=draft.author or seen.author or "",
        published=draft.published or _not_to_come(seen.published, draft.first_seen),
    )
    return article, reason


def _feed_has_more(summary: str, body: str, reason: str | None) -> bool:
    """Return whether the feed's own text is the better one: longer than a piece of the page, or far longer than it."""
    if reason is not None:
        return len(summary) >= len(body)
    return _is_whole(summary) and len(summary) >= FAR_LONGER * len(body)


def _unless_whole(summary: str, reason: str | None) -> str | None:
    """Return why the article is partial, None where the feed carries all of it and the page does not show more."""
    return None if reason in _LITTLE and _is_whole(summary) else reason


def _is_whole(summary: str) -> bool:
    """Return whether a feed's text is the article itself: long, and not broken off."""
    return len(summary) >= WHOLE and not _BROKEN_OFF.search(summary[-80:])


def _not_to_come(published: datetime | None, first_seen: datetime | None) -> datetime | None:
    return min(published, first_seen) if published and first_seen else published


def _without_headline(titles: tuple[str, ...], body: str) -> str:
    """Return the body without a first paragraph that is the headline again: copies differ in it, and it is matched."""
    first, _, rest = body.partition("\n")
    headlines = [text.folded_words(title) for title in titles if title]
    return rest.lstrip("\n") if rest and text.folded_words(first) in headlines else body


def with_summary(title: str, summary: str, body: str) -> str:
    """Return the body, with the feed's summary as its first paragraph where it repeats neither title nor body."""
    words = " ".join(text.folded_words(summary)[:REPEATED])
    repeated = any(words in " ".join(text.folded_words(place)) for place in (title, body))
    return body if not words or repeated else f"{summary}\n{body}"
