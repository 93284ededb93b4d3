"""The JSON Schema of rule files, for editors: completion, a description on hover, a red line under a wrong key.

Loading never uses it: `load` reads places and says what to write instead. The models say the same as `pack_file` and
`vocabulary`, key by key (a test compares them), as far as a schema can. Editors read `true` or `1.50` by YAML's own
rules, so wherever a text is expected a number or a truth value will do; `null` and `~`, which are texts here, will not,
for they cannot be told from a value left out. What needs other files (names behind `$`, channels), or the grammar of
terms and queries, is left to `wirewatch rules lint`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema

from monitor import model
from monitor.rules import pack_file, reader, terms, vocabulary

FILE = "schema.json"
"""Its name in the rule folder."""

MODELINE = f"# yaml-language-server: $schema=../{FILE}"
"""The line that tells an editor where the schema of a rule file is."""


# -- values --------------------------------------------------------------------------------------


def _as(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _whole(least: int, most: int) -> WithJsonSchema:
    """Return a whole number, which may be quoted."""
    return _as(anyOf=[{"type": "integer", "minimum": least, "maximum": most}, _pattern("[+-]?[0-9]{1,9}")])


def _pattern(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_DURATION = "[0-9]{1,6}[smhdw]"
_DATE = "[0-9]{4}(-[0-9]{2}(-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_DAYS = "(mon|tue|wed|thu|fri|sat|sun)"
_PER = rf"[1-9][0-9]{{0,5}} +per +{_DURATION}"
_LANGUAGES = sorted(reader.ISO_639_1)

Text = Annotated[str, _as(**_TEXT)]
Texts = Annotated[list[str], _as(anyOf=[_TEXT, {"type": "array", "items": _TEXT}])]
Id = Annotated[str, _as(**_pattern(terms.LOOSE_ID.pattern))]
Name = Annotated[str, _as(**_pattern(terms.ID.pattern))]
Duration = Annotated[str, _as(**_pattern(_DURATION))]
Codes = Annotated[list[str], _as(anyOf=[_pattern("W[0-9]{3}"), {"type": "array", "items": _pattern("W[0-9]{3}")}])]
Reach = Annotated[
    int | str,
    _as(anyOf=[{"type": "integer", "minimum": 0, "maximum": vocabulary.MOST_WORDS}, _pattern("article|[0-9]{1,4}")]),
]
Points = Annotated[int, _whole(-pack_file.MOST_POINTS, pack_file.MOST_POINTS)]
YesOrNo = Annotated[bool, _as(enum=[True, False, "true", "false"])]


class Language(RootModel[Annotated[str, _as(enum=_LANGUAGES)]]):
    """A language, by two small letters: en, ar, he, fr."""


Languages = Language | list[Language]


class Date(
    RootModel[Annotated[str, _as(anyOf=[{"type": "integer", "minimum": 1000, "maximum": 9999}, _pattern(_DATE)])]]
):
    """A year, month, day or time: 2025, 2025-03, 2025-03-10, 2025-03-10T08:00Z."""


# -- maps ----------------------------------------------------------------------------------------


def _extra(schema: dict[str, Any]) -> None:
    """Allow free `x-` keys."""
    schema["patternProperties"] = {"^x-": {"description": "Yours; the monitor leaves it alone."}}


def _config(**more: Any) -> ConfigDict:
    """Return the configuration of a strict map; `more`: what its JSON Schema says besides."""

    def extra(schema: dict[str, Any]) -> None:
        _extra(schema)
        schema.update(more)

    return ConfigDict(extra="forbid", json_schema_extra=extra, populate_by_name=True)


def _one_of(*keys: str) -> list[dict[str, Any]]:
    return [{"required": [key]} for key in keys]


class Item(BaseModel):
    """A term that counts only in some surroundings, or is written in a special way."""

    model_config = _config(dependentRequired={"within": ["require"], "forbid_within": ["forbid"]})

    name: Text = Field(description="The term: words in a row are a phrase; `resettl*`, `=US`, `$gaza`.")
    require: Texts | None = Field(None, description="A mention counts only if one of these stands near it.")
    within: Reach | None = Field(None, description="How near: most words between (25), or `article`.")
    forbid: Texts | None = Field(None, description="A mention is dropped if one of these stands near it.")
    forbid_within: Reach | None = Field(None, description="How near: most words between (3), or `article`.")
    case: Literal["exact", "folded"] | None = Field(None, description="`exact`: as if written with `=`.")
    clitics: YesOrNo | None = Field(None, description="`false`: no attached prefix is taken off in the text.")
    langs: Languages | None = Field(None, description="The only languages of articles it counts in.")
    lint_ok: Codes | None = Field(None, description="Warnings that are silenced here.")


Term = Text | Item
Terms = Text | list[Term]
FilledTerms = Text | Annotated[list[Term], Field(min_length=1)]


class ByLanguage(RootModel[dict[str, Terms]]):
    """Terms by the language they belong to; `any` for terms of every language."""

    model_config = ConfigDict(json_schema_extra={"propertyNames": {"enum": ["any", *_LANGUAGES]}})


class Lists(RootModel[dict[str, Terms | ByLanguage]]):
    """Lists of terms by name; rules write `$name`."""

    model_config = ConfigDict(json_schema_extra={"propertyNames": _pattern(terms.ID.pattern)})


class Holder(BaseModel):
    """Who holds an office, and when."""

    model_config = _config()

    id: Name = Field(description="An entity.")
    from_: Date | None = Field(None, alias="from", description="First year, month or day.")
    to: Date | None = Field(None, description="Last year, month or day; without it still in office.")


class Entity(BaseModel):
    """Somebody or something with names."""

    model_config = _config(dependentSchemas={"holders": {"properties": {"type": {"const": "office"}}}})

    id: Name = Field(description="What rules write behind `$`: a-z, 0-9 and -.")
    type: Annotated[str, _as(enum=list(vocabulary.TYPES))] = Field(description="What kind of thing it is.")
    names: ByLanguage | Terms = Field(description="Its names by language; every name counts in every language.")
    wikidata: Text | None = Field(None, description="The number of its Wikidata item, for people.")
    description: Text | None = Field(None, description="For people.")
    langs: Languages | None = Field(None, description="The only languages of articles it counts in.")
    holders: list[Holder] | None = Field(None, description="Of an office: who held it when.")
    lint_ok: Codes | None = Field(None, description="Warnings that are silenced here, such as W505.")


class Sources(BaseModel):
    """Whose articles count."""

    model_config = _config()

    allow: Texts | None = Field(None, description="Only these: feed ids, newsrooms, or `group:TAG`.")
    deny: Texts | None = Field(None, description="All but these: feed ids, newsrooms, or `group:TAG`.")


class Active(BaseModel):
    """The dates of articles that count."""

    model_config = _config()

    from_: Date | None = Field(None, alias="from", description="First year, month, day or time.")
    to: Date | None = Field(None, description="Last year, month, day or time.")


class Throttle(BaseModel):
    """Limits on alerts."""

    model_config = _config()

    same_story: Duration | None = Field(None, description="Quiet after an alert about the same story: `6h`.")
    max: Annotated[str, _as(**_pattern(_PER))] | None = Field(None, description="Most alerts in a time: `12 per 1h`.")


class Digest(BaseModel):
    """Alerts gathered into one message."""

    model_config = _config()

    at: Annotated[str, _as(**_pattern(rf"hourly|({_DAYS}([-,]{_DAYS})* +)?{_CLOCK}"))] = Field(
        description="`07:00`, `mon-fri 07:00` or `hourly`, in the desk's zone."
    )


class Corroboration(BaseModel):
    """Wait for other newsrooms."""

    model_config = _config()

    newsrooms: Annotated[int, _whole(2, pack_file.MOST_NEWSROOMS)] = Field(description="How many must carry the story.")
    hold: Duration = Field(description="How long to wait for them: `2h`.")
    else_: Literal["unconfirmed", "suppress"] | None = Field(
        None, alias="else", description="Then: alert as `unconfirmed`, or `suppress`."
    )


class Traits(BaseModel):
    """What a pack's `defaults`, a pack and a rule may all say; a rule's word overrides its pack's."""

    model_config = _config()

    title: Text | None = Field(None, description="For people; alerts show the pack's.")
    description: Text | None = Field(None, description="For people: what it is about, and what not.")
    severity: Annotated[str, _as(enum=list(model.SEVERITIES))] | None = Field(
        None, description="How much it matters; `normal` where nothing is said."
    )
    status: Annotated[str, _as(enum=list(pack_file.STATUSES))] | None = Field(
        None, description="draft: tests and explain only; test: recorded, never sent; live; retired: ignored."
    )
    owner: Text | None = Field(None, description="Who answers for it.")
    tags: Texts | None = Field(None, description="Free words.")
    languages: Languages | None = Field(None, description="Languages of articles to look at; unknown ones pass.")
    sources: Sources | None = Field(None, description="Whose articles count.")
    max_age: Duration | None = Field(None, description="Oldest article that still alerts: 90s, 30m, 36h, 2d, 1w.")
    route: Texts | None = Field(None, description="Channels of config.toml; without it the default route.")
    active: Active | None = Field(None, description="The dates of articles that count.")
    references: Texts | None = Field(None, description="Links for people.")
    throttle: Throttle | None = Field(None, description="Limits on alerts.")
    digest: Digest | None = Field(None, description="Alerts gathered into one message.")
    corroboration: Corroboration | None = Field(None, description="Wait until other newsrooms carry the story.")
    steps: (
        Annotated[
            list[int],
            _as(
                anyOf=[
                    {"type": "integer", "minimum": 2, "maximum": pack_file.MOST_NEWSROOMS},
                    {
                        "type": "array",
                        "maxItems": pack_file.MOST_STEPS,
                        "items": {"type": "integer", "minimum": 2, "maximum": pack_file.MOST_NEWSROOMS},
                    },
                ]
            ),
        ]
        | None
    ) = Field(None, description="Tell again when so many newsrooms carry the story: [3, 10].")
    lint_ok: Codes | None = Field(None, description="Warnings that are silenced here.")


