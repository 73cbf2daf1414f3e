"""What a person may do in a repository."""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel

from app.github.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.github.repository import Repository

KEPT = 60.0
"""Seconds for which an answer about a person is believed."""


class Permission(enum.StrEnum):
    """GitHub's levels, least first (`maintain` is told as write, `triage` as read)."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class PermissionAnswer(BaseModel):
    """What we read of `GET /collaborators/{login}/permission`."""

    permission: str


class Permissions:
    """Answers about people, each kept for a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[tuple[int, str, str, str], tuple[float, Permission]] = {}

    async def of(self, repository: Repository, login: str) -> Permission:
        """The permission of a person; `NONE` for who is no collaborator.

        Raises when GitHub cannot say.
        """
        key = (repository.installation_id, repository.owner, repository.name, login.lower())
        kept = self._answers.get(key)
        if kept and kept[0] > self._clock():
            return kept[1]
        permission = await _ask(repository, login)
        self._forget_old()
        self._answers[key] = (self._clock() + KEPT, permission)
        return permission

    def _forget_old(self) -> None:
        now = self._clock()
        self._answers = {key: kept for key, kept in self._answers.items() if kept[0] > now}


async def permission(repository: Repository, login: str) -> Permission:
    """What a person may do, asked at most once a minute; raises when GitHub cannot say."""
    return await repository.app.permissions.of(repository, login)


async def _ask(repository: Repository, login: str) -> Permission:
    path = f"/collaborators/{quote(login, safe='')}/permission"
    try:
        answer = await repository.call("GET", path)
    except NotFoundError:
        return Permission.NONE
    word = PermissionAnswer.model_validate(answer.data).permission
    return Permission(word) if word in set(Permission) else Permission.NONE
