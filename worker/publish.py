"""Make a pull request say what a review found, whatever stands there already.

Pure modules decide (`reconcile`, `placement`, `drafts`, `fates`), thin ones write (`posting`,
`folding`, `sticky`, `check`); here they are put in order.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import checks, comments, pulls
from app.github.errors import PermissionMissingError, TerminalError
from rules import docs
from rules.core import check_run
from rules.core.assessment import many
from rules.core.render import Links
from rules.core.summary import component_of, summary
from worker.check import Check
from worker.drafts import Author
from worker.fates import assess, fates, heard
from worker.folding import Folding
from worker.live import first_and_rest, ours
from worker.markers import Mark, Signer
from worker.placement import place
from worker.posting import HeadMovedError, Posting
from worker.reconcile import Reconciler, by_fingerprint, members, sort
from worker.standing import Outcome, Place, Published
from worker.sticky import MARK, Sticky
from worker.writer import SETTLE, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.github.checks import Conclusion
    from app.github.comments import Comment
    from rules.core.assessment import Assessment
    from rules.core.change import Hunk
    from rules.core.config import Config
    from rules.core.findings import Review
    from worker.live import Live
    from worker.pacing import Pacer
    from worker.standing import Known, Standing, Target

SUPERSEDED = "Superseded by a newer commit"
CLOSED = "The pull request is closed"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes reviews; one serves every installation.

    Every method can be repeated after a crash at any point and ends in the same state. All
    raise the errors of `app.github.errors`; the ones a caller acts on are `RateLimitedError`
    (defer until `retry_at`), `TransientError` and `AmbiguousError` (retry with
    `Standing.uncertain`), `SuspendedError` (park the installation).

    `key` signs the markers (`Settings.marker_key`); `github_url` is where people see GitHub.
    """

    pacer: Pacer
    key: bytes
    public_url: str | None = None
    github_url: str = "https://github.com"
    settle: float = SETTLE

    async def start_check(self, target: Target, *, uncertain: bool = False) -> int | None:
        """The id of a check run in progress on the head; None where checks are not permitted.

        With `uncertain` (an earlier attempt began) a check run of this generation is looked for
        before one is made.
        """
        return await Check(target, self._writer(target)).start(uncertain=uncertain)

    async def conclude(
        self,
        target: Target,
        check_run_id: int | None,
        conclusion: Conclusion,
        title: str,
        text: str,
    ) -> None:
        """Conclude a check for which there is no review: skipped, superseded, failed.

        `text` is Markdown for the Checks tab. Nothing happens without a check run, or when the
        commit or the repository is gone.
        """
        if check_run_id is None:
            return
        report = checks.Report(conclusion=conclusion, title=title, summary=text or title)
        try:
            await Check(target, self._writer(target)).conclude(
                check_run_id, report, uncertain=False
            )
        except TerminalError:
            return

    async def publish(
        self,
        target: Target,
        review: Review,
        config: Config,
        commentable: Mapping[str, tuple[Hunk, ...]],
        standing: Standing,
        check_run_id: int | None,
    ) -> Published:
        """Post the review, the summary and the conclusion of the check, in this order.

        `commentable` has the hunks that GitHub shows of each changed file, by path (see
        `worker.placement.commentable`). The head is read again first: if it moved, or the pull
        request was closed or locked, nothing is posted, the check is concluded as skipped, and
        the outcome says so.
        """
        run = _Run(self, target, heard(review, config), config, standing, check_run_id)
        try:
            return await run.publish(commentable)
        except HeadMovedError:
            await self.conclude(target, check_run_id, "skipped", SUPERSEDED, "")
            return Published(Outcome.SUPERSEDED, standing.known, standing.summary_comment_id)
        except TerminalError:
            await self.conclude(target, check_run_id, "skipped", CLOSED, "")
            return Published(Outcome.CLOSED, standing.known, standing.summary_comment_id)

    def author(self, target: Target) -> Author:
        """Who writes the texts for a pull request."""
        links = Links(self.public_url, self.repository_url(target), target.head_sha, docs.why)
        return Author(Signer(self.key, target.repository_id, target.number), links)

    def repository_url(self, target: Target) -> str:
        """The page of the repository."""
        return f"{self.github_url}/{target.repository.owner}/{target.repository.name}"

    def _writer(self, target: Target) -> Writer:
        return Writer(self.pacer, target.repository.installation_id, self.settle)


