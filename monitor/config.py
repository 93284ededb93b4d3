"""config.toml -> a frozen Config, or every fault of the file at once.

`find` says which file, `load` reads it, `differences` says what a reload changes, `secrets_of` what no log may show.
The order of `load`: TOML with places, references filled, each table checked by its model, then what ties them together.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from monitor import config_filling, config_schema, config_values, toml_places, urls
from monitor.alerts.route import Route
from monitor.config_changes import Changes, differences
from monitor.config_secrets import secrets_of
from monitor.config_settings import (
    CONSOLE,
    ChannelSettings,
    Config,
    FeedSettings,
    OpsSettings,
    PollingSettings,
    Rate,
    RetentionSettings,
    WebSettings,
    effective_channels,
    effective_route,
)
from monitor.delivery import template
from monitor.errors import ConfigError, Fault
from monitor.feeds import opml

__all__ = [
    "CONSOLE",
    "Changes",
    "ChannelSettings",
    "Config",
    "FeedSettings",
    "OpsSettings",
    "PollingSettings",
    "Rate",
    "RetentionSettings",
    "WebSettings",
    "differences",
    "effective_channels",
    "effective_route",
    "find",
    "load",
    "secrets_of",
    "slug",
]

DEFAULT_FILE = "config.toml"
FILE_VARIABLE = "WIREWATCH_CONFIG"


def find(explicit: Path | None, environ: Mapping[str, str] | None = None) -> Path:
    """Return the file to load: `explicit`, else ./config.toml, else what $WIREWATCH_CONFIG names.

    Raises: ConfigError (`no_config`) if nothing is named and ./config.toml does not exist.
    """
    if explicit is not None:
        return explicit
    default = Path(DEFAULT_FILE)
    if default.is_file():
        return default
    named = (os.environ if environ is None else environ).get(FILE_VARIABLE)
    if named:
        return Path(named)
    fix = f"go to its folder, give --config FILE, or set {FILE_VARIABLE}"
    raise ConfigError([Fault(DEFAULT_FILE, None, None, "no_config", "there is no config.toml here", fix)])


def load(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration in `path`; `environ` (default: the process's own) fills `${NAME}`.

    Raises: ConfigError with every fault of the file; a sole fault `unreadable_file` if it cannot be read at all.
    """
    text = _read(path)
    try:
        raw, places = toml_places.parse(text)
    except toml_places.TomlSyntaxError as error:
        raise ConfigError([Fault(str(path), error.line, error.column, "syntax", error.message, error.fix)]) from None
    return _Loading(path, raw, places, os.environ if environ is None else environ).config()


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or type(error).__name__}"
        fault = Fault(str(path), None, None, "unreadable_file", message, "give its path with --config")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        fault = Fault(str(path), line, column, "encoding", "the file is not UTF-8 from here on", "save it as UTF-8")
    raise ConfigError([fault])


