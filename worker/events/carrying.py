"""Carrying out the command that a comment gives, for those who may give it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from app.db import commands
from app.db.commands import CommandFacts
from app.github import people
from app.github.errors import (
    AmbiguousError,
    GitHubError,
    RateLimitedError,
    SuspendedError,
    TransientError,
)
from app.github.people import Permission
from app.models import CommandState
from worker.events.asked import Answer, Asked, Who
from worker.events.commands import COMMANDS
from worker.events.grammar import first_command
from worker.events.places import pull_request_of
from worker.publishing.writer import react

if TYPE_CHECKING:
    from app.github.repository import Repository
    from app.models import PullRequest
    from app.payloads import IssueCommentEvent, ReviewCommentEvent
    from worker.events.asked import Command
    from worker.work import Work

log = structlog.get_logger(__name__)

LOOP = timedelta(minutes=10)
MOST_IN_A_LOOP = 30
"""Commands of one account on one pull request in that time; a machine that answers us gives more."""


async def carry_out(work: Work, event: IssueCommentEvent) -> None:
    """Carry out the command of a new comment on a pull request, if it starts with one.

    Bots and our own comments give none. What a command does and that it was given are recorded
    together, so a worker that dies over it loses nothing and repeats nothing.
    """
    author, words = event.comment.user, first_command(event.comment.body)
    if words is None or author is None or event.installation is None or is_bot(event):
        return
    known = COMMANDS.get(words.name)
    if known is None:
        return
    part = event.repository
    repository = work.github.repository(event.installation.id, part.owner_login, part.name)
    row = await pull_request_of(work, repository, part.id, event.issue.number)
    facts = CommandFacts(row.id, event.comment.id, words.name, words.arguments, author.login)
    if await _is_to_be_taken_up(work, facts):
        values = known.understood(facts.arguments)
        asked = Asked(work, repository, row, facts, author.id, values or {})
        await _answer(known, asked, understood=values is not None)


async def _answer(known: Command, asked: Asked, *, understood: bool) -> None:
    login = asked.facts.author_login
    if not await may(known.who, asked.repository, asked.row, asked.author_id, login):
        await _end(asked, Answer.NOT, CommandState.REFUSED)
    elif not understood:
        await asked.say(f"That was not understood. It is written {known.usage}.")
        await _end(asked, Answer.NOT, CommandState.FAILED)
    else:
        await react(asked.repository, asked.comment_id, "eyes")
        answer = await known.run(asked)
        state = CommandState.DONE if answer is Answer.WELL else CommandState.FAILED
        if answer is not Answer.LATER:
            await _end(asked, answer, state)


def is_bot(event: IssueCommentEvent | ReviewCommentEvent) -> bool:
    """Whether a bot wrote the comment or sent the event; a deleted account counts as one."""
    people = (event.comment.user, event.sender)
    return any(who is None or who.is_bot or who.is_nobody for who in people)


async def may(who: Who, repository: Repository, row: PullRequest, user_id: int, login: str) -> bool:
    """Whether this person may. What GitHub cannot say now is asked later; all else is a no."""
    if who is Who.ANYBODY_INVOLVED and row.author_id == user_id:
        return True
    try:
        permission = await people.permission(repository, login)
    except (AmbiguousError, RateLimitedError, SuspendedError, TransientError):
        raise
    except GitHubError as error:
        log.warning("permission not known", reason=error.message, login=login)
        return False
    return permission in {Permission.WRITE, Permission.ADMIN}


async def _is_to_be_taken_up(work: Work, facts: CommandFacts) -> bool:
    """Whether the command is new, and not one of more than a person would give."""
    since = datetime.now(UTC) - LOOP
    async with work.database.read() as session:
        if await commands.find(session, facts.comment_id) is not None:
            return False
        given = await commands.count_since(
            session, facts.pull_request_id, facts.author_login, since
        )
    if given >= MOST_IN_A_LOOP:
        log.warning("commands ignored: a loop", login=facts.author_login, count=given)
        return False
    return True


async def _end(asked: Asked, answer: Answer, state: CommandState) -> None:
    emoji = "rocket" if answer is Answer.WELL else "confused"
    await react(asked.repository, asked.comment_id, emoji)
    now = datetime.now(UTC)
    async with asked.work.database.write() as session:
        await commands.record(session, asked.facts, now)
        await commands.finish(session, asked.comment_id, state, now)
