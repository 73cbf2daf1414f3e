"""Dismissing findings and taking that back, by the short name that every comment of ours shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.db import commands, dismissals, findings, pull_requests
from app.db.dismissals import DismissalFacts
from app.models import DismissalScope, PullRequestState
from rules.core.report import markdown
from worker.events.asked import Answer
from worker.events.wanting import want

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models import Dismissal, FindingRecord, PullRequest
    from worker.events.asked import Asked

DISMISSAL = "[finding|path|repository] [for 30d] REASON"
"""What is written after the finding, or after `dismiss:` in an answer to its comment."""
KEPT_DAYS = 180
_AT_THE_END = re.compile(r"(?P<reason>.+?) for (?P<days>[1-9]\d{0,3})d", re.IGNORECASE)


async def dismiss(asked: Asked) -> Answer:
    """Dismiss the one finding that is named; the review that follows tells it everywhere."""
    wanted = asked.values["id"].lower()
    async with asked.work.database.read() as session:
        named = await _named(session, asked.row, wanted)
    if len(named) != 1:
        await asked.say(_not_one(wanted, len(named)))
        return Answer.NOT
    facts = facts_of(asked, named[0], f"comment:{asked.comment_id}")
    if facts.scope is not DismissalScope.FINDING:
        await asked.say(_told(facts))
    return await _publish(asked, "dismissed", dismissed=[facts])


async def restore(asked: Asked) -> Answer:
    """Take back every dismissal that covers what is named, or that was given for it."""
    wanted = asked.values["id"].lower()
    async with asked.work.database.read() as session:
        named = await _named(session, asked.row, wanted)
        held = await dismissals.active(session, asked.row.repository_id, datetime.now(UTC))
    ids = [one.id for one in held if _is_about(one, wanted, named)]
    ids = ids or [one.id for one in held if _is_followed(one, named)]
    if not ids:
        await asked.say(f"Nothing is dismissed under `{wanted}`.")
        return Answer.NOT
    return await _publish(asked, "restored", restored=ids)


def facts_of(asked: Asked, finding: FindingRecord, given_in: str) -> DismissalFacts:
    """The dismissal of a finding, from what was asked."""
    values = asked.values
    late = _AT_THE_END.fullmatch(values["reason"]) if "days" not in values else None
    said = values if late is None else values | late.groupdict()
    days = int(said.get("days", KEPT_DAYS))
    return DismissalFacts(
        repository_id=asked.row.repository_id,
        number=asked.row.number,
        scope=DismissalScope(values.get("scope", "finding").lower()),
        rule=finding.rule,
        path=finding.path,
        fingerprint=finding.fingerprint,
        reason=said["reason"],
        dismissed_by=asked.facts.author_login,
        given_in=given_in,
        expires_at=datetime.now(UTC) + timedelta(days=days),
    )


async def remember(
    session: AsyncSession, row: PullRequest, facts: Sequence[DismissalFacts]
) -> datetime | None:
    """Record dismissals; when the review that tells of them is due, None when none is wanted."""
    new = [await dismissals.record(session, one, datetime.now(UTC)) for one in facts]
    return await _want(session, row, "dismissed") if any(new) else None


async def _publish(
    asked: Asked,
    reason: str,
    *,
    dismissed: Sequence[DismissalFacts] = (),
    restored: Sequence[int] = (),
) -> Answer:
    """Record a decision together with the command that gave it."""
    now = datetime.now(UTC)
    async with asked.work.database.write() as session:
        if await commands.record(session, asked.facts, now) is None:
            return Answer.LATER
        for one in dismissed:
            await dismissals.record(session, one, now)
        await dismissals.restore(session, restored, asked.facts.author_login, now)
        due = await _want(session, asked.row, reason)
    await asked.work.wake_reviews(due)
    return Answer.LATER if due else Answer.WELL


async def _want(session: AsyncSession, row: PullRequest, reason: str) -> datetime | None:
    """A pull request that is closed or paused hears of it when it is reviewed again."""
    now = await pull_requests.get(session, row.id)
    if now is None or now.paused or now.state is not PullRequestState.OPEN:
        return None
    return await want(session, now, reason, force=True)


async def _named(session: AsyncSession, row: PullRequest, wanted: str) -> list[FindingRecord]:
    every = await findings.of_pull_request(session, row.id)
    return [one for one in every if one.fingerprint.startswith(wanted)]


def _is_about(dismissal: Dismissal, wanted: str, named: Sequence[FindingRecord]) -> bool:
    if dismissal.fingerprint.startswith(wanted):
        return True
    if dismissal.scope is DismissalScope.FINDING:
        return False
    anywhere = dismissal.scope is DismissalScope.REPOSITORY
    return any(
        dismissal.rule == one.rule and (anywhere or dismissal.path == one.path) for one in named
    )


def _is_followed(dismissal: Dismissal, named: Sequence[FindingRecord]) -> bool:
    """Whether it was given for what is named when that stood in a file of another path."""
    given = (dismissal.rule, dismissal.dismissed_by, dismissal.reason)
    told = [(one.rule, one.dismissed_by, one.dismissed_reason) for one in named]
    return given in told


def _not_one(wanted: str, count: int) -> str:
    if count:
        return f"`{wanted}` is the beginning of {count} findings; write more of it."
    return f"There is no finding `{wanted}` on this pull request."


def _told(facts: DismissalFacts) -> str:
    everywhere = facts.scope is DismissalScope.REPOSITORY
    where = "the whole repository" if everywhere else markdown.code(facts.path)
    return (
        f"`{facts.rule}` is dismissed in {where} until {facts.expires_at:%Y-%m-%d}. "
        f"For good, write {_for_good(facts)} into the configuration."
    )


def _for_good(facts: DismissalFacts) -> str:
    """The line of a configuration that says the same and never ends."""
    if facts.scope is DismissalScope.REPOSITORY:
        return markdown.code(f'ignore = ["{facts.rule}"]')
    path = facts.path.replace("\\", "\\\\").replace('"', '\\"')
    return markdown.code(f'per-path-ignores = {{ "{path}" = ["{facts.rule}"] }}')