class _Run:
    """One attempt to publish one review."""

    def __init__(
        self,
        publisher: Publisher,
        target: Target,
        review: Review,
        config: Config,
        standing: Standing,
        check_run_id: int | None,
    ) -> None:
        self.publisher = publisher
        self.target = target
        self.review = review
        self.config = config
        self.standing = standing
        self.check_run_id = check_run_id
        self.author = publisher.author(target)
        self.writer = Writer(publisher.pacer, target.repository.installation_id, publisher.settle)
        self.posting = Posting(target, self.writer, self.author)
        self.sticky = Sticky(target, self.writer, self.author.signer)

    async def publish(self, commentable: Mapping[str, tuple[Hunk, ...]]) -> Published:
        """Everything in order; see `Publisher.publish`."""
        _, live, current = await asyncio.gather(
            self._look_at_the_head(), self._live(), self._current_summary()
        )
        await self._say(live, commentable, current)
        known = fates(
            self.review,
            self.standing,
            self.target.head_sha,
            self.posting.places,
            self.posting.comment_ids,
        )
        summary_id = await self._summarise(known, commentable, current)
        await self._conclude(known)
        return Published(
            Outcome.POSTED,
            known,
            summary_id,
            tuple(self.posting.review_ids),
            tuple(self.posting.notes),
        )

    async def _look_at_the_head(self) -> None:
        pull = await pulls.read(self.target.repository, self.target.number)
        if pull.state != "open" or pull.locked or pull.archived:
            raise TerminalError("The pull request takes no more comments.")
        if pull.head.sha != self.target.head_sha:
            raise HeadMovedError(pull.head.sha)

    async def _live(self) -> tuple[Live, ...]:
        """Our comments as they stand; a first review need not look."""
        if not (self.standing.known or self.standing.uncertain):
            return ()
        repository = self.target.repository
        identity, listed = await asyncio.gather(
            repository.app.identity(repository.installation_id),
            comments.on_lines(repository, self.target.number),
        )
        self.posting.user_id = identity.user_id
        return ours(listed, self.author.signer, identity.user_id)

    async def _current_summary(self) -> Comment | None:
        return await self.sticky.find(
            self.standing.summary_comment_id, search=self.standing.uncertain
        )

    async def _say(
        self,
        live: Iterable[Live],
        commentable: Mapping[str, tuple[Hunk, ...]],
        current: Comment | None,
    ) -> None:
        """Bring the comments on lines and files to what the review found."""
        first, repeated = first_and_rest(live)
        found = sort(self.review, self.standing, first)
        grouped = {mark.key for mark in first if mark.kind == "group"}
        placement = place(found.fresh, commentable, self.config, grouped)
        for finding in placement.joining:
            found.said[finding.fingerprint] = first[Mark("group", finding.rule)]
        self._remember(found.said, found.stays)
        self.posting.give_up(placement.check)
        drafts = [self.author.inline(spot) for spot in placement.inline]
        await self.posting.review(
            drafts, self._cover(sum(len(d.findings) for d in drafts), current)
        )
        for finding in placement.on_files:
            await self.posting.on_file(self.author.on_file((finding,)))
        await self._change(first, repeated, found.said)

    async def _change(
        self, first: Mapping[Mark, Live], repeated: Iterable[Live], said: Mapping[str, Live]
    ) -> None:
        reconciler = Reconciler(
            self.author,
            self.review,
            by_fingerprint(self.standing),
            members(self.review, said),
            self.standing.uncertain,
        )
        folding = Folding(self.target, self.writer)
        await folding.delete(repeated)
        await folding.apply(reconciler.edits(first.values()))

    def _remember(self, said: Mapping[str, Live], stays: Mapping[str, Place]) -> None:
        self.posting.places |= stays
        for key, live in said.items():
            self.posting.places[key] = Place.FILE if live.on_file else Place.INLINE
            self.posting.comment_ids[key] = live.id

    def _cover(self, count: int, current: Comment | None) -> str:
        """The body of the review, which GitHub wants; the summary says the rest."""
        mark = Mark("review", f"{self.target.head_sha[:12]}.{self.target.generation}")
        told = f"{many(count, 'new finding')} at {self.author.links.commit(self.target.head_sha)}."
        if current is not None:
            told += f" See the [summary]({self._pull_url()}#issuecomment-{current.id})."
        return f"{self.author.signer.marker(mark)}\n{told}"

    async def _summarise(
        self, known: tuple[Known, ...], paths: Iterable[str], current: Comment | None
    ) -> int | None:
        """The id of the summary, if there is one."""
        silent = self.config.summary == "findings" and not known and current is None
        if self.config.summary == "off" or silent:
            return current.id if current else None
        python = [path for path in paths if path.endswith(".py")]
        marker = self.author.signer.marker(MARK)
        body = summary(
            self._assessment(known), component_of(python or paths), self.author.links, marker=marker
        )
        try:
            return await self.sticky.say(body, current)
        except PermissionMissingError as error:
            needed = error.needed.replace("_", " ").replace("=", ": ") or "issues: write"
            self.posting.notes.append(
                f"The summary is missing: the installation must grant {needed}."
            )
            return None

    async def _conclude(self, known: tuple[Known, ...]) -> None:
        """The check comes last, so that it is never green before the review stands there."""
        if self.check_run_id is None:
            return
        run = check_run.check_run(self._assessment(known), self.author.links)
        annotated = [one for one in known if one.place is Place.CHECK and one.state.value == "open"]
        notes = "".join(f"\n\n⚠️ {note}" for note in self.posting.notes)
        report = checks.Report(
            conclusion=run.conclusion,
            title=run.title,
            summary=run.summary[: check_run.LIMIT - len(notes)] + notes,
            annotations=tuple(_annotation(one) for one in annotated),
        )
        check = Check(self.target, self.writer)
        await check.conclude(self.check_run_id, report, uncertain=self.standing.uncertain)

    def _assessment(self, known: tuple[Known, ...]) -> Assessment:
        return assess(self.review, known, self.config, self._pull_url())

    def _pull_url(self) -> str:
        return f"{self.publisher.repository_url(self.target)}/pull/{self.target.number}"


def _annotation(one: Known) -> checks.Annotation:
    made = check_run.annotation(one.finding)
    return checks.Annotation(
        path=made.path,
        start_line=made.start_line,
        end_line=made.end_line,
        annotation_level=made.annotation_level,
        title=made.title,
        message=made.message,
    )
