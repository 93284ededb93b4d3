"""Bodies that are hostile as they are sent: bombs of gzip, and encodings nobody asked for."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator

from tests.faults.hostile.recipe import HTML, RSS, Hostile, html, item, rss

_GZIP = {"Content-Encoding": "gzip"}


def recipes() -> Iterator[Hostile]:
    """Yield every recipe."""
    for kind, content_type, plain in (("feed", RSS, rss(item()).encode()), ("page", HTML, html("").encode())):
        for megabytes in (11, 50, 500):
            yield _sent(kind, f"gzip-bomb-{megabytes}", content_type, lambda n=megabytes: _zeros(n))
        yield _sent(kind, "gzip-twice", content_type, lambda: gzip.compress(_zeros(100)))
        yield _sent(
            kind, "gzip-good-inside-bomb", content_type, lambda p=plain: gzip.compress(p + bytes(60_000_000), 9)
        )
        yield _sent(kind, "gzip-members", content_type, lambda: gzip.compress(b"") * 20_000)
        yield _sent(kind, "gzip-cut", content_type, lambda p=plain: gzip.compress(p * 20)[:-30])
        yield _sent(kind, "gzip-lie", content_type, lambda p=plain: p)
        yield _sent(kind, "gzip-garbage-behind", content_type, lambda p=plain: gzip.compress(p) + b"\x1f\x8b" * 1_000)
        yield _sent(kind, "gzip-wrong-sum", content_type, lambda p=plain: gzip.compress(p)[:-8] + bytes(8))
        yield _sent(kind, "deflate", content_type, lambda p=plain: zlib.compress(p), {"Content-Encoding": "deflate"})
        yield _sent(kind, "brotli", content_type, lambda: b"\xcb\xff\xff" * 250, {"Content-Encoding": "br"})
        yield _sent(kind, "zstd", content_type, lambda: b"\x28\xb5\x2f\xfd" * 200, {"Content-Encoding": "zstd"})
        yield _sent(kind, "gzip-undeclared", content_type, lambda p=plain: gzip.compress(p), {})
        yield _sent(kind, "bomb-undeclared", content_type, lambda: _zeros(100), {})


def _sent(
    kind: str, name: str, content_type: str, body: Callable[[], bytes], headers: dict[str, str] | None = None
) -> Hostile:
    return Hostile(f"{kind}-wire-{name}", kind, content_type, body, _GZIP if headers is None else headers)


def _zeros(megabytes: int) -> bytes:
    """Return so many megabytes of zeros, packed a piece at a time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1_000_000)
    return b"".join(packer.compress(piece) for _ in range(megabytes)) + packer.flush()
