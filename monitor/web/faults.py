"""What a page or an API route raises when it cannot answer as asked; `dashboard.py` makes the answer of it.

WebFault(status, message)   whatever a person did: said in a sentence
|-- NotThere                404
|-- Refused                 403
|-- Unusable                422, with the field it is about
`-- Busy                    503 with Retry-After
"""

from __future__ import annotations


class WebFault(Exception):
    """An answer that is no page: its status, and a sentence that says what happened and what to do."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def sentence(text: str) -> str:
    """Return what another part of the program said as a sentence of a page: a capital in front, one full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


class NotThere(WebFault):
    """What the address names is not in the archive."""

    status = 404


class Refused(WebFault):
    """The visitor may not do this."""

    status = 403


class Conflicting(WebFault):
    """What was asked does not fit what stands by now."""

    status = 409


class TooLarge(WebFault):
    """What was sent is beyond its limit."""

    status = 413


class Unusable(WebFault):
    """A field holds what cannot be used."""

    status = 422

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Busy(WebFault):
    """As much heavy work as may be in work at once is in work already."""

    status = 503

    def __init__(self, message: str = "The monitor is busy with other requests.", retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after
