"""Zones of a page that never are the article, known by their role or the names that templates give them."""

from __future__ import annotations

import functools
import re

import lxml.etree
import lxml.html

from monitor.articles import scope

ZONE_SHARE = 0.3
"""Share of a page's text that a zone may hold; what holds more is the article, whatever it is called."""
COMMENTS_SHARE = 0.9
"""The same for comments, which are often longer than the article. Tuned on extract-trafilatura; re-run
`python -m tests.eval.extraction`."""
NAMES = 12
NAME_LENGTH = 60
"""Names of one element, and characters of each, that are read."""

# What may stand before and after the words that tell a zone: `post-related-items`, `js-cookie-banner`.
_BEFORE = (
    "site post article entry story block page single content main top left right bottom js wp the mobile desktop widget"
    " region view sidebar header footer news region-content blog item inline in primary secondary global section"
    " [a-z]{1,3} readers? users? facebook visitors?"
)
_AFTER = (
    "list area section wrap wrapper form box block container thread items item links link bar banner notice popup panel"
    " holder inner outer content title header heading body template widget grid row column module component region"
    " unit slot text wide top bottom left right center inline desktop mobile full main"
)
_COMMENTS = "comments? talkbacks? respond disqus fb-comments livefyre coral-talk viafoura spot-im"
_ZONES = (
    # other stories
    "related recommended recommendations related-?(?:posts?|articles?|stories|news|topics?|reads?|coverage)"
    " also-read read-(?:more|also|next) see-also more-(?:stories|news|articles|on|from|posts)"
    " most-(?:read|popular|viewed|recent|commented) trending popular popular-posts you-(?:may|might)-(?:also-)?like"
    " latest-(?:news|posts|stories|articles) recent-posts yarpp-?\\w* jp-relatedposts next-(?:article|post|story)"
    " outbrain taboola teads revcontent"
    # what asks for something
    " newsletters? newsletter-(?:signup|subscribe|cta|promo) subscribe signup sign-up mailing-list"
    " cookies? cookie-(?:consent|law|policy|message|info|dialog|modal|overlay) cookieconsent cookielaw consent gdpr"
    " gdpr-\\w+ onetrust(?:-\\w+)* eu-cookie-compliance cmplz-\\w+ privacy-(?:notice|banner|bar)"
    # advertisements
    " ads? adv advert adverts advertising advertisement advertisements adsense adsbygoogle ad-\\d+ dfp gpt-ad"
    " sponsor sponsors sponsored promo promos promotion promoted banners? google-auto-placed"
    # who wrote it
    " author-(?:bio|info|card|description|profile|about|details|meta|avatar|page) author bio about-author"
    " about-the-author authors post-author vcard-author field-name-author"
    # captions: of this story's pictures or of others', nobody can tell
    " wp-caption-text caption captions caption-(?:text|image) figcaption photo-credit"
    " (?:img|image|photo|picture|media|figure|gallery|thumb)-(?:caption|credits?|description|text)"
    # ways around the site
    " breadcrumbs? share shares sharing share-(?:buttons?|bar|links|icons|tools) social social-(?:\\w+)"
    " sharedaddy addtoany tags tag-?(?:list|links|cloud) post-tags tagcloud tags-links"
    " sidebars? widget-area footer colophon copyright nav navigation navbar menu menubar main-(?:nav|menu) nav-?menu"
    " (?:nav|post|posts)-(?:links|navigation) post-navigation pagination pager"
)


def _framed(words: str) -> re.Pattern[str]:
    before, zone, after = ("|".join(part.split()) for part in (_BEFORE, words, _AFTER))
    return re.compile(rf"(?:(?:{before})-){{0,2}}(?:{zone})(?:-(?:{after}|\d+)){{0,2}}")


_COMMENT_NAME = _framed(_COMMENTS)
_ZONE_NAME = _framed(_ZONES)
_BORDERS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]+")
_ROLES = frozenset(
    ("dialog", "alertdialog", "alert", "navigation", "banner", "contentinfo", "complementary", "search", "menu",
     "menubar", "toolbar", "tooltip", "status")
)  # fmt: skip
_NAMED = lxml.etree.XPath(
    ".//*[@class or @id or @role][self::div or self::section or self::ul or self::ol or self::p or self::span"
    " or self::table or self::td or self::form or self::header or self::details or self::dl or self::li"
    " or self::center]"
)


def drop_zones(body: lxml.html.HtmlElement) -> None:
    """Remove what a template names comments, related, newsletter, cookie bar, author box, caption, menu or the like."""
    whole = in_paragraphs = -1
    for element in _NAMED(body):
        share = _share(element.get("class") or "") or _share(element.get("id") or "")
        if not share and element.get("role") in _ROLES:
            share = ZONE_SHARE
        if not share or element.getparent() is None:
            continue
        if whole < 0:
            whole, in_paragraphs = len(body.text_content()), scope.paragraphs(body)
        if len(element.text_content()) <= share * whole and scope.paragraphs(element) <= share * in_paragraphs:
            element.drop_tree()


@functools.lru_cache(maxsize=4096)
def _share(names: str) -> float:
    """Return the share of the page that an element with these names may hold as a zone; 0 if they name none."""
    plain = [_BORDERS.sub("-", name[:NAME_LENGTH]).strip("-").lower() for name in names.split()[:NAMES]]
    if any(map(_COMMENT_NAME.fullmatch, plain)):
        return COMMENTS_SHARE
    return ZONE_SHARE if any(map(_ZONE_NAME.fullmatch, plain)) else 0.0
