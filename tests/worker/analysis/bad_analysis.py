"""Reviews that misbehave in all the ways in which a real one might; named in a `Job`."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from rules.core.findings import Review, Skipped, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from rules.core.change import Change
    from rules.core.config import Config

type Progress = Callable[[str], None]


def _visit(
    change: Change, avoid: Mapping[str, str], progress: Progress, harm: Callable[[], None]
) -> Review:
    """Look at every file; those whose content is `bad` do harm."""
    skipped: list[Skipped] = []
    reviewed = 0
    for file in change.files:
        if file.path in avoid:
            skipped.append(Skipped(file.path, avoid[file.path]))
            continue
        progress(file.path)
        if change.head.read(file.path) == b"bad":
            harm()
        reviewed += 1
    verdict = Verdict.PARTIAL if skipped else Verdict.PASSED
    return Review(skipped=tuple(skipped), verdict=verdict, reviewed=reviewed)


def _discard(_: object) -> None:
    """Make a statement of an expression."""


def fine(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: _discard(0))


def allocate(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: _discard(bytearray(2**36)))


def crash(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: os.kill(os.getpid(), signal.SIGSEGV))


def vanish(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: os._exit(0))


def stall(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: time.sleep(60))


def spin(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: _discard(sum(range(10**12))))


def fail(
    change: Change, _: Config, *, avoid: Mapping[str, str], progress: Progress, **__: object
) -> Review:
    return _visit(change, avoid, progress, lambda: _discard(1 // 0))


def always_crash(change: Change, _: Config, *, progress: Progress, **__: object) -> Review:
    progress(change.files[0].path)
    os.abort()


def fail_before_any_file(*_: object, **__: object) -> Review:
    message = "of my own"
    raise ValueError(message)


def talk(change: Change, _: Config, **__: object) -> Review:
    return Review(notes=("x" * 10_000,) * 10)


def tell_surroundings(change: Change, _: Config, **__: object) -> Review:
    return Review(notes=(*sorted(os.environ), f"nice {os.nice(0)}"))


def count_visits(
    change: Change, _: Config, *, facts: MutableMapping[str, bytes], **__: object
) -> Review:
    facts["visits"] = facts.get("visits", b"") + b"x"
    return Review(reviewed=len(facts["visits"]))
