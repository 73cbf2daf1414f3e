"""Webhook to 202: one connection, each delivery committed before it is answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from rich.table import Table

from tests.bench.service import SECRET, service

if TYPE_CHECKING:
    from tests.bench.service import Service

DELIVERIES = 500
WARM_UP = 50


def table() -> Table:
    """Measure and show."""
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as running:
        seconds = _send(running, WARM_UP + DELIVERIES)[WARM_UP:]
    shown = Table("", "ms", title=f"Webhook to 202: {DELIVERIES} deliveries, one connection")
    for name, value in (
        ("p50", statistics.median(seconds)),
        ("p95", statistics.quantiles(seconds, n=20)[-1]),
        ("slowest", max(seconds)),
    ):
        shown.add_row(name, f"{value * 1000:.2f}")
    return shown


def _send(running: Service, count: int) -> list[float]:
    """Deliveries of an event that asks for nothing, so that only receiving is measured."""
    padding = {f"field_{number}": "x" * 80 for number in range(200)}
    body = json.dumps({"action": "labeled", "repository": {"id": 1}, "padding": padding}).encode()
    signature = "sha256=" + hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
    headers = {
        "X-Hub-Signature-256": signature,
        "X-GitHub-Event": "pull_request",
        "Content-Type": "application/json",
    }
    seconds: list[float] = []
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for _ in range(count):
            guid = str(uuid.uuid4())
            began = time.perf_counter()
            answer = client.post(
                "/webhook", content=body, headers=headers | {"X-GitHub-Delivery": guid}
            )
            seconds.append(time.perf_counter() - began)
            answer.raise_for_status()
    return seconds
