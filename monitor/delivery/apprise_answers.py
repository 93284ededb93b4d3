"""What a service answered to apprise, which itself tells success from failure and little more.

apprise's plugins call `requests`, whose sessions pass every answer to hooks before its body is read. Ours notes status
and Retry-After for the thread that asked, and reads 64 kB at most: left to itself, `requests` reads all there is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from requests import sessions

REPLY_LIMIT = 65_536
_HERE = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer; `retry_after` and `date` as the service wrote them."""

    status: int
    retry_after: str | None
    date: str | None


@contextmanager
def heard() -> Iterator[list[Answer]]:
    """Yield the list of answers that this thread gets while the block runs."""
    # What every session that is made from now on begins with.
    sessions.default_hooks = _hooks  # type: ignore[attr-defined]
    answers: list[Answer] = []
    _HERE.answers = answers
    try:
        yield answers
    finally:
        _HERE.answers = None


def _hooks() -> dict[str, list[Any]]:
    return {"response": [_hear]}


def _hear(response: Any, *_: object, **options: Any) -> None:
    answers = getattr(_HERE, "answers", None)
    if answers is None:
        return
    headers = response.headers
    answers.append(Answer(response.status_code, headers.get("Retry-After"), headers.get("Date")))
    if not options.get("stream"):
        response._content = next(response.iter_content(REPLY_LIMIT), b"")
        response._content_consumed = True
        response.close()
