"""Child processes that are started again when they die, and stopped together."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Literal

import structlog

from worker.service.parentage import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from multiprocessing.process import BaseProcess
    from types import FrameType

log = structlog.get_logger(__name__)

FIRST_DELAY = 0.1
"""Seconds before a child that died is started again; doubled each time."""
LONGEST_DELAY = 10.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HEALTHY_AFTER = 10.0
"""A child that lived this many seconds is forgiven what was before."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the service: `target(*arguments)` in a fresh interpreter, or in a fork.

    A fork is quick after the imports were made here, safe without threads only, and must not
    `exec`, which would look like its end.

    `ready` blocks until the part can be used by those after it. `grace` is how many seconds it
    has between the request to stop and its end.
    """

    name: str
    target: Callable[..., object]
    arguments: tuple[object, ...] = ()
    ready: Callable[[], None] = lambda: None
    grace: float = 10.0
    method: Literal["spawn", "fork"] = "spawn"


@dataclass(slots=True)
class _Child:
    part: Part
    process: BaseProcess
    started: float
    failures: int = 0


@dataclass(slots=True)
class Supervisor:
    """Runs parts in the order given until it is told to stop; stops them in the reverse order.

    Each child leads a process group of its own: Ctrl-C in a terminal reaches the supervisor only,
    and what a dead child left behind is killed with its group.
    """

    parts: Sequence[Part]
    _children: list[_Child] = field(default_factory=list[_Child])
    _waiting: list[tuple[float, Part, int]] = field(default_factory=list[tuple[float, Part, int]])

    def run(self) -> None:
        """Return after SIGINT or SIGTERM, when every child has ended."""
        with _stop_signals() as stopped:
            try:
                self._start_all(stopped)
                while not _is_readable(stopped):
                    self._watch(stopped)
            finally:
                self._stop_all()

    def _start_all(self, stopped: int) -> None:
        for part in self.parts:
            if _is_readable(stopped):
                return
            self._start(part, failures=0)
            part.ready()

    def _start(self, part: Part, failures: int) -> None:
        fork, spawn = multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")
        process = (fork if part.method == "fork" else spawn).Process(
            target=_become, args=(os.getpid(), part.target, part.arguments), name=part.name
        )
        process.start()
        log.info("part started", part=part.name, pid=process.pid)
        self._children.append(_Child(part, process, time.monotonic(), failures))

    def _watch(self, stopped: int) -> None:
        ended = wait([stopped, *(c.process.sentinel for c in self._children)], self._patience())
        for child in [c for c in self._children if c.process.sentinel in ended]:
            self._bury(child)
        now = time.monotonic()
        due = [entry for entry in self._waiting if entry[0] <= now]
        self._waiting = [entry for entry in self._waiting if entry[0] > now]
        for _, part, failures in due:
            self._start(part, failures)

    def _patience(self) -> float | None:
        if not self._waiting:
            return None
        return max(0.0, min(at for at, _, _ in self._waiting) - time.monotonic())

    def _bury(self, child: _Child) -> None:
        self._children.remove(child)
        _end_group(child.process)
        lived = time.monotonic() - child.started
        failures = 0 if lived > HEALTHY_AFTER else child.failures + 1
        delay = min(FIRST_DELAY * 2 ** min(failures, 10), LONGEST_DELAY)
        log.warning("part died", part=child.part.name, status=child.process.exitcode, delay=delay)
        self._waiting.append((time.monotonic() + delay, child.part, failures))

    def _stop_all(self) -> None:
        order = {part.name: place for place, part in enumerate(self.parts)}
        for child in sorted(self._children, key=lambda c: -order[c.part.name]):
            child.process.terminate()
            child.process.join(child.part.grace)
            _end_group(child.process)
        self._children.clear()


def _end_group(process: BaseProcess) -> None:
    """Kill what is left of the child's group; a child that is not reaped yet keeps its number."""
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _become(parent: int, target: Callable[..., object], arguments: tuple[object, ...]) -> None:
    os.setpgid(0, 0)
    for number in STOPPING:
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(parent)
    target(*arguments)


def _is_readable(descriptor: int) -> bool:
    return bool(wait([descriptor], 0))


@contextlib.contextmanager
def _stop_signals() -> Generator[int]:
    """A file descriptor that becomes readable when this process is asked to stop."""
    readable, writable = os.pipe()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        os.write(writable, b"!")

    before = {number: signal.signal(number, tell) for number in STOPPING}
    try:
        yield readable
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