class Clause(BaseModel):
    """A clause of a score: its points count once."""

    model_config = _config()

    weight: Points = Field(description="Points if the query is true; they may be negative.")
    title_bonus: Points | None = Field(None, description="More points if its words stand in the title.")
    query: Text = Field(description="A query, quoted or in a `|` block.")


class Score(BaseModel):
    """Points: true when the clauses that are true sum up to the threshold."""

    model_config = _config()

    threshold: Annotated[int, _whole(1, pack_file.MOST_POINTS)] = Field(description="Points to reach, 1 or more.")
    require: Texts | None = Field(None, description="Clauses of which one must be true.")
    clauses: Annotated[
        dict[str, Clause],
        Field(min_length=1, json_schema_extra={"propertyNames": _pattern(terms.LOOSE_ID.pattern)}),
    ] = Field(description="Clauses by their ids.")


class Rule(Traits):
    """One condition: lists (`all`, `any`, `none`), a `query`, or a `score`."""

    model_config = _config(
        oneOf=[*_one_of("query", "score"), {"anyOf": _one_of("any", "all")}],
        dependentSchemas={"none": {"anyOf": _one_of("any", "all")}},
    )

    id: Id = Field(description="Unique in the pack: a-z, 0-9, - and _.")
    any: FilledTerms | None = Field(None, description="One of these must be there.")
    all: FilledTerms | None = Field(None, description="Each of these must be there.")
    none: FilledTerms | None = Field(None, description="None of these may be there, in the whole article.")
    query: Text | None = Field(None, description="`(a OR b) AND NOT c`, NEAR/8, SENT(...), `title:`; see rules.md.")
    score: Score | None = Field(None, description="Points for clauses, and a threshold.")


