"""What every operation of the API and every form has from the shell: checks, errors in one shape, ETags, bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import pytest
from pydantic import Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.store import sessions as stored
from monitor.web import access
from monitor.web.api import openapi, operation
from monitor.web.api.operation import Answer, Call, Id, Model, Operation, Raw
from monitor.web.desk import Desk as WebDesk
from monitor.web.faults import Conflicting, NotThere
from monitor.web.forms import Form
from tests.support import dashboard, databases
from tests.support.dashboard import Site
from tests.support.desk import Desk


class ThingPath(Model):
    """Where a thing is."""

    id: Id


class ThingQuery(Model):
    """Which things."""

    kind: list[str] = Field(default_factory=list)
    limit: int = 10


class Thing(Model):
    """A thing."""

    id: int
    name: str


class NewThing(Model):
    """What a thing is made of."""

    name: str


async def show(call: Call) -> Answer:
    """Show a thing; there is no second one."""
    number = call.path(ThingPath).id
    if number == 2:
        raise NotThere("There is no such thing.")
    if number == 3:
        raise Conflicting("It changed meanwhile.")
    if number == 4:
        raise RuntimeError("a defect")
    return Answer(Thing(id=number, name="lone \ud800 surrogate"))


async def find(call: Call) -> Answer:
    """Give back what was asked."""
    query = call.query(ThingQuery)
    return Answer(Thing(id=query.limit, name=",".join(query.kind)))


async def make(call: Call) -> Answer:
    """Make a thing."""
    return Answer(Thing(id=1, name=call.body(NewThing).name))


async def take(call: Call) -> Answer:
    """Take raw bytes."""
    return Answer(Thing(id=len(call.raw()), name=call.visitor.kind))


ENOUGH = asyncio.Event()


async def slow(_call: Call) -> Answer:
    """Take until the test has seen enough."""
    await ENOUGH.wait()
    return Answer(Thing(id=1, name="slow"))


OPERATIONS = [
    Operation("GET", "/things/{id}", "One thing", show, answer=Thing, path_model=ThingPath),
    Operation("GET", "/things", "Things", find, answer=Thing, query_model=ThingQuery),
    Operation("POST", "/things", "Make a thing", make, answer=Thing, body_model=NewThing, status=201),
    Operation("POST", "/raw", "Take bytes", take, answer=Thing, body_model=Raw(("text/x-opml",), 1000)),
    Operation("GET", "/slow", "Slow", slow, answer=Thing, heavy=True),
]


async def echo(_request: Request, form: Form) -> Response:
    """Give back what the form holds."""
    files = ",".join([f"{name}:{len(await file.read())}" for name, file in form.files.items()])
    return PlainTextResponse(f"{form.get('a')}|{','.join(form.all('b'))}|{files}")


def extra(desk: WebDesk) -> list[Route]:
    """Return the routes of the test."""
    return [desk.post("/echo", echo, 4096), *(operation.route(desk, made) for made in OPERATIONS)]


@pytest.fixture(scope="module")
def site(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard with operations and a form of the test's own."""
    desk = Desk(made_databases.sqlite(), tmp_path_factory.mktemp("site"))
    desk.set_up()
    with dashboard.running(desk, True, dashboard.Healthy(), extra) as made:
        yield made
    desk.close()


# -- operations ----------------------------------------------------------------------------------


def test_answer_has_an_etag_and_is_not_sent_twice(site: Site) -> None:
    """Who has the answer already gets 304 without a body."""
    first = site.api("GET", "/things/1")
    again = site.api("GET", "/things/1", If_None_Match=f'"x", W/{first.headers["etag"]}')

    assert first.status == 200
    assert first.json["name"] == "lone ? surrogate"
    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/things/2", 404),
        ("/things/x", 404),
        ("/things/0", 404),
        ("/things/99999999999999999999", 404),
        ("/things/3", 409),
        ("/things/4", 500),
        ("/nothing", 404),
        ("/things?limit=x", 422),
        ("/things?other=1", 422),
        ("/things?limit=1&limit=2", 422),
        ("/things/1?x=1", 422),
    ],
)
def test_every_fault_is_a_problem_document(site: Site, path: str, status: int) -> None:
    """Whatever goes wrong is told in one shape, with its status, in words, and no traceback."""
    answer = site.api("GET", path)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]
    assert "Traceback" not in answer.text
    assert "defect" not in answer.text


def test_fault_names_each_place(site: Site) -> None:
    """What does not fit is named by where it stands."""
    answer = site.api("POST", "/things", {"name": 3, "more": 1})

    assert answer.status == 422
    assert {(fault["in"], fault["field"]) for fault in answer.json["errors"]} == {("body", "name"), ("body", "more")}


def test_parameters_may_be_repeated_where_they_are_a_list(site: Site) -> None:
    """A list is a parameter that is there several times."""
    assert site.api("GET", "/things?kind=a&kind=b&limit=3").json == {"id": 3, "name": "a,b"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("x" * 1000, "text/x-opml", 200),
        ("x" * 1001, "text/x-opml", 413),
        ("x", "text/plain", 415),
        ("x", "", 415),
    ],
)
def test_raw_body_is_bounded_and_of_its_kind(site: Site, body: str, kind: str, status: int) -> None:
    """Bytes are taken up to their bound, in the form that the operation takes."""
    sent = {"X-CSRF-Token": site.csrf(), "Content-Type": kind}

    assert site.ask("POST", "/api/v1/raw", body, sent).status == status


