"""Make a pull request say what a review found, whatever stands there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.core.change import Hunk
    from rules.core.config import Config
    from rules.core.findings import Review
    from worker.standing import Published, Standing, Target


class Publisher:
    """Publishes reviews; one serves every installation.

    Every method can be repeated after a crash at any point and ends in the same state. All
    raise the errors of `app.github.errors`; the ones a caller acts on are `RateLimitedError`
    (defer until `retry_at`), `TransientError` and `AmbiguousError` (retry with
    `Standing.uncertain`), `SuspendedError` (park the installation).
    """

    async def start_check(self, target: Target, *, uncertain: bool = False) -> int | None:
        """The id of a check run in progress on the head; None where checks are not permitted.

        With `uncertain` (an earlier attempt began) a check run of this generation is looked for
        before one is made.
        """
        raise NotImplementedError

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
        `worker.patches.commentable`). The head is read again first: if it moved, or the pull
        request was closed or locked, nothing is posted and the outcome says so.
        """
        raise NotImplementedError

    async def conclude(
        self, target: Target, check_run_id: int | None, conclusion: str, title: str, text: str
    ) -> None:
        """Conclude a check for which there is no review: skipped, superseded, failed.

        `conclusion` is one of GitHub's: `skipped`, `neutral`, `failure`, `cancelled`, `timed_out`.
        """
        raise NotImplementedError
