"""Good files damaged by chance, and markup by chance: from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.faults.hostile.recipe import HTML, RSS, WORDS, Hostile, html, item, rss

_TAGS = (
    *("p", "div", "span", "b", "i", "a", "table", "tr", "td", "ul", "li", "h1"),
    *("h2", "script", "style", "article", "section", "blockquote", "br", "img", "form", "input", "svg"),
)
DAMAGED = 30


def recipes(seed: int) -> Iterator[Hostile]:
    """Yield every recipe."""
    feed = rss("".join(item(f"<description>{WORDS}</description>", n) for n in range(30))).encode()
    page = html(f"<p>{WORDS}</p>" * 30).encode()
    for number in range(DAMAGED):
        yield _made("feed", f"damaged-{number:02}", RSS, seed, lambda chance: _damaged(chance, feed))
        yield _made("page", f"damaged-{number:02}", HTML, seed, lambda chance: _damaged(chance, page))
        yield _made("page", f"soup-{number:02}", HTML, seed, _soup)


def _made(kind: str, name: str, content_type: str, seed: int, make: object) -> Hostile:
    def body() -> bytes:
        assert callable(make)
        made: bytes = make(random.Random(f"{seed} {kind} {name}"))
        return made

    return Hostile(f"{kind}-{name}", kind, content_type, body)


def _damaged(chance: random.Random, whole: bytes) -> bytes:
    body = bytearray(whole)
    for _ in range(chance.randint(1, 60)):
        at = chance.randrange(len(body))
        match chance.randrange(5):
            case 0:
                body[at] = chance.randrange(256)
            case 1:
                del body[at : at + chance.randint(1, 200)]
            case 2:
                body[at:at] = body[at : at + chance.randint(1, 500)]
            case 3:
                body[at:at] = chance.randbytes(chance.randint(1, 20))
            case _:
                body[at:at] = chance.choice(
                    (b"<![CDATA[", b"-->", b"<!--", b"]]>", b"<item>", b"</", b"&#0;", b"\x00", b"'>")
                )
    return bytes(body)


def _soup(chance: random.Random) -> bytes:
    pieces = []
    for _ in range(chance.randint(1_000, 20_000)):
        tag = chance.choice(_TAGS)
        match chance.randrange(4):
            case 0:
                pieces.append(f"<{tag}>")
            case 1:
                pieces.append(f"</{tag}>")
            case 2:
                pieces.append(f'<{tag} class="{chance.choice(_TAGS)}" href="{chance.random()}">')
            case _:
                pieces.append(WORDS[: chance.randint(1, len(WORDS))])
    return html("".join(pieces)).encode()
