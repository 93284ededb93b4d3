"""Faults of the configuration: broken reloads (F41), secrets that are missing or rotated (F43) or leak (A16)."""

from __future__ import annotations

import io
import os
import random
import traceback
from pathlib import Path

import pytest
import structlog

from monitor import config, logs
from monitor.errors import ConfigError, Fault

CANARY = "c4nary-7f3e"
"""Part of every secret below; no output may hold it."""

SECRETS = {
    "DB_PASSWORD": f"{CANARY}/db@:%",
    "FEED_KEY": f"{CANARY}-feed key",
    "FEED_PASSWORD": f"{CANARY}-feed-password",
    "HEADER": f"{CANARY}-header",
    "SLACK_URL": f"https://hooks.slack.com/services/T0/B0/{CANARY}-webhook",
    "MAIL_PASSWORD": f"{CANARY}&mail",
    "TOKEN": f"{CANARY}-0123456789",
}

GOOD = """
[monitor]
database = "postgresql://wire:${DB_PASSWORD}@db.example/wire"
default_route = ["slack"]

[[feeds]]
url = "https://news.example/feed?key=${FEED_KEY}"
name = "News"
user = "reader"
password = "${FEED_PASSWORD}"
headers = { X-Key = "${HEADER}" }

[channels.slack]
url = "${SLACK_URL}"

[channels.mail]
url = "mailtos://wire:${MAIL_PASSWORD}@smtp.example/?to=desk@news.example"

[web]
metrics = "${TOKEN}"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration with a secret in every place that takes one."""
    path = tmp_path / "config.toml"
    path.write_text(GOOD)
    return path


def _refusal(path: Path, environ: dict[str, str]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ)
    return caught.value


def _faults(path: Path) -> tuple[Fault, ...]:
    """Return the faults of a file, none if it is read; any other exception is a failure of the test."""
    try:
        config.load(path, SECRETS)
    except ConfigError as error:
        return error.faults
    return ()


# -- F41 -----------------------------------------------------------------------------------------


def test_f41_a_broken_file_is_refused_whole(file: Path) -> None:
    """One fault anywhere refuses the whole file, so that a reload never takes over half of it."""
    file.write_text(GOOD.replace('name = "News"', "name = 3"))

    error = _refusal(file, SECRETS)

    assert [(fault.line, fault.code) for fault in error.faults] == [(8, "wrong_type")]


def test_f41_every_cut_of_the_file_is_read_or_refused(file: Path) -> None:
    """A file saved halfway gives a configuration or faults, at whatever byte it was cut."""
    for end in range(len(GOOD)):
        file.write_text(GOOD[:end])

        assert _faults(file) is not None


def test_f41_mutations_are_read_or_refused(file: Path) -> None:
    """A thousand random edits never bring anything but a configuration or faults that have a line."""
    chance = random.Random(41)
    letters = "\"'[]{}=#.,\\\n$ a0é\x00\u2028"
    for _ in range(1000):
        text = list(GOOD)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 3)] = chance.choice(letters)
        file.write_text("".join(text))

        assert all(fault.line for fault in _faults(file))


@pytest.mark.parametrize("bracket", ["[", "{a="])
def test_f41_deep_nesting_is_refused(tmp_path: Path, bracket: str) -> None:
    """A file of brackets is a fault, not a crash."""
    path = tmp_path / "config.toml"
    path.write_text("a = " + bracket * 20_000)

    error = _refusal(path, {})

    assert [fault.code for fault in error.faults] == ["syntax"]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("[monitor]\nrules = rules", "2:9", "the value is missing or not TOML (text goes in quotes"),
        ("[monitor]\nrules", "2:6", 'a key without `=` (write key = "value")'),
        ('[monitor]\nrules = "x', "2:11", "a text is not closed (add the missing quotation mark)"),
        ("[monitor]\nrules = 'a'\nrules = 'b'", "3", "this key, or a table of this name, was given before"),
        ("[monitor]\n[polling]\n[monitor]", "3", "this table was given before"),
        ("[monitor\nrules = 'a'", "1:9", "the `]` of the table's name is missing"),
        ("[monitor]\nrules = 'a' 'b'", "2:13", "something follows the value"),
        ('[monitor]\nrules = "a\\q"', "2:13", "a backslash in double quotes means something special"),
        ("[polling]\nallow_private = ['a'", "2:21", "an array is not closed"),
    ],
)
def test_f41_syntax_faults_are_told_in_plain_words(tmp_path: Path, text: str, place: str, says: str) -> None:
    """What is no TOML is told with its place and what to write, not in the parser's words."""
    path = tmp_path / "config.toml"
    path.write_text(text)

    fault = _refusal(path, {}).faults[0]

    assert fault.code == "syntax"
    assert fault.place == f"{path}:{place}"
    assert says in str(fault)


# -- F43 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_f43_missing_variable_is_named(file: Path, name: str) -> None:
    """An unset variable is a fault at the line that asks for it."""
    error = _refusal(file, {key: value for key, value in SECRETS.items() if key != name})

    assert [fault.code for fault in error.faults] == ["missing_variable"]
    assert name in error.faults[0].message
    assert f"${{{name}}}" in GOOD.splitlines()[(error.faults[0].line or 0) - 1]


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_f43_empty_variable_is_named(file: Path, value: str) -> None:
    """A variable that holds nothing is as bad as none."""
    error = _refusal(file, {**SECRETS, "SLACK_URL": value})

    assert [fault.code for fault in error.faults] == ["empty_variable"]