class NegativeCase(BaseModel):
    """A short article that must not match."""

    model_config = _config(anyOf=_one_of("title", "text"), **{"not": {"required": ["date", "published"]}})

    title: Text | None = Field(None, description="The article's title.")
    text: Text | None = Field(None, description="The article's text.")
    rule: Id | None = Field(None, description="The rule that is meant; without it any live or test rule.")
    lang: Language | None = Field(None, description="The article's language.")
    source: Text | None = Field(None, description="The article's feed or newsroom.")
    tags: Texts | None = Field(None, description="The article's tags; they stand for its feed's groups too.")
    date: Date | None = Field(None, description="The article's date.")
    published: Date | None = Field(None, description="The same as `date`.")
    expect_score: Points | None = Field(None, description="The points that a score rule must give.")


class PositiveCase(NegativeCase):
    """A short article that must match."""

    model_config = NegativeCase.model_config

    because: Texts | None = Field(None, description="Words that must be inside the evidence.")
    not_because: Texts | None = Field(None, description="Words that must not be inside the evidence.")


class Tests(BaseModel):
    """Short articles that show what the pack means; it goes live only when they hold."""

    __test__ = False
    model_config = _config()

    should_match: list[PositiveCase] | None = Field(None, description="Articles that must match.")
    should_not_match: list[NegativeCase] | None = Field(None, description="Articles that must not match.")
    todo_match: list[PositiveCase] | None = Field(None, description="Should match one day; must fail still.")
    todo_not_match: list[NegativeCase] | None = Field(None, description="Should not match one day; must fail still.")


