from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.worker.service import Service

SWALLOWED = '''"""Orders."""

import sqlite3


def find(connection: sqlite3.Connection, name: str) -> list[tuple[int]]:
    """The orders of a customer."""
    return connection.execute(f"SELECT id FROM orders WHERE name = '{name}'").fetchall()
'''


async def test_a_pull_request_that_is_opened_is_reviewed(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": SWALLOWED})
    pull = github.pulls.open("alice/shop", "orders", title="Orders")

    await service.idle()

    (review,) = await service.reviews(pull)
    assert (review.state, review.head_sha, review.verdict) == ("done", pull.head_sha, "findings")
    assert [one.rule for one in await service.findings(pull)] == ["SEC101"]
    assert [run.conclusion for run in service.checks(pull)] == ["failure"]
    assert len(pull.reviews) == 1
    assert len(service.comments(pull)) == 1
