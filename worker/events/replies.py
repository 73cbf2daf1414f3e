"""Answers in the threads of our comments: `dismiss: reason` is `/dismiss` for what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.db import findings
from app.db.commands import CommandFacts
from app.models import FindingState
from worker.events.asked import Asked, Who, fill
from worker.events.carrying import is_bot, may
from worker.events.dismissing import DISMISSAL, facts_of, remember
from worker.events.grammar import dismissal_in
from worker.events.places import pull_request_of
from worker.publishing.writer import react

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.models import FindingRecord
    from app.payloads import ReviewCommentEvent
    from worker.work import Work

MISUSED = f"That was not understood. An answer that dismisses is written `dismiss: {DISMISSAL}`."


async def take_reply(work: Work, event: ReviewCommentEvent) -> None:
    """Dismiss what the comment says that begins the thread, if it is ours and the answer asks for it."""
    author, said = event.comment.user, dismissal_in(event.comment.body)
    root = event.comment.in_reply_to_id
    if said is None or root is None or author is None or is_bot(event):
        return
    if event.installation is None:
        return
    part = event.repository
    repository = work.github.repository(event.installation.id, part.owner_login, part.name)
    row = await pull_request_of(work, repository, part.id, event.pull_request.number)
    facts = CommandFacts(row.id, event.comment.id, "reply", said, author.login)
    asked = Asked(work, repository, row, facts, author.id, fill(DISMISSAL, said) or {})
    if meant := await _said_there(asked, root):
        allowed = await may(Who.WRITERS, repository, row, author.id, author.login)
        await _take(asked, meant, allowed=allowed)


async def _said_there(asked: Asked, root: int) -> list[FindingRecord]:
    """The findings that a comment says, none for a comment that is not ours."""
    async with asked.work.database.read() as session:
        every = await findings.of_pull_request(session, asked.row.id)
    return [one for one in every if one.comment_id == root and one.state is not FindingState.FIXED]


async def _take(asked: Asked, meant: Sequence[FindingRecord], *, allowed: bool) -> None:
    work = asked.work
    if allowed and asked.values:
        given_in = f"reply:{asked.comment_id}"
        facts = [facts_of(asked, one, f"{given_in}:{one.fingerprint[:16]}") for one in meant]
        async with work.database.write() as session:
            due = await remember(session, asked.row, facts)
        await work.wake_reviews(due)
    elif allowed:
        await asked.say(MISUSED)
    emojis = ("eyes", "rocket") if allowed and asked.values else ("confused",)
    for emoji in emojis:
        await react(asked.repository, asked.comment_id, emoji, kind="pulls")
