"""`/fix`: one commit with every verified fix, where somebody who may write asked for it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.db import findings, pull_requests
from app.github import commits, pulls
from app.github.commits import NewCommit
from app.github.errors import (
    NotFoundError,
    PermissionMissingError,
    StaleHeadError,
    UnprocessableError,
)
from app.models import FindingState
from rules.core.repair import edited
from rules.core.report import markdown
from rules.core.report.assessment import many
from worker.analysis.job import Commits, Job
from worker.events.asked import Answer
from worker.git.repository import Repository
from worker.publishing.decisions import covering
from worker.publishing.writer import Writer
from worker.reviewing import memory
from worker.reviewing.compared import compare
from worker.reviewing.mirrored import mirrored
from worker.reviewing.organisation import above

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from app.github.pulls import PullRequest
    from rules.core.findings import Finding
    from worker.events.asked import Asked

CLOSED = "This pull request is closed, so there is nothing to commit to."
LOCKED = "This conversation is locked; unlock it to have fixes committed."
FORK = (
    "This pull request comes from a fork, where this App cannot write. "
    "Each suggestion can be committed from its own comment."
)
NOT_GRANTED = (
    "To commit takes the permission `contents: write`, which this installation does not grant. "
    "Its owner can grant it; until then each suggestion can be committed from its own comment."
)
MOVED = (
    "The newest commit {head} was not reviewed yet, so nothing was committed. "
    "Ask again when its check is done."
)
NOTHING = "There is nothing to commit: no open finding of this pull request has a verified fix."
NONE_HOLDS = (
    "Nothing was committed: of the fixes of this pull request none proved right at this commit."
)
STALE = (
    "Somebody pushed while this was prepared, so nothing was committed. "
    "Ask again when the check of the new commit is done."
)
BRANCH_GONE = "The branch of this pull request is gone, so nothing was committed."
TRAILER = "Backend-Expert-Command"
_LOGIN = re.compile(r"[\w-]{1,100}(?:\[bot\])?", re.ASCII)


class _NotNowError(Exception):
    """Why nothing is committed, in a sentence for who asked."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What is to be committed: the fixed findings, and each changed file as it will be."""

    findings: tuple[Finding, ...]
    files: dict[str, bytes]


async def fix(asked: Asked) -> Answer:
    """Commit every fix that can be made together; what cannot be done is answered with why.

    A second attempt at the same command finds the commit of the first by its trailer.
    """
    pull = await pulls.read(asked.repository, asked.row.number)
    try:
        if await _committed(asked, pull.head.sha) is not None:
            return Answer.WELL
        await _ensure_possible(asked, pull)
        wanted = await _wanted(asked, pull.head.sha)
        repaired = await _repaired(asked, pull, wanted)
        await _commit(asked, pull, repaired.findings, repaired.files)
    except _NotNowError as error:
        await asked.say(str(error))
        return Answer.NOT
    if left := len(wanted) - len(repaired.findings):
        await asked.say(_told(len(repaired.findings), left))
    return Answer.WELL


async def _ensure_possible(asked: Asked, pull: PullRequest) -> None:
    if pull.state != "open":
        raise _NotNowError(CLOSED)
    if pull.locked:
        raise _NotNowError(LOCKED)
    if pull.head.repo is None or pull.head.repo.id != asked.row.repository_id:
        raise _NotNowError(FORK)
    token = await asked.work.github.token(asked.repository.installation_id)
    if not token.may_write("contents"):
        raise _NotNowError(NOT_GRANTED)


async def _wanted(asked: Asked, head: str) -> tuple[Finding, ...]:
    """The open findings with a fix, as the review of this very head told them."""
    async with asked.work.database.read() as session:
        row = await pull_requests.get(session, asked.row.id)
        records = await findings.of_pull_request(session, asked.row.id, [FindingState.OPEN])
        held = await memory.decisions(session, asked.row.repository_id, datetime.now(UTC))
    if row is None or row.reviewed_head_sha != head:
        raise _NotNowError(MOVED.format(head=markdown.code(head[:7])))
    every = (memory.finding_of(record) for record in records if record.fix is not None)
    wanted = tuple(one for one in every if covering(held, one) is None)
    if not wanted:
        raise _NotNowError(NOTHING)
    return wanted


