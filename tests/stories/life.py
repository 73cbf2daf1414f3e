"""The life of one pull request: what may happen to it, and what must hold in the end."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from redis.asyncio import Redis
from sqlalchemy import select, update

from app.db import commands, leftovers, pull_requests, repositories
from app.models import Delivery, DeliveryState, FindingState, PullRequest, ReviewState, Round
from tests.github.errors import Refused
from tests.stories.fate import Fate, Moment, mortal
from tests.stories.faults import FAULTS, LIES
from tests.worker.test_whole_way import BOUND, INJECTION, UNVERIFIED
from worker.publishing.live import DONE
from worker.publishing.markers import Signer, text_of
from worker.recovery.reconciling import reconcile
from worker.reviewing.sweeping import sweep_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.models import FindingRecord
    from tests.github.state import IssueComment, ReviewComment
    from tests.worker.service import Service

CLEAN = '"""Nothing wrong here."""\n'
VARIANTS: tuple[tuple[str | None, frozenset[str]], ...] = (
    (CLEAN, frozenset()),
    (INJECTION, frozenset({"SEC101"})),
    (UNVERIFIED, frozenset({"SEC110"})),
    (BOUND, frozenset()),
    (None, frozenset()),
)
"""What a file may say, and the rules that find something in it; None is no file."""
PATHS = (("app/orders.py", "app/rates.py"), ("app/sales.py", "app/rates.py"))
"""Where the two files are, and where they are when the first has moved."""
BASE = {"app/__init__.py": '"""A shop."""\n', "README.md": "# Shop\n"}
LONG = timedelta(days=1)
PATIENCE = 200.0
ENDED = {DeliveryState.DONE, DeliveryState.IGNORED}
FORGED = "<!-- backend-expert:v1:summary:summary:00000000000000000000000000000000 -->\nMine."
_TICKS = re.compile(r"^- \[([ x])\] ", re.MULTILINE)


@dataclass(frozen=True)
class Push:
    """A commit with these variants of the two files; with `anew`, on top of the base again."""

    variants: tuple[int, int]
    anew: bool = False
    moved: bool = False


@dataclass(frozen=True)
class Say:
    """A comment; ID stands for the finding that was recorded first."""

    who: str
    text: str


@dataclass(frozen=True)
class Fail:
    """GitHub fails so at the next such requests."""

    fault: str
    times: int = 1


@dataclass(frozen=True)
class Die:
    """The worker dies after so many more requests or commits."""

    after: int
    moment: Moment


@dataclass(frozen=True)
class Happen:
    """Something else."""

    what: Literal[
        "worker stopped", "valkey flushed", "time passes", "deliveries lost", "draft", "ready",
        "closed", "reopened", "base moved", "suspended", "unsuspended", "nothing",
        "comment deleted", "summary deleted", "locked", "unlocked", "archived", "unarchived",
        "repository deleted",
    ]  # fmt: skip


OURS = tuple(
    map(Happen, ("worker stopped", "valkey flushed", "time passes", "deliveries lost", "nothing"))
)
"""What happens wherever there is a service."""
NOT_WRITING = tuple(map(Happen, ("suspended", "unsuspended", "unarchived", "repository deleted")))
"""What may happen to a repository that is read-only."""

type Step = Push | Say | Fail | Die | Happen


@dataclass
class Life:
    """One pull request; `service` is shared by many, its installation is not."""

    service: Service
    number: int
    now: tuple[int, int] = (1, 0)
    paths: tuple[str, str] = PATHS[0]
    deleted: set[int] = field(default_factory=set[int])
    """Comments of ours that somebody deleted, by GitHub's ids."""
    lied_to: bool = False
    """Whether GitHub told something for good that was not so."""
    fate: Fate = field(default_factory=Fate)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def live(self, steps: list[Step]) -> None:
        """All of the steps, then calm; raises `AssertionError` when something does not hold."""
        await self._begin()
        try:
            for step in steps:
                await self._take(step)
                if self.worker.done():
                    await self._start()
            await self._calm()
            await (self._check_gone() if self.repository.deleted else self._check())
        finally:
            self.service.github.faults.clear()
            self.service.github.webhooks.faults.clear()
            await self.stack.aclose()

    async def _begin(self) -> None:
        github, name = self.service.github, f"alice/shop{self.number}"
        self.repository = github.repositories.create(name, BASE)
        self.service.installation = github.apps.install(self.service.app, [self.repository])
        files = {path: text for path, text in self._files().items() if text is not None}
        github.repositories.commit(self.repository, "change", files, author="bob")
        self.pull = github.pulls.open(self.repository, "change", author="bob")
        self.others = [
            github.comments.write(self.pull, "bob", "Please have a look."),
            github.comments.write(self.pull, "eve", FORGED),
        ]
        await self._start()

    def _files(self) -> dict[str, str | bytes | None]:
        every = zip(self.paths, self.now, strict=True)
        files: dict[str, str | bytes | None] = dict.fromkeys(
            path for both in PATHS for path in both
        )
        return files | {path: VARIANTS[variant][0] for path, variant in every}

    async def _start(self, fate: Fate | None = None) -> None:
        """A new worker; what a dead one held is free, as after its lease."""
        await self.stack.aclose()
        await self._expire()
        self.fate = fate or Fate()
        self.work, self.worker = await self.stack.enter_async_context(
            mortal(self.service.settings, self.fate)
        )

    async def _take(self, step: Step) -> None:
        github = self.service.github
        match step:
            case _ if not self._is_possible(step):
                pass
            case Push():
                await asyncio.to_thread(self._push, step)
            case Say(who, text):
                records = await self._records()
                name = records[0].fingerprint[:8] if records else "0000"
                with suppress(Refused):  # Locked.
                    github.comments.write(self.pull, who, text.replace("ID", name))
            case Fail(fault, times):
                self.lied_to |= fault in LIES
                github.faults.add(**FAULTS[fault] | {"times": times})
            case Die(after, moment):
                self.fate.left, self.fate.moment = after, moment
            case Happen(what):
                await self._happen(what)
        await asyncio.sleep(0.15)

    def _push(self, step: Push) -> None:
        github = self.service.github
        self.now, self.paths = step.variants, PATHS[step.moved]
        parent = "main" if step.anew else self.pull.head_sha
        listed = self.repository.git.run("ls-tree", "-r", "--name-only", parent)
        present = set(listed.decode().split())
        files = {
            path: text
            for path, text in self._files().items()
            if text is not None or path in present
        }
        files["README.md"] = f"# Shop\n{len(github.requests)}\n"
        if self.pull.state == "open":
            onto = "main" if step.anew else None
            github.pulls.push(self.pull, files, onto=onto, author="bob")
        else:
            github.repositories.commit(self.repository, "change", files, onto=parent)

    async def _happen(self, what: str) -> None:
        match what:
            case "worker stopped":
                await self._start()
            case "valkey flushed":
                await self._flush()
            case "time passes":
                await self._flush()
                await self._pass_time()
            case "nothing":
                await asyncio.sleep(0.5)
            case _:
                # A worker whose loop stands here would keep SQLite locked for as long.
                await asyncio.to_thread(self._happen_on_github, what)

    def _happen_on_github(self, what: str) -> None:
        github, pull = self.service.github, self.pull
        match what:
            case "deliveries lost":
                github.webhooks.fail(times=2)
            case "draft" if not pull.draft:
                github.pulls.to_draft(pull)
            case "ready" if pull.draft:
                github.pulls.ready(pull)
            case "closed" if pull.state == "open":
                github.pulls.close(pull)
            case "reopened" if pull.state == "closed" and self._is_pushed():
                github.pulls.reopen(pull)
            case "locked" | "unlocked":
                github.pulls.lock(pull, locked=what == "locked")
            case "comment deleted":
                self._delete_the_last_of(pull.review_comments)
            case "summary deleted":
                self._delete_the_last_of(pull.comments)
            case _:
                self._happen_to_repository(what)

    def _happen_to_repository(self, what: str) -> None:
        github = self.service.github
        match what:
            case "base moved":
                text = f"# {len(github.requests)}\n"
                github.repositories.commit(self.repository, "main", {"NEWS.md": text})
            case "suspended":
                github.apps.suspend(self.service.installation)
            case "unsuspended":
                github.apps.unsuspend(self.service.installation)
            case "archived" | "unarchived":
                github.repositories.archive(self.repository, archived=what == "archived")
            case "repository deleted":
                github.repositories.delete(self.repository)
            case _:
                pass  # It is so already.

    def _is_possible(self, step: Step) -> bool:
        """Whether GitHub lets it happen: a repository may be read-only, or gone."""
        if self.repository.deleted:
            return isinstance(step, Fail | Die) or step in OURS
        if self.repository.archived:
            return isinstance(step, Fail | Die) or step in (*OURS, *NOT_WRITING)
        return True

    def _delete_the_last_of(self, comments: Sequence[IssueComment | ReviewComment]) -> None:
        """Alice deletes what we said last there, if we said anything."""
        for one in [one for one in comments if one.user is self.service.app.bot][-1:]:
            self.deleted.add(one.id)
            self.service.github.comments.delete(one, "alice")

    def _is_pushed(self) -> bool:
        """A branch that was pushed to while its pull request was closed."""
        return self.repository.git.branch("change") == self.pull.head_sha

    async def _calm(self) -> None:
        """GitHub and all machines are well again, people do nothing, and time passes."""
        github, service = self.service.github, self.service
        github.faults.clear()
        github.webhooks.faults.clear()
        await self._start()
        await self._flush()
        await asyncio.to_thread(self._put_right)
        await self._settle()
        if self.repository.deleted:
            return
        if (await service.row(self.pull)).paused:
            github.comments.write(self.pull, "alice", "/resume")
            await self._idle()
        if self.lied_to or self.deleted:
            github.comments.write(self.pull, "alice", "/recheck")
            await self._idle()

    def _put_right(self) -> None:
        """Let the pull request be one that can be reviewed, if it is still there."""
        github = self.service.github
        if self.service.installation.suspended_at:
            github.apps.unsuspend(self.service.installation)
        if self.repository.deleted:
            return
        if self.repository.archived:
            github.repositories.archive(self.repository, archived=False)
        if self.pull.locked:
            github.pulls.lock(self.pull, locked=False)
        if self.pull.state == "closed":
            github.pulls.reopen(self.pull)
            if not self._is_pushed():
                onto = self.repository.git.branch("change")
                github.pulls.push(self.pull, self._readme(), onto=onto)
        if self.pull.draft:
            github.pulls.ready(self.pull)

    async def _settle(self) -> None:
        for _ in range(3):
            # What waits for an installation that only seemed suspended is found by nothing else.
            await self._reconcile()
            await self._idle()

    async def _reconcile(self) -> None:
        """Now, or after the round that the worker does by itself when it starts."""
        while not await reconcile(self.work, least=timedelta(0), settle=timedelta(0)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def _readme(self) -> dict[str, str | bytes | None]:
        return {"README.md": f"# Shop\n{len(self.service.github.requests)}\n"}

    async def _idle(self) -> None:
        """Let everything be done that is due, and that will be."""
        waiting = asyncio.create_task(self.service.idle(PATIENCE))
        while not waiting.done():
            await self._pass_time()
            await sweep_up(self.work)
            await asyncio.wait([waiting], timeout=0.3)
        assert waiting.exception() is None, await self._unfinished()
        assert not self.worker.done()

    async def _unfinished(self) -> str:
        """What is still to be done, for a person to read."""
        row = await self.service.row(self.pull)
        states = await self.service.deliveries()
        waiting = {name: state for name, state in states.items() if state == "received"}
        async with self.service.database.read() as session:
            asked = [one.name for one in await commands.unfinished(session, row.id)]
        return (
            f"due {row.due_at}, leased by {row.lease_owner} until {row.leased_until}, "
            f"attempts {row.attempts}, {row.last_error!r}, deliveries {waiting}, commands {asked}, "
            f"{'all' if self.service.github.webhooks.wait(0) else 'not all'} delivered"
        )

    async def _flush(self) -> None:
        async with Redis.from_url(self.service.settings.redis_url) as redis:
            await redis.flushall()

    async def _pass_time(self) -> None:
        """What was to be done later is due."""
        past = datetime.now(UTC) - LONG
        async with self.service.database.write() as session:
            for table in (PullRequest, Delivery):
                await session.execute(
                    update(table).where(table.due_at > datetime.now(UTC)).values(due_at=past)
                )

    async def _expire(self) -> None:
        past = datetime.now(UTC) - LONG
        async with self.service.database.write() as session:
            for table in (PullRequest, Delivery, Round):
                held = table.leased_until.is_not(None)
                await session.execute(update(table).where(held).values(leased_until=past))

    async def _records(self) -> list[FindingRecord]:
        try:
            return await self.service.findings(self.pull)
        except AssertionError:
            return []  # No delivery has told of the pull request yet.

    async def _check(self) -> None:
        await self._check_findings()
        await self._check_comments()
        await self._check_summary()
        await self._check_reviews()
        assert [one.body for one in self.others] == ["Please have a look.", FORGED]
        assert {one.minimized for one in self.others} == {None}
        ended = ENDED | ({DeliveryState.FAILED} if self.lied_to else set())
        assert await self._left_of_deliveries(ended) == []

    async def _check_gone(self) -> None:
        """Of a repository that is deleted nothing is due any more, and nothing left open here."""
        async with self.service.database.read() as session:
            row = await pull_requests.find(session, self.repository.id, self.pull.number)
            home = await repositories.get(session, self.repository.id)
            left = await leftovers.open_reviews(session, row.id) if row else []
        assert home is None or home.removed_at is not None
        now = datetime.now(UTC)
        assert row is None or row.due_at is None
        assert row is None or row.leased_until is None or row.leased_until <= now
        assert left == []
        assert await self._left_of_deliveries({*ENDED, DeliveryState.FAILED}) == []

    async def _left_of_deliveries(self, ended: set[DeliveryState]) -> list[tuple[str, str | None]]:
        """What was told of this installation and has not come to such an end."""
        ours = Delivery.installation_id == self.service.installation.id
        async with self.service.database.read() as session:
            found = await session.scalars(select(Delivery).where(ours))
            return [(one.event, one.error) for one in found if one.state not in ended]

    async def _check_findings(self) -> None:
        """What is known is what stands in the code."""
        row = await self.service.row(self.pull)
        assert row.reviewed_head_sha == self.pull.head_sha
        there = {
            (rule, path)
            for path, variant in zip(self.paths, self.now, strict=True)
            for rule in VARIANTS[variant][1]
        }
        known = {
            (one.rule, one.path)
            for one in await self._records()
            if one.state is not FindingState.FIXED
        }
        fixed = {(one.rule, one.path) for one in await self._records()} - known
        assert there <= known, "something was missed"
        assert not fixed & there
        dismissed = {
            (one.rule, one.path)
            for one in await self._records()
            if one.state is FindingState.DISMISSED
        }
        assert known - there <= dismissed, "something is said that is not there"

    async def _check_comments(self) -> None:
        """One comment for a finding, at most, which says how it stands; and none besides."""
        signer = Signer(self.service.settings.marker_key, self.repository.id, self.pull.number)
        ours = [one for one in self.pull.review_comments if one.user is self.service.app.bot]
        by_key = {mark.key: one for one in ours if (mark := signer.read(one.body))}
        assert len(by_key) == len(ours), "something is said twice"
        records = {one.fingerprint: one for one in await self._records()}
        for key in set(by_key) - set(records):
            # Who said it died before it was written down, and the next head had it no more.
            assert text_of(by_key[key].body).startswith(DONE)
        for key, record in records.items():
            comment = by_key.get(key)
            if comment is None:
                assert record.comment_id is None or record.comment_id in self.deleted
            else:
                assert record.comment_id == comment.id
                closed = text_of(comment.body).startswith(DONE)
                assert closed == (record.state is not FindingState.OPEN), (closed, record.state)
                if record.state is FindingState.OPEN:
                    assert comment.minimized is None

    async def _check_summary(self) -> None:
        """One summary, in which ticks mirror the findings, and a check that says the same."""
        row, records = await self.service.row(self.pull), await self._records()
        summaries = [
            one for one in self.pull.comments if one.body.startswith("<!-- backend-expert")
        ]
        mine = [one for one in summaries if one.user is self.service.app.bot]
        mine = [one for one in mine if "## Code Review" in one.body]
        assert [one.id for one in mine] == (
            [row.summary_comment_id] if row.summary_comment_id else []
        )
        opened = [one for one in records if one.state is FindingState.OPEN]
        runs = self.service.checks(self.pull)
        last = max(runs, key=lambda run: int(run.external_id.rpartition(":")[2]))
        assert {run.status for run in self.repository.check_runs.values()} == {"completed"}
        assert last.conclusion == ("failure" if opened else "success"), last.title
        assert last.title == (f"{len(opened)} critical" if opened else "No findings")
        if mine:
            ticks = Counter(_TICKS.findall(mine[0].body))
            assert ticks[" "] == len(opened)
            assert self.pull.head_sha[:7] in mine[0].body
        else:
            assert not records

    async def _check_reviews(self) -> None:
        """No review of a head was posted twice, and none is open."""
        covers = [one.body.partition("\n")[0] for one in self.pull.reviews if one.body]
        reviews = await self.service.reviews(self.pull)
        assert {one.state for one in reviews} <= {
            ReviewState.DONE,
            ReviewState.SUPERSEDED,
            ReviewState.FAILED,
        }
        generations = Counter(covers)
        assert all(count <= 2 for count in generations.values()), generations
