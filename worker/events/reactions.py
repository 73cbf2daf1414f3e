"""What an event makes us do: one function per reaction, and the table that says which."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.db import installations, leftovers, pull_requests, repositories
from app.github import checks
from app.models import PullRequestState
from app.payloads import (
    CheckRunEvent,
    CheckSuiteEvent,
    InstallationEvent,
    InstallationRepositoriesEvent,
    IssueCommentEvent,
    MergeGroupEvent,
    PullRequestEvent,
    RepositoryEvent,
    ReviewCommentEvent,
)
from app.queue import wake
from worker.events.asked import Who
from worker.events.carrying import carry_out, may
from worker.events.places import remember_pull_request, remember_repository
from worker.events.replies import take_reply
from worker.events.wanting import awaken, want, want_unreviewed
from worker.publishing.check import NAME
from worker.publishing.wording import WHOLE_FILES
from worker.recovery.suspended import look_once_more

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pydantic import BaseModel
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.payloads import AnyEvent, App, Repository
    from worker.work import Work

    type Reaction = Callable[[Work, AnyEvent], Awaitable[None]]


async def head_changed(work: Work, event: PullRequestEvent) -> None:
    """A pull request has something to review, or a place for it: opened, pushed to, unlocked."""
    async with work.database.write() as session:
        if not await remember_repository(session, event):
            return
        row = await remember_pull_request(session, event)
        again = event.action in {"reopened", "ready_for_review", "converted_to_draft", "unlocked"}
        due = await want(session, row, event.action.replace("_", " "), force=again)
    await work.wake_reviews(due)


async def edited(work: Work, event: PullRequestEvent) -> None:
    """Review again when the base changed: the same head is another change then."""
    due = None
    async with work.database.write() as session:
        if not await remember_repository(session, event):
            return
        row = await remember_pull_request(session, event)
        if event.base_changed:
            due = await want(session, row, "base changed", force=True)
    await work.wake_reviews(due)


async def closed(work: Work, event: PullRequestEvent) -> None:
    """Want nothing more of a pull request that was closed or merged."""
    async with work.database.write() as session:
        if not await remember_repository(session, event):
            return
        row = await remember_pull_request(session, event)
        if row.state is not PullRequestState.OPEN:
            await pull_requests.park(session, row.id)


async def comment_written(work: Work, event: IssueCommentEvent) -> None:
    """Carry out the command that a comment on a pull request starts with, if it does."""
    if not event.on_pull_request:
        return
    async with work.database.write() as session:
        if not await remember_repository(session, event):
            return
    await carry_out(work, event)


async def reply_written(work: Work, event: ReviewCommentEvent) -> None:
    """Dismiss what our comment says when somebody answers `dismiss: reason` to it."""
    async with work.database.write() as session:
        if not await remember_repository(session, event):
            return
    await take_reply(work, event)


async def check_run_asked_for_again(work: Work, event: CheckRunEvent) -> None:
    """Review again because somebody pressed "Re-run" on our check."""
    await _review_again(work, event, event.check_run.app, event.check_run.head_sha)


async def check_button_pressed(work: Work, event: CheckRunEvent) -> None:
    """Review whole files because somebody who may ask for it pressed the button of our check."""
    pressed, by = event.requested_action, event.sender
    if pressed is None or pressed.identifier != WHOLE_FILES.identifier:
        return
    if by is None or by.is_bot or by.is_nobody or event.installation is None:
        return
    part, run = event.repository, event.check_run
    repository = work.github.repository(event.installation.id, part.owner_login, part.name)
    async with work.database.read() as session:
        rows = await leftovers.of_head(session, part.id, run.head_sha)
    who = Who.ANYBODY_INVOLVED
    if rows and await may(who, repository, rows[0], by.id, by.login):
        await _review_again(work, event, run.app, run.head_sha, full=True)


async def check_suite_asked_for_again(work: Work, event: CheckSuiteEvent) -> None:
    """Review again because somebody pressed "Re-run all checks"."""
    await _review_again(work, event, event.check_suite.app, event.check_suite.head_sha)


async def merge_group_waits(work: Work, event: MergeGroupEvent) -> None:
    """Report success on what a merge queue is about to merge; it was reviewed on its way there."""
    async with work.database.write() as session:
        if not await remember_repository(session, event) or event.installation is None:
            return
    part, sha = event.repository, event.merge_group.head_sha
    repository = work.github.repository(event.installation.id, part.owner_login, part.name)
    text = "The pull requests of this group were reviewed one by one."
    said = checks.Report(conclusion="success", title="Reviewed before", summary=text)
    await checks.report(repository, sha, NAME, f"merge-group:{sha}", said)


async def installed(work: Work, event: InstallationEvent) -> None:
    """The App was installed, or asked for permissions were granted."""
    async with work.database.write() as session:
        await installations.upsert(session, event.installation.facts())
        due = await _take_in(session, event.installation.id, event.repositories)
    await work.wake_reviews(due)


async def uninstalled(work: Work, event: InstallationEvent) -> None:
    """The App was removed from an account: nothing is due there, and its data goes in some days."""
    async with work.database.write() as session:
        await installations.upsert(session, event.installation.facts())
        now = datetime.now(UTC)
        await installations.delete(session, event.installation.id, now)
        await repositories.remove_all_of(session, event.installation.id, now)


async def suspended(work: Work, event: InstallationEvent) -> None:
    """GitHub gives us no tokens for an account any more: park what is due there."""
    async with work.database.write() as session:
        await installations.upsert(session, event.installation.facts())
        await installations.suspend(session, event.installation.id, datetime.now(UTC))
        for row in await leftovers.due_of_installation(session, event.installation.id):
            await pull_requests.park(session, row.id)
    await look_once_more(work, event.installation.id)


async def unsuspended(work: Work, event: InstallationEvent) -> None:
    """Tokens are given again: take up what was not reviewed meanwhile."""
    async with work.database.write() as session:
        await installations.upsert(session, event.installation.facts())
        await _take_in(session, event.installation.id, event.repositories)
        due = await awaken(session, event.installation.id)
    await work.wake_reviews(due)
    await wake(work.queue, "take_deliveries")


async def repositories_changed(work: Work, event: InstallationRepositoriesEvent) -> None:
    """The App was given repositories, or some were taken from it."""
    async with work.database.write() as session:
        await installations.upsert(session, event.installation.facts())
        gone = [part.id for part in event.repositories_removed]
        await repositories.remove(session, event.installation.id, gone, datetime.now(UTC))
        due = await _take_in(session, event.installation.id, event.repositories_added)
    await work.wake_reviews(due)


async def repository_changed(work: Work, event: RepositoryEvent) -> None:
    """A repository has another name, owner or visibility, or is archived or not any more."""
    async with work.database.write() as session:
        if not await remember_repository(session, event) or event.installation is None:
            return
        due = await want_unreviewed(session, event.installation.id)
    await work.wake_reviews(due)


async def repository_deleted(work: Work, event: RepositoryEvent) -> None:
    """A repository is gone: nothing is due there, and its data goes in some days."""
    async with work.database.write() as session:
        if await remember_repository(session, event) and event.installation is not None:
            gone, now = [event.repository.id], datetime.now(UTC)
            await repositories.remove(session, event.installation.id, gone, now)


async def _review_again(
    work: Work, event: RepositoryEvent, app: App | None, head_sha: str, *, full: bool = False
) -> None:
    if app is None or app.id != work.settings.github_app_id:
        return
    due: datetime | None = None
    async with work.database.write() as session:
        if not await remember_repository(session, event):
            return
        for row in await leftovers.of_head(session, event.repository.id, head_sha):
            due = await want(session, row, "re-run", force=True, full=full)
    await work.wake_reviews(due)


async def _take_in(
    session: AsyncSession, installation_id: int, parts: Sequence[Repository]
) -> datetime | None:
    for part in parts:
        await repositories.upsert(session, part.facts(installation_id))
    return await want_unreviewed(session, installation_id)


def _on[Read: BaseModel](
    kind: type[Read], react: Callable[[Work, Read], Awaitable[None]]
) -> Reaction:
    """A reaction to any event that is one of this kind."""

    async def reaction(work: Work, event: AnyEvent) -> None:
        assert isinstance(event, kind)
        await react(work, event)

    return reaction


REACTIONS: dict[tuple[str, str | None], Reaction] = {
    ("pull_request", "opened"): _on(PullRequestEvent, head_changed),
    ("pull_request", "synchronize"): _on(PullRequestEvent, head_changed),
    ("pull_request", "reopened"): _on(PullRequestEvent, head_changed),
    ("pull_request", "ready_for_review"): _on(PullRequestEvent, head_changed),
    ("pull_request", "converted_to_draft"): _on(PullRequestEvent, head_changed),
    ("pull_request", "unlocked"): _on(PullRequestEvent, head_changed),
    ("pull_request", "edited"): _on(PullRequestEvent, edited),
    ("pull_request", "closed"): _on(PullRequestEvent, closed),
    ("issue_comment", "created"): _on(IssueCommentEvent, comment_written),
    ("pull_request_review_comment", "created"): _on(ReviewCommentEvent, reply_written),
    ("check_run", "rerequested"): _on(CheckRunEvent, check_run_asked_for_again),
    ("check_run", "requested_action"): _on(CheckRunEvent, check_button_pressed),
    ("check_suite", "rerequested"): _on(CheckSuiteEvent, check_suite_asked_for_again),
    ("merge_group", "checks_requested"): _on(MergeGroupEvent, merge_group_waits),
    ("installation", "created"): _on(InstallationEvent, installed),
    ("installation", "new_permissions_accepted"): _on(InstallationEvent, installed),
    ("installation", "deleted"): _on(InstallationEvent, uninstalled),
    ("installation", "suspend"): _on(InstallationEvent, suspended),
    ("installation", "unsuspend"): _on(InstallationEvent, unsuspended),
    ("installation_repositories", "added"): _on(
        InstallationRepositoriesEvent, repositories_changed
    ),
    ("installation_repositories", "removed"): _on(
        InstallationRepositoriesEvent, repositories_changed
    ),
    ("repository", "renamed"): _on(RepositoryEvent, repository_changed),
    ("repository", "transferred"): _on(RepositoryEvent, repository_changed),
    ("repository", "archived"): _on(RepositoryEvent, repository_changed),
    ("repository", "unarchived"): _on(RepositoryEvent, repository_changed),
    ("repository", "privatized"): _on(RepositoryEvent, repository_changed),
    ("repository", "publicized"): _on(RepositoryEvent, repository_changed),
    ("repository", "edited"): _on(RepositoryEvent, repository_changed),
    ("repository", "deleted"): _on(RepositoryEvent, repository_deleted),
}
"""Every event and action that something is done for; all others are ignored."""
