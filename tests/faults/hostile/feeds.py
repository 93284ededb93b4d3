"""Hostile RSS, Atom, RDF and sitemaps."""

from __future__ import annotations

import html as entities
from collections.abc import Iterator

from tests.faults.hostile.recipe import ATOM, SITEMAP, WORDS, Hostile, atom, feed, item, rss

AUTHOR = "a@" + "a." * 32_000 + "!"
"""feedparser's pattern for e-mail addresses takes 32 s of processor time over this."""


def recipes() -> Iterator[Hostile]:
    """Yield every recipe."""
    yield from _entities()
    yield from _depth()
    yield from _numbers()
    yield from _patterns()
    yield from _cuts()
    yield from _charsets()
    yield from _controls()
    yield from _dates()
    yield from _links()
    yield from _roots()
    yield from _sitemaps()


def _entities() -> Iterator[Hostile]:
    for levels in (5, 9, 20):
        yield feed(f"billion-laughs-{levels}", lambda n=levels: _laughs(n))
    big = '<!DOCTYPE rss [<!ENTITY a "' + "a" * 100_000 + '">]>'
    yield feed("quadratic-entity", lambda: big + rss(item(f"<description>{'&a;' * 1000}</description>"), before=""))
    yield feed("entity-13kb", lambda: _laughs(3, 200))
    outside = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield feed("external-entity", lambda: outside + rss(item("<description>&x;</description>"), before=""))
    parameter = '<!DOCTYPE rss [<!ENTITY % d SYSTEM "http://127.0.0.1:9/d"> %d;]>'
    yield feed("parameter-entity", lambda: parameter + rss(item(), before=""))
    yield feed("dtd-outside", lambda: '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">' + rss(item(), before=""))
    yield feed("doctype-unclosed", lambda: "<!DOCTYPE rss [" + "<!ENTITY a 'b'>" * 50_000)
    yield feed("doctype-brackets", lambda: "<!DOCTYPE rss [" + "]" * 500_000 + rss(item(), before=""))
    yield feed("doctype-many", lambda: "<!DOCTYPE rss>" * 100_000 + rss(item(), before=""))
    yield feed("character-references", lambda: rss(item(f"<description>{'&#1575;' * 1_000_000}</description>")))
    yield feed("unknown-entities", lambda: rss(item(f"<description>{'&nosuch;' * 200_000}</description>")))
    yield feed("ampersands", lambda: rss(item(f"<description>{'&' * 2_000_000}</description>")))
    yield feed("references-unclosed", lambda: rss(item(f"<title>{'&#x' * 500_000}</title>")))
    yield feed("references-long", lambda: rss(item(f"<title>&#{'9' * 1_000_000};</title>")))


def _laughs(levels: int, width: int = 10) -> str:
    lines = ['<!ENTITY l0 "ha">']
    lines += [f'<!ENTITY l{n} "{f"&l{n - 1};" * width}">' for n in range(1, levels + 1)]
    return f"<!DOCTYPE rss [{''.join(lines)}]>" + rss(item(f"<title>&l{levels};</title>"), before="")


def _depth() -> Iterator[Hostile]:
    for depth in (1_000, 10_000, 100_000):
        yield feed(f"deep-elements-{depth}", lambda n=depth: rss(item("<a>" * n + "x" + "</a>" * n)))
        yield feed(f"deep-unclosed-{depth}", lambda n=depth: rss(item("<a>" * n)))
        nested = entities.escape("<div>" * depth + "x" + "</div>" * depth)
        yield feed(f"deep-html-{depth}", lambda inner=nested: rss(item(f"<description>{inner}</description>")))
        deep = "<div>" * depth + "x" + "</div>" * depth
        yield feed(
            f"deep-xhtml-{depth}",
            lambda inner=deep: atom(
                f'<entry><id>1</id><title>t</title><content type="xhtml">{inner}</content></entry>'
            ),
            ATOM,
        )
        yield feed(f"deep-items-{depth}", lambda n=depth: rss("<item><title>t</title>" * n))
    yield feed("deep-roots", lambda: "<rss>" * 50_000)
    yield feed("deep-channels", lambda: "<rss>" + "<channel>" * 100_000 + item())
    yield feed("deep-source", lambda: atom("<entry>" + "<source>" * 20_000 + "</entry>"))


