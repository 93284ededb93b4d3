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
    "gb2312": "gb18030", "gbk": "gb18030", "x-sjis": "cp932", "shift_jis": "cp932",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "windows-874": "cp874", "x-gbk": "gb18030", "utf8": "utf-8",
}  # fmt: skip
_ELSE = {"iso-8859-6": "cp1256", "asmo-708": "cp1256", "utf-16": "utf-16-le"}
"""What a declared set is tried as next, where the bytes are not in it: Windows' Arabic was often declared as ISO's."""
_DEFAULT = "cp1252"
"""What servers declare that were never told otherwise."""
_SINGLE_BYTE = {"he": "cp1255", "ar": "cp1256", "fa": "cp1256", "ru": "cp1251", "uk": "cp1251", "el": "cp1253"}
_C1 = bytes(range(0x80, 0xA0))
WIDE_SHARE = 4
"""One in so many of every other byte is NUL in UTF-16: its tags, spaces and signs."""
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
    if wide := _wide(page):
        return _encoded(page.decode(wide, "replace"))
    # ISO-2022 is ASCII with escape sequences, and so valid UTF-8 as well.
    if b"\x1b$" not in page and is_utf8(page):
        return page.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")
    for name in _declared(page, content_type):
        text = _decoded(page, name)
        if text is not None:
            return _encoded(text)
    return _encoded(page.decode(_usual(page), "replace"))


def _wide(page: bytes) -> str | None:
    """Return the UTF-16 that a page without a mark is in: every other byte of its markup is NUL, and so valid UTF-8."""
    start = page[:_META_BYTES]
    low, high = start[0::2].count(0), start[1::2].count(0)
    if max(low, high) * WIDE_SHARE < len(start) // 2:
        return None
    return "utf-16-le" if high > low else "utf-16-be"


def is_utf8(page: bytes) -> bool:
    """Return whether `page` is UTF-8, but for a character that its end may cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(page, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _declared(page: bytes, content_type: str | None) -> list[str]:
    """Return the encodings to try: the header's, the page's, and next of kin; a server's default comes last.

    Where the page says that it is Hebrew, Arabic or the like, that default is not believed at all.
    """
    header = _HEADER.search(content_type or "")
    meta = _META.search(page[:_META_BYTES])
    names = [header[1] if header else "", meta[1].decode("ascii", "replace") if meta else ""]
    meant = [_MEANT.get(name.lower(), name.lower()) for name in names if name]
    told = [name for name in meant if name != _DEFAULT]
    if _DEFAULT in meant and _usual(page) == _DEFAULT:
        told.append(_DEFAULT)
    if not {"cp1256", "windows-1256"}.isdisjoint(told) and _is_iso_arabic(page):
        told.insert(0, "iso8859-6")
    return [name for first in told for name in (first, _ELSE.get(first, "")) if name]


def _decoded(page: bytes, encoding: str) -> str | None:
    """Return the text, unless `encoding` is unknown or plainly wrong (more than 1 character in 100 fails)."""
    try:
        text = page.decode(encoding, "replace")
    except (LookupError, UnicodeError, TypeError):
        return None
    return text if text.count("\ufffd") * 100 <= len(text) else None


def _usual(page: bytes) -> str:
    found = _PAGE_LANG.search(page[:_META_BYTES])
    usual = _SINGLE_BYTE.get(found[1].decode("ascii").lower(), _DEFAULT) if found else _guess(page)
    return "iso8859-6" if usual == "cp1256" and _is_iso_arabic(page) else usual


def _is_iso_arabic(page: bytes) -> bool:
    """Return whether every byte is one of ISO-8859-6: in windows-1256 its quotation marks and three common letters
    (feh, qaf, kaf) are not."""
    if page.translate(None, _C1) != page:
        return False
    try:
        page.decode("iso8859-6")
    except UnicodeDecodeError:
        return False
    return True


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
