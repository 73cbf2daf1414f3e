"""Rows that a test needs before it can begin."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import installations, pull_requests, repositories, reviews
from app.db.installations import InstallationFacts
from app.db.pull_requests import PullRequestFacts
from app.db.repositories import RepositoryFacts
from app.models import PullRequestState

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INSTALLATION = InstallationFacts(7, "octo", "Organization", {"checks": "write"})
REPOSITORY = RepositoryFacts(70, 7, "octo", "shop", private=True, default_branch="main")
PULL_REQUEST = PullRequestFacts(
    repository_id=70,
    number=1,
    state=PullRequestState.OPEN,
    draft=False,
    title="Add a price",
    author_login="ann",
    author_id=5,
    head_sha="a" * 40,
    base_ref="main",
    base_sha="b" * 40,
    updated_at=NOON,
)


async def add_repository(session: AsyncSession) -> None:
    await installations.upsert(session, INSTALLATION)
    await repositories.upsert(session, REPOSITORY)


async def add_pull_request(session: AsyncSession, number: int = 1) -> int:
    await add_repository(session)
    return await pull_requests.upsert(session, replace(PULL_REQUEST, number=number))


async def add_review(session: AsyncSession, pull_request_id: int, generation: int = 1) -> int:
    return await reviews.start(
        session,
        pull_request_id=pull_request_id,
        generation=generation,
        head_sha="a" * 40,
        engine_version="1",
        now=NOON,
    )
