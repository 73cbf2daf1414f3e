"""Findings across pull requests: filtered, the newest first, a page at a time.

The narrowest filter that has an index picks the candidates, and no page looks at more than
`WINDOW` of them: a filter that few pass leads on to the next page instead of through the table.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.keyset import below
from app.models import FindingRecord, FindingState, PullRequest, Repository

WINDOW = 5_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted; empty means everything. `text` is looked for in path and message."""

    repository_id: int | None = None
    rule: str = ""
    group: str = ""
    severity: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding with where it is."""

    finding: FindingRecord
    pull_request: PullRequest
    repository: Repository


@dataclass(frozen=True, slots=True)
class Page:
    """Some findings, and the id below which there are older ones, None at the end."""

    lines: list[FindingLine]
    older: int | None


async def page(
    session: AsyncSession,
    wanted: Filter,
    among: Collection[int] | None,
    *,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """The newest findings below an id, of some repositories or of all."""
    size = WINDOW if _narrows_further(wanted, among) else limit + 1
    candidates = _candidates(wanted, among, before, size)
    rows = await session.execute(_matching(candidates, wanted, among, limit))
    lines = [FindingLine(*row) for row in rows]
    if len(lines) > limit:
        return Page(lines[:limit], lines[limit - 1].finding.id)
    window = candidates.subquery()
    count, lowest = (await session.execute(select(func.count(), func.min(window.c.id)))).one()
    return Page(lines, lowest if count == size else None)


def _narrows_further(wanted: Filter, among: Collection[int] | None) -> bool:
    """Whether some candidates may not be wanted; without that they are the page itself."""
    picked = (wanted.repository_id is not None, bool(wanted.rule), among is not None)
    by_state = bool(wanted.state) and any(picked)
    return sum(picked) > 1 or by_state or bool(wanted.group or wanted.severity or wanted.text)


def _candidates(
    wanted: Filter, among: Collection[int] | None, before: int | None, size: int
) -> Select[int]:
    query = select(FindingRecord.id).where(below(FindingRecord.id, before))
    if wanted.repository_id is not None:
        query = query.where(FindingRecord.repository_id == wanted.repository_id)
    elif wanted.rule:
        query = query.where(FindingRecord.rule == wanted.rule)
    elif among is not None:
        query = query.where(FindingRecord.repository_id.in_(among))
    elif wanted.state:
        query = query.where(FindingRecord.state == FindingState(wanted.state))
    return query.order_by(FindingRecord.id.desc()).limit(size)


def _matching(
    candidates: Select[int], wanted: Filter, among: Collection[int] | None, limit: int
) -> Select[FindingRecord, PullRequest, Repository]:
    window = candidates.subquery()
    return (
        select(FindingRecord, PullRequest, Repository)
        .join(window, window.c.id == FindingRecord.id)
        .join(PullRequest, PullRequest.id == FindingRecord.pull_request_id)
        .join(Repository, Repository.id == PullRequest.repository_id)
        .where(*_conditions(wanted, among))
        .order_by(FindingRecord.id.desc())
        .limit(limit + 1)
    )


def _conditions(wanted: Filter, among: Collection[int] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if among is not None:
        conditions.append(PullRequest.repository_id.in_(among))
    if wanted.rule:
        conditions.append(FindingRecord.rule == wanted.rule)
    if wanted.group:
        conditions.append(FindingRecord.group == wanted.group)
    if wanted.severity:
        conditions.append(FindingRecord.severity == wanted.severity)
    if wanted.state:
        conditions.append(FindingRecord.state == FindingState(wanted.state))
    if wanted.text:
        columns = (FindingRecord.path, FindingRecord.message)
        conditions.append(or_(*(one.icontains(wanted.text, autoescape=True) for one in columns)))
    return conditions
