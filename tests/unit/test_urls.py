"""Addresses: what is refused, what is the same, what is safe to show."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import urls
from monitor.errors import FetchError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://Example.COM:443/A?b=C#d", "https://example.com/A?b=C#d"),
        ("http://example.com.:8080/x", "http://example.com:8080/x"),
        ("https://bücher.example/ü?q=ü", "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"),
        ("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]/"),
        ("http://example.com/100%/a b", "http://example.com/100%25/a%20b"),
        ("http://my_site.example.com/", "http://my_site.example.com/"),
        ("http://例え.jp/", "http://xn--r8jz45g.jp/"),
        ("http://example.com?x=1", "http://example.com/?x=1"),
    ],
)
def test_an_address_has_one_written_form(url: str, shown: str) -> None:
    """Scheme, host, port and escapes are written one way, and that form parses to itself."""
    parsed = urls.parse_url(url)

    assert str(parsed) == shown
    assert urls.parse_url(shown) == parsed


def test_parts_of_an_address() -> None:
    """Host and port are separate, with the scheme's port where none is given."""
    parsed = urls.parse_url("https://News.example:8443/feed?x=1")

    assert (parsed.scheme, parsed.host, parsed.port) == ("https", "news.example", 8443)
    assert urls.parse_url("http://a.example/").port == 80
    assert urls.parse_url("http://[::1]/").host == "::1"


@pytest.mark.parametrize(
    "host", ["a..b", "-a.example", "a-.example", "a" * 64 + ".example", "%61.example", "a b", "[1]"]
)
def test_hosts_that_are_no_names_are_refused(host: str) -> None:
    """A host must be a DNS name or a plain IP address."""
    with pytest.raises(FetchError) as caught:
        urls.parse_url(f"http://{host}/")

    assert caught.value.code == "bad_url"


@pytest.mark.parametrize("port", ["0", "65536", "99999", "http", "", "80a", "-1", "８０"])
def test_ports_out_of_range_are_refused(port: str) -> None:
    """A port is a decimal from 1 to 65535."""
    with pytest.raises(FetchError, match="cannot use the address"):
        urls.parse_url(f"http://example.com:{port}/")


def test_very_long_addresses_are_refused() -> None:
    """An address of more than MAX_URL characters is refused, and the message stays short."""
    with pytest.raises(FetchError, match="longer than 8192") as caught:
        urls.parse_url("http://example.com/" + "a" * 9000)

    assert len(str(caught.value)) < 400


def test_a_message_never_carries_control_characters() -> None:
    """What was wrong with an address is told without repeating its control characters raw."""
    with pytest.raises(FetchError) as caught:
        urls.parse_url("http://exa\x1b[31mmple.com/\r\nfake: line")

    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "http://desk:s3cret@feeds.example/rss",
        "ftp://feeds.example/rss?key=s3cret",
        "http://feeds.example\\/rss?key=s3cret#x",
        "http://desk:s3c@s3cret@feeds.example/rss",
        "desk:s3cret@feeds.example",
        "http://desk:s3c?ret@feeds.example/",
        "http://desk:s3c/ret@feeds.example/",
        "ftp://feeds.example/?key=@s3cret",
    ],
)
def test_a_message_never_carries_a_secret(url: str) -> None:
    """Passwords and keys within an address are left out of the message about it."""
    with pytest.raises(FetchError) as caught:
        urls.parse_url(url)

    assert "s3c" not in str(caught.value)


def test_host_of() -> None:
    """The host is given lower case; nothing for an address that cannot be used."""
    assert urls.host_of("https://News.Example/x") == "news.example"
    assert urls.host_of("mailto:a@b.example") == ""