def test_a18_a_browser_changes_nothing_without_its_token(site: Site) -> None:
    """What a browser sends needs the token; a program on this machine, which no page can be, does not."""
    kind = {"Content-Type": "application/json"}

    assert site.ask("POST", "/api/v1/things", '{"name": "a"}', {**kind, "Origin": site.address}).status == 403
    assert site.ask("POST", "/api/v1/things", '{"name": "a"}', {**kind, "Cookie": "a=b"}).status == 403
    assert site.ask("POST", "/api/v1/things", '{"name": "a"}', kind).status == 201
    assert site.api("POST", "/things", {"name": "a"}).status == 201


def test_a17_a_token_that_reads_cannot_write(site: Site) -> None:
    """An operation that changes something needs the scope `write`."""
    secrets = {}
    for scope in ("read", "write"):
        secrets[scope] = access.new_secret()
        now, hashed = site.desk.clock.now(), access.hash_of(secrets[scope])
        site.desk.write(lambda c, s=scope, h=hashed, n=now: stored.add_token(c, f"{s}{h[:4]}", h, [s], n))

    def status(method: str, scope: str) -> int:
        sent = {"Authorization": f"Bearer {secrets[scope]}", "Content-Type": "application/json"}
        return site.ask(method, "/api/v1/things", '{"name": "a"}' if method == "POST" else None, sent).status

    assert (status("GET", "read"), status("POST", "read")) == (200, 403)
    assert status("POST", "write") == 201


def test_a25_a_third_heavy_operation_is_sent_away(site: Site) -> None:
    """Of five heavy requests at once two are answered, the others hear when to come again."""
    ENOUGH.clear()
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(site.api, "GET", "/slow") for _ in range(5)]
        try:
            for _ in islice(as_completed(asked, timeout=20), 3):  # those that are sent away
                pass
        finally:
            site.loop.call_soon_threadsafe(ENOUGH.set)
    answers = [one.result() for one in asked]

    assert sorted(answer.status for answer in answers) == [200, 200, 503, 503, 503]
    assert all(answer.headers["retry-after"] == "2" for answer in answers if answer.status == 503)


def test_document_says_what_operations_take_and_give() -> None:
    """The OpenAPI document has each operation with its parameters, bodies, answers and faults."""
    document = openapi.document(OPERATIONS, "1.0")
    one, things = document["paths"]["/api/v1/things/{id}"]["get"], document["paths"]["/api/v1/things"]

    assert document["openapi"] == "3.1.0"
    assert [(p["name"], p["in"], p["required"]) for p in one["parameters"]] == [("id", "path", True)]
    assert {p["name"]: p["schema"]["type"] for p in things["get"]["parameters"]} == {
        "kind": "array",
        "limit": "integer",
    }
    assert things["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/NewThing"
    }
    assert set(one["responses"]) == {"200", "304", "401", "403", "404", "default"}
    assert "201" in things["post"]["responses"]
    assert things["post"]["x-scope"] == "write"


# -- forms ---------------------------------------------------------------------------------------


def test_form_gives_its_fields(site: Site) -> None:
    """Fields come as they were sent, several values of one in their order."""
    body = urlencode({"csrf": site.csrf(), "a": " ä & b ", "b": ["1", "2"]}, doseq=True)

    answer = site.ask("POST", "/echo", body, {"Content-Type": "application/x-www-form-urlencoded"})

    assert answer.text == "ä & b|1,2|"


def test_form_with_a_file(site: Site) -> None:
    """A file comes with its form, and its token is looked for among the fields."""

    def body(token: str) -> bytes:
        parts = [("csrf", "", token), ("a", "", "x"), ("list", '; filename="../../l.opml"', "<opml/>")]
        text = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
            for name, more, value in parts
        )
        return (text + "--b--\r\n").encode()

    kind = {"Content-Type": "multipart/form-data; boundary=b"}

    assert site.ask("POST", "/echo", body(site.csrf()), kind).text == "x||list:7"
    assert site.ask("POST", "/echo", body("0" * 64), kind).status == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("a=" + "x" * 5000, "application/x-www-form-urlencoded", 413),
        ("&".join(f"a{n}=1" for n in range(300)), "application/x-www-form-urlencoded", 400),
        ("{}", "application/json", 400),
        ("nonsense", "multipart/form-data; boundary=b", 400),
        ("nonsense", "multipart/form-data", 400),
        ("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b", 400),
        (
            '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + "x" * 5000,
            "multipart/form-data; boundary=b",
            413,
        ),
    ],
)
def test_a24_a_form_beyond_its_bounds_is_refused(site: Site, body: str, kind: str, status: int) -> None:
    """A form that is too large, has too many fields or is none is refused with a page, not with a failure."""
    answer = site.ask("POST", "/echo", body, {"Content-Type": kind, "X-CSRF-Token": site.csrf()})

    assert answer.status == status
    assert "<h1>" in answer.text


def test_an_empty_folder_is_no_surprise(tmp_path: Path, made_databases: databases.Databases) -> None:
    """An installation without feeds, rules and channels explains its three steps, and ticks those that are done."""
    with dashboard.opened(made_databases.sqlite(), tmp_path, seeded=False, packs={}) as empty:
        before = empty.get("/").text
        empty.desk.has(["gazette"])
        after = empty.get("/").text

    assert before.count(": to do") == 3
    assert after.count(": done") == 2
    assert "No rule pack yet." in after
