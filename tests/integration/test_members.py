"""Members of a cluster, asked over HTTP: each is ready while it does its own work, and says what it knows."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from monitor.store import leading
from tests.support import cluster, databases, world
from tests.support.cluster import Cluster
from tests.support.world import Process

pytestmark = pytest.mark.timeout(300)
ROLES = ("scheduler", "standby", "worker", "web")


def get(process: Process, path: str) -> tuple[int, str]:
    """Return status and body of what a member answers; 0 where it refuses the connection."""
    try:
        with urllib.request.urlopen(process.address + path, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()
    except OSError:
        return 0, ""


def reasons(process: Process) -> list[str] | None:
    """Return what keeps a member from its work; None where it does not answer."""
    status, body = get(process, "/readyz")
    said = json.loads(body)["reasons"] if body else None
    assert said is None or (status == 200) == (said == [])
    return said


def samples(process: Process) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return the metrics of a member by name: labels and value of each."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(get(process, "/metrics")[1]):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.fixture(scope="module")
def made(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster's world with a newsroom."""
    with cluster.opened(tmp_path_factory.mktemp("cluster"), made_databases.postgresql()) as world_of:
        world_of.newsroom("gazette")
        world_of.configure(every="2s")
        yield world_of


@pytest.fixture(scope="module")
def processes(made: Cluster) -> dict[str, Process]:
    """One of each role, all ready; the scheduler leads and `standby` does not."""
    started = {"scheduler": made.member("scheduler").until_up(90)}
    world.until(lambda: started["scheduler"].events("leads"), 40, "leads")
    started |= {name: made.member("scheduler" if name == "standby" else name) for name in ROLES[1:]}
    for process in started.values():
        process.until_up(90)
    for process in started.values():
        world.until(lambda one=process: reasons(one) == [], 60, f"ready\n{process.log[-3000:]}", 0.2)
    return started


def test_each_member_is_ready_while_it_does_its_own_work(processes: dict[str, Process]) -> None:
    """A worker without feeds of its own, a scheduler that polls nothing, one that stands by and a web process."""
    assert {name: reasons(process) for name, process in processes.items()} == {name: [] for name in ROLES}
    assert {name: get(process, "/healthz")[0] for name, process in processes.items()} == dict.fromkeys(ROLES, 200)


def test_one_member_leads_and_each_says_who_it_is(made: Cluster, processes: dict[str, Process]) -> None:
    """`leads` is 1 once over all members; `member_info` has role and number as they stand in the database."""
    said = {name: samples(process) for name, process in processes.items()}

    leads = {name: found["wirewatch_leads"] for name, found in said.items()}
    infos = [found["wirewatch_member_info"][0][0] for found in said.values()]
    assert {name: values[0][1] for name, values in leads.items()} == {
        "scheduler": 1,
        "standby": 0,
        "worker": 0,
        "web": 0,
    }
    assert {(int(info["member"]), info["role"]) for info in infos} == {(row[0], row[1]) for row in made.living()}


def test_what_is_known_of_the_whole_is_shown_by_who_leads(processes: dict[str, Process]) -> None:
    """Feeds, waiting work, members and the last sweep come from the leader alone; others show no zero, nothing past."""
    whole = {
        "wirewatch_feeds",
        "wirewatch_members",
        "wirewatch_entries_waiting",
        "wirewatch_last_sweep_timestamp_seconds",
        "wirewatch_last_successful_poll_timestamp_seconds",
    }
    world.until(lambda: whole <= samples(processes["scheduler"]).keys(), 60, "a sweep", 0.5)

    said = {name: samples(process) for name, process in processes.items()}

    counts = {labels["role"]: value for labels, value in said["scheduler"]["wirewatch_members"]}
    assert counts == {"all": 0, "scheduler": 2, "worker": 1, "web": 1}
    assert sum(value for _, value in said["scheduler"]["wirewatch_feeds"]) == 1
    assert {name: whole & found.keys() for name, found in said.items() if name != "scheduler"} == {
        name: set() for name in ROLES[1:]
    }
    assert all("wirewatch_disk_free_bytes" not in found for found in said.values())
    assert sum(value for labels, value in said["worker"]["wirewatch_feed_polls_total"]) > 0


