"""Hostile OPML."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.hostile.recipe import Hostile, opml

_FEED = '<outline text="t" xmlUrl="http://127.0.0.1/feed"/>'


def recipes() -> Iterator[Hostile]:
    """Yield every recipe."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for name, before, inner in (
        ("entity-bomb", f'<!DOCTYPE opml [<!ENTITY l0 "ha">{laughs}]>', '<outline text="&l9;" xmlUrl="http://h/"/>'),
        ("entity-external", '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<outline text='&x;'/>"),
        ("outlines-100000", "", "".join(f'<outline xmlUrl="http://h/{n}"/>' for n in range(100_000))),
        ("outlines-same", "", _FEED * 100_000),
        ("deep-100000", "", "<outline text='a'>" * 100_000),
        ("deep-closed", "", "<outline text='a'>" * 3_000 + _FEED + "</outline>" * 3_000),
        ("long-folder", "", f"<outline text='{'f' * 2_000_000}'>{_FEED}</outline>"),
        ("scripts", "", '<outline text="&lt;script&gt;alert(1)&lt;/script&gt;" xmlUrl="javascript:alert(1)"/>'),
        ("private", "", '<outline xmlUrl="http://169.254.169.254/"/><outline xmlUrl="file:///etc/passwd"/>'),
        ("attributes", "", "<outline " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>"),
        ("long-address", "", f'<outline xmlUrl="http://h/{"a" * 3_000_000}"/>'),
        ("tags", "", f'<outline xmlUrl="http://h/" tags="{"t," * 500_000}"/>'),
        ("controls", "", '<outline text="a\x00\x1b\x07b" xmlUrl="http://h/"/>'),
        ("durations", "", f'<outline xmlUrl="http://h/" every="{"9" * 500_000}"/>'),
        ("ampersands", "", f'<outline xmlUrl="http://h/?{"a&" * 500_000}"/>'),
        ("namespaces", "", "".join(f'<outline xmlns="http://n/{n}">' for n in range(5_000))),
    ):
        text = f'{before}<opml version="2.0"><head/><body>{inner}</body></opml>'
        yield opml(name, lambda t=text: t)
    yield opml("cut", lambda: f"<opml><body>{_FEED * 50}"[:-20])
    yield opml("utf-16", lambda: f"<opml><body>{_FEED}</body></opml>".encode("utf-16"))
    yield opml("empty", lambda: "")
    yield opml("no-xml", lambda: "feeds:\n - http://h/\n" * 10_000)
    yield opml("html", lambda: "<html><body>" + "<p>" * 100_000)
    yield opml("beyond-10-mb", lambda: f"<opml><body>{_FEED * 220_000}</body></opml>")
