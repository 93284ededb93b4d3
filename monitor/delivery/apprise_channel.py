"""apprise's one door: every service that we have no sender of our own for.

apprise tells success from failure and little more. What we add: one object and one recipient per target, no retry and
no redirect of its own, text that fits the service, a deadline, bounded replies, status and Retry-After.
What stays: its HTTP library obeys proxy variables, and a failure without a status may have arrived.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import logging
import re
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apprise
import apprise.plugins

from monitor import errors, model, scratch
from monitor.delivery import addresses, apprise_answers, plain_text, sender, slack, template, wording

_STATUS = re.compile(r"\berror\s*[=:]\s*(\d{3})(?:\d{2})?\b")
"""ntfy's own codes are five digits long and begin with those of the status."""
_DOUBT = re.compile(r"connection error|timed? ?out", re.IGNORECASE)
_RECIPIENT_LISTS = ("targets", "topics", "rooms", "channels", "phone", "users", "groups", "emails", "parties")
_LABEL_LENGTH = 100


_Heard = tuple[bool, str, apprise_answers.Answer | None]
"""Whether apprise held it for delivered, its warnings, and the last answer."""


class AppriseSender:
    """Sends notices through one apprise object that has one recipient."""

    def __init__(self, service: Any, settings: sender.SenderSettings, secrets: tuple[str, ...] = ()) -> None:
        self._service = service
        # Asked for itself, a plugin may leave out the step that escapes our text for HTML (Telegram's does).
        self._front = apprise.Apprise(service, asset=service.asset)
        self._deadline = settings.deadline
        self._template = settings.template
        self._secrets = secrets

    async def send(self, notice: model.Notice) -> model.SendResult:
        """Call the service once; see `Sender.send`.

        The call runs in a daemon thread: past the deadline it is left alone, and the process may exit without it.
        """
        title, body = _fitted(notice, self._service, self._template)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Heard] = loop.create_future()
        threading.Thread(target=self._call, args=(title, body, loop, answer), daemon=True, name="apprise").start()
        try:
            async with asyncio.timeout(self._deadline):
                delivered, words, last = await answer
        except TimeoutError:
            return model.SendResult(model.SendOutcome.UNCERTAIN, None, f"no answer within {self._deadline:g} s")
        return classify(delivered, wording.service_words(words, self._secrets), last)

    async def close(self) -> None:
        """apprise keeps nothing open between calls."""

    def _call(self, title: str, body: str, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[_Heard]) -> None:
        with _Listening() as heard, apprise_answers.heard() as answers:
            try:
                delivered = bool(self._front.notify(title=title, body=body, body_format=_format(self._service)))
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it is this service's failure
                delivered = False
                heard.words.append(f"{type(error).__name__} in apprise's {self._service.service_name}")
        try:
            last = answers[-1] if answers else None
            loop.call_soon_threadsafe(_settle, answer, (delivered, " ".join(heard.words), last))
        except RuntimeError:
            # The loop was closed while we were out: nobody waits for this answer any more.
            return


