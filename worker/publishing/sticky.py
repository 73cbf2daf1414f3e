"""The summary: one comment in the conversation, edited in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import comments
from app.github.errors import NotFoundError, TerminalError
from worker.publishing.live import is_ours
from worker.publishing.wording import SUMMARY

if TYPE_CHECKING:
    from app.github.comments import Comment
    from worker.publishing.markers import Signer
    from worker.publishing.standing import Target
    from worker.publishing.writer import Writer


@dataclass(frozen=True, slots=True)
class Sticky:
    """The summary comment of one pull request."""

    target: Target
    writer: Writer
    signer: Signer

    async def find(self, comment_id: int | None, *, search: bool) -> Comment | None:
        """The comment as it stands, if it stands and is ours.

        `search` looks through the conversation when the id leads nowhere.
        """
        if comment_id is not None:
            try:
                found = await comments.read(self.target.repository, comment_id)
            except TerminalError:
                found = None
            if found is not None and await self._is_ours(found):
                return found
            search = True
        return await self._search() if search else None

    async def say(self, body: str, current: Comment | None) -> int:
        """Make the comment say this, and give its id. One that was deleted is made again, once."""
        if current is not None and current.body.strip() == body.strip():
            return current.id
        if current is not None and await self._edited(current.id, body):
            return current.id
        repository, number = self.target.repository, self.target.number
        made = await self.writer.make(lambda: comments.say(repository, number, body), self._search)
        return made.id

    async def _edited(self, comment_id: int, body: str) -> bool:
        repository = self.target.repository
        try:
            await self.writer.again(lambda: comments.edit(repository, "issues", comment_id, body))
        except NotFoundError:
            return False
        return True

    async def _search(self) -> Comment | None:
        listed = await comments.conversation(self.target.repository, self.target.number)
        for comment in listed:
            if await self._is_ours(comment):
                return comment
        return None

    async def _is_ours(self, comment: Comment) -> bool:
        if self.signer.read(comment.body) != SUMMARY:
            return False
        repository = self.target.repository
        identity = await repository.app.identity(repository.installation_id)
        return is_ours(comment, SUMMARY, self.signer, identity.user_id)
