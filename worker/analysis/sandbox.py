"""Reviews in a bounded child process: hostile code costs one file, never the worker."""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from rules.core.findings import Review, Skipped, Verdict
from worker.analysis.forks import fork_keeper, framed
from worker.analysis.watch import Ended, Watch
from worker.git.command import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from worker.analysis.job import Job

    type Runs = Generator[tuple[Job, float], Ended, Review]

CHUNK = 2**16
START_SECONDS = 60.0
"""The server's imports take a second on a quiet machine, and never count as a review's time."""


class AnalysisFailedError(Exception):
    """No review could be made; the message says why, `trace` where (for the log)."""

    def __init__(self, reason: str, trace: str = "") -> None:
        super().__init__(reason)
        self.trace = trace


def _unheard(_: str) -> None:
    """For whom progress does not matter."""


def review_job(job: Job, progress: Callable[[str], None] = _unheard) -> Review:
    """Review in a fork of this process; for the command line.

    `progress` is told each path before it is looked at. Raises `AnalysisFailedError`.
    """
    return _follow(
        runs(job), lambda job, seconds: _run_fork(job, Watch(job.limits, seconds, progress))
    )


def _follow(steps: Runs, run: Callable[[Job, float], Ended]) -> Review:
    try:
        wanted = next(steps)
        while True:
            wanted = steps.send(run(*wanted))
    except StopIteration as done:
        return done.value


def _run_fork(job: Job, watch: Watch) -> Ended:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            keeper = fork_keeper(theirs, ours)
        try:
            ours.sendall(framed(pickle.dumps(job)))
            _listen(ours, watch)
        finally:
            ours.close()
            os.waitpid(keeper, 0)
    return watch.ended()


def _listen(channel: socket.socket, watch: Watch) -> None:
    while remaining := watch.remaining():
        channel.settimeout(remaining)
        try:
            data = channel.recv(CHUNK)
        except TimeoutError:
            return
        if not data or not watch.feed(data):
            return


class Sandbox:
    """Reviews in forks of a server process, which is started on entering or at the first one.

    Nothing here blocks the event loop. Use it as an asynchronous context manager, or `close` it.
    `mourn` is told why, for each child that ended without a review.
    """

    def __init__(self, mourn: Callable[[str], None] = lambda _: None) -> None:
        self._mourn = mourn
        self._server: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._ready = False
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def analyse(self, job: Job, progress: Callable[[str], None] = _unheard) -> Review:
        """Review in a child; when this is cancelled the child is killed.

        `progress` is told each path before it is looked at. Raises `AnalysisFailedError`.
        """
        async with self._starting:
            await self._serving()
        steps = runs(job)
        try:
            job, seconds = next(steps)
            while True:
                watch = Watch(job.limits, seconds, progress)
                job, seconds = steps.send(await self._run(job, watch))
        except StopIteration as done:
            return done.value

    async def close(self) -> None:
        """End the server; children that still run are killed."""
        server, self._server = self._server, None
        self._ready = False
        if self._control is not None:
            self._control.close()
            self._control = None
        if server is not None:
            await server.wait()

    async def _run(self, job: Job, watch: Watch) -> Ended:
        pickled = await asyncio.to_thread(pickle.dumps, job)
        with await self._forked() as channel:
            await asyncio.get_running_loop().sock_sendall(channel, framed(pickled))
            await _listen_async(channel, watch)
        ended = watch.ended()
        if ended.review is None:
            self._mourn(ended.reason)
        if ended.trace:
            _log(ended)
        return ended

    async def _forked(self) -> socket.socket:
        """A channel to a new child; a server that has died is started again."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        with theirs:
            async with self._starting:
                try:
                    socket.send_fds(await self._serving(), [b"+"], [theirs.fileno()])
                except OSError:
                    await self.close()
                    socket.send_fds(await self._serving(), [b"+"], [theirs.fileno()])
        return ours

    async def _serving(self) -> socket.socket:
        """The control channel of a server that is ready; raises `AnalysisFailedError`."""
        if self._server is None or self._server.returncode is not None:
            await self._start()
        assert self._control is not None
        if not self._ready:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(START_SECONDS):
                self._ready = bool(await loop.sock_recv(self._control, 1))
        if not self._ready:
            await self.close()
            raise AnalysisFailedError("the analysis could not be started")
        return self._control

    async def _start(self) -> None:
        await self.close()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(0)
        with theirs:
            # Isolated (-I), so that no file of the current folder is ever imported.
            self._server = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", "worker.analysis.forks", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                env=environment(),
                stdin=asyncio.subprocess.DEVNULL,
            )


def _log(ended: Ended) -> None:
    import structlog  # The command line does without it.

    log = structlog.get_logger(__name__)
    log.warning("an analysis failed", path=ended.path, reason=ended.reason, trace=ended.trace)


async def _listen_async(channel: socket.socket, watch: Watch) -> None:
    loop = asyncio.get_running_loop()
    while remaining := watch.remaining():
        try:
            async with asyncio.timeout(remaining):
                data = await loop.sock_recv(channel, CHUNK)
        except TimeoutError:
            return
        if not data or not watch.feed(data):
            return


def runs(job: Job) -> Runs:
    """The runs that one review takes: yields a job and its seconds, is sent how that ended.

    Each death costs the file that was being looked at; after too many, or when time is up, one
    last run looks only at the files that did no harm before.
    """
    deadline = time.monotonic() + job.limits.review_seconds
    passed: frozenset[str] = frozenset()
    reason = ""
    for _ in range(job.limits.restarts + 1):
        ended = yield job, max(0.1, deadline - time.monotonic())
        if ended.review is not None:
            return ended.review
        if ended.hopeless or not ended.path:
            raise AnalysisFailedError(ended.reason, ended.trace)
        passed, reason = passed | ended.passed, ended.reason
        if ended.late or ended.path in job.avoid:
            break
        job = replace(job, avoid={**job.avoid, ended.path: reason})
    job = replace(job, avoid=_rest(job, passed, reason) | {**job.avoid})
    ended = yield job, job.limits.review_seconds
    return ended.review or _nothing_but_reasons(job)


def _rest(job: Job, passed: frozenset[str], reason: str) -> dict[str, str]:
    left_out = f"left out, because {reason}"
    return {file.path: left_out for file in job.files if file.path not in passed}


def _nothing_but_reasons(job: Job) -> Review:
    paths = sorted(file.path for file in job.files if file.path.endswith((".py", ".pyi")))
    left_out = "left out, because the analysis kept failing"
    skipped = tuple(Skipped(path, job.avoid.get(path, left_out)) for path in paths)
    return Review(skipped=skipped, verdict=Verdict.PARTIAL)