async def _repaired(asked: Asked, pull: PullRequest, wanted: tuple[Finding, ...]) -> Repaired:
    """The fixes that prove right together, made at the head."""
    head = pull.head.sha
    base = await pulls.merge_base(asked.repository, pull.base.sha, head)
    decided = await above(asked.work, asked.repository)
    mirror_of = mirrored(asked.work, asked.repository, asked.row.repository_id, head, base)
    async with mirror_of as mirror:
        compared = await asyncio.to_thread(compare, mirror, base, head, decided)
        job = Job(
            source=Commits(mirror, head, base),
            files=compared.files,
            config=compared.config,
            full=True,
            fixes=False,
            cache=asked.work.settings.data_dir / "facts",
            analyse="rules.core.repair:repaired",
            wanted=await asyncio.to_thread(_plain, mirror, head, wanted),
        )
        proven = (await asked.work.analyse(job)).findings if job.wanted else ()
        if not proven:
            raise _NotNowError(NONE_HOLDS)
        return Repaired(proven, await asyncio.to_thread(_files, mirror, head, proven))


def _plain(mirror: Path, head: str, wanted: Sequence[Finding]) -> tuple[Finding, ...]:
    """Without those in files that somebody can run: GitHub would take that from them."""
    with Repository(mirror) as repository:
        plain = repository.plain_files(head, {finding.path for finding in wanted})
    return tuple(finding for finding in wanted if finding.path in plain)


def _files(mirror: Path, head: str, proven: Iterable[Finding]) -> dict[str, bytes]:
    by_path: dict[str, list[Finding]] = {}
    for finding in proven:
        by_path.setdefault(finding.path, []).append(finding)
    with Repository(mirror) as repository:
        tree = repository.tree(head)
        return {
            path: edited(tree.read(path).decode(), found).encode()
            for path, found in by_path.items()
        }


async def _commit(
    asked: Asked, pull: PullRequest, fixed: Sequence[Finding], files: dict[str, bytes]
) -> None:
    """Make the commit, once: an uncertain attempt is looked for before it is repeated."""
    repository, head = asked.repository, pull.head.sha
    new = NewCommit(pull.head.ref, head, f"Fix {_counted(fixed)}", _body(asked, fixed), files)
    writer = Writer(asked.work.publisher.settle)
    try:
        await writer.make(lambda: commits.create(repository, new), lambda: _find(asked))
    except StaleHeadError:
        if await _find(asked) is None:
            raise _NotNowError(STALE) from None
    except NotFoundError:
        raise _NotNowError(BRANCH_GONE) from None
    except PermissionMissingError:
        raise _NotNowError(NOT_GRANTED) from None
    except UnprocessableError as error:
        said = markdown.prose(error.message.strip().rstrip("."))
        raise _NotNowError(f"GitHub refused the commit: {said}.") from None


async def _find(asked: Asked) -> str | None:
    """The commit of this command on the branch as it is now."""
    pull = await pulls.read(asked.repository, asked.row.number)
    return await _committed(asked, pull.head.sha)


async def _committed(asked: Asked, head: str) -> str | None:
    """The commit that this very command made before, if it is among the newest of the branch."""
    trailer = f"{TRAILER}: {asked.comment_id}"
    for commit in await commits.newest(asked.repository, head):
        if trailer in commit.message.splitlines():
            return commit.sha
    return None


def _body(asked: Asked, fixed: Sequence[Finding]) -> str:
    """What was fixed, by rule; no text of the pull request, which could close an issue."""
    rules = sorted({(finding.rule, finding.name) for finding in fixed})
    counts = {code: sum(1 for finding in fixed if finding.rule == code) for code, _ in rules}
    listed = [f"- {name} ({code}): {many(counts[code], 'place')}" for code, name in rules]
    trailers = [f"{TRAILER}: {asked.comment_id}"]
    login = asked.facts.author_login
    if _LOGIN.fullmatch(login):
        address = noreply_address(asked.work.settings.github_url, asked.author_id, login)
        trailers.append(f"Co-authored-by: {login} <{address}>")
    return "\n".join([*listed, "", *trailers])


def noreply_address(github_url: str, user_id: int, login: str) -> str:
    """The address by which a GitHub knows the author of a commit without telling a real one."""
    return f"{user_id}+{login}@users.noreply.{urlsplit(github_url).hostname or 'github.com'}"


def _counted(fixed: Sequence[Finding]) -> str:
    return many(len(fixed), "finding")


def _told(made: int, left: int) -> str:
    fixes = f"{left} further fix{'' if left == 1 else 'es'}"
    were = "was" if left == 1 else "were"
    return (
        f"Committed {many(made, 'fix', 'fixes')}. {fixes.capitalize()} {were} left out: "
        "they overlap with these, do not prove right beside them, or are in a file that can be "
        "run. Ask again when the check of the new commit is done."
    )
