"""What a worker shows of itself while it works against a local GitHub."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.worker.service import working
from worker.metrics import Metrics, reason_kind, shown

if TYPE_CHECKING:
    from tests.worker.service import Service

BROKEN = "def broken(:\n"
INJECTION = '''"""Orders."""

import sqlite3


def orders(connection: sqlite3.Connection, user: str) -> list[tuple[int]]:
    """The orders of a user."""
    return connection.execute(f"SELECT id FROM orders WHERE user = '{user}'").fetchall()
'''


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def ask(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        return await client.get(path)


def values(text: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def test_a_review_is_counted_with_its_stages_findings_and_calls(standing: Service) -> None:
    port = free_port()
    settings = standing.settings.model_copy(update={"worker_metrics_port": port})
    files = {"app/orders.py": INJECTION, "app/broken.py": BROKEN}
    standing.github.repositories.commit("alice/shop", "orders", files)
    standing.github.pulls.open("alice/shop", "orders")

    async with working(settings):
        await standing.idle()
        health = await ask(port, "/healthz")
        page = (await ask(port, "/metrics")).text

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert values(page, "backend_expert_reviews_total") == {("partial",): 1}
    assert values(page, "backend_expert_findings_total")["SEC101", "critical"] == 1
    assert values(page, "backend_expert_skipped_files_total") == {("syntax",): 1}
    stages = values(page, "backend_expert_stage_seconds_count")
    assert stages == dict.fromkeys(
        [("read",), ("compare",), ("fetch",), ("diff",), ("analysis",), ("publish",)], 1
    )
    calls = values(page, "backend_expert_github_calls_total")
    assert calls["GET", "200"] > 3
    assert calls["POST", "201"] >= 3
    assert values(page, "backend_expert_github_remaining")["core",] > 0
    assert values(page, "backend_expert_reviews_under_way") == {(): 0}


async def test_a_loop_that_stands_is_not_healthy() -> None:
    port = free_port()
    async with shown(Metrics(silent_seconds=0.2), "127.0.0.1", port):
        asking = asyncio.create_task(asyncio.to_thread(_status_after, port, 0.4))
        await asyncio.sleep(0)
        time.sleep(0.8)  # noqa: ASYNC251 this is the loop that stands

        assert await asking == 503


def _status_after(port: int, seconds: float) -> int:
    time.sleep(seconds)
    return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code


async def test_an_address_that_is_taken_does_not_stop_the_worker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with shown(Metrics(), "127.0.0.1", taken.getsockname()[1]):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("syntax error at line 3", "syntax"),
        ("larger than 1 MB", "size"),
        ("the analysis used more than 10 s of processor time", "time"),
        ("the analysis crashed (signal 11)", "crash"),
        ("left out, because the analysis kept failing", "crash"),
        ("left out, because time was up", "left out"),
        ("its encoding is unknown", "unreadable"),
    ],
)
def test_a_reason_comes_under_one_of_a_few_kinds(sentence: str, kind: str) -> None:
    assert reason_kind(sentence) == kind
