"""The check run of a review: in progress at its start, concluded when all else is posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import checks
from app.github.errors import (
    AmbiguousError,
    NotFoundError,
    PermissionMissingError,
    UnprocessableError,
)

if TYPE_CHECKING:
    from app.github.checks import CheckRun, Report
    from worker.publishing.standing import Target
    from worker.publishing.writer import Writer

NAME = "Backend Expert"


@dataclass(frozen=True, slots=True)
class Check:
    """The check run on the head of one target."""

    target: Target
    writer: Writer

    async def start(self, *, uncertain: bool, details_url: str | None = None) -> int | None:
        """The id of a check run in progress; None where it is not permitted or the head is gone."""
        target = self.target
        try:
            if uncertain and (found := await self._find()):
                return found.id
            run = await self.writer.make(
                lambda: checks.start(
                    target.repository, target.head_sha, NAME, self._external_id(), details_url
                ),
                self._find,
            )
        except (PermissionMissingError, UnprocessableError):
            return None
        return run.id

    async def conclude(self, check_run_id: int, report: Report, *, uncertain: bool) -> None:
        """Send the annotations in batches, then the conclusion with the last of them.

        Annotations are appended, so after an uncertain request the ones that arrived are counted.
        """
        try:
            if uncertain:
                await self._conclude(check_run_id, report, await self._arrived(check_run_id))
            else:
                await self._conclude(check_run_id, report, 0)
        except AmbiguousError:
            await self.writer.wait()
            await self._conclude(check_run_id, report, await self._arrived(check_run_id))
        except (NotFoundError, PermissionMissingError):
            return  # The head is gone or checks are no longer granted; nobody waits for it.

    async def _conclude(self, check_run_id: int, report: Report, arrived: int) -> None:
        repository = self.target.repository
        left = report.annotations[arrived:]
        while len(left) > checks.BATCH:
            batch, left = left[: checks.BATCH], left[checks.BATCH :]
            await checks.annotate(repository, check_run_id, report, batch)
        await checks.conclude(repository, check_run_id, report, left)

    async def _arrived(self, check_run_id: int) -> int:
        run = await checks.read(self.target.repository, check_run_id)
        return run.output.annotations_count

    async def _find(self) -> CheckRun | None:
        """The check run that an earlier attempt of this very review made."""
        repository = self.target.repository
        app_id = (await repository.app.identity(repository.installation_id)).app_id
        listed = await checks.listed(repository, self.target.head_sha, NAME)
        wanted = self._external_id()
        mine = (run for run in listed if run.app and run.app.id == app_id)
        return next((run for run in mine if run.external_id == wanted), None)

    def _external_id(self) -> str:
        """`check_run` events of forks name no pull request; this does."""
        target = self.target
        return f"{target.repository_id}:{target.number}:{target.head_sha}:{target.generation}"
