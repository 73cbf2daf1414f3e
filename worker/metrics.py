"""What a worker counts, and where it shows it: `/metrics` and `/healthz` on a port of its own."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import ThreadingWSGIServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    import httpx

    from rules.core.findings import Review

log = structlog.get_logger(__name__)

STAGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
CALLS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
BEAT_SECONDS = 1.0
SILENT_SECONDS = 30.0
_REASONS = (
    ("syntax", ("syntax error", "syntax newer", "does not parse")),
    ("size", ("larger than", "nested too deeply")),
    ("time", ("stopped after", "processor time")),
    ("crash", ("crashed", "was killed", "ended without", "kept failing", "failed on")),
    ("left out", ("left out",)),
)
"""What a sentence about a file that was not reviewed comes under; the rest is `unreadable`."""


class Metrics:
    """The counters of one worker. Labels take only values from closed sets.

    A worker whose event loop has not turned for `silent_seconds` is not healthy.
    """

    def __init__(self, silent_seconds: float = SILENT_SECONDS) -> None:
        self._silent_seconds = silent_seconds
        self.registry = CollectorRegistry()
        self._alive = time.monotonic()
        self.reviews = self._counter("reviews", "Attempts to review, by how they ended.", "outcome")
        self.stages = self._histogram(
            "stage_seconds", "How long each stage of a review took.", STAGES, "stage"
        )
        self.findings = self._counter(
            "findings", "Findings of finished reviews.", "rule", "severity"
        )
        self.skipped = self._counter(
            "skipped_files", "Files that should have been reviewed and were not.", "reason"
        )
        self.calls = self._counter(
            "github_calls", "Requests that GitHub answered.", "method", "status"
        )
        self.call_seconds = self._histogram(
            "github_call_seconds", "From a request to GitHub to its answer.", CALLS, "method"
        )
        self.remaining = self._gauge(
            "github_remaining", "What GitHub last said was left of a limit.", "resource"
        )
        self.limited = self._counter(
            "github_limited", "Answers with which GitHub asked us to wait.", "resource"
        )
        self.children = self._counter(
            "analysis_children_died", "Analyses that ended without a review.", "reason"
        )
        self.under_way = self._gauge("reviews_under_way", "Reviews that run now.")
        self.lag = self._gauge(
            "event_loop_lag_seconds", "How much too late the event loop last woke up."
        )

    @property
    def is_healthy(self) -> bool:
        """Whether the event loop turned lately."""
        return time.monotonic() - self._alive < self._silent_seconds

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Measure a stage that ends well."""
        started = time.perf_counter()
        yield
        self.stages.labels(name).observe(time.perf_counter() - started)

    def reviewed(self, review: Review) -> None:
        """Count what a finished review says."""
        for finding in review.findings:
            self.findings.labels(finding.rule, str(finding.severity)).inc()
        for skipped in review.skipped:
            self.skipped.labels(reason_kind(skipped.reason)).inc()

    def answered(self, response: httpx.Response, seconds: float) -> None:
        """Count an answer of GitHub, and remember what it says of its limits."""
        method = response.request.method
        self.calls.labels(method, str(response.status_code)).inc()
        self.call_seconds.labels(method).observe(seconds)
        resource = response.headers.get("x-ratelimit-resource", "core")
        if resource not in {"core", "graphql", "search"}:
            resource = "other"
        left = response.headers.get("x-ratelimit-remaining", "")
        if left.isdecimal():
            self.remaining.labels(resource).set(int(left))
        if response.status_code == 429 or "retry-after" in response.headers:
            self.limited.labels(resource).inc()

    def died(self, reason: str) -> None:
        """Count a child that ended without a review."""
        self.children.labels(reason_kind(reason)).inc()

    async def beat(self) -> None:
        """Notice how the event loop turns, until cancelled."""
        while True:
            due = time.monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self._alive = time.monotonic()
            self.lag.set(max(0.0, self._alive - due))

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"backend_expert_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"backend_expert_{name}", about, labels, registry=self.registry)

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"backend_expert_{name}", about, labels, buckets=buckets, registry=self.registry
        )


def reason_kind(sentence: str) -> str:
    """The kind of a reason for which a file was not reviewed: one of a closed set."""
    for kind, words in _REASONS:
        if any(word in sentence for word in words):
            return kind
    return "unreadable"


@dataclass(slots=True)
class _Page:
    """Answers `/healthz` and, at any other path, with the metrics."""

    metrics: Metrics
    show: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = field(init=False)

    def __post_init__(self) -> None:
        from prometheus_client import make_wsgi_app  # pyright: ignore[reportUnknownVariableType]

        self.show = make_wsgi_app(self.metrics.registry)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            return self.show(environ, start)
        healthy = self.metrics.is_healthy
        start(
            "200 OK" if healthy else "503 Service Unavailable",
            [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
        )
        return [b'{"status":"ok"}\n' if healthy else b'{"status":"the event loop stands"}\n']


@asynccontextmanager
async def shown(metrics: Metrics, host: str, port: int) -> AsyncGenerator[None]:
    """Show the metrics at this address from a thread, so that a loop that stands is seen too.

    Port 0 is nowhere. An address that is taken is said in the log, and the worker works on.
    """
    beating = asyncio.create_task(metrics.beat())
    server = _server(metrics, host, port) if port else None
    if server is not None:
        Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    try:
        yield
    finally:
        beating.cancel()
        if server is not None:
            await asyncio.to_thread(server.shutdown)
            server.server_close()


def _server(metrics: Metrics, host: str, port: int) -> ThreadingWSGIServer | None:
    from prometheus_client.exposition import _SilentHandler  # pyright: ignore[reportPrivateUsage]

    try:
        return make_server(
            host, port, _Page(metrics), ThreadingWSGIServer, handler_class=_SilentHandler
        )
    except OSError as error:
        log.error("metrics not shown", host=host, port=port, error=error.strerror)  # noqa: TRY400
        return None