class _Loading:
    """One pass over one file. Methods return what is sound and report the rest."""

    def __init__(self, path: Path, raw: dict[str, Any], places: toml_places.Places, environ: Mapping[str, str]) -> None:
        self._path = path
        self._folder = Path(os.path.abspath(path)).parent
        self._report = config_schema.Report(str(path), raw, places)
        self._filler = config_filling.Filler(self._folder, environ, self._report.add)
        self._data = self._filler.fill(raw)
        self._lists: list[Path] = []
        self._warnings: list[Fault] = []

    def config(self) -> Config:
        """Return the configuration. Raises: ConfigError."""
        for name in self._data:
            if name not in config_schema.TABLES:
                self._report.add((name,), *config_schema.unknown_key((name,)), at_key=True)
        monitor = self._table(config_schema.MonitorTable, "monitor")
        polling = self._polling()
        web = self._web()
        ops = self._table(config_schema.OpsTable, "ops")
        retention = self._table(config_schema.RetentionTable, "retention")
        channels = self._channels()
        database = self._database(monitor.database)
        routes = self._routes()
        self._check_routes(monitor, routes)
        feeds = self._feeds(polling.min_every)
        if self._report.faults:
            raise ConfigError(sorted(self._report.faults, key=lambda f: (f.file, f.line or 0, f.column or 0)))
        return Config(
            path=Path(os.path.abspath(self._path)),
            database=database,
            rules=self._folder / monitor.rules,
            timezone=monitor.timezone,
            default_route=tuple(monitor.default_route),
            ops_channel=monitor.ops_channel,
            polling=polling,
            feeds=feeds,
            channels=channels,
            routes=tuple(routes.values()),
            web=web,
            ops=OpsSettings(ops.heartbeat_url),
            retention=RetentionSettings(retention.articles),
            warnings=tuple(self._warnings),
            sources=(Path(os.path.abspath(self._path)), *self._lists, *self._filler.files),
            filled=tuple(SecretStr(value) for value in self._filled_secrets()),
        )

    def _table(self, model: type[config_schema.T], name: str) -> config_schema.T:
        """Return a table of the file; where it is faulty, the defaults, so that the checks after it can go on."""
        return self._report.check(model, self._data.get(name, {}), (name,)) or model()

    # -- sections --------------------------------------------------------------------------------

    def _polling(self) -> PollingSettings:
        table = self._table(config_schema.PollingTable, "polling")
        if table.every < table.min_every:
            fix = "make `every` longer, or `min_every` shorter"
            message = f"`every` is shorter than `min_every` ({table.min_every:g} s)"
            self._report.add(("polling", "every"), "every_below_minimum", message, fix)
        values = {item.name: getattr(table, item.name) for item in fields(PollingSettings)}
        return PollingSettings(**{**values, "allow_private": tuple(table.allow_private)})

    def _web(self) -> WebSettings:
        table = self._table(config_schema.WebTable, "web")
        written = self._data.get("web", {})
        if table.proxy_header and not written.get("trusted_proxies"):
            message = "`proxy_header` is believed of nobody: `trusted_proxies` names no address"
            self._report.add(("web", "proxy_header"), "no_proxy", message, 'add `trusted_proxies = ["127.0.0.1"]`')
        if table.trusted_proxies and "proxy_header" not in written:
            message = "`trusted_proxies` has no use without `proxy_header`"
            self._report.add(("web", "trusted_proxies"), "no_header", message, "name the header, or remove the line")
        if not config_values.is_loopback(table.listen[0]) and not (table.password or table.proxy_header):
            self._warn_of_closed_dashboard()
        return WebSettings(
            *table.listen,
            metrics=table.metrics,
            public_url=table.public_url,
            password=table.password,
            edit_rules=table.edit_rules,
            allowed_hosts=tuple(table.allowed_hosts),
            proxy_header=table.proxy_header,
            trusted_proxies=tuple(table.trusted_proxies),
        )

    def _warn_of_closed_dashboard(self) -> None:
        line, column = self._report.places.of_value(("web", "listen")) or (None, None)
        message = "the dashboard is closed: the network reaches it, and it has no password"
        fix = "set `password` under [web]; until then only the health routes answer, and what a token opens"
        self._warnings.append(Fault(str(self._path), line, column, "W_no_password", message, fix))

    def _channels(self) -> dict[str, ChannelSettings]:
        tables = self._members("channels", dict, "write [channels.NAME] and its url below it")
        channels = {}
        for name, data in tables:
            if not config_values.is_channel_name(name):
                fix = "use letters, digits, `-` and `_`"
                self._report.add(("channels", name), "bad_name", f"`{name}` cannot name a channel", fix, at_key=True)
            table = self._report.check(config_schema.ChannelTable, data, ("channels", name))
            if table:
                rate = Rate(*table.rate) if table.rate else None
                channels[str(name)] = ChannelSettings(
                    str(name), table.url, rate, table.digest, table.quiet, table.budget, table.group
                )
                if table.template is not None:
                    own = self._template(table.template, ("channels", name, "template"))
                    channels[str(name)] = replace(channels[str(name)], template=own)
        return channels

    def _template(self, name: str, path: toml_places.Path) -> template.Template | None:
        """Return the user's words in a file beside config.toml; faults in it have their place in it."""
        self._lists.append(self._folder / name)
        try:
            data = config_filling.read_file(self._folder / name, template.MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is not usable"
            fix = "give a path relative to config.toml"
            self._report.add(path, "missing_template", f"the template `{{shown}}` cannot be read: {reason}", fix)
            return None
        try:
            return template.parse(data, str(self._path.parent / name))
        except ConfigError as error:
            self._report.faults += error.faults
            return None

    def _routes(self) -> dict[int, Route]:
        """Return the sound `[[routes]]` by their number in the file."""
        found = {}
        for number, data in self._members("routes", list, "write [[routes]], with two brackets"):
            table = self._report.check(config_schema.RouteTable, data, ("routes", number))
            if table:
                places = {key: self._report.places.of_value(("routes", number, key)) for key in data}
                known = {key: place for key, place in places.items() if place is not None}
                found[number] = Route(**{**table.model_dump(), "channels": tuple(table.channels)}, places=known)
        return found

    def _members(self, name: str, kind: type[dict[str, Any]] | type[list[Any]], fix: str) -> list[tuple[Any, Any]]:
        """Return the members of a table of tables or a list of tables, with their names or numbers."""
        whole: Any = self._data.get(name, kind())
        if not isinstance(whole, kind):
            self._report.add((name,), "wrong_type", f"`{name}` is of the wrong kind", fix, at_key=True)
            return []
        return list(whole.items()) if isinstance(whole, dict) else list(enumerate(whole))

    def _check_routes(self, monitor: config_schema.MonitorTable, routes: Mapping[int, Route]) -> None:
        known = self._data.get("channels")
        names = [*known, CONSOLE] if isinstance(known, dict) else [CONSOLE]
        wanted: list[tuple[toml_places.Path, str]] = [
            (("monitor", "default_route", n), name) for n, name in enumerate(monitor.default_route)
        ]
        if monitor.ops_channel is not None:
            wanted.append((("monitor", "ops_channel"), monitor.ops_channel))
        for number, route in routes.items():
            wanted += [(("routes", number, "channels", n), name) for n, name in enumerate(route.channels)]
        for path, name in wanted:
            if name not in names:
                near = config_values.nearest(name, names)
                fix = f"did you mean `{near}`?" if near else f"declare it as [channels.NAME]; known: {', '.join(names)}"
                self._report.add(path, "unknown_channel", "there is no channel `{shown}`", fix)
        if len(names) > 1 and not monitor.default_route:
            fix = f'under [monitor] write default_route = ["{names[0]}"], or ["{CONSOLE}"] for the console'
            message = "there are channels, but no default_route: packs that name no route would alert nobody"
            self._report.add(("monitor", "default_route"), "no_default_route", message, fix)

    def _database(self, url: str) -> str:
        known = config_values.database_url(url, self._folder)
        if known is not None:
            return known
        fix = "write sqlite:///data/wirewatch.db (three slashes, then a file) or postgresql://user:password@host/name"
        message = "this is neither a file for SQLite nor a PostgreSQL database"
        self._report.add(("monitor", "database"), "bad_database", message, fix)
        return url

    # -- feeds -----------------------------------------------------------------------------------

    def _feeds(self, min_every: float) -> tuple[FeedSettings, ...]:
        feeds = _Feeds()
        for number, data in self._members("feeds", list, "write [[feeds]], with two brackets"):
            table = self._report.check(config_schema.FeedTable, data, ("feeds", number))
            if table:
                self._add_feed(feeds, table, number)
                if table.every is not None and table.every < min_every:
                    fix = "make it longer, or `min_every` under [polling] shorter"
                    message = f"`{{shown}}` is shorter than `min_every` ({min_every:g} s)"
                    self._report.add(("feeds", number, "every"), "every_below_minimum", message, fix)
        lists = self._table(config_schema.FeedListsTable, "feed_lists")
        for number, name in enumerate(lists.opml):
            self._add_list(feeds, name, ("feed_lists", "opml", number))
        return tuple(feeds.listed)

    def _add_feed(self, feeds: _Feeds, table: config_schema.FeedTable, number: int) -> None:
        path = ("feeds", number)
        line, _ = self._report.places.of_value(path) or (None, None)
        feed = _feed_settings(table, f"{self._path}:{line}")
        if (table.user is None) != (table.password is None):
            given, missing = ("password", "user") if table.user is None else ("user", "password")
            message = f"`{given}` stands here without `{missing}`"
            self._report.add((*path, given), "half_login", message, "write both or neither", at_key=True)
        if twin := feeds.at(feed.url):
            message = f"this feed is declared already, as `{twin.id}` in {twin.place}"
            self._report.add((*path, "url"), "duplicate_feed", message, "keep one of the two")
        elif namesake := feeds.by_id.get(feed.id):
            message = f"the id `{feed.id}` is taken by {namesake.place}"
            self._report.add((*path, "id"), "duplicate_id", message, 'give this feed its own: id = "..."')
        feeds.add(feed)

    def _add_list(self, feeds: _Feeds, name: str, path: toml_places.Path) -> None:
        file = self._folder / name
        self._lists.append(file)
        try:
            data = config_filling.read_file(file, opml.MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is not usable"
            fix = "give a path relative to config.toml"
            self._report.add(path, "missing_feed_list", f"the feed list `{{shown}}` cannot be read: {reason}", fix)
            return
        self._take_list(feeds, name, data, path)

    def _take_list(self, feeds: _Feeds, name: str, data: bytes, path: toml_places.Path) -> None:
        outlines, problems = opml.read_opml(data)
        if problems and not outlines:
            fix = "export it again as OPML, or remove it here"
            self._report.add(path, "bad_feed_list", f"the feed list `{{shown}}` holds no feed: {problems[0]}", fix)
        self._warnings.extend(Fault(name, None, None, "W_feed_list", str(problem)) for problem in problems)
        for outline in outlines:
            feed = _from_outline(outline, name, feeds.by_id.keys())
            if twin := feeds.at(feed.url):
                message = f"`{feed.name}` is left out: its address is that of `{twin.id}` ({twin.place})"
                self._warnings.append(Fault(name, None, None, "W_duplicate_feed", message, "remove one of the two"))
            else:
                feeds.add(feed)

    def _filled_secrets(self) -> Iterator[str]:
        for path, values in self._filler.filled.items():
            if config_filling.is_address(path) or config_values.is_secret(path):
                yield from values


class _Feeds:
    """The feeds declared so far, in order; thousands of them are found by address and id."""

    def __init__(self) -> None:
        self.listed: list[FeedSettings] = []
        self.by_id: dict[str, FeedSettings] = {}
        self._by_address: dict[urls.Url, FeedSettings] = {}

    def at(self, url: str) -> FeedSettings | None:
        """Return the first feed at this address, whatever its fragment."""
        return self._by_address.get(_address(url))

    def add(self, feed: FeedSettings) -> None:
        """Take in a feed; the first of an address or an id stays the one that is found."""
        self.listed.append(feed)
        self.by_id.setdefault(feed.id, feed)
        self._by_address.setdefault(_address(feed.url), feed)


def _address(url: str) -> urls.Url:
    return replace(urls.parse_url(url), fragment="")


def _feed_settings(table: config_schema.FeedTable, place: str) -> FeedSettings:
    name = table.name or urls.host_of(table.url)
    return FeedSettings(
        url=table.url,
        id=table.id or slug(name) or slug(urls.host_of(table.url)),
        name=name,
        newsroom=table.newsroom or name,
        lang=table.lang,
        country=table.country,
        side=table.side,
        tags=tuple(table.tags),
        trusted=table.trusted,
        candidate=table.candidate,
        every=table.every,
        backfill=table.backfill,
        daily_entries=table.daily_entries,
        headers=table.headers,
        user=table.user,
        password=table.password,
        place=place,
    )


def _from_outline(outline: opml.OpmlFeed, list_name: str, taken: Container[str]) -> FeedSettings:
    name = outline.name if outline.name != outline.url else urls.host_of(outline.url)
    feed_id = outline.id or slug(name) or slug(urls.host_of(outline.url))
    if feed_id in taken:
        # Lists made elsewhere repeat names; part of the address's hash keeps the id the same at every start.
        feed_id = f"{feed_id}-{hashlib.sha256(outline.url.encode()).hexdigest()[:6]}"
    return FeedSettings(
        url=outline.url,
        id=feed_id,
        name=name,
        newsroom=outline.newsroom or name,
        lang=_two_letters(outline.lang, str.lower),
        country=_two_letters(outline.country, str.upper),
        side=outline.side,
        tags=tuple(outline.tags),
        trusted=outline.trusted,
        candidate=outline.candidate,
        every=outline.every,
        place=list_name,
    )


def _two_letters(code: str | None, case: Callable[[str], str]) -> str | None:
    """Return the language of `en-us` or `EN`, the country of `il`; None for what is no such code."""
    found = re.match(r"[A-Za-z]{2}(?![A-Za-z])", code or "")
    return case(found[0]) if found else None


def slug(name: str) -> str:
    """Return `name` as an id: its letters and digits of any script, lower case, joined by hyphens."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else "-" for c in folded)
    return re.sub(r"-+", "-", kept).strip("-")[:80]
