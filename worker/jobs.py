"""The jobs that arq calls. None is told anything: what there is to do is in SQL."""

from __future__ import annotations

from typing import Any

from worker import retention
from worker.events.deliveries import take_due
from worker.feedback import polling
from worker.recovery import reconciling
from worker.reviewing.due import review_due
from worker.reviewing.sweeping import sweep_up
from worker.work import Work

type Context = dict[str, Any]
"""What arq gives each job; the worker puts its `Work` there."""


async def take_deliveries(ctx: Context) -> None:
    """React to deliveries that wait, the oldest first."""
    await take_due(_work(ctx))


async def review_pull_requests(ctx: Context) -> None:
    """Review pull requests that are due."""
    await review_due(_work(ctx))


async def sweep(ctx: Context) -> None:
    """Find what nobody announced, or what was left behind, and see to it."""
    await sweep_up(_work(ctx))


async def reconcile(ctx: Context) -> None:
    """Find what GitHub could not deliver and what nobody told of."""
    await reconciling.reconcile(_work(ctx))


async def forget(ctx: Context) -> None:
    """Erase what its time has come for."""
    await retention.forget(_work(ctx))


async def poll_votes(ctx: Context) -> None:
    """Ask what people think of our comments."""
    await polling.poll_votes(_work(ctx))


def _work(ctx: Context) -> Work:
    work = ctx["work"]
    assert isinstance(work, Work)
    return work
