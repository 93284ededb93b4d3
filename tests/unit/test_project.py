"""What the repository itself promises: its container, its locks, its borders, and that it knows no machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import config

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

NO_DOOR = frozenset({"defusedxml", "prometheus_client", "pydantic", "pydantic_core", "regex", "structlog"})
"""Foreign libraries without a door of their own: they are used the same way everywhere."""

MACHINE_PATH = re.compile(r"(?<![\w./:~-])/(?:home|Users|root|work)/\w")
REGISTRY_HOST = re.compile(
    r"\b(?:" + "|".join(["py" + "pi", "python" + "hosted", r"registry\.npm" + "js", "deb.deb" + "ian"]) + r")\.org\b"
)


def tracked_files() -> Iterator[tuple[str, str]]:
    """Yield path and text of every tracked text file."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b""
        if b"\0" not in data:
            yield name, data.decode(errors="replace")


def canonical(name: str) -> str:
    """Return a distribution's name as locks write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def dependencies() -> set[str]:
    """Return the names of the direct dependencies."""
    return {canonical(re.split(r"[\[>=<;\s]", line)[0]) for line in PROJECT["project"]["dependencies"]}


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    """The one service of compose.yaml."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert list(services) == ["wirewatch"]
    return dict(services["wirewatch"])


@pytest.fixture(scope="module")
def final_stage() -> dict[str, str]:
    """Instruction -> argument of the Dockerfile's last stage; the last one of a kind wins, as in Docker."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    stage = re.split(r"^FROM ", text, flags=re.MULTILINE)[-1]
    lines = (line.partition(" ") for line in stage.splitlines() if line and not line.startswith(("#", " ")))
    return {instruction: argument.strip() for instruction, _, argument in lines}


# -- container -----------------------------------------------------------------------------------


def test_a23_compose_takes_every_privilege_away(service: dict[str, Any]) -> None:
    """The shipped compose file runs a container that can do nothing but its work."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "10001:10001"
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service)


def test_a23_compose_limits_memory_and_processes(service: dict[str, Any]) -> None:
    """A runaway costs its own container, not the machine."""
    assert service["mem_limit"] == service["memswap_limit"] == "768m"
    assert 0 < service["pids_limit"] <= 512
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"]


def test_a23_compose_lets_only_data_be_written(service: dict[str, Any]) -> None:
    """Configuration, feed list and rules are mounted read-only; the volume for /data is the one place to write."""
    writable = [mount.split(":")[1] for mount in service["volumes"] if not mount.endswith(":ro")]

    assert writable == ["/data"]


def test_a23_compose_stops_gently_and_watches_health(service: dict[str, Any]) -> None:
    """An init reaps children, SIGTERM has 30 s, and health is asked through our own command."""
    assert service["init"] is True
    assert service["stop_grace_period"] == "30s"
    assert service["healthcheck"]["test"] == ["CMD", "wirewatch", "health"]


def test_a23_compose_publishes_on_loopback_only(service: dict[str, Any]) -> None:
    """Nobody but this machine reaches the port until its owner says otherwise."""
    assert service["ports"] == ["127.0.0.1:8080:8080"]


def test_a23_image_is_configured_for_a_numeric_user(final_stage: dict[str, str]) -> None:
    """The image runs as a numeric user, declares /data, its port, its health and its stop signal."""
    assert final_stage["USER"] == "10001:10001"
    assert final_stage["VOLUME"] == "/data"
    assert final_stage["EXPOSE"] == "8080"
    assert final_stage["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(final_stage["ENTRYPOINT"]) == ["wirewatch"]
    assert json.loads(final_stage["CMD"]) == ["run"]
    assert final_stage["HEALTHCHECK"].endswith('CMD ["wirewatch", "health"]')


def test_a23_context_of_the_build_holds_only_what_is_copied() -> None:
    """Secrets and databases cannot get into the image: .dockerignore names what may, and that is what is copied."""
    text = (ROOT / "Dockerfile").read_text()
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    copied = {
        source.removeprefix("./").rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, flags=re.MULTILINE)
        for source in line.split()[:-1]
    }

    assert allowed == copied | {"Dockerfile"}


