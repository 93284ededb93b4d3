"""Article + evidence -> the neutral pieces of a message; a channel gives them their shape."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from monitor import model
from monitor import text as texts

LONGEST_SNIPPET = 400
"""Characters of a sentence that a message shows; a longer one is cut around its marks."""
LEAST_SNIPPETS = 2
"""Sentences that a message shows; one a pack where more packs than that tell the article."""
_CONTEXT = 120
"""Characters kept before the first mark of a sentence that is cut."""

Span = tuple[int, int]


def render_item(
    article: model.Article, evidence: Sequence[model.Evidence], tellings: Sequence[model.Telling]
) -> model.NoticeItem:
    """Return what a message says about `article`, with the sentences that `evidence` marks."""
    shown, title_marks = snippets(article.title, article.text, evidence, max(LEAST_SNIPPETS, len(tellings)))
    return model.NoticeItem(
        title=article.title,
        url=article.url,
        newsroom=article.newsroom or article.source,
        published=article.published,
        lang=article.lang,
        partial=article.partial,
        tellings=tuple(tellings),
        snippets=shown,
        title_marks=title_marks,
    )


def snippets(
    title: str, text: str, evidence: Sequence[model.Evidence], limit: int = 2
) -> tuple[tuple[model.Snippet, ...], tuple[Span, ...]]:
    """Return the sentences of `text` that show most of the evidence, in reading order, and the marks of `title`.

    Args:
        evidence: Of any number of rules; offsets as `model.Evidence` has them. Spans outside the text are left out.
        limit: Most sentences. Those come first that add most terms not shown yet, in the title or before.
    """
    title_marks = merge(_spans(evidence, "title", len(title)))
    found = [e for e in evidence if e.field == "text" and 0 <= e.start < e.end <= len(text)]
    if not found:
        return (), title_marks
    by_sentence = _by_sentence(texts.sentences(text), found)
    chosen = sorted(_most_telling(by_sentence, _terms(e for e in evidence if e.field == "title"), limit))
    shown = (_snippet(text, sentence, merge((e.start, e.end) for e in by_sentence[sentence])) for sentence in chosen)
    return tuple(shown), title_marks


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return `spans` sorted, with those that overlap or touch made one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _spans(evidence: Iterable[model.Evidence], field: str, length: int) -> list[Span]:
    return [(e.start, e.end) for e in evidence if e.field == field and 0 <= e.start < e.end <= length]


def _terms(evidence: Iterable[model.Evidence]) -> set[str]:
    return {e.term for e in evidence}


def _by_sentence(sentences: Sequence[Span], found: Iterable[model.Evidence]) -> dict[Span, list[model.Evidence]]:
    grouped: dict[Span, list[model.Evidence]] = {}
    starts = [start for start, _ in sentences]
    for e in found:
        index = bisect.bisect_right(starts, e.start) - 1
        if index >= 0:
            grouped.setdefault(sentences[index], []).append(e)
    return grouped


def _most_telling(by_sentence: dict[Span, list[model.Evidence]], told: set[str], limit: int) -> list[Span]:
    """Choose greedily: each sentence by how many untold terms it has, then how many terms at all, then the earliest."""
    left = dict(by_sentence)
    chosen: list[Span] = []
    while left and len(chosen) < limit:
        best = max(left, key=lambda span: (len(_terms(left[span]) - told), len(_terms(left[span])), -span[0]))
        if chosen and not _terms(left[best]) - told:
            break
        told = told | _terms(left.pop(best))
        chosen.append(best)
    return chosen


def _snippet(text: str, sentence: Span, marks: Sequence[Span]) -> model.Snippet:
    start, end = _window(text, sentence, marks)
    inside = [(max(a, start), min(b, end)) for a, b in marks if a < end and b > start]
    lead, tail = "…" if start > sentence[0] else "", "…" if end < sentence[1] else ""
    shift = len(lead) - start
    return model.Snippet(lead + text[start:end] + tail, tuple((a + shift, b + shift) for a, b in inside))


def _window(text: str, sentence: Span, marks: Sequence[Span]) -> Span:
    """Return the part of `sentence` to show: all, or LONGEST_SNIPPET characters, its first mark near the start."""
    start, end = sentence
    if end - start <= LONGEST_SNIPPET:
        return sentence
    room = LONGEST_SNIPPET - 2
    first = marks[0][0]
    a = max(start, min(first - _CONTEXT, end - room))
    b = min(end, a + room)
    if a > start:
        a = _next_word(text, a, first)
    if b < end:
        b = _word_before(text, b, min(max(marks[0][1], a + 1), b))
    return a, b


def _next_word(text: str, start: int, latest: int) -> int:
    space = text.find(" ", start, latest)
    return space + 1 if space >= 0 else start


def _word_before(text: str, end: int, earliest: int) -> int:
    space = text.rfind(" ", earliest, end)
    return space if space > 0 else end
