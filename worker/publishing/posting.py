"""Posting what was never said: one review, and less prominent places for what GitHub refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.github import comments, pulls, reviews
from app.github.errors import (
    AmbiguousError,
    PermissionMissingError,
    UnprocessableError,
)
from worker.publishing.live import first_and_rest, ours
from worker.publishing.placement import commentable
from worker.publishing.standing import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.github.comments import ReviewComment
    from rules.core.findings import Finding
    from worker.publishing.drafts import Author, Draft
    from worker.publishing.markers import Mark
    from worker.publishing.standing import Target
    from worker.publishing.writer import Writer

CHUNK = 25
"""Comments in one review; GitHub fails half-way through much larger ones."""
TRIES = 2
"""How often a review is sent whose fate is uncertain."""


class HeadMovedError(Exception):
    """The pull request has another head than the one that was reviewed."""


def granting(error: PermissionMissingError, otherwise: str) -> str:
    """What the owner has to do about a missing permission."""
    needed = error.needed.replace("_", " ").replace("=", ": ")
    return f"the installation must grant {needed or otherwise}"


@dataclass(slots=True)
class Posting:
    """Posts drafts for one head and remembers where each finding went."""

    target: Target
    writer: Writer
    author: Author
    user_id: int | None = None
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    comment_ids: dict[str, int] = field(default_factory=dict[str, int])
    outdated: set[str] = field(default_factory=set[str])
    review_ids: list[int] = field(default_factory=list[int])
    notes: list[str] = field(default_factory=list[str])

    async def review(self, drafts: Sequence[Draft], body: str) -> None:
        """Post inline comments, in as few reviews as GitHub takes."""
        for start in range(0, len(drafts), CHUNK):
            await self._send(drafts[start : start + CHUNK], body)

    async def on_file(self, draft: Draft) -> None:
        """Post a comment on a whole file; if that is refused too, the check says it."""
        repository, number = self.target.repository, self.target.number
        try:
            posted = await self.writer.make(
                lambda: comments.on_file(repository, number, self.target.head_sha, draft.comment),
                lambda: self._find(draft.mark),
            )
        except UnprocessableError as error:
            self.notes.append(f"GitHub refused a comment on a file: {error.messages[0]}")
            self.give_up(draft.findings)
        except PermissionMissingError as error:
            self._may_not(error)
            self.give_up(draft.findings)
        else:
            self._posted(draft, posted.id, Place.FILE)

    def give_up(self, findings: Iterable[Finding]) -> None:
        """Leave findings to the check run, whose annotations fit any line."""
        self.places |= dict.fromkeys((f.fingerprint for f in findings), Place.CHECK)

    async def _send(
        self, drafts: Sequence[Draft], body: str, *, tries: int = TRIES, fresh: bool = False
    ) -> None:
        """Post one review; `fresh` says that its lines were checked against GitHub just now."""
        if not drafts:
            return
        target = self.target
        made = [draft.comment for draft in drafts]
        try:
            review = await reviews.create(
                target.repository, target.number, target.head_sha, body, made
            )
        except AmbiguousError:
            if tries <= 1:
                raise
            rest = await self._adopt(drafts)
            await self._send(rest, body, tries=tries - 1, fresh=fresh)
        except UnprocessableError as error:
            await self._refused(drafts, body, error, fresh=fresh)
        except PermissionMissingError as error:
            self._may_not(error)
            self.give_up(finding for draft in drafts for finding in draft.findings)
        else:
            self.review_ids.append(review.id)
            await self._learn(drafts, review.id)

    async def _learn(self, drafts: Sequence[Draft], review_id: int) -> None:
        """Find out which ids the comments of a review got."""
        target = self.target
        listed = await reviews.comments_of(target.repository, target.number, review_id)
        by_mark = {self.author.signer.read(one.body): one.id for one in listed}
        for draft in drafts:
            self._posted(draft, by_mark.get(draft.mark), Place.INLINE)

    async def _adopt(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Take over what was stored after all; what is left was not."""
        await self.writer.wait()
        live = await self._live()
        for draft in drafts:
            if draft.mark in live:
                self._posted(draft, live[draft.mark], Place.INLINE)
        return [draft for draft in drafts if draft.mark not in live]

    async def _refused(
        self, drafts: Sequence[Draft], body: str, error: UnprocessableError, *, fresh: bool
    ) -> None:
        """One bad comment refuses all of them, and GitHub does not say which."""
        if any("pending review" in message for message in error.messages):
            await self._delete_pending()
            return await self._send(drafts, body, tries=1, fresh=True)
        if not fresh:
            rest = await self._still_fitting(drafts)
            return await self._send(rest, body, fresh=True)
        if len(drafts) == 1:
            return await self._degrade(drafts[0])
        half = len(drafts) // 2
        await self._send(drafts[:half], body, fresh=True)
        await self._send(drafts[half:], body, fresh=True)
        return None

    async def _still_fitting(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The drafts whose lines are in the diff as it is now; the others go to their files."""
        target = self.target
        pull = await pulls.read(target.repository, target.number)
        if pull.head.sha != target.head_sha:
            raise HeadMovedError(pull.head.sha)
        listed = await pulls.files(target.repository, target.number, pull.changed_files)
        lines = commentable(listed.files)
        fitting: list[Draft] = []
        for draft in drafts:
            at = draft.comment
            first, last = at.start_line or at.line or 0, at.line or 0
            if any(h.start <= first <= last <= h.end for h in lines.get(at.path, ())):
                fitting.append(draft)
            else:
                await self._degrade(draft)
        return fitting

    async def _degrade(self, draft: Draft) -> None:
        group, path = draft.mark.kind == "group", draft.comment.path
        await self.on_file(self.author.on_file(draft.findings, group=group, path=path))

    async def _delete_pending(self) -> None:
        """A pending review of ours, left by a crash, blocks every further one."""
        target = self.target
        for review in await reviews.listed(target.repository, target.number):
            if review.state == "PENDING" and review.user and review.user.id == await self._me():
                await self.writer.again(
                    lambda one=review: reviews.delete_pending(
                        target.repository, target.number, one.id
                    )
                )

    async def _find(self, mark: Mark) -> ReviewComment | None:
        me = await self._me()
        listed = await comments.on_lines(self.target.repository, self.target.number)
        signer = self.author.signer
        mine = (one for one in listed if one.user and one.user.id == me)
        return next((one for one in mine if signer.read(one.body) == mark), None)

    async def _live(self) -> dict[Mark, int]:
        listed = await comments.on_lines(self.target.repository, self.target.number)
        first, _ = first_and_rest(ours(listed, self.author.signer, await self._me()))
        return {mark: one.id for mark, one in first.items()}

    async def _me(self) -> int:
        if self.user_id is None:
            repository = self.target.repository
            identity = await repository.app.identity(repository.installation_id)
            self.user_id = identity.user_id
        return self.user_id

    def _posted(self, draft: Draft, comment_id: int | None, place: Place) -> None:
        for finding in draft.findings:
            self.places[finding.fingerprint] = place
            if comment_id is not None:
                self.comment_ids[finding.fingerprint] = comment_id

    def _may_not(self, error: PermissionMissingError) -> None:
        note = f"Comments could not be posted: {granting(error, 'pull requests: write')}."
        if note not in self.notes:
            self.notes.append(note)
