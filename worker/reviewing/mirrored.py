"""Commits of a repository on this machine, had with a token of its installation."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from app.github.repository import Repository
    from worker.work import Work


@asynccontextmanager
async def mirrored(
    work: Work, repository: Repository, repository_id: int, *shas: str
) -> AsyncGenerator[Path]:
    """A mirror with these commits; those of a fork are had from the base repository too."""
    token = await work.github.token(repository.installation_id)
    url = f"{work.settings.github_url}/{repository.owner}/{repository.name}.git"
    async with work.mirrors.fetched(url, repository_id, shas, token.token) as mirror:
        yield mirror