def _numbers() -> Iterator[Hostile]:
    def many(inner: str, count: int) -> str:
        return rss("".join(item(inner, n) for n in range(count)))

    yield feed("items-100000", lambda: many("", 100_000))
    yield feed("items-empty-500000", lambda: rss("<item/>" * 500_000))
    yield feed("items-1000-large", lambda: many(f"<description>{WORDS * 90}</description>", 1_000))
    marked = entities.escape("<p><b>x</b> <a href='http://h/'>y</a></p>" * 150)
    yield feed("items-1000-marked", lambda: many(f"<description>{marked}</description>", 1_000))
    yield feed("beyond-10-mb", lambda: many(f"<description>{WORDS * 100}</description>", 1_200))
    yield feed("categories-1000000", lambda: rss(item("<category>c</category>" * 400_000)))
    yield feed("categories-distinct", lambda: rss(item("".join(f"<category>c{n}</category>" for n in range(200_000)))))
    yield feed("enclosures-100000", lambda: rss(item('<enclosure url="http://h/a" type="a/b"/>' * 100_000)))
    yield feed("media-groups", lambda: rss(item('<media:content url="http://h/a"/>' * 100_000)))
    yield feed("authors-100000", lambda: rss(item("<author>a@b.c (d)</author>" * 100_000)))
    yield feed("links-100000", lambda: atom("<entry><id>1</id>" + '<link href="http://h/"/>' * 100_000 + "</entry>"))
    yield feed("contents-10000", lambda: rss(item("<content:encoded>x</content:encoded>" * 10_000)))
    yield feed("titles-100000", lambda: rss(item("<title>t</title>" * 100_000)))
    yield feed("title-5mb", lambda: rss(item(f"<title>{'long ' * 1_000_000}</title>")))
    yield feed("guid-5mb", lambda: rss(f"<item><title>t</title><guid>{'g' * 5_000_000}</guid></item>"))
    yield feed("attributes-100000", lambda: rss(item("<a " + " ".join(f'b{n}="1"' for n in range(100_000)) + "/>")))
    yield feed("attribute-5mb", lambda: rss(item(f'<a b="{"c" * 5_000_000}"/>')))
    spaces = " ".join(f'xmlns:n{n}="http://n/{n}"' for n in range(50_000))
    yield feed("namespaces-50000", lambda: f"<rss {spaces}><channel>{item()}</channel></rss>")
    nested = "".join(f'<x xmlns="http://n/{n}">' for n in range(5_000))
    yield feed("namespaces-nested", lambda: rss(item(nested)))
    yield feed("element-name-1mb", lambda: rss(item(f"<{'n' * 1_000_000}/>")))
    yield feed("comments-200000", lambda: rss("<!-- c -->" * 200_000 + item()))
    yield feed("instructions-200000", lambda: rss("<?p i?>" * 200_000 + item()))
    yield feed("spaces-8mb", lambda: " " * 8_000_000 + rss(item()))
    yield feed("prolog-comments", lambda: "<!---->" * 500_000 + rss(item(), before=""))


