"""Commits of a repository on this machine, had with a token of its installation."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from app.github.errors import PermissionMissingError
from worker.git.fetch import AuthenticationFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from app.github.repository import Repository
    from worker.work import Work

NEEDED = "contents=read"


@asynccontextmanager
async def mirrored(
    work: Work, repository: Repository, repository_id: int, *shas: str
) -> AsyncGenerator[Path]:
    """A mirror with these commits; those of a fork are had from the base repository too."""
    async with AsyncExitStack() as stack:
        yield await _fetched(stack, work, repository, repository_id, shas)


async def _fetched(
    stack: AsyncExitStack,
    work: Work,
    repository: Repository,
    repository_id: int,
    shas: Sequence[str],
) -> Path:
    url = f"{work.settings.github_url}/{repository.owner}/{repository.name}.git"
    token = await work.github.token(repository.installation_id)
    if not token.grants(NEEDED):
        token = await work.github.token(repository.installation_id, instead_of=token.token)
    if not token.grants(NEEDED):
        raise PermissionMissingError("The code cannot be read.", needed=NEEDED)
    try:
        fetched = work.mirrors.fetched(url, repository_id, shas, token.token)
        return await stack.enter_async_context(fetched)
    except AuthenticationFailedError:
        token = await work.github.token(repository.installation_id, instead_of=token.token)
    fetched = work.mirrors.fetched(url, repository_id, shas, token.token)
    return await stack.enter_async_context(fetched)
