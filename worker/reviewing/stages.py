"""Reviewing a pull request, stage by stage: each can be repeated after a crash."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.db import leftovers, repositories
from app.github import pulls
from app.models import PullRequestState
from rules.core.findings import Review, Verdict
from worker.analysis.job import Commits, Job
from worker.publishing.placement import commentable
from worker.publishing.standing import Outcome
from worker.reviewing import ending, record
from worker.reviewing.compared import Compared, compare, configuration
from worker.reviewing.frames import surroundings
from worker.reviewing.mirrored import mirrored
from worker.reviewing.organisation import above
from worker.work import together

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from app.github.pulls import PullFiles, PullRequest, RepositoryPart
    from rules.core.config import Config
    from rules.core.configuration.layers import Above
    from worker.reviewing.attempt import Attempt

NO_BOTS = "Pull requests opened by bots are not reviewed here (`bots = false`)."


class HeadMovedError(Exception):
    """GitHub has a newer head than the one reviewed, and no event has told us of it yet."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The head of a pull request and the commit from which it departed, as GitHub sees them."""

    pull: PullRequest
    merge_base: str
    files: PullFiles
    above: Above


async def review(attempt: Attempt) -> None:
    """Bring the pull request up to date with its newest head.

    Raises `StandDownError`, `HeadMovedError`, or what GitHub, git and the analysis raise. Nothing
    is lost by it: the caller decides what comes next.
    """
    await attempt.repository.client.ready()
    async with attempt.stage("read"):
        pull = await pulls.read(
            attempt.repository, attempt.row.number, fresh=attempt.row.attempts == 1
        )
        await _remember(attempt, pull)
    if pull.state != "open" or pull.archived or not await record.is_wanted(attempt):
        await ending.settle(attempt)
        return
    if attempt.row.paused:
        await ending.say_paused(attempt)
        return
    if pull.draft and not await _reviews_drafts(attempt, pull):
        await ending.settle(attempt)
        return
    uncertain = await record.open_review(attempt)
    async with attempt.stage("compare"):
        seen = await _look(attempt, pull, uncertain=uncertain)
        await record.note(attempt, merge_base=seen.merge_base)
    found, compared = await _analyse(attempt, seen)
    if not seen.files.complete:
        found = replace(found, notes=(*found.notes, _cut_off(seen)))
    await _publish(attempt, seen, compared, found, uncertain=uncertain)


def _cut_off(seen: Seen) -> str:
    """GitHub lists no more than 3,000 files; the others are reviewed from git all the same."""
    listed, every = len(seen.files.files), seen.pull.changed_files
    return (
        f"GitHub lists {listed} of the {every} files of this change. "
        "What was found in the others stands here and in the check."
    )


async def _remember(attempt: Attempt, pull: PullRequest) -> None:
    attempt.head_sha = pull.head.sha
    if pull.base.repo is not None:
        await _learn(attempt, pull.base.repo)
    async with attempt.work.database.write() as session:
        await leftovers.remember(
            session,
            attempt.row.id,
            state=PullRequestState.MERGED if pull.merged else PullRequestState(pull.state),
            draft=pull.draft,
            title=pull.title,
            head_sha=pull.head.sha,
            base_ref=pull.base.ref,
            base_sha=pull.base.sha,
        )


async def _learn(attempt: Attempt, home: RepositoryPart) -> None:
    """Take the name under which the repository answered, which no event may have told of."""
    before = attempt.repository
    owner, _, name = home.full_name.partition("/")
    if (owner, name) != (before.owner, before.name):
        attempt.repository = attempt.work.github.repository(before.installation_id, owner, name)
    async with attempt.work.database.write() as session:
        await repositories.learn(session, home.id, owner, name, archived=home.archived)


