"""The tables of config.toml as pydantic models, and what is wrong with a table in plain words.

What may stand behind a key is said in `config_values`. A model checks one table by itself; what ties tables together is
checked in `monitor.config`.
Messages may hold `{shown}`: the text as the file has it, never what a reference was filled with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from monitor import config_values as values
from monitor import toml_places
from monitor.errors import Fault

# -- tables --------------------------------------------------------------------------------------


class Table(BaseModel):
    """A table of the file: no unknown keys, no guessing of types, no values in pydantic's own messages."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class MonitorTable(Table):
    """`[monitor]`."""

    database: str = "sqlite:///data/wirewatch.db"
    rules: Annotated[str, Field(min_length=1)] = "rules"
    timezone: values.Timezone = "UTC"
    default_route: list[str] = Field(default_factory=list)
    ops_channel: str | None = None


class PollingTable(Table):
    """`[polling]`."""

    every: values.Duration = 600.0
    min_every: values.Duration = 60.0
    backfill: Annotated[int, Field(ge=0, le=1000)] = 0
    daily_entries: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    allow_private: list[values.PrivatePlace] = Field(default_factory=list)
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 64
    per_host: Annotated[int, Field(ge=1, le=64)] = 2
    prefilter: bool = False
    contact: values.Contact = ""


class FeedTable(Table):
    """One `[[feeds]]`."""

    url: values.FeedUrl
    id: values.Slug | None = None
    name: values.Line | None = None
    newsroom: values.Line | None = None
    lang: values.Language | None = None
    country: values.Country | None = None
    side: values.Line | None = None
    tags: list[values.Line] = Field(default_factory=list)
    trusted: bool = True
    candidate: bool = False
    every: values.Duration | None = None
    backfill: Annotated[int, Field(ge=0, le=1000)] | None = None
    daily_entries: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    headers: values.FeedHeaders = Field(default_factory=dict)
    user: str | None = None
    password: values.Secret | None = None


class FeedListsTable(Table):
    """`[feed_lists]`."""

    opml: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)


class ChannelTable(Table):
    """One `[channels.NAME]`."""

    url: values.ChannelUrl
    rate: values.Rate | None = None
    digest: values.Timetable | None = None
    quiet: values.Quiet | None = None
    budget: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    group: values.Duration | None = None
    template: Annotated[str, Field(min_length=1)] | None = None


class RouteTable(Table):
    """One `[[routes]]`."""

    channels: Annotated[list[str], Field(min_length=1)]
    pack: values.Line | None = None
    rule: values.Line | None = None
    severity: values.Severity | None = None
    tag: values.Line | None = None
    lang: values.Language | None = None
    newsroom: values.Line | None = None


class WebTable(Table):
    """`[web]`."""

    listen: values.Listen = ("127.0.0.1", 8080)
    metrics: values.Token | None = None
    public_url: values.PublicUrl | None = None
    password: values.Password | None = None
    edit_rules: bool = False
    allowed_hosts: list[values.HostName] = Field(default_factory=list)
    proxy_header: values.HeaderName | None = None
    trusted_proxies: list[values.ProxyAddress] = Field(default_factory=list)


class OpsTable(Table):
    """`[ops]`."""

    heartbeat_url: values.HeartbeatUrl | None = None


class RetentionTable(Table):
    """`[retention]`."""

    articles: values.KeptFor | None = None


TABLES: Mapping[str, type[Table]] = {
    "monitor": MonitorTable,
    "polling": PollingTable,
    "feeds": FeedTable,
    "feed_lists": FeedListsTable,
    "channels": ChannelTable,
    "routes": RouteTable,
    "web": WebTable,
    "ops": OpsTable,
    "retention": RetentionTable,
}
"""The model of each table of the file; of each of its members for `feeds` and `channels`."""


# -- faults --------------------------------------------------------------------------------------

T = TypeVar("T", bound=Table)


@dataclass(slots=True)
class Report:
    """Collects the faults of one file; at most one for a path, for what follows from a fault is no news."""

    file: str
    raw: Mapping[str, Any]
    places: toml_places.Places
    faults: list[Fault] = field(default_factory=list)
    _told: set[toml_places.Path] = field(default_factory=set)

    def add(
        self, path: toml_places.Path, code: str, message: str, fix: str | None = None, *, at_key: bool = False
    ) -> None:
        """Note a fault of the value (or, `at_key`, of the key) at `path`."""
        if path in self._told:
            return
        self._told.add(path)
        where = self.places.of_key(path) if at_key else self.places.of_value(path)
        line, column = where or (None, None)
        shown = message.replace("{shown}", _shorten(_at(self.raw, path)))
        self.faults.append(Fault(self.file, line, column, code, shown, fix))

    def check(self, model: type[T], table: Any, path: toml_places.Path) -> T | None:
        """Return `table` as `model`; faults are noted, and what has them is left at its default.

        None where no default can stand in: the faults of other tables are still worth finding.
        """
        try:
            return model.model_validate(table)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        for detail in details:
            self._add_detail(detail, path)
        faulty = {detail["loc"][0] for detail in details if detail["loc"]}
        try:
            return model.model_validate({key: value for key, value in table.items() if key not in faulty})
        except (ValidationError, AttributeError):
            return None

    def _add_detail(self, detail: ErrorDetails, path: toml_places.Path) -> None:
        where = (*path, *detail["loc"])
        if detail["type"] == "extra_forbidden":
            self.add(where, *unknown_key(where), at_key=True)
        elif detail["type"] == "missing":
            self.add(where, "missing_key", f"the key `{where[-1]}` is missing", f"add a line `{where[-1]} = ...`")
        else:
            self.add(where, *_in_plain_words(detail))


def unknown_key(path: toml_places.Path) -> tuple[str, str, str]:
    """Return code, message and remedy for the key at the end of `path`, which its table does not know."""
    name, table = str(path[-1]), str(path[0]) if len(path) > 1 else ""
    known = list(TABLES[table].model_fields) if table else list(TABLES)
    homes = [title for title, model in TABLES.items() if name in model.model_fields and title != table]
    near = values.nearest(name, known)
    if near:
        fix = f"did you mean `{near}`?"
    elif homes:
        fix = f"it belongs under [{homes[0]}]"
    else:
        fix = "known here: " + ", ".join(known)
    return "unknown_key", f"unknown key `{name}`", fix


_WRONG_TYPE: Mapping[str, str] = {
    "string_type": "text in double quotes",
    "int_type": "a whole number without quotes",
    "bool_type": "true or false, without quotes",
    "list_type": 'a list, such as ["a", "b"]',
    "dict_type": "a table",
    "model_type": "a table",
}


def _in_plain_words(detail: ErrorDetails) -> tuple[str, str, str | None]:
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "wirewatch":
        return context["code"], context["message"], context["fix"]
    if kind in _WRONG_TYPE:
        return "wrong_type", "this value is of the wrong kind", f"write {_WRONG_TYPE[kind]}"
    if kind == "greater_than_equal":
        return "out_of_range", "`{shown}` is too small", f"write {context['ge']} or more"
    if kind == "less_than_equal":
        return "out_of_range", "`{shown}` is too large", f"write {context['le']} or less"
    if kind == "too_short":
        return "empty_value", "this list is empty", "name at least one"
    if kind == "string_too_short":
        return "empty_value", "this text is empty", "write a value, or remove the line"
    return "bad_value", str(detail["msg"]), None


def _at(raw: Any, path: toml_places.Path) -> Any:
    for step in path:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return ""
    return raw


def _shorten(value: Any) -> str:
    text = str(value)
    text = text if len(text) <= 80 else text[:77] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
