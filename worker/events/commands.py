"""Commands in comments: one function each, whose docstring is its help text."""

from __future__ import annotations

import enum
import inspect
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from app.db import commands, pull_requests
from app.db.commands import CommandFacts
from app.github import comments, people
from app.github.errors import (
    AmbiguousError,
    GitHubError,
    RateLimitedError,
    SuspendedError,
    TransientError,
)
from app.github.people import Permission
from app.models import CommandState, PullRequestState
from worker.events.grammar import first_command
from worker.events.places import pull_request_of
from worker.events.wanting import want
from worker.publishing.markers import Mark, Signer
from worker.publishing.writer import react

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.github.repository import Repository
    from app.models import PullRequest
    from app.payloads import IssueCommentEvent
    from worker.work import Work

log = structlog.get_logger(__name__)


class Who(enum.StrEnum):
    """Who may give a command."""

    ANYBODY_INVOLVED = "the author of the pull request, or who may write"
    WRITERS = "who may write"


class Answer(enum.StrEnum):
    """How a command ends; `LATER` is answered by the review that it asked for."""

    WELL = "rocket"
    NOT = "confused"
    LATER = "eyes"


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that somebody gave who may give it."""

    work: Work
    repository: Repository
    row: PullRequest
    facts: CommandFacts

    @property
    def comment_id(self) -> int:
        """The comment that gave it, by GitHub's id."""
        return self.facts.comment_id

    @property
    def arguments(self) -> str:
        """What follows the name, in lower case and with single spaces."""
        return self.facts.arguments.lower()


@dataclass(frozen=True, slots=True)
class Command:
    """One command: every form that it may take, and what it does.

    `forms` are the allowed arguments, in full: nothing else is understood.
    """

    name: str
    forms: tuple[str, ...]
    who: Who
    about: str
    run: Callable[[Asked], Awaitable[Answer]]


COMMANDS: dict[str, Command] = {}


def command(*forms: str, who: Who) -> Callable[[Callable[[Asked], Awaitable[Answer]]], Command]:
    """Make a command of a function: its name is the command's, its docstring the help text."""

    def make(run: Callable[[Asked], Awaitable[Answer]]) -> Command:
        about = inspect.cleandoc(run.__doc__ or "")
        made = Command(run.__name__, forms or ("",), who, about, run)
        COMMANDS[made.name] = made
        return made

    return make


@command("", "full", who=Who.ANYBODY_INVOLVED)
async def recheck(asked: Asked) -> Answer:
    """Review again, at the newest commit. With `full`: all of the changed files, not only what is new."""
    async with asked.work.database.write() as session:
        row = await pull_requests.get(session, asked.row.id)
        if row is None or row.state is not PullRequestState.OPEN:
            return Answer.NOT
        if await commands.record(session, asked.facts, datetime.now(UTC)) is None:
            return Answer.LATER
        full = asked.arguments == "full"
        due = await want(session, row, "recheck", force=True, full=full)
    await asked.work.wake_reviews(due)
    return Answer.LATER if due else Answer.NOT


@command(who=Who.ANYBODY_INVOLVED)
async def help(asked: Asked) -> Answer:  # noqa: A001 the command is called so
    """Show this list."""
    signer = Signer(asked.work.settings.marker_key, asked.row.repository_id, asked.row.number)
    mark = Mark("answer", f"help-{asked.comment_id}")
    if not await _was_said(asked, signer, mark):
        await asked.work.pacer.take(asked.repository.installation_id)
        body = f"{signer.marker(mark)}\n{help_text()}"
        await comments.say(asked.repository, asked.row.number, body)
    return Answer.WELL


def help_text() -> str:
    """Every command, as Markdown in which no line starts with one."""
    lines = ["**Commands** (the first line of a comment on the pull request):", ""]
    for one in COMMANDS.values():
        forms = " or ".join(f"`/{one.name}{' ' if form else ''}{form}`" for form in one.forms)
        lines.append(f"- {forms}: {one.about} For {one.who}.")
    return "\n".join(lines)


async def carry_out(work: Work, event: IssueCommentEvent) -> None:
    """Carry out the command of a new comment on a pull request, if it starts with one.

    Bots and our own comments give none. What a command does and that it was given are recorded
    together, so a worker that dies over it loses nothing and repeats nothing.
    """
    author, words = event.comment.user, first_command(event.comment.body)
    if words is None or author is None or event.installation is None or _is_bot(event):
        return
    known = COMMANDS.get(words.name)
    if known is None:
        return
    part = event.repository
    repository = work.github.repository(event.installation.id, part.owner_login, part.name)
    row = await pull_request_of(work, repository, part.id, event.issue.number)
    facts = CommandFacts(row.id, event.comment.id, words.name, words.arguments, author.login)
    if await _was_taken_up(work, facts):
        return
    asked = Asked(work, repository, row, facts)
    if not await _may(known.who, asked, author.id, author.login):
        await _end(asked, Answer.NOT, CommandState.REFUSED)
    elif asked.arguments not in known.forms:
        await _end(asked, Answer.NOT, CommandState.FAILED)
    else:
        await react(work.pacer, repository, asked.comment_id, "eyes")
        answer = await known.run(asked)
        state = CommandState.DONE if answer is Answer.WELL else CommandState.FAILED
        if answer is not Answer.LATER:
            await _end(asked, answer, state)


def _is_bot(event: IssueCommentEvent) -> bool:
    return any(who is None or who.is_bot for who in (event.comment.user, event.sender))


async def _was_taken_up(work: Work, facts: CommandFacts) -> bool:
    async with work.database.read() as session:
        return await commands.find(session, facts.comment_id) is not None


async def _may(who: Who, asked: Asked, user_id: int, login: str) -> bool:
    """Whether this person may. What GitHub cannot say now is asked later; all else is a no."""
    if who is Who.ANYBODY_INVOLVED and asked.row.author_id == user_id:
        return True
    try:
        permission = await people.permission(asked.repository, login)
    except (AmbiguousError, RateLimitedError, SuspendedError, TransientError):
        raise
    except GitHubError as error:
        log.warning("permission not known", reason=error.message, login=login)
        return False
    return permission in {Permission.WRITE, Permission.ADMIN}


async def _end(asked: Asked, answer: Answer, state: CommandState) -> None:
    emoji = "rocket" if answer is Answer.WELL else "confused"
    await react(asked.work.pacer, asked.repository, asked.comment_id, emoji)
    now = datetime.now(UTC)
    async with asked.work.database.write() as session:
        await commands.record(session, asked.facts, now)
        await commands.finish(session, asked.comment_id, state, now)


async def _was_said(asked: Asked, signer: Signer, mark: Mark) -> bool:
    """Whether our answer stands there already, from an attempt that did not end."""
    identity = await asked.repository.app.identity(asked.repository.installation_id)
    listed = await comments.conversation(asked.repository, asked.row.number)
    mine = (one for one in listed if one.user and one.user.id == identity.user_id)
    return any(signer.read(one.body) == mark for one in mine)
