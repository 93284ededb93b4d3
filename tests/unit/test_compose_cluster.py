"""compose.cluster.yaml: what each service may do, how it is started, and where its secrets go."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from monitor import config
from monitor.cli import common, run
from monitor.engine.cluster import Role

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.cluster.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
ALONE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["wirewatch"]
MEMBERS = ("scheduler", "worker", "web")
CONFIG = (ROOT / "docker/config.cluster.toml").read_text()


def arguments(service: str) -> list[str]:
    """Return what follows `wirewatch` in a service's command."""
    command = SERVICES[service]["command"]
    return shlex.split(command) if isinstance(command, str) else list(command)


@pytest.fixture
def loaded(tmp_path: Path) -> config.Config:
    """The configuration of the members, with a secret in each file that it names."""
    for name in COMPOSE["secrets"]:
        (tmp_path / name).write_text(f"s3cret/of:{name}\n")
    (tmp_path / "config.toml").write_text(CONFIG.replace("/run/secrets/", f"{tmp_path}/"))
    (tmp_path / "feeds.opml").write_text((ROOT / "feeds.opml").read_text())
    return config.load(tmp_path / "config.toml", environ={})


def test_cluster_has_its_four_parts() -> None:
    """A database, a scheduler, workers and the dashboard."""
    assert sorted(SERVICES) == sorted(("postgres", *MEMBERS))


@pytest.mark.parametrize("name", SERVICES)
def test_a23_every_service_of_the_cluster_is_as_bare_as_the_one_alone(name: str) -> None:
    """No service has a privilege, a place to write or a network that the one of compose.yaml lacks."""
    service = SERVICES[name]

    for key in ("restart", "init", "read_only", "cap_drop", "security_opt"):
        assert service[key] == ALONE[key], key
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["mem_limit"] == service["memswap_limit"]
    assert 0 < service["pids_limit"] <= 512
    assert all("noexec,nosuid,nodev" in mount for mount in service["tmpfs"])
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices", "env_file"} & set(service)


@pytest.mark.parametrize("name", MEMBERS)
def test_a23_a_member_is_run_as_the_one_alone_and_keeps_nothing(name: str) -> None:
    """User, image, limits, health and end are those of compose.yaml; every mount is read-only, /data goes with it."""
    service = SERVICES[name]

    for key in ("build", "image", "user", "healthcheck", "stop_signal", "stop_grace_period", "mem_limit", "pids_limit"):
        assert service[key] == ALONE[key], key
    assert [mount for mount in service["volumes"] if not mount.endswith(":ro")] == []
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp", "/data"]


def test_a23_the_cluster_publishes_the_dashboard_on_loopback_and_nothing_else() -> None:
    """The one port is that of web, for this machine; the database's network leads nowhere."""
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:8080:8080"]
    }
    assert SERVICES["postgres"]["networks"] == ["database"]
    assert COMPOSE["networks"]["database"] == {"internal": True}


@pytest.mark.parametrize("name", MEMBERS)
def test_command_of_a_member_is_one_that_the_program_takes(name: str, loaded: config.Config) -> None:
    """Compose starts each role with options that exist, on a database that it may have."""
    command, *options = arguments(name)
    parsed = typer.main.get_command(common.app).commands[command].make_context(command, options)  # type: ignore[attr-defined]

    placed = run._placed(loaded, parsed.params["role"], parsed.params["listen"], parsed.params["once"])

    assert parsed.params["role"] == name
    assert Role(name).leads == (name == "scheduler")
    assert (placed.web.host, placed.web.port) == ("0.0.0.0", 8080)


def test_a16_every_secret_is_a_file_that_somebody_reads() -> None:
    """No secret stands in the file or the environment; each is mounted where it is read, and nowhere else."""
    read = set(re.findall(r"^[^#\n]*\$\{file:/run/secrets/(\w+)\}", CONFIG, re.MULTILINE))
    environment = SERVICES["postgres"]["environment"]

    assert all(SERVICES[name]["secrets"] == list(COMPOSE["secrets"]) for name in MEMBERS)
    assert read == set(COMPOSE["secrets"])
    assert SERVICES["postgres"]["secrets"] == ["db_password"]
    assert environment["POSTGRES_PASSWORD_FILE"] == "/run/secrets/db_password"
    assert [name for name in MEMBERS if "environment" in SERVICES[name]] == []
    assert all(kept["file"] == f"./docker/secrets/{name}" for name, kept in COMPOSE["secrets"].items())
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_configuration_of_the_cluster_loads_and_names_the_shipped_database(loaded: config.Config) -> None:
    """Any character may stand in the password; host, user and name are those of the service; feeds are the shipped."""
    shipped = config.load(ROOT / "config.toml", environ={})
    environment = SERVICES["postgres"]["environment"]

    assert loaded.database == (
        f"postgresql+psycopg://{environment['POSTGRES_USER']}:s3cret%2Fof%3Adb_password"
        f"@postgres/{environment['POSTGRES_DB']}"
    )
    assert loaded.web.password is not None
    assert loaded.web.metrics is not None
    assert [feed.url for feed in loaded.feeds] == [feed.url for feed in shipped.feeds]
    assert loaded.polling == shipped.polling


def test_members_wait_for_the_database_and_for_who_makes_its_schema() -> None:
    """The scheduler starts on a database that answers, the others after it."""
    healthy = {"condition": "service_healthy"}

    assert SERVICES["scheduler"]["depends_on"] == {"postgres": healthy}
    assert (
        SERVICES["worker"]["depends_on"]
        == SERVICES["web"]["depends_on"]
        == {
            "postgres": healthy,
            "scheduler": healthy,
        }
    )
    assert SERVICES["postgres"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
