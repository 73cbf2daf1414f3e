"""Changing the comments that stand: their text, folded away or not, their thread resolved or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import comments, threads
from app.github.errors import (
    NotFoundError,
    PermissionMissingError,
    UnprocessableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.github.threads import Action
    from worker.publishing.drafts import Edit
    from worker.publishing.live import Live
    from worker.publishing.standing import Target
    from worker.publishing.writer import Writer


@dataclass(frozen=True, slots=True)
class Folding:
    """Applies edits to one pull request. Everything here has the same effect twice as once."""

    target: Target
    writer: Writer

    async def apply(self, edits: Sequence[Edit]) -> None:
        """Edit, then fold and resolve what is gone, unfold what is back."""
        for edit in edits:
            if edit.body.strip() != edit.live.body.strip():
                await self._edit(edit)
        await self._fold([edit.live for edit in edits if edit.fold is True], "minimize", "resolve")
        await self._fold(
            [edit.live for edit in edits if edit.fold is False], "unminimize", "unresolve"
        )

    async def delete(self, repeated: Iterable[Live]) -> None:
        """Delete comments of ours that say again what an older one says, if nobody answered."""
        for live in repeated:
            if live.replied:
                continue
            try:
                await self.writer.again(
                    lambda one=live: comments.delete(self.target.repository, "pulls", one.id)
                )
            except (NotFoundError, PermissionMissingError):
                continue

    async def _edit(self, edit: Edit) -> None:
        repository, live = self.target.repository, edit.live
        try:
            await self.writer.again(lambda: comments.edit(repository, "pulls", live.id, edit.body))
        except (NotFoundError, PermissionMissingError):
            return  # Deleted meanwhile, or not ours to change any more; the summary has it right.

    async def _fold(self, lives: Sequence[Live], fold: Action, settle: Action) -> None:
        """Cosmetic: what GitHub does not let us do here must not fail the review."""
        if not lives:
            return
        repository = self.target.repository
        nodes = [live.node_id for live in lives]
        try:
            await self.writer.again(lambda: threads.act(repository, fold, nodes))
            if (await repository.app.token(repository.installation_id)).may_write("contents"):
                await self._settle(lives, settle)
        except (NotFoundError, PermissionMissingError, UnprocessableError):
            return

    async def _settle(self, lives: Sequence[Live], settle: Action) -> None:
        repository = self.target.repository
        wanted = {live.id for live in lives}
        listed = await threads.listed(repository, self.target.number)
        nodes = [
            thread.id
            for thread in listed
            if thread.comment_id in wanted and thread.resolved is (settle == "unresolve")
        ]
        if nodes:
            await self.writer.again(lambda: threads.act(repository, settle, nodes))
