"""Commands in comments: one function each, whose docstring is its help text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.db import commands, pull_requests
from app.models import PullRequestState
from worker.events import dismissing, fixing
from worker.events.asked import COMMANDS, Answer, Asked, Who, command
from worker.events.config_text import config_text
from worker.events.dismissing import DISMISSAL
from worker.events.rule_text import rule_text
from worker.events.wanting import want
from worker.events.why_text import PAUSED, why_text

if TYPE_CHECKING:
    from app.models import PullRequest


CLOSED = "This pull request is closed, so it is not reviewed."
NOT_PAUSED = "The reviews of this pull request are not paused."


@command("", "full", who=Who.ANYBODY_INVOLVED)
async def recheck(asked: Asked) -> Answer:
    """Review again, at the newest commit. With `full`: all of the changed files, not only what is new."""
    if asked.row.paused:
        await asked.say(f"{PAUSED} Comment `/resume` to go on.")
        return Answer.NOT
    full = asked.facts.arguments.lower() == "full"
    return await _review_again(asked, "recheck", full=full)


@command(f"ID {DISMISSAL}", who=Who.WRITERS)
async def dismiss(asked: Asked) -> Answer:
    """Live with a finding for 180 days, or with its rule in that file or in the whole repository."""
    return await dismissing.dismiss(asked)


@command("ID", who=Who.WRITERS)
async def restore(asked: Asked) -> Answer:
    """Take a dismissal back."""
    return await dismissing.restore(asked)


@command(who=Who.WRITERS)
async def fix(asked: Asked) -> Answer:
    """Commit all verified fixes at once, in your name too, where this App may write to the branch."""
    return await fixing.fix(asked)


@command("CODE", who=Who.ANYBODY_INVOLVED)
async def explain(asked: Asked) -> Answer:
    """Show why a rule exists, with code that is wrong and code that is right."""
    text = rule_text(asked.values["code"], asked.work.settings.public_url)
    await asked.say(text or "There is no rule of that code or name.")
    return Answer.WELL if text else Answer.NOT


@command("PATH", who=Who.ANYBODY_INVOLVED)
async def why(asked: Asked) -> Answer:
    """Tell why a file was reviewed, or why it was not."""
    await asked.say(await why_text(asked, asked.values["path"]))
    return Answer.WELL


@command(who=Who.ANYBODY_INVOLVED)
async def config(asked: Asked) -> Answer:
    """Show every value of the configuration and the file that it comes from."""
    await asked.say(await config_text(asked))
    return Answer.WELL


@command(who=Who.WRITERS)
async def pause(asked: Asked) -> Answer:
    """Review nothing here until `/resume`; the check says so."""
    return await _review_again(asked, "paused", paused=True)


@command(who=Who.WRITERS)
async def resume(asked: Asked) -> Answer:
    """Go on after `/pause`, at the newest commit."""
    return await _review_again(asked, "resumed", paused=False)


@command(who=Who.ANYBODY_INVOLVED)
async def help(asked: Asked) -> Answer:  # noqa: A001 the command is called so
    """Show this list."""
    await asked.say(help_text())
    return Answer.WELL


def help_text() -> str:
    """Every command, as Markdown in which no line starts with one."""
    lines = ["**Commands** (the first line of a comment on the pull request):", ""]
    lines += [f"- {one.usage}: {one.about} For {one.who}." for one in COMMANDS.values()]
    return "\n".join(lines)


async def _review_again(
    asked: Asked, reason: str, *, full: bool = False, paused: bool | None = None
) -> Answer:
    """Ask for what the pull request shall be told; that answers the command when it is done."""
    async with asked.work.database.read() as session:
        row = await pull_requests.get(session, asked.row.id)
    if row is None:
        return Answer.NOT
    if refusal := _refusal(row, paused=paused):
        await asked.say(refusal)
        return Answer.NOT
    async with asked.work.database.write() as session:
        if await commands.record(session, asked.facts, datetime.now(UTC)) is None:
            return Answer.LATER
        if paused is not None:
            await pull_requests.set_paused(session, row.id, paused=paused)
        due = await want(session, row, reason, force=True, full=full)
    await asked.work.wake_reviews(due)
    return Answer.LATER if due else Answer.NOT


def _refusal(row: PullRequest, *, paused: bool | None) -> str:
    """Why nothing can be asked for, empty when it can."""
    if row.state is not PullRequestState.OPEN:
        return CLOSED
    return NOT_PAUSED if paused is False and not row.paused else ""
