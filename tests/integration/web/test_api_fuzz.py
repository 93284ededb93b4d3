"""Whatever is sent to the API, it answers as its document says, and never with a fault of its own (5xx).

`WIREWATCH_FUZZ=200 pytest tests/integration/web/test_api_fuzz.py` tries more of each operation than CI does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support import dashboard, databases

TRIES = int(os.environ.get("WIREWATCH_FUZZ", "3"))
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def site(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dashboard.Site]:
    """A seeded dashboard that is fuzzed."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("fuzz"), many=5) as made:
        yield made


@pytest.mark.timeout(120 + 40 * TRIES)
def test_a08_every_operation_answers_as_its_document_says(site: dashboard.Site) -> None:
    """Good and bad parameters, bodies and paths get an answer of the documented status, type and shape."""
    document = site.get("/api/v1/openapi.json").json
    found: list[str] = []
    tried = 0

    with requests.Session() as session:
        for made in schemathesis.openapi.from_dict(document).get_all_operations():
            operation: Any = made.ok()
            tried += 1
            found += faults_of(site, session, operation)

    assert "\n".join(found) == ""
    assert tried == sum(len(entries) for entries in document["paths"].values()) > 10


def faults_of(site: dashboard.Site, session: requests.Session, operation: Any) -> list[str]:
    """Try an operation and return what was wrong with its answers."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=TRIES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        case.call_and_validate(base_url=site.address, session=session, checks=CHECKS, timeout=60)

    try:
        attempt()
    except FailureGroup as fault:
        return [f"{operation.label}: {fault}"]
    return []
