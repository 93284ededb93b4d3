"""The world as bytes: article pages as sites print them, and feeds in three formats."""

from __future__ import annotations

import html
import json
import random
import time
from email.utils import formatdate

from bench.newsworld import Article, World

WRAPPERS = (
    "article",
    "div class='story-body'",
    "main",
    "div id='article-content'",
    "section class='post entry-content'",
)
AD = "<div class='ad' aria-hidden='true'><div>Advertisement</div><iframe src='/ads/{}' title='ad'></iframe></div>"
EPOCH = 1_767_225_600
"""When the world's first day begins, seconds: 2026-01-01T00:00:00Z."""
GAP = 900
"""Seconds between two entries of a feed."""
SCRIPT = 24_000
"""Characters of script in a page's head; a third of it again at its end. A page has about 70 kB."""
FORMATS = ("rss",) * 6 + ("atom",) * 3 + ("rdf",)


class Pages:
    """Renders a world.

    Args:
        port, hosts: Feed f is served on `127.0.0.(1 + f % hosts)`.
    """

    def __init__(self, world: World, port: int, hosts: int = 50) -> None:
        self.world, self.port, self.hosts = world, port, hosts
        self._sites = [_Site(world, number) for number in range(12)]

    def base(self, feed: int) -> str:
        """Return the address of the site that has this feed."""
        return f"http://127.0.0.{1 + feed % self.hosts}:{self.port}"

    def feed_url(self, feed: int) -> str:
        """Return the address of a feed."""
        return f"{self.base(feed)}/feed/{feed}.xml"

    def article_url(self, article: Article) -> str:
        """Return the address of an article's page."""
        return f"{self.base(article.feed)}/a/{article.name}.html"

    def page(self, feed: int, number: int) -> bytes:
        """Return an article's page."""
        return self.render(self.world.article(feed, number))

    def render(self, article: Article) -> bytes:
        """Return the page of an article, which need not be of this world."""
        site = self._sites[article.feed % len(self._sites)]
        return site.page(article, self.article_url(article), _iso(_moment(article)))

    def feed(self, feed: int) -> bytes:
        """Return a feed's XML: RSS 2.0 (60 % of feeds), Atom (30 %) or RSS 1.0 (10 %)."""
        rows = [(article, html.escape(self.article_url(article))) for article in self.world.listed(feed)]
        write = {"rss": _rss, "atom": _atom, "rdf": _rdf}[FORMATS[feed % len(FORMATS)]]
        return write(f"Feed {feed}", self.base(feed), rows).encode()


class _Site:
    """The fixed parts of one site's pages, made once."""

    def __init__(self, world: World, number: int) -> None:
        rng = random.Random(f"{world.seed}/site/{number}")
        prose = world.sentences["en"]
        script = _script(rng)
        wrapper = WRAPPERS[number % len(WRAPPERS)]
        self._open, self._close = f"<{wrapper}>", f"</{wrapper.split()[0]}>"
        self._head = (
            f"<link rel='stylesheet' href='/c/{number}.css'><style>{_style(rng)}</style>"
            f"<script>{script}</script></head>"
            f"<body class='site{number}'><div id='cookie' class='cookie-banner'><p>We use cookies to improve your"
            " experience. <button>Accept all</button></p></div>"
            f"<header><div class='logo'><a href='/'>Site {number} News</a></div>"
            f"<nav class='menu'><ul>{_links(rng, prose, 80, 'nav')}</ul></nav></header>"
            f"<div class='wrap'>{AD.format(1)}<div class='col-main'>"
        )
        self._tail = (
            "<div class='share'><a href='#f'>Facebook</a> <a href='#x'>X</a> <a href='#m'>Email</a></div></div>"
            f"<aside class='sidebar related'><h3>Related stories</h3><ul>{_links(rng, prose, 40, 'rel')}</ul>"
        )
        self._end = (
            f"</aside><aside class='most-read'><h3>Most read</h3><ol>{_links(rng, prose, 15, 'top')}</ol></aside>"
            f"{AD.format(2)}<section id='comments' class='comments'><h3>Comments</h3>{_comments(rng, prose)}</section>"
            f"</div><footer><ul>{_links(rng, prose, 60, 'foot')}</ul><p>© Site {number} News. All rights reserved."
            f" Terms of use.</p></footer><script>{script[: len(script) // 3]}</script></body></html>"
        )

    def page(self, article: Article, url: str, iso: str) -> bytes:
        title = html.escape(article.story.headline)
        data = json.dumps({"@type": "NewsArticle", "headline": article.story.headline, "datePublished": iso})
        return "".join(
            (
                f"<!DOCTYPE html><html lang='{article.story.lang}'><head><meta charset='utf-8'>"
                f"<title>{title} - Site {article.feed}</title><link rel='canonical' href='{url}'>"
                f"<meta property='og:title' content='{title}'><meta property='article:published_time' content='{iso}'>"
                f'<script type="application/ld+json">{data}</script>',
                self._head,
                f"{self._open}<h1>{title}</h1><p class='meta'><time datetime='{iso}'>{iso}</time></p>",
                *_body(article),
                self._close,
                self._tail,
                _teaser(article),
                self._end,
            )
        ).encode()


