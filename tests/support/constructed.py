"""Pages made for tests: articles in four languages, set into templates built as common systems build theirs.

Texts and templates lie in `tests/fixtures/pages`; they were written for this project and tell of nothing that happened.
Eight zones around the article take a sentence each; a template puts them where its system does. Names, frames and
order are modelled on WordPress, Drupal, ASP pages of 2002, AMP, a large portal, a script framework, portals of the
Hebrew and Arabic press whose text stands in `<div>`, Blogger, Joomla, a site styled by utility classes, and one that
nests cards of other stories in its article.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parents[1] / "fixtures" / "pages"
ZONES = ("navigation", "related", "author", "caption", "comments", "cookies", "footer", "ads")
TEMPLATES = (
    "wordpress", "drupal", "old_tables", "amp", "portal", "hashed", "divs", "blogger", "joomla", "utility", "nested"
)  # fmt: skip
RIGHT_TO_LEFT = ("ar", "he")


@dataclass(frozen=True, slots=True)
class Story:
    """An article: its headline, its lead and its paragraphs."""

    lang: str
    title: str
    lead: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return lead and paragraphs, one a line."""
        return "\n".join((self.lead, *self.paragraphs))


def _load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


STORIES = tuple(Story(**{**row, "paragraphs": tuple(row["paragraphs"])}) for row in _load("stories.json"))
WORDS: dict[str, dict[str, str]] = _load("words.json")
"""By language: what a site calls its parts, and an ordinary sentence for each zone."""

_environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True)


def planted(lang: str, term: str) -> dict[str, str]:
    """Return the sentences of the zones, each with `term` in it."""
    return {zone: f"{WORDS[lang][zone].rstrip('.')} {term}." for zone in ZONES}


def page(template: str, story: Story, zones: dict[str, str] | None = None, charset: str = "utf-8") -> bytes:
    """Return the page of `story` in a template, `zones` around it (ordinary sentences unless given)."""
    html = _environment.get_template(f"{template}.html").render(
        WORDS[story.lang] | (zones or {}),
        lang=story.lang,
        direction="rtl" if story.lang in RIGHT_TO_LEFT else "ltr",
        title=story.title,
        lead=story.lead,
        paragraphs=story.paragraphs,
        charset=charset,
    )
    return html.encode(charset, "xmlcharrefreplace")