def _patterns() -> Iterator[Hostile]:
    for tag in (
        "author",
        "dc:creator",
        "managingEditor",
        "webMaster",
        "itunes:author",
        "media:credit",
        "dc:contributor",
    ):
        yield feed(f"author-{tag.replace(':', '-')}", lambda t=tag: rss(item(f"<{t}>{AUTHOR}</{t}>")))
    yield feed("author-name", lambda: atom(f"<entry><id>1</id><author><name>{AUTHOR}</name></author></entry>"), ATOM)
    yield feed("author-email", lambda: atom(f"<entry><id>1</id><author><email>{AUTHOR}</email></author></entry>"), ATOM)
    yield feed("author-cdata", lambda: rss(item(f"<author><![CDATA[{AUTHOR}]]></author>")))
    yield feed("author-in-attributes", lambda: rss(item(f"<author x='{'y' * 600}'>{AUTHOR}</author>")))
    yield feed("author-split", lambda: rss(item(f"<author>{AUTHOR[:400]}<b/>{AUTHOR}</author>")))
    yield feed(
        "author-many-short", lambda: rss("".join(item(f"<author>a@{'a.' * 240}!</author>", n) for n in range(900)))
    )
    yield feed(
        "author-owner", lambda: rss(item(), head=f"<itunes:owner><itunes:email>{AUTHOR}</itunes:email></itunes:owner>")
    )
    yield feed("author-encoded", lambda: rss(item(f"<author>{AUTHOR.replace('@', '&#64;')}</author>")))
    yield feed("author-upper", lambda: rss(item(f"<AUTHOR>{AUTHOR}</AUTHOR>")))
    for name, text in (
        ("less-than", "<"),
        ("tag-starts", "<a "),
        ("comment-starts", "<!--"),
        ("cdata-starts", "<![CDATA["),
        ("cdata-ends", "]]>"),
        ("instruction-starts", "<?"),
        ("closings", "</item>"),
        ("quotes", "<a b=\"'"),
        ("percent", "%"),
        ("html-starts", "&lt;a "),
        ("html-comments", "&lt;!--"),
        ("html-scripts", "&lt;script&gt;"),
        ("newlines", "\n"),
        ("non-breaking", "\u00a0"),
        ("parentheses", "(" * 20),
    ):
        yield feed(
            f"million-{name}", lambda t=text: rss(item(f"<description>{t * (1_500_000 // len(t))}</description>"))
        )
        yield feed(f"title-{name}", lambda t=text: rss(item(f"<title>{t * (300_000 // len(t))}</title>")))
    yield feed("ttl-digits", lambda: rss(item(), head=f"<ttl>{'9' * 1_000_000}</ttl>"))
    yield feed("language-dashes", lambda: rss(item(), head=f"<language>{'en-' * 300_000}</language>"))
    yield feed("skip-hours", lambda: rss(item(), head="<skipHours>" + "<hour>1</hour>" * 100_000 + "</skipHours>"))
    yield feed(
        "update-frequency", lambda: rss(item(), head=f"<sy:updateFrequency>{'9' * 100_000}</sy:updateFrequency>")
    )