def _fitted(notice: model.Notice, service: Any, own: template.Template | None) -> tuple[str, str]:
    """Return title and body that the service takes, also where it counts otherwise than apprise does."""
    fits = _COUNTS.get(_scheme(service), _fits_units)
    most = room = _body_room(service)
    while True:
        title, body = fit_text(notice, service.title_maxlen, room, own)
        if _format(service) is apprise.NotifyFormat.MARKDOWN:
            body = render_markdown(body)
        if room <= LEAST_ROOM or fits(title if service.overflow_amalgamate_title else "", body, most):
            return title, body
        room = max(min(room, len(body)) * 4 // 5, LEAST_ROOM)


def _scheme(service: Any) -> str:
    scheme = service.secure_protocol or service.protocol
    return str(scheme[0] if isinstance(scheme, tuple) else scheme)


def _format(service: Any) -> apprise.NotifyFormat:
    return apprise.NotifyFormat.MARKDOWN if _scheme(service) in _MARKDOWN else apprise.NotifyFormat.TEXT


_MARKDOWN = frozenset({"workflow"})
"""Services that make no link of an address that stands in a text (Teams), by their first secure scheme."""

LEAST_ROOM = 60


def _fits_units(title: str, body: str, room: int) -> bool:
    """Count in UTF-16 units, the strictest reading of "characters": an emoji is two. `title` goes with the body."""
    whole = f"{title}\r\n{body}" if title else body
    return len(whole) + sum(c > "\uffff" for c in whole) <= room


def _fits_ntfy(title: str, body: str, _room: int) -> bool:
    """Count bytes, and those of the request: beyond them it becomes an attachment, which few servers take.

    Source: https://docs.ntfy.sh/publish/#limitations; apprise's ntfy_json_upstream_size_limit of 8,000.
    """
    return len(body.encode()) <= 4096 and len(json.dumps([title, body])) <= 7500


_COUNTS = {"ntfys": _fits_ntfy}
"""How services count that do it otherwise, by their first secure scheme."""


def _body_room(service: Any) -> int:
    """Return how long a text may be: in HTML a third of the service's limit, since blanks and signs become entities."""
    is_html = service.resolve_format(apprise.NotifyFormat.TEXT) is apprise.NotifyFormat.HTML
    return int(service.body_maxlen) // (3 if is_html else 1)


def _settle(answer: asyncio.Future[_Heard], value: _Heard) -> None:
    if not answer.done():
        answer.set_result(value)


class _Listening(logging.Handler):
    """Keeps the warnings that apprise logs in this very thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []
        self._thread = threading.get_ident()

    def __enter__(self) -> _Listening:
        _quiet().addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger(apprise.LOGGER_NAME).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line of this thread's."""
        if record.thread == self._thread:
            self.words.append(record.getMessage())


def _quiet() -> logging.Logger:
    """Return apprise's logger, fixed at WARNING: its DEBUG lines hold whole webhook addresses, as urllib3's do."""
    logger = logging.getLogger(apprise.LOGGER_NAME)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    return logger


def classify(delivered: bool, words: str, last: apprise_answers.Answer | None = None) -> model.SendResult:
    """Return what apprise's answer means.

    Args:
        words: Its warnings, cleaned and without secrets.
        last: What the service answered last; its status counts where the warnings name none.
    """
    if delivered:
        return model.SendResult(model.SendOutcome.SENT, None, words)
    found = _STATUS.search(words)
    status = int(found[1]) if found else last.status if last is not None and last.status >= 400 else None
    outcome = _outcome(status, words)
    wait = slack.retry_after(last.retry_after, last.date) if last and outcome is model.SendOutcome.RETRY else None
    return model.SendResult(outcome, status, words or "apprise reports a failure without a word", retry_after=wait)


def _outcome(status: int | None, words: str) -> model.SendOutcome:
    if status is None:
        return model.SendOutcome.UNCERTAIN if _DOUBT.search(words) else model.SendOutcome.RETRY
    if status in (400, 413, 422):
        return model.SendOutcome.REFUSED_CONTENT
    if status in (408, 425, 429) or status >= 500:
        return model.SendOutcome.RETRY
    return model.SendOutcome.REFUSED


# -- opening -------------------------------------------------------------------------------------


def open_targets(
    name: str, url: str, settings: sender.SenderSettings
) -> tuple[tuple[model.Target, AppriseSender], ...]:
    """Return the recipients that `url` names, each with an object of its own.

    Raises: DeliveryError if apprise cannot use the URL, or if its recipients cannot be told apart: then one that fails
        could only be tried again together with those that have the message already.
    """
    service = _service(url)
    secrets = _secrets(service, url)
    return tuple(
        (model.Target(name, key, label), AppriseSender(one, settings, secrets)) for key, label, one in _singles(service)
    )


def describe(url: str) -> str:
    """Return the service and its address as apprise masks it. Raises: DeliveryError as `open_targets`."""
    service = _service(url)
    return f"{service.service_name} (apprise): {_masked(service)}"


def _service(url: str) -> Any:
    _quiet()
    scheme = addresses.scheme(url)
    if not _load_plugin(scheme):
        raise errors.DeliveryError(f"no service is known by {scheme}://; apprise's list of services has the spelling")
    service: Any = apprise.Apprise.instantiate(url.strip(), asset=_asset(), suppress_exceptions=True)
    if service is None:
        raise errors.DeliveryError(f"apprise cannot use this {scheme}:// url: a part of it is missing or wrong")
    if not service.enabled:
        raise errors.DeliveryError(f"apprise's {scheme}:// needs a package or program that is not installed here")
    # Whatever the URL asks for: the outbox does the retries, a redirect loses messages, and one message stays one.
    service.retry, service.redirects = 0, False
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    service.request_rate_per_sec = 0.0
    if scheme == "discord":
        # An update links several reports; each would be shown once more as a picture with a summary.
        service.flags = (service.flags or 0) | SUPPRESS_EMBEDS
    return service


SUPPRESS_EMBEDS = 4
"""Source: https://discord.com/developers/docs/resources/message#message-object-message-flags."""


def _load_plugin(scheme: str) -> bool:
    """Load the plugins whose source names `scheme`; return whether one serves it.

    apprise itself loads all 150 at the first URL, which takes 19 MB and a quarter of a second.
    """
    known = apprise.NotificationManager()  # type: ignore[no-untyped-call]
    folder = Path(apprise.plugins.__file__).parent
    fresh = [name for name in _naming(folder, scheme) if name not in _LOADED]
    if fresh:
        _LOADED.update(fresh)
        # The names of its files are what is imported from the package.
        with tempfile.TemporaryDirectory(dir=scratch.folder()) as listing:
            for name in fresh:
                (Path(listing) / f"{name}.py").touch()
            known.load_modules(path=listing, name=apprise.plugins.__name__)  # type: ignore[no-untyped-call]
    return bool(_LOADED) and scheme in known


_LOADED: set[str] = set()
"""Plugins that are loaded, by module name."""


def _naming(folder: Path, scheme: str) -> list[str]:
    """Return the plugins in which `scheme` stands as a text."""
    quoted = f'"{scheme}"'.encode()
    plugins = [path for path in sorted(folder.iterdir()) if path.name[0] not in "_." and path.stem != "base"]
    sources = {path.stem: [path] if path.suffix == ".py" else list(path.glob("*.py")) for path in plugins}
    return [name for name, files in sources.items() if any(quoted in file.read_bytes() for file in files)]


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id="Wirewatch",
        app_desc="Wirewatch",
        http_redirects=False,
        async_mode=False,
        default_service_retry=0,
        service_timeout=0,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        pgp_autogen=False,
        pem_autogen=False,
    )


