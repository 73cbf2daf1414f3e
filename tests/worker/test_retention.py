"""The App is removed from an account: nothing of its code or history is left here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.models import Delivery, Installation, PullRequest, Repository
from tests.worker.service import working
from worker.retention import forget

if TYPE_CHECKING:
    from tests.worker.service import Service

PRICES = '"""Prices."""\n\n\ndef price() -> int:\n    """The price."""\n    return 2\n'


async def test_uninstalling_deletes_history_deliveries_and_mirrors(standing: Service) -> None:
    settings = standing.settings.model_copy(update={"uninstalled_retention_days": 0})
    github = standing.github
    github.repositories.commit("alice/shop", "prices", {"app/prices.py": PRICES})
    github.pulls.open("alice/shop", "prices")
    mirrors = settings.data_dir / "mirrors"

    async with working(settings) as work:
        await standing.idle()
        assert [path.name for path in mirrors.glob("*.git")]

        github.apps.uninstall(standing.installation)
        await asyncio.to_thread(github.webhooks.wait)
        await standing.idle()
        await forget(work)

    tables = (Installation, Repository, PullRequest, Delivery)
    async with standing.database.read() as session:
        left = [await session.scalar(select(func.count()).select_from(one)) for one in tables]
    assert left == [0, 0, 0, 0]
    assert list(mirrors.glob("*.git")) == []
