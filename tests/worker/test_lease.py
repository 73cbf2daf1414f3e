import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from worker.lease import LeaseLostError, held

LENGTH = timedelta(seconds=0.06)


class Leases:
    """A lease that is renewed as often as `answers` says, and then refused."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[datetime] = []

    async def renew(self, now: datetime) -> bool:
        self.asked.append(now)
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_lease_is_renewed_while_the_work_goes_on():
    leases = Leases(*[True] * 20)

    async with held(leases.renew, LENGTH):
        await asyncio.sleep(0.1)

    assert len(leases.asked) >= 3
    assert all(now.tzinfo is UTC for now in leases.asked)


async def test_work_is_stopped_when_somebody_else_has_the_lease():
    leases = Leases(True, False)

    with pytest.raises(LeaseLostError):
        async with held(leases.renew, LENGTH):
            await asyncio.sleep(5)

    assert len(leases.asked) == 2


async def test_a_database_that_is_away_for_a_moment_costs_nothing():
    away = OperationalError("UPDATE", {}, Exception("database is locked"))
    leases = Leases(away, *[True] * 20)

    async with held(leases.renew, LENGTH):
        await asyncio.sleep(0.1)

    assert len(leases.asked) >= 3


async def test_work_is_stopped_when_the_lease_ends_unrenewed():
    async def hang(_: datetime) -> bool:
        await asyncio.sleep(5)
        return True

    with pytest.raises(LeaseLostError):
        async with held(hang, LENGTH):
            await asyncio.sleep(5)


async def test_a_cancellation_from_outside_is_passed_on():
    leases = Leases(*[True] * 20)

    async def work() -> None:
        async with held(leases.renew, LENGTH):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_rises():
    with pytest.raises(KeyError):
        async with held(Leases(True).renew, LENGTH):
            raise KeyError
