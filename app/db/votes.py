"""What people think of our comments, and which rules they do not want there. Nothing commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.insert import insert_into
from app.models import FindingRecord, PullRequest, PullRequestState, Repository, Vote

ENOUGH = 20
"""Votes about a rule in one repository before they mean anything."""
RIGHT = 0.5
"""Share of them that has to be for the rule."""
COUNTED = timedelta(days=365)
"""Older votes are forgotten, so that a rule that was improved is heard again."""
FOLLOWED = timedelta(days=14)
"""How long after its last change a closed pull request is still asked for votes."""
_RAW = {"synchronize_session": False}

type Votes = Mapping[int, tuple[int, int]]
"""By the id of a comment, how many were for it and how many against."""


@dataclass(frozen=True, slots=True)
class Precision:
    """How right people find one rule in one repository."""

    repository_id: int
    rule: str
    up: int
    down: int

    @property
    def share(self) -> float:
        """The part of all votes that is for the rule; 1 without any."""
        return self.up / self.count if self.count else 1.0

    @property
    def count(self) -> int:
        """How many voted."""
        return self.up + self.down

    @property
    def demoted(self) -> bool:
        """Whether the rule has lost its place on the lines of this repository."""
        return self.count >= ENOUGH and self.share < RIGHT


@dataclass(frozen=True, slots=True)
class PrecisionLine:
    """The same with the repository, for people."""

    precision: Precision
    repository: Repository


async def record(
    session: AsyncSession, row: PullRequest, votes: Votes, now: datetime
) -> list[Precision]:
    """Remember the votes on the comments of a pull request; the rules that are demoted by them."""
    before = {
        one.rule for one in await of_repository(session, row.repository_id, now) if one.demoted
    }
    rules = await _rules(session, row.id)
    for comment_id, (up, down) in sorted(votes.items()):
        if comment_id in rules and (up or down):
            await _upsert(session, row, comment_id, rules[comment_id], (up, down), now)
    await session.execute(
        update(PullRequest).where(PullRequest.id == row.id).values(votes_read_at=now),
        execution_options=_RAW,
    )
    after = await of_repository(session, row.repository_id, now)
    return [one for one in after if one.demoted and one.rule not in before]


async def of_repository(
    session: AsyncSession, repository_id: int, now: datetime
) -> list[Precision]:
    """How right every rule is found in a repository, by code."""
    return await _precisions(session, now, Vote.repository_id == repository_id)


async def demoted(session: AsyncSession, repository_id: int, now: datetime) -> frozenset[str]:
    """The codes of the rules that are told in the summary only, in this repository."""
    every = await of_repository(session, repository_id, now)
    return frozenset(one.rule for one in every if one.demoted)


async def lines(session: AsyncSession, now: datetime) -> list[PrecisionLine]:
    """Every rule that was voted on, with its repository; those found least right first."""
    return await _with_repositories(session, await _precisions(session, now))


async def of_rule(
    session: AsyncSession, rule: str, now: datetime, among: Collection[int] | None = None
) -> list[PrecisionLine]:
    """How right one rule is found in these repositories, or in all; where least, first."""
    within = [] if among is None else [Vote.repository_id.in_(among)]
    found = await _precisions(session, now, Vote.rule == rule, *within)
    return await _with_repositories(session, found)


async def due(
    session: AsyncSession, now: datetime, *, least: timedelta, limit: int
) -> list[tuple[PullRequest, Repository]]:
    """Pull requests with comments of ours whose votes were not read for a while."""
    ours = select(FindingRecord.id).where(
        FindingRecord.pull_request_id == PullRequest.id, FindingRecord.comment_id.is_not(None)
    )
    alive = or_(PullRequest.state == PullRequestState.OPEN, PullRequest.updated_at > now - FOLLOWED)
    stale = or_(PullRequest.votes_read_at.is_(None), PullRequest.votes_read_at <= now - least)
    rows = await session.execute(
        select(PullRequest, Repository)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(ours.exists(), alive, stale, Repository.removed_at.is_(None))
        .order_by(PullRequest.votes_read_at.asc().nulls_first(), PullRequest.id)
        .limit(limit),
        execution_options={"populate_existing": True},
    )
    return [(row, repository) for row, repository in rows]


async def _precisions(
    session: AsyncSession, now: datetime, *wanted: ColumnElement[bool]
) -> list[Precision]:
    rows = await session.execute(
        select(Vote.repository_id, Vote.rule, func.sum(Vote.up), func.sum(Vote.down))
        .where(Vote.created_at > now - COUNTED, *wanted)
        .group_by(Vote.repository_id, Vote.rule)
        .order_by(Vote.repository_id, Vote.rule)
    )
    return [Precision(repository, rule, int(up), int(down)) for repository, rule, up, down in rows]


async def _with_repositories(
    session: AsyncSession, found: Sequence[Precision]
) -> list[PrecisionLine]:
    wanted = {one.repository_id for one in found}
    rows = await session.scalars(select(Repository).where(Repository.id.in_(wanted)))
    by_id = {row.id: row for row in rows}
    ordered = sorted(found, key=lambda one: (one.share, -one.count, one.rule, one.repository_id))
    return [PrecisionLine(one, by_id[one.repository_id]) for one in ordered]


async def _rules(session: AsyncSession, pull_request_id: int) -> dict[int, str]:
    """The rule of which each comment of a pull request speaks."""
    rows = await session.execute(
        select(FindingRecord.comment_id, FindingRecord.rule).where(
            FindingRecord.pull_request_id == pull_request_id,
            FindingRecord.comment_id.is_not(None),
        )
    )
    return {comment_id: rule for comment_id, rule in rows if comment_id is not None}


async def _upsert(
    session: AsyncSession,
    row: PullRequest,
    comment_id: int,
    rule: str,
    votes: tuple[int, int],
    now: datetime,
) -> None:
    up, down = votes
    statement = insert_into(session, Vote).values(
        comment_id=comment_id,
        repository_id=row.repository_id,
        pull_request_id=row.id,
        rule=rule,
        up=up,
        down=down,
        created_at=now,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Vote.comment_id], set_={"up": up, "down": down}
        )
    )
