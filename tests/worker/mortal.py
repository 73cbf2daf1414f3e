"""A supervised worker and Valkey in processes of their own, made to be killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tests.worker.service import analyse_here
from worker.main import RedisLostError, opened, run
from worker.service.embedded import EmbeddedValkey
from worker.service.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from app.config import Settings


@dataclass
class Mortals:
    """What can be killed."""

    supervisor: psutil.Process

    def kill(self, name: str) -> None:
        """Kill the worker or Valkey as the kernel does when memory runs out."""
        for child in self._children(name):
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def _children(self, name: str) -> list[psutil.Process]:
        try:
            children = self.supervisor.children()
        except psutil.NoSuchProcess:
            return []
        return [one for one in children if _name(one) == name]


@contextmanager
def mortals(settings: Settings, folder: Path) -> Generator[Mortals]:
    """Both, supervised while the block runs; nothing is left of them after it."""
    process = multiprocessing.get_context("spawn").Process(
        target=supervise, args=(settings, folder)
    )
    process.start()
    assert process.pid is not None
    supervisor = psutil.Process(process.pid)
    try:
        yield Mortals(supervisor)
        family = supervisor.children(recursive=True)
    finally:
        process.terminate()
        process.join(20)
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert process.exitcode == 0


def supervise(settings: Settings, folder: Path) -> None:
    """Run both until SIGTERM. Forked from here, a worker is there again without its imports."""
    valkey = EmbeddedValkey.within(folder)
    worker = Part(
        "worker", work, (settings.model_copy(update={"redis_url": valkey.url}),), method="fork"
    )
    Supervisor((valkey.part(), worker)).run()
    valkey.clean_up()


def work(settings: Settings) -> None:
    """A worker that analyses in its own process, which is quicker by the start of a child."""
    try:
        asyncio.run(_work(settings))
    except RedisLostError as error:
        raise SystemExit(1) from error


async def _work(settings: Settings) -> None:
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    with suppress(asyncio.CancelledError):
        async with opened(settings, analyse_here) as parts:
            await run(parts)


def _name(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return ""
    if "resource_tracker" in command:
        return "multiprocessing"
    return "valkey" if "valkey-server" in command else "worker"