def _body(article: Article) -> list[str]:
    said = [f"<p>{html.escape(' '.join(paragraph), quote=False)}</p>" for paragraph in article.story.paragraphs]
    return [*said[:3], AD.format(3), *said[3:]]


def _teaser(article: Article) -> str:
    if article.topic is None or article.decoy != "boilerplate":
        return ""
    return f"<p class='teaser'><a href='/s/{article.name}'>{article.topic.entity}: {article.topic.phrases[0]}</a></p>"


def _script(rng: random.Random) -> str:
    parts, length = [], 0
    while length < SCRIPT:
        part = f"window.__d{len(parts)}={{id:{rng.randrange(10**9)},t:'{rng.randrange(10**12):x}'}};"
        parts.append(part)
        length += len(part)
    return "".join(parts)


def _style(rng: random.Random) -> str:
    return "".join(f".c{place}{{margin:{place % 9}px;color:#{rng.randrange(16**6):06x}}}" for place in range(120))


def _links(rng: random.Random, prose: list[str], count: int, kind: str) -> str:
    def words() -> str:
        return html.escape(" ".join(rng.choice(prose).split()[: rng.randint(1, 3) if kind == "nav" else 9]))

    return "".join(
        f"<li class='{kind}-item'><a href='/s/{rng.randrange(9**6)}'><span>{words()}</span></a></li>"
        for _ in range(count)
    )


def _comments(rng: random.Random, prose: list[str]) -> str:
    return "".join(
        f"<div class='comment'><b>user{rng.randrange(9999)}</b><p>{html.escape(rng.choice(prose))}</p></div>"
        for _ in range(15)
    )


# -- feeds ---------------------------------------------------------------------------------------


def _moment(article: Article) -> int:
    return EPOCH + (article.feed * 7919) % 86_400 + article.number * GAP


def _iso(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _title(article: Article) -> str:
    return html.escape(article.story.headline)


def _summary(article: Article) -> str:
    first = [sentence for paragraph in article.story.paragraphs[:2] for sentence in paragraph]
    return html.escape(f"<p>{' '.join(first)[:400]}</p>")


def _rss(name: str, base: str, rows: list[tuple[Article, str]]) -> str:
    items = "".join(
        f"<item><title>{_title(one)}</title><link>{url}</link><guid isPermaLink='false'>tag:{one.name}</guid>"
        f"<pubDate>{formatdate(_moment(one), usegmt=True)}</pubDate><category>news</category>"
        f"<description>{_summary(one)}</description></item>\n"
        for one, url in rows
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<rss version='2.0'><channel><title>{name}</title><link>{base}/</link>"
        f"<description>Simulated</description>\n{items}</channel></rss>\n"
    )


def _atom(name: str, base: str, rows: list[tuple[Article, str]]) -> str:
    items = "".join(
        f"<entry><title>{_title(one)}</title><link rel='alternate' href='{url}'/><id>tag:{one.name}</id>"
        f"<updated>{_iso(_moment(one))}</updated><published>{_iso(_moment(one))}</published>"
        f"<author><name>Desk</name></author><summary type='html'>{_summary(one)}</summary></entry>\n"
        for one, url in rows
    )
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<feed xmlns='http://www.w3.org/2005/Atom'><title>{name}</title>"
        f"<id>tag:{base}</id><link href='{base}/'/><updated>{_iso(_moment(rows[0][0]))}</updated>\n{items}</feed>\n"
    )


def _rdf(name: str, base: str, rows: list[tuple[Article, str]]) -> str:
    items = "".join(
        f"<item rdf:about='{url}'><title>{_title(one)}</title><link>{url}</link>"
        f"<description>{_summary(one)}</description><dc:date>{_iso(_moment(one))}</dc:date></item>\n"
        for one, url in rows
    )
    listed = "".join(f"<rdf:li rdf:resource='{url}'/>" for _, url in rows)
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        " xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<channel rdf:about='{base}/'><title>{name}</title><link>{base}/</link><description>Simulated</description>"
        f"<items><rdf:Seq>{listed}</rdf:Seq></items></channel>\n{items}</rdf:RDF>\n"
    )