def _singles(service: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield (key, label, object) per recipient."""
    several = [name for name in _RECIPIENT_LISTS if _holds_several(getattr(service, name, None))]
    if not several and len(service) <= 1:
        yield "service", _masked(service), service
        return
    targets = getattr(service, "targets", None)
    if several != ["targets"] or not isinstance(targets, list) or len(service) != len(targets):
        raise errors.DeliveryError(
            f"this {service.service_name} url names several recipients; write one channel for each, so that one that "
            "fails is tried again alone"
        )
    for target in targets:
        one = copy.copy(service)
        one.targets = [target]
        key = hashlib.sha256(repr(target).encode()).hexdigest()[:12]
        yield key, _masked(one), one


def _holds_several(value: object) -> bool:
    return isinstance(value, (list, tuple, set)) and len(value) > 1


def _masked(service: Any) -> str:
    return wording.clamp(wording.clean(service.url(privacy=True).partition("?")[0]), _LABEL_LENGTH)


def _secrets(service: Any, url: str) -> tuple[str, ...]:
    """Return the parts of the URL that apprise's masked form does not show."""
    shown = service.url(privacy=True)
    pieces = re.split(r"[/:@?&=,#]+", url.partition("://")[2])
    return (url, *(piece for piece in pieces if len(piece) >= 6 and piece not in shown))


# -- text ----------------------------------------------------------------------------------------


def fit_text(
    notice: model.Notice, title_room: int, body_room: int, own: template.Template | None = None
) -> tuple[str, str]:
    """Return title and body within a service's limits; where room is short the link comes first: it leads to the rest.

    Args:
        title_room: Longest title; 0 if the service knows none (the headline then begins the body).
    """
    headline = wording.inert(template.subject(notice, own))
    title = wording.clamp(headline, title_room) if title_room > 0 else ""
    if wording.is_list(notice):
        return title, _fit_list(notice, headline if not title else "", body_room, own)
    body = "\n".join(map(_inert_line, plain_text.plain_lines(notice, own).splitlines()))
    whole = body if title else f"{headline}\n{body}"
    if len(whole) <= body_room:
        return title, whole or headline
    links = "\n".join(_inert_line(item.url) for item in notice.items[:1] if wording.web_url(item.url))
    if len(links) + 20 > body_room:
        return title, cut(whole, body_room)
    # Two line breaks and the ellipsis of the text that is cut after the link.
    lead = "" if title else wording.clamp(headline, body_room - len(links) - 3) + "\n"
    return title, cut(f"{lead}{links}\n{body}".strip(), body_room)


def cut(text: str, room: int) -> str:
    """Return `text` within `room` characters, ended by an ellipsis if it is cut, and no address torn or lengthened."""
    if len(text) <= room:
        return text
    kept = text[: room - 1].rstrip()
    begins = kept.rfind("\n") + 1
    line = text[begins:].partition("\n")[0]
    if wording.web_url(line) is None:
        return kept + "…"
    if kept[begins:] == line:
        return (kept + "\n…")[:room].rstrip()
    return kept[:begins] + "…" if begins else kept + "…"


def _fit_list(notice: model.Notice, headline: str, room: int, own: template.Template | None) -> str:
    """Return a message of many within `room` characters: articles that fit whole, and how many more there are."""
    lines = plain_text.plain_lines_within(notice, room - len(headline) - 1 if headline else room, own)
    body = "\n".join(map(_inert_line, lines.splitlines()))
    whole = f"{headline}\n{body}" if headline and not notice.headline else body
    if len(whole) <= room:
        return whole
    # Not even the explanation fits: what it is, and where to read it.
    rest = wording.left_out(notice, 0)
    return wording.clamp(f"{wording.clamp(headline or wording.inert(wording.subject(notice)), 120)}\n{rest}", room)


def render_markdown(body: str) -> str:
    """Return our text as Markdown: every sign of it escaped, and each address on a line of its own a link."""
    return "\n".join(map(_markdown_line, body.split("\n")))


def _markdown_line(line: str) -> str:
    url = wording.web_url(line)
    if url is None:
        return _MARKDOWN_SIGN.sub(r"\\\g<0>", line)
    name = _MARKDOWN_SIGN.sub(r"\\\g<0>", urlsplit(url).hostname or "")
    return f"[{name}]({markdown_url(url)})"


def markdown_url(url: str) -> str:
    """Return an address as it stands in a Markdown link."""
    return "".join(f"%{ord(c):02X}" if c in "()\\" else c for c in _inert_line(url))


_MARKDOWN_SIGN = re.compile(r"[\\`*_{}\[\]()#+\-.!|<>~]")


def _inert_line(line: str) -> str:
    if not wording.web_url(line):
        return wording.inert(line)
    # Discord looks for mentions in addresses, too.
    return _MENTION.sub("%40", line).replace("<", "%3C").replace(">", "%3E")


_MENTION = re.compile(r"@(?=(?:everyone|here)\b)", re.IGNORECASE)