async def _look(attempt: Attempt, pull: PullRequest, *, uncertain: bool) -> Seen:
    repository = attempt.repository
    async with together() as group:
        group.create_task(_start_check(attempt, uncertain=uncertain))
        merge_base = group.create_task(pulls.merge_base(repository, pull.base.sha, pull.head.sha))
        files = group.create_task(pulls.files(repository, pull.number, pull.changed_files))
        decided = group.create_task(above(attempt.work, repository))
    return Seen(pull, merge_base.result(), files.result(), decided.result())


async def _start_check(attempt: Attempt, *, uncertain: bool) -> None:
    if attempt.check_run_id is None:
        publisher = attempt.work.publisher
        attempt.check_run_id = await publisher.start_check(attempt.target, uncertain=uncertain)
        await record.note(attempt, check_run_id=attempt.check_run_id)


async def _analyse(attempt: Attempt, seen: Seen) -> tuple[Review, Compared]:
    work, head = attempt.work, seen.pull.head.sha
    async with AsyncExitStack() as stack:
        async with attempt.stage("fetch"):
            mirror = await stack.enter_async_context(_mirrored(attempt, head, seen.merge_base))
        async with attempt.stage("diff"):
            compared = await asyncio.to_thread(compare, mirror, seen.merge_base, head, seen.above)
        if _is_unwanted_bot(seen.pull, compared.config):
            return Review(verdict=Verdict.SKIPPED, notes=(NO_BOTS,)), compared
        async with attempt.stage("analysis"):
            job = Job(
                source=Commits(mirror, head, seen.merge_base),
                files=compared.files,
                config=compared.config,
                full=attempt.row.wanted_full,
                cache=work.settings.data_dir / "facts",
            )
            found = await _carried_on(attempt, job, await work.analyse(job))
            attempt.frames, attempt.present = await asyncio.to_thread(
                surroundings, mirror, head, found.findings
            )
    return replace(found, notes=(*compared.notes, *found.notes)), compared


async def _carried_on(attempt: Attempt, job: Job, found: Review) -> Review:
    """The review with what `/recheck full` once said of lines that nobody changed since.

    It stays said until it is gone from the code, which only a look at whole files can tell.
    """
    said = frozenset[str]() if job.full else await record.said_of_whole_files(attempt)
    left = said - {finding.fingerprint for finding in found.findings}
    if not left:
        return found
    whole = await attempt.work.analyse(replace(job, full=True, fixes=False))
    still = tuple(one for one in whole.findings if one.fingerprint in left)
    passed = found.verdict is Verdict.PASSED
    return replace(
        found,
        findings=(*found.findings, *still),
        verdict=Verdict.FINDINGS if still and passed else found.verdict,
    )


def _mirrored(attempt: Attempt, *shas: str) -> AbstractAsyncContextManager[Path]:
    return mirrored(attempt.work, attempt.repository, attempt.row.repository_id, *shas)


async def _reviews_drafts(attempt: Attempt, pull: PullRequest) -> bool:
    """Whether the repository wants its drafts reviewed; most do not, and nothing is said there."""
    async with attempt.stage("draft"), _mirrored(attempt, pull.base.sha) as mirror:
        decided = await above(attempt.work, attempt.repository)
        layers = await asyncio.to_thread(configuration, mirror, pull.base.sha, decided)
    return layers.config.drafts


def _is_unwanted_bot(pull: PullRequest, config: Config) -> bool:
    return not config.bots and pull.user is not None and pull.user.type == "Bot"


async def _publish(
    attempt: Attempt, seen: Seen, compared: Compared, found: Review, *, uncertain: bool
) -> None:
    async with attempt.stage("publish"):
        standing = await record.publishing(attempt, found, uncertain=uncertain)
        found = replace(found, notes=(*found.notes, *record.demotions(found, standing)))
        lines = commentable(seen.files.files)
        published = await attempt.work.publisher.publish(
            attempt.target, found, compared.config, lines, standing, attempt.check_run_id
        )
    if published.outcome is Outcome.SUPERSEDED:
        raise HeadMovedError
    if published.outcome is Outcome.CLOSED:
        await ending.settle(attempt)
        return
    await record.finished(attempt, found, published, seen.merge_base)
