"""Watching one child: what it told, how long it may still take, and what its death means."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rules.core.findings import Review

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.analysis.job import Limits


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: with a review, or at a path (empty when at none) and for a reason."""

    review: Review | None
    path: str
    reason: str
    passed: frozenset[str]
    """Files that it was done with."""
    late: bool = False
    """Whether the time for the whole review was up."""
    hopeless: bool = False
    """Whether the repository is to blame, so that another try would end the same."""
    trace: str = ""


class Watch:
    """Fed with what a child writes; knows when it has been silent for too long."""

    def __init__(self, limits: Limits, seconds: float, progress: Callable[[str], None]) -> None:
        self._limits = limits
        self._progress = progress
        self._buffer = bytearray()
        self._end = time.monotonic() + seconds
        self._stall = self._end
        self._seconds = seconds
        self._path = ""
        self._passed: set[str] = set()
        self._last: dict[str, Any] = {}
        self._too_much = False

    def remaining(self) -> float:
        """Seconds until the child has to be killed unless it says something; at least 0."""
        return max(0.0, min(self._end, self._stall) - time.monotonic())

    def feed(self, data: bytes) -> bool:
        """Take what the child wrote; False once nothing more is wanted of it."""
        *lines, rest = (bytes(self._buffer) + data).split(b"\n") if b"\n" in data else [data]
        if b"\n" in data:
            self._buffer = bytearray(rest)
        else:
            self._buffer += data
        for line in lines:
            self._hear(json.loads(line))
        self._too_much = len(self._buffer) > self._limits.result_bytes
        return not self._too_much

    def _hear(self, message: dict[str, Any]) -> None:
        if "at" not in message:
            # After its last word comes the code with which it exits, of no interest then.
            self._last = self._last or message
            self._stall = self._end
            return
        if self._path:
            self._passed.add(self._path)
        self._path = message["at"]
        stall = time.monotonic() + self._limits.file_seconds
        self._stall = stall if self._path else self._end
        self._progress(self._path)

    def ended(self) -> Ended:
        """What has become of the child, now that it is gone or has to go."""
        if "result" in self._last:
            return Ended(Review.from_json(self._last["result"]), "", "", frozenset(self._passed))
        late = time.monotonic() >= self._end
        return Ended(
            review=None,
            path=self._path,
            reason=self._reason(late=late),
            passed=frozenset(self._passed),
            late=late,
            hopeless="error" in self._last or self._too_much,
            trace=self._last.get("trace", ""),
        )

    def _reason(self, *, late: bool) -> str:
        if self._too_much:
            return "the review found more than can be told"
        if "error" in self._last or "failed" in self._last:
            return self._last.get("error") or self._last["failed"]
        if "exit" in self._last:
            return _meaning(self._last["exit"], self._limits)
        if late:
            return f"the review was stopped after {self._seconds:.0f} s"
        if not self.remaining():
            return f"the analysis was stopped after {self._limits.file_seconds:g} s"
        return "the analysis ended without a word"


def _meaning(code: int, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"the analysis used more than {limits.cpu_seconds} s of processor time"
    if code == -signal.SIGKILL:
        return "the analysis was killed, most likely for lack of memory"
    if code < 0:
        return f"the analysis crashed (signal {-code})"
    return f"the analysis ended without a result (status {code})"