Format = Annotated[int, _as(enum=[int(pack_file.FORMAT), pack_file.FORMAT])]


class PackFile(Traits):
    """A pack: rules for one subject, and tests that show what they mean."""

    model_config = _config()

    format: Format = Field(description="The format of the file.")
    pack: Id = Field(description="The pack's id: a-z, 0-9, - and _.")
    defaults: Traits | None = Field(None, description="What holds for every rule that says nothing else.")
    lists: Lists | None = Field(None, description="The pack's own lists.")
    rules: list[Rule] = Field(description="Conditions; an article alerts when one of them is true.")
    tests: Tests | None = Field(None, description="Short articles that show what the pack means.")


class EntitiesFile(BaseModel):
    """Entities, for every pack."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_extra)

    format: Format = Field(description="The format of the file.")
    entities: list[Entity] = Field(description="People, places, offices and so on, with their names.")


class ListsFile(BaseModel):
    """Lists, for every pack."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_extra)

    format: Format = Field(description="The format of the file.")
    lists: Lists = Field(description="Lists of terms by name; rules write `$name`.")


class RuleFile(RootModel[PackFile | EntitiesFile | ListsFile]):
    """A rule file of Wirewatch: a pack, entities, or lists."""


# -- the schema ----------------------------------------------------------------------------------


class _Generator(GenerateJsonSchema):
    """Leaves out what says nothing to a reader: titles made of keys, and null, which no rule file may hold."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False: the key is the title."""
        return False


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of rule files, draft 2020-12."""
    made = RuleFile.model_json_schema(by_alias=True, schema_generator=_Generator)
    found: dict[str, Any] = _tidy(made)
    kinds = found.pop("anyOf")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wirewatch rule file",
        "description": found.pop("description"),
        "oneOf": kinds,
    }
    return head | {key: value for key, value in found.items() if key not in head}


def _tidy(node: Any) -> Any:
    """Return a schema without null, `default: null` and titles."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    tidy = {key: _tidy(value) for key, value in node.items() if not (key == "default" and value is None)}
    if "properties" not in tidy.get("properties", {}) and isinstance(tidy.get("title"), str):
        del tidy["title"]
    choices = tidy.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        del tidy["anyOf"]
        tidy = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **tidy}
    return tidy


def to_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