def test_f43_every_missing_variable_is_told_at_once(file: Path) -> None:
    """Who starts with an empty environment learns all the names in one go."""
    error = _refusal(file, {})

    assert {name for name in SECRETS if any(name in fault.message for fault in error.faults)} == set(SECRETS)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: None, "missing_file"),
        (lambda path: path.mkdir(), "missing_file"),
        (os.mkfifo, "missing_file"),
        (lambda path: path.write_bytes(b"\n"), "empty_file"),
        (lambda path: path.write_bytes(CANARY.encode() + b"\xff"), "missing_file"),
        (lambda path: path.write_bytes(CANARY.encode() * 10_000), "large_file"),
    ],
)
def test_f43_unusable_secret_file_is_named(file: Path, make: object, code: str) -> None:
    """A file of a secret that is missing, empty, huge or not text is a fault with its name and without its content."""
    make(file.parent / "secret")  # type: ignore[operator]
    file.write_text(GOOD.replace("${SLACK_URL}", "${file:secret}"))

    error = _refusal(file, SECRETS)

    assert [fault.code for fault in error.faults] == [code]
    assert "secret" in str(error)
    assert CANARY not in str(error)


def test_f43_rotated_file_is_picked_up_by_the_next_reading(file: Path) -> None:
    """A secret that was replaced in its file is another channel to a reload, and the file is named for watching."""
    secret = file.parent / "secret"
    file.write_text(GOOD.replace("${SLACK_URL}", "${file:secret}"))
    secret.write_text("slack://A/B/old\n")
    old = config.load(file, SECRETS)
    secret.write_text("slack://A/B/new\n")

    new = config.load(file, SECRETS)

    assert config.differences(old, new) == config.Changes(channels_changed=("slack",))
    assert secret in new.sources


# -- A16 -----------------------------------------------------------------------------------------


def test_a16_no_secret_in_the_texts_of_a_configuration(file: Path) -> None:
    """repr and str of the configuration, its parts and its changes hold no secret."""
    found = config.load(file, SECRETS)
    changes = config.differences(config.load(file, {**SECRETS, "TOKEN": "x" * 16}), found)

    shown = [found, *found.feeds, *found.channels.values(), found.web, changes, found.sources, found.warnings]

    assert CANARY not in "".join(f"{part!r}{part!s}" for part in shown)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('default_route = ["slack"]', 'default_route = ["${TOKEN}"]'),
        ('default_route = ["slack"]', 'default_route = ["slack"]\ntimezone = "${TOKEN}"'),
        ('default_route = ["slack"]', 'default_route = ["slack"]\nrules = "${TOKEN}\\u0000"\nops_channel = "${TOKEN}"'),
        ("postgresql://", "mysql://"),
        ("https://news.example", "ftp://news.example"),
        ("https://news.example", "https://u:${TOKEN}@news.example"),
        ("X-Key = ", "Host = "),
        ('"${HEADER}"', '"${HEADER}\\n"'),
        ('name = "News"', 'id = "${FEED_KEY}"'),
        ('name = "News"', 'lang = "${TOKEN}"'),
        ('name = "News"', 'every = "${TOKEN}"'),
        ('"${SLACK_URL}"', '"${TOKEN}"'),
        ('"${SLACK_URL}"', '"${SLACK_URL}"\nrate = "${TOKEN}"'),
        ('"${TOKEN}"', '"${TOKEN} "'),
        ('"${TOKEN}"', '"${TOKEN}"\nlisten = "${TOKEN}"'),
        ('"${TOKEN}"', '"${TOKEN}"\n[feed_lists]\nopml = ["${TOKEN}"]'),
        ('"${TOKEN}"', '"${TOKEN}"\n[polling]\nallow_private = ["${TOKEN}"]\ncontact = "${TOKEN}"'),
    ],
)
def test_a16_no_secret_in_a_fault(file: Path, good: str, bad: str) -> None:
    """A fault shows what stands in the file, never what a reference brought, not even in its traceback."""
    assert good in GOOD
    file.write_text(GOOD.replace(good, bad))

    error = _refusal(file, SECRETS)

    shown = "".join(traceback.format_exception(error)) + repr(error.faults)
    assert CANARY not in shown


@pytest.mark.parametrize("key", ["url", "password"])
def test_a16_secret_written_into_the_file_is_not_shown(tmp_path: Path, key: str) -> None:
    """A login in an address that cannot be used is not repeated by the fault."""
    path = tmp_path / "config.toml"
    text = {
        "url": f'[[feeds]]\nurl = "https://reader:{CANARY}@news.example/"',
        "password": f'[[feeds]]\nurl = "http://a.b/"\npassword = "{CANARY}"\nuser = 3',
    }
    path.write_text(text[key])

    error = _refusal(path, {})

    assert CANARY not in "".join(traceback.format_exception(error)) + repr(error.faults)


@pytest.mark.parametrize("json", [True, False])
def test_a16_every_secret_is_masked_in_logs(file: Path, json: bool) -> None:
    """Whatever spelling of a secret reaches a log line, in a key, a value, a list or a traceback, is masked."""
    found = config.load(file, SECRETS)
    stream = io.StringIO()
    writer = logs.setup("debug", json, lambda: config.secrets_of(found), stream)
    log = structlog.get_logger()

    for secret in [*SECRETS.values(), found.database, found.feeds[0].url, *config.secrets_of(found)]:
        log.debug("seen", value=secret, nested=[{secret: (secret,)}], text=f"before {secret} after")
        try:
            raise ValueError(f"server said: {secret}")
        except ValueError:
            log.exception("send_failed")
    log.info("parts", webhook=SECRETS["SLACK_URL"].rpartition("/")[2], user="wire")
    writer.close()

    assert CANARY not in stream.getvalue()
    assert "server said: ***" in stream.getvalue()
    assert "wire" in stream.getvalue()
