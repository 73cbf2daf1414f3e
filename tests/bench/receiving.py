"""Webhook to 202: each delivery committed durably, beside a receiver that stores nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from rich.table import Table

from tests.bench.service import SECRET, service

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIVERIES = 500
WARM_UP = 50
BUDGET = 1.5
"""Our median as a multiple of that of a receiver without storage."""
BODY = json.dumps(
    {
        "action": "labeled",
        "repository": {"id": 1},
        "padding": {f"field_{number}": "x" * 80 for number in range(200)},
    }
).encode()
"""A delivery of usual size that asks for nothing, so that only receiving is measured."""


def table() -> Table:
    """Measure and show; the three are measured in turn, so that all see the same machine."""
    with (
        tempfile.TemporaryDirectory() as folder,
        without_storage() as other,
        service(Path(folder)) as running,
    ):
        ours, theirs, synced = _measure(running.url, other, Path(folder) / "synced")
    shown = Table(
        "", "p50 ms", "p95 ms", title=f"Webhook to 202: {DELIVERIES} deliveries, one connection"
    )
    for name, seconds in (
        ("Backend Expert, committed durably", ours),
        ("a receiver without storage", theirs),
        ("writing and syncing a file alone", synced),
    ):
        p95 = statistics.quantiles(seconds, n=20)[-1]
        shown.add_row(name, f"{statistics.median(seconds) * 1000:.2f}", f"{p95 * 1000:.2f}")
    ratio = statistics.median(ours) / statistics.median(theirs)
    met = "[green]met" if ratio <= BUDGET else "[red]missed"
    shown.add_row(f"{ratio:.2f} x, budget {BUDGET} x", met, "")
    return shown


def _measure(ours: str, theirs: str, file: Path) -> tuple[list[float], list[float], list[float]]:
    seconds: tuple[list[float], list[float], list[float]] = ([], [], [])
    with (
        httpx.Client(base_url=ours, timeout=60, trust_env=False) as first,
        httpx.Client(base_url=theirs, timeout=60, trust_env=False) as second,
        file.open("wb") as synced,
    ):
        for _ in range(WARM_UP + DELIVERIES):
            seconds[0].append(_post(first))
            seconds[1].append(_post(second))
            began = time.perf_counter()
            synced.write(BODY)
            synced.flush()
            os.fdatasync(synced.fileno())
            seconds[2].append(time.perf_counter() - began)
    return seconds[0][WARM_UP:], seconds[1][WARM_UP:], seconds[2][WARM_UP:]


def _post(client: httpx.Client) -> float:
    headers = {
        "X-Hub-Signature-256": "sha256=" + hmac.digest(SECRET.encode(), BODY, hashlib.sha256).hex(),
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "Content-Type": "application/json",
    }
    began = time.perf_counter()
    answer = client.post("/webhook", content=BODY, headers=headers)
    seconds = time.perf_counter() - began
    answer.raise_for_status()
    return seconds


@contextmanager
def without_storage() -> Iterator[str]:
    """The least that any receiver does, in a process of its own: verify, parse, answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.receiver", str(port)]
    with subprocess.Popen(command) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(url, timeout=5, trust_env=False)
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
