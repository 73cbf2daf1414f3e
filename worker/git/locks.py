"""Advisory locks between processes that never block the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from contextlib import asynccontextmanager, contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

PAUSE = 0.02
"""Seconds between two tries; a lock is a matter of a fetch, so nobody waits for this."""


@asynccontextmanager
async def locked(path: Path, *, shared: bool = False) -> AsyncGenerator[None]:
    """Hold the lock file at `path`, alone or together with others that hold it `shared`."""
    with await asyncio.to_thread(path.open, "a") as file:
        while not _take(file, shared=shared):  # noqa: ASYNC110 another process may hold it
            await asyncio.sleep(PAUSE)
        yield  # Closing the file gives the lock back.


@contextmanager
def locked_if_free(path: Path) -> Generator[bool]:
    """Hold the lock file alone, if nobody else holds it; says whether it is held."""
    with path.open("a") as file:
        yield _take(file, shared=False)


def _take(file: IO[str], *, shared: bool) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return True
    return False