def test_system_shows_the_members_to_who_asks_the_web_process(made: Cluster, processes: dict[str, Process]) -> None:
    """The API has each member with its role, its machine and version, and which of them leads."""
    status, body = get(processes["web"], "/api/v1/system")

    found: list[dict[str, Any]] = json.loads(body)["members"]
    assert status == 200
    assert {(one["id"], one["role"], one["pid"]) for one in found} == set(made.living())
    assert [one["role"] for one in found if one["leads"]] == ["scheduler"]
    assert all(one["host"] and one["version"] and one["state"] == "living" for one in found)


def test_a_member_without_a_lease_is_red_and_joins_again(made: Cluster, processes: dict[str, Process]) -> None:
    """One that others have ended says so until it has a new number; its address answers all the while."""
    worker = processes["worker"]
    (before,) = [row[0] for row in made.living() if row[1] == "worker"]

    made.execute("UPDATE members SET ended_at = clock_timestamp(), reason = 'lease' WHERE id = %s", before)

    world.until(lambda: reasons(worker) != [], 30, "red", 0.05)
    world.until(lambda: reasons(worker) == [], 60, "ready again", 0.1)
    (after,) = [row[0] for row in made.living() if row[1] == "worker"]
    (info,) = samples(worker)["wirewatch_member_info"]
    assert after > before
    assert info[0] == {"role": "worker", "member": str(after)}


def test_a_database_that_is_away_makes_every_member_red_and_none_dead(
    made: Cluster, processes: dict[str, Process]
) -> None:
    """None is restarted for it: /healthz stays green, /readyz says not_writing, and all goes on once it is back."""
    name = made.scalar("SELECT current_database()")
    outside = sa.create_engine(made.database_url.replace(name, "postgres"), isolation_level="AUTOCOMMIT")
    ends = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"

    with outside.connect() as server:
        server.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.exec_driver_sql(ends)
    try:
        for process in processes.values():
            world.until(lambda one=process: "not_writing" in (reasons(one) or ()), 30, process.log[-2000:], 0.2)
        alive = {role: get(process, "/healthz")[0] for role, process in processes.items()}
    finally:
        with outside.connect() as server:
            server.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        outside.dispose()

    assert alive == dict.fromkeys(ROLES, 200)
    for process in processes.values():
        world.until(lambda one=process: reasons(one) == [], 90, f"ready again\n{process.log[-3000:]}", 0.2)


def test_nobody_leads_and_no_work_is_taken(made_databases: databases.Databases, tmp_path: Path) -> None:
    """A scheduler that cannot lead and a worker that takes nothing though work is due say so, each its own."""
    with cluster.opened(tmp_path, made_databases.postgresql()) as made:
        made.newsroom("gazette")
        made.configure(every="2s")
        made.checked = False
        with made.engine.connect() as elsewhere:
            first = made.member("scheduler", arguments=["--hurry", "60"]).until_up(90)
            worker = made.member("worker", arguments=["--hurry", "60"]).until_up(90)
            world.until(lambda: reasons(worker) == [], 40, "ready")
            assert first.stop() == 0
            elsewhere.exec_driver_sql(f"SELECT pg_advisory_lock({leading.LEADING_LOCK})")
            second = made.member("scheduler", arguments=["--hurry", "60"]).until_up(90)

            world.until(lambda: reasons(second) == ["nobody_leads"], 40, "nobody leads", 0.2)
            world.until(lambda: reasons(worker) == ["not_taking"], 40, f"takes nothing\n{worker.log[-2000:]}", 0.2)

            elsewhere.exec_driver_sql(f"SELECT pg_advisory_unlock({leading.LEADING_LOCK})")
            world.until(lambda: reasons(worker) == [], 60, f"ready\n{worker.log[-3000:]}", 0.2)
            world.until(lambda: "nobody_leads" not in (reasons(second) or ["?"]), 40, second.log[-3000:], 0.2)
        assert made.scalar("SELECT count(*) FROM members WHERE ended_at IS NULL") == 2