@pytest.mark.parametrize(
    "variant",
    [
        "http://example.com/story?id=5",
        "https://www.example.com/story?id=5",
        "https://EXAMPLE.com:443/story/?id=5#top",
        "http://example.com:80/story?utm_source=rss&id=5&utm_medium=x&UTM_campaign=y",
        "https://example.com/story?id=5&fbclid=abc&gclid=def",
        "https://example.com/%73tory?id=5&ref=rss",
        "https://example.com/story;jsessionid=9A?id=5",
        "https://example.com/story?id=5&PHPSESSID=0123456789abcdef",
        "https://example.com/story?id=5&sid=0123456789abcdef0123456789abcdef",
        "https://example.com/a/../story?id=5",
        " https://example.com/st\nory?id=5 ",
        "https://example.com/story?&id=5&",
    ],
)
def test_variants_of_one_address_have_one_name(variant: str) -> None:
    """Feeds write one article's address in many ways; its name is the same."""
    assert urls.canonical_url(variant) == "https://example.com/story?id=5"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/?p=1", "https://example.com/?p=2"),
        ("https://example.com/a?cid=1", "https://example.com/a?cid=2"),
        ("https://example.com/a?eid=1", "https://example.com/a?eid=2"),
        ("https://example.com/a?gallery=1", "https://example.com/a?gallery=2"),
        ("https://example.com/a?sid=100", "https://example.com/a?sid=101"),
        ("https://example.com/a?ref=4711", "https://example.com/a?ref=4712"),
        ("https://example.com/watch?v=a", "https://example.com/watch?v=b"),
        ("https://example.com/#!/a", "https://example.com/#!/b"),
        ("https://example.com/A", "https://example.com/a"),
        ("https://example.com/a%2Fb", "https://example.com/a/b"),
        ("https://example.com:8080/a", "https://example.com/a"),
        ("https://news.example.com/a", "https://example.com/a"),
        ("https://example.com/?12345", "https://example.com/?12346"),
    ],
)
def test_what_may_name_an_article_is_kept(one: str, other: str) -> None:
    """Parameters that are not known trackers stay: two articles under one name would lose an alert."""
    assert urls.canonical_url(one) != urls.canonical_url(other)


@pytest.mark.parametrize(
    "url", ["", "mailto:a@b.example", "javascript:alert(1)", "/relative", "http://", "http://u:p@h.example/"]
)
def test_what_is_no_web_address_has_no_name(url: str) -> None:
    """Other schemes and unusable addresses have no canonical form."""
    assert urls.canonical_url(url) is None


_PIECES = st.sampled_from(
    (
        *(
            "http://",
            "https://",
            "www.",
            "example.com",
            ".",
            ":",
            "80",
            "443",
            "8080",
            "/",
            "//",
            "../",
            "./",
            "\\",
            "@",
        ),
        *(
            "?",
            "&",
            "=",
            "#",
            "#!",
            ";",
            "jsessionid=1",
            "utm_x=",
            "sid=",
            "ref=rss",
            "[::1]",
            "127.0.0.1",
            "0x7f",
            "a",
        ),
        *("%", "%2", "%41", "%2f", "%7E", "%252E", "%2e", "é", "\ud800", "\t", "+"),
    )
)


@given(
    st.one_of(
        st.text(),
        st.lists(_PIECES, max_size=14).map("".join),
        st.lists(_PIECES).map(lambda p: "http://a.b/" + "".join(p)),
    )
)
@settings(max_examples=400, deadline=None)
def test_canonical_form_is_a_fixed_point(url: str) -> None:
    """The canonical form of a canonical form is itself, and no input raises."""
    once = urls.canonical_url(url)

    assert once is None or urls.canonical_url(once) == once


@given(
    st.one_of(st.text(), st.lists(_PIECES, max_size=14).map("".join)), st.none() | st.just("https://example.com/a/b?c")
)
@settings(max_examples=300, deadline=None)
def test_safe_link_gives_only_plain_web_links(url: str, base: str | None) -> None:
    """Whatever a feed holds, a safe link is printable ASCII, http(s) and parses to itself."""
    link = urls.safe_link(url, base)

    assert link is None or (link.isascii() and link.isprintable() and link.startswith(("http://", "https://")))
    assert link is None or (len(link) <= urls.MAX_LINK and str(urls.parse_url(link)) == link)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/story", "https://example.com/story"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("?p=2", "https://example.com/news/?p=2"),
        ("http://other.example/a#b", "http://other.example/a#b"),
        ("  https://example.com/long\n/link ", "https://example.com/long/link"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("http://[::1/", None),
        ("https://example.com/" + "a" * 2048, None),
        ("", None),
        (None, None),
    ],
)
def test_safe_link_joins_to_its_base(link: str | None, expected: str | None) -> None:
    """Relative links become absolute; what is no web link becomes None."""
    assert urls.safe_link(link, "https://example.com/news/") == expected


def test_safe_link_without_a_base_must_be_absolute() -> None:
    """A relative link without a base is no link."""
    assert urls.safe_link("/story") is None
