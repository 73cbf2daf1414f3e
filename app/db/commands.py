"""Commands that people gave in comments. No function commits."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import audit
from app.db.audit import Deed
from app.db.insert import insert_into
from app.models import CommandRecord, CommandState, PullRequest


@dataclass(frozen=True, slots=True)
class CommandFacts:
    """A command as it was given; `comment_id` is GitHub's."""

    pull_request_id: int
    comment_id: int
    name: str
    arguments: str
    author_login: str


async def record(session: AsyncSession, facts: CommandFacts, now: datetime) -> int | None:
    """Remember a command and give its id; None when this comment was already taken up."""
    statement = insert_into(session, CommandRecord).values(
        **asdict(facts), state=CommandState.RECEIVED, created_at=now
    )
    made = await session.scalar(
        statement.on_conflict_do_nothing(index_elements=[CommandRecord.comment_id]).returning(
            CommandRecord.id
        )
    )
    if made is not None:
        await _audit(session, facts, now)
    return made


async def _audit(session: AsyncSession, facts: CommandFacts, now: datetime) -> None:
    row = await session.get(PullRequest, facts.pull_request_id)
    assert row is not None
    detail = f"/{facts.name} {facts.arguments}".strip()
    deed = Deed(facts.author_login, "command", detail, row.repository_id, row.number)
    await audit.record(session, deed, now)


async def finish(
    session: AsyncSession, comment_id: int, state: CommandState, now: datetime
) -> None:
    """Say how a command ended."""
    await session.execute(
        update(CommandRecord)
        .where(CommandRecord.comment_id == comment_id)
        .values(state=state, done_at=now),
        execution_options={"synchronize_session": False},
    )


async def unfinished(session: AsyncSession, pull_request_id: int) -> list[CommandRecord]:
    """Commands of a pull request that wait for their answer, the oldest first."""
    found = await session.scalars(
        select(CommandRecord)
        .where(
            CommandRecord.pull_request_id == pull_request_id,
            CommandRecord.state == CommandState.RECEIVED,
        )
        .order_by(CommandRecord.created_at, CommandRecord.id),
        execution_options={"populate_existing": True},
    )
    return list(found)


async def count_since(
    session: AsyncSession, pull_request_id: int, login: str, since: datetime
) -> int:
    """How many commands somebody gave on a pull request since then."""
    found = await session.scalar(
        select(func.count(CommandRecord.id)).where(
            CommandRecord.pull_request_id == pull_request_id,
            CommandRecord.author_login == login,
            CommandRecord.created_at > since,
        )
    )
    return found or 0


async def find(session: AsyncSession, comment_id: int) -> CommandRecord | None:
    """The command that this comment gave."""
    return await session.scalar(
        select(CommandRecord).where(CommandRecord.comment_id == comment_id),
        execution_options={"populate_existing": True},
    )
