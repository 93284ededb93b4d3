"""Entities and lists: from the nodes of a file to `Vocabulary`."""

from __future__ import annotations

from dataclasses import replace

from monitor import errors
from monitor.rules import packs, terms
from monitor.rules.reader import Reader, each
from monitor.rules.yaml_nodes import Map, Node, Seq, Text

ENTITY_KEYS = ("id", "type", "wikidata", "names", "holders", "langs", "lint_ok", "description")
ITEM_KEYS = ("name", "require", "within", "forbid", "forbid_within", "case", "clitics", "langs", "lint_ok")
HOLDER_KEYS = ("id", "from", "to")
TYPES = ("person", "place", "org", "programme", "law", "office", "event")
MOST_WORDS = 1000
REQUIRE_WITHIN = 25
FORBID_WITHIN = 3


def read_entities(nodes: tuple[Node, ...], faults: list[errors.Fault]) -> tuple[packs.Vocabulary, ...]:
    """Return the entities of an `entities:` list."""
    found: list[packs.Vocabulary] = []

    def read(reader: Reader) -> None:
        entity = _entity(reader)
        if entity is not None:
            found.append(entity)

    each(nodes, faults, "an entity", read)
    return tuple(found)


def _entity(reader: Reader) -> packs.Vocabulary | None:
    reader.check_keys(ENTITY_KEYS)
    name = reader.id("id", terms.ID)
    if reader.node.get("type") is None:
        reader.fault(reader.node, "E105", "`type` is missing", f"one of {', '.join(TYPES)}")
    type_ = reader.choice("type", TYPES, "")
    langs = reader.languages("langs")
    names = reader.get("names")
    if names is None and reader.node.get("names") is None:
        reader.fault(reader.node, "E105", "`names` is missing", "write `names: {en: [...]}`")
    # An entity's aliases count in every language: their key only tells people where they belong.
    items = tuple(_everywhere(item, langs) for item in read_items(reader, names, "names"))
    holders = _holders(reader, type_)
    if name is None:
        return None
    lint_ok = frozenset(reader.words("lint_ok"))
    wikidata = reader.text("wikidata") or None
    return packs.Vocabulary(name.value, "entity", name.place, items, type_, holders, wikidata, lint_ok)


def _everywhere(item: packs.Item, langs: frozenset[str] | None) -> packs.Item:
    return replace(item, lang=None, langs=item.langs or langs)


def _holders(reader: Reader, type_: str) -> tuple[packs.Holder, ...]:
    found: list[packs.Holder] = []

    def read(holder: Reader) -> None:
        holder.check_keys(HOLDER_KEYS)
        name = holder.id("id", terms.ID)
        start, end = holder.start_of("from"), holder.end_of("to")
        if start and end and start >= end:
            holder.fault(holder.node, "E206", "`from` is after `to`")
        if name is not None:
            found.append(packs.Holder(name.value, start, end, name.place))

    nodes = reader.nodes("holders")
    if nodes and type_ != "office":
        reader.fault(nodes[0], "E105", "only an office has holders", "set `type: office`")
    each(nodes, reader.faults, "a holder", read)
    return tuple(found)


def read_lists(node: Map | None, faults: list[errors.Fault]) -> tuple[packs.Vocabulary, ...]:
    """Return the lists of a `lists:` map."""
    found = []
    for key, value in node.entries if node is not None else ():
        reader = Reader(Map(key.place, ((key, value),)), faults)
        if not terms.ID.fullmatch(key.value):
            reader.fault(key, "E105", f"`{key.value}` is no id", "begin with a letter and use only a-z, 0-9 and -")
            continue
        items = read_items(reader, reader.get(key.value), key.value)
        found.append(packs.Vocabulary(key.value, "list", key.place, items))
    return tuple(found)


def read_items(reader: Reader, value: Node | None, what: str) -> tuple[packs.Item, ...]:
    """Return the items of a map from language to list, or of a plain list, which counts in every language."""
    if value is None:
        return ()
    if isinstance(value, (Seq, Text)):
        return tuple(i for node in reader.list_items(value, what) for i in read_item(reader, node, None))
    items: list[packs.Item] = []
    inner = Reader(value, reader.faults)
    for key, _ in value.entries:
        if key.value != "any" and not reader.language(key):
            continue
        lang = None if key.value == "any" else key.value
        items += [i for node in inner.nodes(key.value) for i in read_item(reader, node, lang)]
    return tuple(items)


def read_item(reader: Reader, node: Node, lang: str | None) -> tuple[packs.Item, ...]:
    """Return the item that `node` writes, as a text or as a map with `name`; nothing if it is faulty."""
    if isinstance(node, Map) and node.get("name") is not None:
        return _rich_item(Reader(node, reader.faults), lang)
    text = reader.as_text(node)
    term = read_term(reader, text) if text is not None else None
    return (packs.Item(term, lang, key=lang),) if term is not None else ()


def _rich_item(reader: Reader, lang: str | None) -> tuple[packs.Item, ...]:
    reader.check_keys(ITEM_KEYS)
    exact = reader.choice("case", ("exact", "folded"), "folded") == "exact"
    name = reader.scalar("name")
    term = read_term(reader, name, exact, reader.yes_or_no("clitics", True)) if name is not None else None
    require, forbid = _contexts(reader, "require"), _contexts(reader, "forbid")
    for key, context in (("within", "require"), ("forbid_within", "forbid")):
        if reader.node.get(key) is not None and reader.node.get(context) is None:
            reader.fault(reader.node, "E105", f"`{key}` without `{context}` does nothing", f"add `{context}`")
    if term is None:
        return ()
    within, forbid_within = _reach(reader, "within", REQUIRE_WITHIN), _reach(reader, "forbid_within", FORBID_WITHIN)
    langs, lint_ok = reader.languages("langs"), frozenset(reader.words("lint_ok"))
    return (packs.Item(term, lang, langs, require, within, forbid, forbid_within, lint_ok, lang),)


def _contexts(reader: Reader, key: str) -> tuple[terms.Term, ...]:
    return tuple(term for text in reader.texts(key) if (term := read_term(reader, text)) is not None)


def _reach(reader: Reader, key: str, default: int) -> int | None:
    """Return the most words between, None for `article`."""
    found = reader.scalar(key)
    if found is None:
        return default
    if found.value == "article":
        return None
    number = reader.number(key, MOST_WORDS)
    return default if number is None else number


def read_term(reader: Reader, text: Text, exact: bool = False, clitics: bool = True) -> terms.Term | None:
    """Return the term that `text` writes, or report why it is none."""
    if text.value != "" and text.value.split() == []:
        reader.fault(text, "E324", "an item of spaces only")
        return None
    term = terms.parse(text.value, text.place, exact=exact, clitics=clitics)
    if isinstance(term, errors.Fault):
        reader.faults.append(term)
        return None
    return term