def _cuts() -> Iterator[Hostile]:
    whole = rss("".join(item(f"<description>{WORDS}</description>", n) for n in range(50))).encode()
    for number in range(16):
        yield feed(f"cut-{number:02}", lambda n=number: whole[: len(whole) * (n + 1) // 17])
    yield feed("cut-in-cdata", lambda: rss(item(f"<description><![CDATA[{WORDS}"))[:-40])
    yield feed("cut-in-comment", lambda: rss(item() + "<!-- " + item(number=2))[:-30])
    yield feed("cut-in-tag", lambda: rss(item() + "<item><title"))
    yield feed("cut-in-character", lambda: rss(item("<title>عاجل</title>")).encode()[:-75])


def _charsets() -> Iterator[Hostile]:
    text = rss(item("<title>הממשלה دانة بالقرار café</title>"), before="")
    for declared in (
        *(
            "utf-8",
            "windows-1255",
            "iso-8859-8-i",
            "utf-16",
            "utf-32",
            "utf-7",
            "us-ascii",
            "euc-kr",
            "gb18030",
            "big5",
        ),
        *(
            "rot13",
            "zip",
            "base64",
            "hex",
            "bz2",
            "uu",
            "quopri",
            "idna",
            "punycode",
            "unicode_escape",
            "mbcs",
            "undefined",
        ),
        *("raw_unicode_escape", "x-user-defined", "none", "", "x" * 2000, "../../etc/passwd", "%s%n", "utf-8\x00"),
    ):
        shown = "".join(letter if letter.isalnum() else "_" for letter in declared)[:20] or "empty"
        yield feed(
            f"charset-lie-{shown}",
            lambda name=declared: f'<?xml version="1.0" encoding="{name}"?>{text}'.encode("windows-1255", "replace"),
        )
    for real in (
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-be",
        "utf-7",
        "windows-1255",
        "cp037",
        "iso2022_jp",
    ):
        yield feed(f"charset-real-{real}", lambda name=real: text.encode(name, "replace"))
    yield feed("charset-two-marks", lambda: b"\xef\xbb\xbf\xff\xfe" + text.encode("utf-16-le"))
    yield feed("charset-mixed", lambda: text.encode() + text.encode("windows-1256", "replace"))
    yield feed("charset-invalid", lambda: b"<rss><channel>" + b"\xff\xfe\xfd" * 500_000 + item().encode())
    yield feed(
        "charset-overlong", lambda: rss(item("<title>X</title>")).encode().replace(b"X", b"\xc0\x80\xe0\x80\xaf")
    )
    yield feed("charset-header-lie", lambda: text, "application/rss+xml; charset=zip")
    yield feed("charset-header-long", lambda: text, "application/rss+xml; charset=" + "a" * 5_000)


def _controls() -> Iterator[Hostile]:
    for name, text in (
        ("nul", "\x00"),
        ("bell", "\x07"),
        ("escape", "\x1b[31m"),
        ("c1", "\x9b"),
        ("separator", "\u2028"),
        ("direction", "\u202e"),
        ("zero-width", "\u200b"),
        ("noncharacter", "\uffff"),
        ("surrogate", "\ud800"),
        ("combining", "a" + "\u0301" * 2_000),
        ("tags", "\U000e0041"),
    ):
        yield feed(f"control-{name}", lambda t=text: rss(item(f"<title>a{t}b</title><author>{t}</author>")))
        yield feed(
            f"control-{name}-many", lambda t=text: rss(item(f"<description>{t * (400_000 // len(t))}</description>"))
        )
    yield feed("nul-megabytes", lambda: bytes(4_000_000))
    yield feed("nul-before", lambda: bytes(100_000) + rss(item()).encode())
    yield feed("nul-between", lambda: b"\x00".join(bytes([byte]) for byte in rss(item()).encode()))


def _dates() -> Iterator[Hostile]:
    dates = (
        *("0000-00-00", "0001-01-01", "9999-12-31T23:59:59Z", "99999-01-01", "2024-02-30", "2024-13-45T99:99:99Z"),
        *("1730800000", "-1", "1e400", "Thu, 32 Foo 2024", "24:00:00", "2024-W53-8", "2024-366", "now", "\u0661\u0662"),
        *("Mon, 01 Jan 2024 00:00:00 +9999", "2024-01-01T00:00:00+99:99", "9" * 5_000, "2024-" * 5_000, " " * 5_000),
    )
    for number, date in enumerate(dates):
        rows = "".join(f"<{tag}>{date}</{tag}>" for tag in ("pubDate", "dc:date", "updated", "published", "created"))
        yield feed(f"date-{number:02}", lambda inner=rows: rss(item(inner)))
    for number, date in enumerate(("1-" * 200_000, "2024-01-01T" + "0" * 500_000, "Mon, " * 100_000, "年" * 100_000)):
        yield feed(f"date-long-{number}", lambda text=date: rss(item(f"<pubDate>{text}</pubDate>")))
    many = "<pubDate>" + "9" * 400 + "</pubDate>"
    yield feed("date-long-many", lambda: rss("".join(item(many, n) for n in range(900))))


def _links() -> Iterator[Hostile]:
    links = (
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://h/",
            "jar:http://h!/",
            "//h/a",
            "/",
            "",
        ),
        *(
            "http://127.0.0.1:22/",
            "http://169.254.169.254/latest/",
            "http://[::1]/",
            "http://2130706433/",
            "http://0x7f.1/",
        ),
        *(
            "http://a@b/",
            "http://a\\@b/",
            "http://" + "a" * 300 + "/",
            "http://[/",
            "http://h:99999/",
            "http://h/" + "a" * 100_000,
        ),
        *(
            "http://h/%00",
            "http://h/\t\n",
            "http://xn--/",
            "http://" + "é." * 100 + "h/",
            "http://h/" + "../" * 10_000,
            "?" * 50_000,
        ),
    )
    for number, link in enumerate(links):
        inner = entities.escape(link)
        yield feed(
            f"link-{number:02}",
            lambda text=inner: rss(f"<item><title>t</title><link>{text}</link><guid>{text}</guid></item>"),
        )
    yield feed("link-base", lambda: atom('<entry xml:base="javascript:x"><id>1</id><link href="a"/></entry>'), ATOM)
    yield feed(
        "link-self", lambda: atom('<link rel="self" href="http://169.254.169.254/"/><entry><id>1</id></entry>'), ATOM
    )


def _roots() -> Iterator[Hostile]:
    for name, text in (
        ("empty", ""),
        ("space", " \n" * 100_000),
        ("text", WORDS * 40_000),
        ("root-only", "<rss/>"),
        ("root-unclosed", "<rss"),
        ("two-roots", rss(item()) * 2),
        ("html-with-rss", "<html><body><rss><channel>" + item() + "</channel></rss></body></html>"),
        ("rss-with-html", rss(item(), head="<html><body>" + "<p>x" * 200_000)),
        ("xml-bomb-root", "<?xml version='1.0'?>" * 100_000 + "<rss/>"),
        ("php-warning", "<br /><b>Warning</b>: x in /var/www" * 30 + rss(item())),
        ("unknown-root", "<news>" + item() + "</news>"),
        ("svg", "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g>" * 50_000),
        ("soap", "<soap:Envelope xmlns:soap='x'><soap:Body/></soap:Envelope>"),
        ("rdf", "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>" + "<item>" * 50_000),
        ("cdf", "<channel href='x'>" + "<item href='y'/>" * 50_000 + "</channel>"),
    ):
        yield feed(f"root-{name}", lambda t=text: t)


def _sitemaps() -> Iterator[Hostile]:
    names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    news = "<news:news><news:title>t</news:title><news:publication_date>2024-01-01</news:publication_date></news:news>"

    def sitemap(inner: str) -> str:
        return f"<urlset {names}>{inner}</urlset>"

    yield feed("sitemap-100000", lambda: sitemap(f"<url><loc>http://h/a</loc>{news}</url>" * 40_000), SITEMAP)
    yield feed("sitemap-plain", lambda: sitemap("<url><loc>http://h/a</loc></url>" * 100_000), SITEMAP)
    yield feed("sitemap-deep", lambda: sitemap("<url>" * 100_000), SITEMAP)
    yield feed(
        "sitemap-entities", lambda: "<!DOCTYPE urlset [<!ENTITY a 'aaaaaaaaaa'>]>" + sitemap("&a;" * 100_000), SITEMAP
    )
    yield feed("sitemap-nested-news", lambda: sitemap("<url>" + "<news:news>" * 50_000), SITEMAP)
    yield feed("sitemap-long-loc", lambda: sitemap(f"<url><loc>http://h/{'a' * 5_000_000}</loc>{news}</url>"), SITEMAP)
    yield feed(
        "sitemap-index", lambda: f"<sitemapindex {names}>" + "<sitemap><loc>http://h/</loc></sitemap>" * 50_000, SITEMAP
    )
    yield feed("sitemap-cut", lambda: sitemap(f"<url><loc>http://h/a</loc>{news}</url>" * 50)[:-300], SITEMAP)
