"""Make a pull request say what a review found, whatever stands there already.

Pure modules decide (`reconcile`, `placement`, `drafts`, `fates`, `wording`), thin ones write
(`posting`, `folding`, `sticky`, `check`); `publication` puts them in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github.checks import Report
from app.github.errors import GoneError, NotFoundError, TerminalError
from rules import docs
from rules.core.render import Links
from worker.publishing.check import Check
from worker.publishing.drafts import Author
from worker.publishing.fates import heard
from worker.publishing.markers import Signer
from worker.publishing.posting import HeadMovedError
from worker.publishing.publication import Publication
from worker.publishing.standing import Outcome, Published
from worker.publishing.writer import SETTLE, Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.github.checks import Conclusion
    from rules.core.change import Hunk
    from rules.core.config import Config
    from rules.core.findings import Review
    from worker.publishing.standing import Standing, Target

SUPERSEDED = "Superseded by a newer commit"
CLOSED = "The pull request is closed or gone"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes reviews; one serves every installation.

    Every method can be repeated after a crash at any point and ends in the same state. All
    raise the errors of `app.github.errors`; the ones a caller acts on are `RateLimitedError`
    (defer until `retry_at`), `TransientError` and `AmbiguousError` (retry with
    `Standing.uncertain`), `SuspendedError` (park the installation).

    `key` signs the markers (`Settings.marker_key`); `github_url` is where people see GitHub.
    """

    key: bytes
    public_url: str | None = None
    github_url: str = "https://github.com"
    settle: float = SETTLE

    async def start_check(self, target: Target, *, uncertain: bool = False) -> int | None:
        """The id of a check run in progress on the head; None where checks are not permitted.

        With `uncertain` (an earlier attempt began) a check run of this generation is looked for
        before one is made.
        """
        return await Check(target, self._writer).start(uncertain=uncertain)

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
        commit or the repository is gone; `ArchivedError` is raised when it may come back.
        """
        if check_run_id is None:
            return
        report = Report(conclusion=conclusion, title=title, summary=text or title)
        try:
            await Check(target, self._writer).conclude(check_run_id, report, uncertain=False)
        except (GoneError, NotFoundError):
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
        `worker.publishing.placement.commentable`). The head is read again first: if it moved, or the pull
        request was closed, nothing is posted, the check is concluded as skipped, and the outcome
        says so. A locked conversation leaves everything to the check.
        """
        publication = Publication(
            target,
            self.author(target),
            self._writer,
            heard(review, config),
            config,
            standing,
            f"{self.repository_url(target)}/pull/{target.number}",
        )
        try:
            return await publication.publish(commentable, check_run_id)
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

    @property
    def _writer(self) -> Writer:
        return Writer(self.settle)
