"""How else the words of the full-text index are found: without clitics, or joined with their hyphen neighbours.

The index holds folded words as they stand in the text, and rules match further forms of them (`text.forms_of`): the
Arabic for Cairo also in what is written for "and to Cairo", `resettle` also in re-settle. This table leads from such a
form to the words that stand in the index. It grows with the vocabulary, not with the number of articles.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from monitor.store import later
from monitor.store.rows import read_counter, some
from monitor.store.schema import articles, counters, revisions, texts, word_forms

LONGEST = 200
"""Characters of a form and of its words that are kept. Of longer words the beginning stands there, with a `*`."""

MISSING = "forms_missing"
"""Counter: the newest article whose forms are not noted yet, as a database of before this table has them."""

Pair = tuple[str, str]


def note(connection: sa.Connection, forms: Iterable[Pair]) -> None:
    """Note (form, words) pairs; those that are known stay."""
    rows = ({"form": form[:LONGEST], "words": _kept(words)} for form, words in forms)
    later.write(connection, _NOTE[connection.dialect.name], *rows)


_COLUMNS = "INTO word_forms (form, words) VALUES (:form, :words)"
_NOTE = {
    "sqlite": sa.text(f"INSERT OR IGNORE {_COLUMNS}"),
    "postgresql": sa.text(f"INSERT {_COLUMNS} ON CONFLICT DO NOTHING"),
}


def _kept(words: str) -> str:
    return words if len(words) <= LONGEST else words[:LONGEST].rstrip() + "*"


def find(connection: sa.Connection, forms: Iterable[str]) -> dict[str, list[str]]:
    """Return the words that stand for each of `forms`, where there are any; `*` ends what is not whole."""
    found: dict[str, list[str]] = {}
    for part in some(sorted(set(forms))):
        query = sa.select(word_forms).where(word_forms.c.form.in_(part))
        for form, words in connection.execute(query):
            found.setdefault(form, []).append(words)
    return found


def find_beginning(connection: sa.Connection, head: str) -> list[str]:
    """Return the words that stand for forms which begin with `head`."""
    inside = word_forms.c.form >= head, word_forms.c.form < head + "\U0010ffff"
    return list(connection.execute(sa.select(word_forms.c.words).where(*inside).distinct()).scalars())


def list_after(connection: sa.Connection, pair: Pair, limit: int) -> list[Pair]:
    """Return the next pairs behind one."""
    behind = sa.tuple_(word_forms.c.form, word_forms.c.words) > sa.tuple_(*map(sa.literal, pair))
    query = sa.select(word_forms).where(behind).order_by(word_forms.c.form, word_forms.c.words)
    return [(row.form, row.words) for row in connection.execute(query.limit(limit))]


def forget(connection: sa.Connection, forms: Iterable[Pair]) -> None:
    """Forget pairs whose words stand in the index no more."""
    rows = [{"form": form[:LONGEST], "words": _kept(words)} for form, words in forms]
    if rows:
        connection.execute(sa.text("DELETE FROM word_forms WHERE form = :form AND words = :words"), rows)


# -- articles that were there before --------------------------------------------------------------


def missing_from(connection: sa.Connection) -> int:
    """Return the newest article whose forms are not noted, 0 if all are."""
    return read_counter(connection, MISSING) or 0


def list_missing(connection: sa.Connection, limit: int) -> list[tuple[int, str, str]]:
    """Return (article id, title, text) of the newest articles whose forms are not noted."""
    newest = missing_from(connection)
    if not newest:
        return []
    later = revisions.alias("later")
    last = ~sa.exists().where(later.c.article_id == revisions.c.article_id, later.c.n > revisions.c.n)
    query = (
        sa.select(articles.c.id, revisions.c.title, texts.c.text)
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(texts, texts.c.hash == revisions.c.text_hash)
        .where(articles.c.id <= newest, last)
        .order_by(articles.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.title, row.text) for row in connection.execute(query)]


def note_missing(connection: sa.Connection, forms: Iterable[Pair], oldest: int) -> None:
    """Note the forms of articles down to `oldest`, before which others wait; 0: none does."""
    note(connection, forms)
    if oldest > 1:
        connection.execute(counters.update().where(counters.c.name == MISSING).values(value=oldest - 1))
    else:
        connection.execute(counters.delete().where(counters.c.name == MISSING))
