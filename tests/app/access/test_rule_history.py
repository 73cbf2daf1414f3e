"""What people think of a rule is shown to those who may read where they think it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.db import dismissals, pull_requests, repositories
from app.db.dismissals import DismissalFacts
from app.models import DismissalScope, Vote
from tests.app.access.people import OPERATOR, READER, STRANGER, Site
from tests.app.rows import PULL_REQUEST, REPOSITORY
from tests.app.tables import rows_under

NOW = datetime.now(UTC)


async def think(site: Site, repository_id: int, reason: str) -> None:
    """A vote and a dismissal in a repository."""
    async with site.services.database.write() as session:
        number = await pull_requests.upsert(
            session, replace(PULL_REQUEST, repository_id=repository_id)
        )
        session.add(
            Vote(
                comment_id=repository_id,
                repository_id=repository_id,
                pull_request_id=number,
                rule="SEC101",
                up=3,
                down=1,
                created_at=NOW,
            )
        )
        facts = DismissalFacts(
            repository_id, 1, DismissalScope.REPOSITORY, "SEC101", "db.py", "f-1",
            reason, "maya", f"comment:{repository_id}", NOW + timedelta(days=9),
        )  # fmt: skip
        await dismissals.record(session, facts, NOW)


async def two_repositories(site: Site) -> None:
    """`octo/shop`, which `READER` may read, and `octo/vault`, which only operators see."""
    async with site.services.database.write() as session:
        shop = await repositories.find(session, "octo", "shop")
        assert shop is not None
        hidden = replace(REPOSITORY, id=9_999, installation_id=shop.installation_id, name="vault")
        await repositories.upsert(session, hidden)
    await think(site, shop.id, "a script")
    await think(site, 9_999, "a secret")


@pytest.mark.parametrize(
    ("login", "voted", "reasons"),
    [
        (None, [], []),
        (STRANGER, [], []),
        (READER, ["octo/shop"], ["a script"]),
        (OPERATOR, ["octo/shop", "octo/vault"], ["a secret", "a script"]),
    ],
)
async def test_votes_and_dismissals_are_shown_of_what_somebody_may_read(
    shop: Site, login: str | None, voted: list[str], reasons: list[str]
):
    await two_repositories(shop)
    if login:
        await shop.sign_in(login)
    page = (await shop.http.get("/rules/SEC101")).text
    data = (await shop.http.get("/api/v1/rules/SEC101")).json()

    assert sorted(row[0] for row in rows_under(page, "Repository")) == voted
    assert [row[1] for row in rows_under(page, "What")] == reasons
    assert sorted(one["repository"] for one in data.get("votes", [])) == voted
    assert [one["reason"] for one in data.get("dismissals", [])] == reasons
