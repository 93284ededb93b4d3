"""Posted forms: read within bounds, refused without the token that our own pages put in.

Urlencoded forms are read here; those with a file go through python-multipart, with limits of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from monitor.web.access import FIELD, HEADER, Visitor, csrf_fits
from monitor.web.faults import Refused, TooLarge, WebFault

MOST_FORM = 64 * 1024
"""Bytes of a form; one with a rule pack or a file says a limit of its own."""
MOST_FIELDS = 200
PATIENCE = 20.0
"""Seconds in which a form has to arrive."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, each with the values in their order, and its files."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)

    def get(self, name: str, otherwise: str = "") -> str:
        """Return the first value of a field, without space around it."""
        found = self.values.get(name)
        return found[0].strip() if found else otherwise

    def text(self, name: str) -> str:
        """Return the first value of a field as it was typed, line ends as newlines."""
        found = self.values.get(name)
        return found[0].replace("\r\n", "\n") if found else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field."""
        return tuple(self.values.get(name, ()))

    async def close(self) -> None:
        """Let go of the files."""
        for file in self.files.values():
            await file.close()


async def read_form(request: Request, most: int, key: bytes, visitor: Visitor) -> Form:
    """Return the form that `request` posts.

    Raises: Refused without a right token; TooLarge, or WebFault for what is no form or does not arrive.
    """
    given = request.headers.get(HEADER)
    if given is not None and not csrf_fits(key, visitor, given):
        raise Refused(_STALE)
    try:
        async with asyncio.timeout(PATIENCE):
            form = await _parse(request, most)
    except TimeoutError:
        raise WebFault("The form did not arrive in time. Send it again.") from None
    if given is None and not csrf_fits(key, visitor, form.get(FIELD)):
        await form.close()
        raise Refused(_STALE)
    return form


_STALE = "This form is out of date, or was not sent from this site. Nothing was changed. Load the page again."


async def _parse(request: Request, most: int) -> Form:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _parse_multipart(request, most)
    if kind not in ("application/x-www-form-urlencoded", ""):
        raise WebFault("This is no form.")
    data = bytearray()
    async for chunk in _bounded(request, most):
        data += chunk
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        raise WebFault("This form has more fields than any of ours, or is no text.") from None
    return Form(_gathered(pairs))


async def _parse_multipart(request: Request, most: int) -> Form:
    parser = MultiPartParser(
        request.headers, _bounded(request, most), max_files=1, max_fields=MOST_FIELDS, max_part_size=most
    )
    try:
        found = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise WebFault("This form cannot be read.") from None
    pairs = [(name, value) for name, value in found.multi_items() if isinstance(value, str)]
    files = {name: value for name, value in found.multi_items() if isinstance(value, UploadFile)}
    return Form(_gathered(pairs), files)


async def _bounded(request: Request, most: int):  # type: ignore[no-untyped-def]
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(f"This form is larger than {most // 1024} kB. Nothing was changed.")
        yield chunk


def _gathered(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
