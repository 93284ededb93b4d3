"""A page's bytes in UTF-8, whatever they were sent as."""

from __future__ import annotations

import codecs
import collections
import re

_META = re.compile(rb"<meta\s[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_META_BYTES = 16_384
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_BAD_REFERENCE = re.compile(
    rb"&#(?:[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF])(?![0-9a-fA-F])"
    rb"|0*(?:[0-8]|1[124-9]|2\d|3[01]|55(?:29[6-9]|[3-9]\d\d)|56\d{3}|57(?:[0-2]\d\d|3[0-3]\d|34[0-3])|6553[45])(?!\d));?"
)
"""References to NUL, control characters, surrogates and non-characters: one of them costs the extractor the page."""
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What browsers take these names for (WHATWG Encoding Standard): pages use the letters of the larger set.
_MEANT = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "iso-8859-9": "cp1254", "iso-8859-8-i": "cp1255", "iso-8859-8": "cp1255", "visual": "cp1255",
    "iso-8859-6": "cp1256", "gb2312": "gb18030", "gbk": "gb18030", "x-sjis": "cp932", "shift_jis": "cp932",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "windows-874": "cp874", "x-gbk": "gb18030", "utf8": "utf-8",
}  # fmt: skip
_SINGLE_BYTE = {"he": "cp1255", "ar": "cp1256", "fa": "cp1256", "ru": "cp1251", "uk": "cp1251", "el": "cp1253"}
_HEBREW_LETTERS = range(0xE0, 0xFB)
"""In windows-1255. Of them yod (0xE9) is the commonest, as o (0xEE) is in windows-1251, alef-lam in 1256."""
_PAGE_LANG = re.compile(rb"<html\s[^>]{0,300}?\blang\s*=\s*[\"']?\s*([A-Za-z]{2})", re.IGNORECASE)


def to_utf8(page: bytes, content_type: str | None = None) -> bytes:
    """Return `page` in UTF-8 without control characters, plain or by reference.

    Decided by, in this order: byte order mark; bytes that are valid UTF-8 (no other text is, by chance); the header
    `content_type`; the page's own `<meta>`; what its language was usually written in. Undecodable bytes become U+FFFD.
    """
    return _BAD_REFERENCE.sub(b"", _recoded(page, content_type).translate(None, _CONTROL))


def _recoded(page: bytes, content_type: str | None) -> bytes:
    for mark, encoding in _BOMS:
        if page.startswith(mark):
            return _encoded(page[len(mark) :].decode(encoding, "replace"))
    # ISO-2022 is ASCII with escape sequences, and so valid UTF-8 as well.
    if b"\x1b$" not in page and is_utf8(page):
        return page.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")
    for name in _declared(page, content_type):
        text = _decoded(page, name)
        if text is not None:
            return _encoded(text)
    return _encoded(page.decode(_usual(page), "replace"))


def is_utf8(page: bytes) -> bool:
    """Return whether `page` is UTF-8, but for a character that its end may cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(page, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _declared(page: bytes, content_type: str | None) -> list[str]:
    header = _HEADER.search(content_type or "")
    meta = _META.search(page[:_META_BYTES])
    names = [header[1] if header else "", meta[1].decode("ascii", "replace") if meta else ""]
    return [_MEANT.get(name.lower(), name.lower()) for name in names if name]


def _decoded(page: bytes, encoding: str) -> str | None:
    """Return the text, unless `encoding` is unknown or plainly wrong (more than 1 character in 100 fails)."""
    try:
        text = page.decode(encoding, "replace")
    except (LookupError, UnicodeError, TypeError):
        return None
    return text if text.count("\ufffd") * 100 <= len(text) else None


def _usual(page: bytes) -> str:
    found = _PAGE_LANG.search(page[:_META_BYTES])
    return _SINGLE_BYTE.get(found[1].decode("ascii").lower(), "cp1252") if found else _guess(page)


def _guess(page: bytes) -> str:
    """Tell the usual single-byte sets apart by which letters they would make of the bytes from 0xC0 up."""
    counts = collections.Counter(page)
    high = sum(counts[byte] for byte in range(0xC0, 0x100))
    words = b" ".join(re.findall(rb">([^<]{2,2000})<", page[:500_000]))
    if high < sum(1 for byte in words if 65 <= byte < 123):
        return "cp1252"
    if sum(counts[byte] for byte in _HEBREW_LETTERS) > 0.95 * high and counts[0xE9] > counts[0xEE]:
        return "cp1255"
    return "cp1256" if counts[0xC7] + counts[0xE1] > 0.15 * high else "cp1251"


def _encoded(text: str) -> bytes:
    return text.translate({0xFFFE: None, 0xFFFF: None}).encode("utf-8", "replace")
