"""One attempt to publish one review: everything in its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.github import comments, pulls
from app.github.errors import LockedError, PermissionMissingError, TerminalError
from worker.publishing.check import Check
from worker.publishing.fates import assess, fates
from worker.publishing.folding import Folding
from worker.publishing.following import renamed
from worker.publishing.live import first_and_rest, ours
from worker.publishing.markers import Mark
from worker.publishing.placement import place
from worker.publishing.posting import HeadMovedError, Posting, granting
from worker.publishing.reconcile import Reconciler, by_fingerprint, happened, members, sort
from worker.publishing.standing import Outcome, Place, Published
from worker.publishing.sticky import Sticky
from worker.publishing.wording import cover, report, summary_body
from worker.work import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.github.comments import Comment
    from rules.core.change import Hunk
    from rules.core.config import Config
    from rules.core.findings import Review
    from rules.core.report.assessment import Assessment
    from worker.publishing.drafts import Author
    from worker.publishing.live import Live
    from worker.publishing.standing import Known, Standing, Target
    from worker.publishing.writer import Writer

LOCKED = "The conversation is locked, so nothing could be said there."


@dataclass(slots=True)
class Publication:
    """A review, the pull request that shall say it, and what stands there."""

    target: Target
    author: Author
    writer: Writer
    review: Review
    config: Config
    standing: Standing
    pull_url: str
    posting: Posting = field(init=False)
    sticky: Sticky = field(init=False)
    votes: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])

    def __post_init__(self) -> None:
        self.posting = Posting(self.target, self.writer, self.author)
        self.sticky = Sticky(self.target, self.writer, self.author.signer)

    async def publish(
        self, commentable: Mapping[str, tuple[Hunk, ...]], check_run_id: int | None
    ) -> Published:
        """Comments first, then the summary that links to them, the check last.

        So the check is never green before the review stands there.
        """
        try:
            live, current = await self._look()
            if happened(self.review):
                await self._say(live, commentable, current)
            known = self._known()
            summary_id = await self._summarise(known, commentable, current)
        except LockedError:
            known, summary_id = self._leave_to_the_check(), self.standing.summary_comment_id
        await self._conclude(known, check_run_id)
        posting = self.posting
        reviews, notes = tuple(posting.review_ids), tuple(posting.notes)
        return Published(Outcome.POSTED, known, summary_id, reviews, notes, self.votes)

    def _leave_to_the_check(self) -> tuple[Known, ...]:
        """A locked conversation takes no comment, but the check still gates the merge."""
        known = by_fingerprint(self.standing)
        self.posting.notes.append(LOCKED)
        for finding in self.review.findings:
            key = finding.fingerprint
            before = known.get(key)
            if before and before.comment_id:
                self.posting.places.setdefault(key, before.place or Place.INLINE)
                self.posting.comment_ids.setdefault(key, before.comment_id)
            elif key not in self.posting.places:
                self.posting.give_up([finding])
        return self._known()

    async def _conclude(self, known: tuple[Known, ...], check_run_id: int | None) -> None:
        if check_run_id is None:
            return
        ending = report(self.author, self._assessment(known), known, self.posting.notes)
        check = Check(self.target, self.writer)
        await check.conclude(check_run_id, ending, uncertain=self.standing.uncertain)

    async def _look(self) -> tuple[tuple[Live, ...], Comment | None]:
        """What stands there, read side by side with the head."""
        standing = self.standing
        async with together() as group:
            group.create_task(self._look_at_the_head())
            live = group.create_task(self._live())
            current = group.create_task(
                self.sticky.find(standing.summary_comment_id, search=standing.uncertain)
            )
        return live.result(), current.result()

    async def _look_at_the_head(self) -> None:
        pull = await pulls.read(self.target.repository, self.target.number)
        if pull.state != "open" or pull.archived:
            raise TerminalError("The pull request takes no more comments.")
        if pull.head.sha != self.target.head_sha:
            raise HeadMovedError(pull.head.sha)
        if pull.locked:
            raise LockedError(LOCKED)

    async def _live(self) -> tuple[Live, ...]:
        """Our comments as they stand; a first review need not look."""
        standing = self.standing
        if not (standing.known or standing.uncertain or standing.unrecorded):
            return ()
        repository = self.target.repository
        async with together() as group:
            identity = group.create_task(repository.app.identity(repository.installation_id))
            listed = group.create_task(comments.on_lines(repository, self.target.number))
        self.posting.user_id = identity.result().user_id
        mine = ours(listed.result(), self.author.signer, identity.result().user_id)
        live = renamed(mine, standing)
        self.votes = {one.id: one.votes for one in live}
        return live

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
        placement = place(found.fresh, commentable, self.config, grouped, self.standing.demoted)
        for finding in placement.joining:
            found.said[finding.fingerprint] = first[Mark("group", finding.rule)]
        self._remember(found.said, found.stays)
        self.posting.give_up(placement.check)
        drafts = [self.author.inline(spot) for spot in placement.inline]
        link = f"{self.pull_url}#issuecomment-{current.id}" if current else None
        body = cover(self.author, drafts, self.target.generation, link)
        await self.posting.review(drafts, body)
        for finding in placement.on_files:
            await self.posting.on_file(self.author.on_file((finding,)))
        await self._change(first, repeated, found.said)

    def _remember(self, said: Mapping[str, Live], stays: Mapping[str, Place]) -> None:
        self.posting.places |= stays
        for key, live in said.items():
            self.posting.places[key] = Place.FILE if live.on_file else Place.INLINE
            self.posting.comment_ids[key] = live.id
            if live.outdated:
                self.posting.outdated.add(key)

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

    def _known(self) -> tuple[Known, ...]:
        posting = self.posting
        return fates(
            self.review,
            self.standing,
            self.target.head_sha,
            posting.places,
            posting.comment_ids,
            posting.outdated,
        )

    async def _summarise(
        self, known: tuple[Known, ...], paths: Iterable[str], current: Comment | None
    ) -> int | None:
        """The id of the summary, if there is one."""
        quiet = not happened(self.review) or (self.config.summary == "findings" and not known)
        if self.config.summary == "off" or (quiet and current is None):
            return current.id if current else None
        body = summary_body(self.author, self._assessment(known), paths)
        try:
            return await self.sticky.say(body, current)
        except PermissionMissingError as error:
            self.posting.notes.append(
                f"The summary could not be written: {granting(error, 'issues: write')}."
            )
            return current.id if current else None

    def _assessment(self, known: tuple[Known, ...]) -> Assessment:
        return assess(self.review, known, self.config, self.pull_url)