def test_configuration_of_the_image_loads(tmp_path: Path) -> None:
    """The container's configuration is valid with no variable set; only place and port differ from the shipped one."""
    (tmp_path / "config.toml").write_text((ROOT / "docker/config.toml").read_text())
    (tmp_path / "feeds.opml").write_text((ROOT / "feeds.opml").read_text())

    inside = config.load(tmp_path / "config.toml", environ={})
    shipped = config.load(ROOT / "config.toml", environ={})

    assert inside.database == "sqlite:////data/wirewatch.db"
    assert (inside.web.host, inside.web.port) == ("0.0.0.0", 8080)
    assert [feed.url for feed in inside.feeds] == [feed.url for feed in shipped.feeds]
    assert inside.polling == shipped.polling


# -- borders -------------------------------------------------------------------------------------


def imported_modules() -> set[str]:
    """Return the top-level names that monitor/ imports, wherever in a file the import stands."""
    found = set()
    for path in (ROOT / "monitor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_every_foreign_library_has_its_door() -> None:
    """A library that enters the program is named by an import contract, or by NO_DOOR."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    behind_doors = {module for contract in contracts for module in contract.get("forbidden_modules", ())}
    foreign = imported_modules() - sys.stdlib_module_names - {"monitor"}

    assert foreign - behind_doors - NO_DOOR == set()


def test_layers_name_every_module() -> None:
    """The layers of pyproject.toml are the whole house: no module stands outside, none is named that is gone."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip(" ()") for layer in layers for name in re.split(r"[|:]", layer)}
    children = {path.stem for path in (ROOT / "monitor").iterdir() if path.suffix == ".py" or path.is_dir()}

    assert children - {"__init__", "__pycache__"} == named


def test_dependencies_are_exactly_what_is_imported() -> None:
    """pyproject.toml asks for what is imported and for nothing else, but for parts that other libraries load."""
    loaded_by_others = {"lxml-html-clean", "psycopg", "python-multipart", "tzdata"}
    owners = metadata.packages_distributions()
    foreign = imported_modules() - sys.stdlib_module_names - {"monitor"}
    imported = {canonical(owner) for name in foreign for owner in owners.get(name, [f"{name} (nobody's)"])}

    wanted = dependencies()

    assert wanted - imported - loaded_by_others == set()
    assert imported - wanted - {"pydantic-core"} == set()


# -- repository ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"])
def test_locks_pin_and_hash_everything(name: str) -> None:
    """Every locked line is one exact version with at least one hash, and nothing says where to download it."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]

    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_lock_holds_every_dependency() -> None:
    """A dependency added to pyproject.toml without `make lock` is noticed here."""
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE))

    assert dependencies() - locked == set()


def test_no_file_names_a_registry_or_a_machine() -> None:
    """The repository builds anywhere: no package registry's host and no path of one machine stands in it."""
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_files()
        for pattern in (REGISTRY_HOST, MACHINE_PATH)
        for match in pattern.finditer(text)
    ]

    assert found == []


def test_make_offers_the_promised_targets() -> None:
    """The targets that people and CI rely on exist, and `make help` lists each."""
    promised = {"setup", "run", "demo", "test", "check", "eval", "bench", "soak", "docs", "lock"}

    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert promised <= set(re.findall(r"make (\w+)", listed))


def test_scripts_are_executable_and_parse() -> None:
    """Every shell script can be started and holds no syntax error."""
    scripts = [name for name, text in tracked_files() if text.startswith("#!/usr/bin/env bash")]

    for name in scripts:
        assert (ROOT / name).stat().st_mode & 0o111, name
        subprocess.run(["bash", "-n", name], cwd=ROOT, check=True)
    assert ".ci/run" in scripts


def test_map_shows_every_module() -> None:
    """ARCHITECTURE.md's map names each module and package of the first level."""
    drawn = (ROOT / "ARCHITECTURE.md").read_text()
    children = [path for path in (ROOT / "monitor").iterdir() if path.suffix == ".py" or path.is_dir()]
    names = {path.name if path.suffix else f"{path.name}/" for path in children if not path.name.startswith("__")}

    assert {name for name in names if name not in drawn and not name.startswith("config")} == set()


@pytest.mark.parametrize(("strict", "outcome"), [("1", "1 failed, 1 skipped"), ("0", "2 skipped")])
def test_ci_refuses_skips_for_want_of_something(tmp_path: Path, strict: str, outcome: str) -> None:
    """Where WIREWATCH_CI=1, a test that was skipped because the machine lacks a browser fails; other skips stay."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_skips.py").write_text(
        "import pytest\n"
        "def test_browser(): pytest.skip('needs chromium')\n"
        "def test_platform(): pytest.skip('not on this platform')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]

    environment = {"WIREWATCH_CI": strict}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert outcome in found.stdout
