"""Reading a pull request: itself, its merge base, its files."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from app.github.errors import NotFoundError

if TYPE_CHECKING:
    from app.github.repository import Repository

MOST_FILES = 3000
"""GitHub lists no more files of a pull request than this."""
FRESH_PAUSES = (0.5, 1.5)
"""Seconds between looks for what an event named and the API does not show yet."""


class Frozen(BaseModel):
    """A part of an answer, reduced to what is read; unknown fields are dropped."""

    model_config = ConfigDict(frozen=True)


class Account(Frozen):
    """A user; GitHub sends null in its place when the account was deleted."""

    id: int
    login: str
    type: str = "User"


class RepositoryPart(Frozen):
    """The repository of a branch."""

    id: int
    full_name: str
    clone_url: str = ""
    archived: bool = False
    private: bool = False
    default_branch: str = ""


class Branch(Frozen):
    """The head or the base; `repo` is None when a fork was deleted."""

    sha: str
    ref: str
    repo: RepositoryPart | None = None


class PullRequest(Frozen):
    """A pull request as it stands now."""

    id: int
    number: int
    state: Literal["open", "closed"]
    title: str = ""
    body: str | None = None
    draft: bool = False
    merged: bool = False
    locked: bool = False
    user: Account | None = None
    head: Branch
    base: Branch
    changed_files: int = 0
    html_url: str = ""
    node_id: str = ""
    updated_at: datetime | None = None

    @property
    def archived(self) -> bool:
        """Whether its repository takes no more writes."""
        return self.base.repo is not None and self.base.repo.archived


class PullFile(Frozen):
    """One changed file; `patch` is None for binary, huge and purely renamed ones."""

    filename: str
    status: str
    sha: str | None = None
    previous_filename: str | None = None
    additions: int = 0
    deletions: int = 0
    patch: str | None = None


class PullFiles(Frozen):
    """The changed files; `complete` is False when GitHub listed fewer than there are."""

    files: tuple[PullFile, ...]
    complete: bool


class MergeBase(Frozen):
    """The commit from which the head departed, as the compare API names it."""

    sha: str


class Comparison(Frozen):
    """What we read of a comparison."""

    merge_base_commit: MergeBase


async def read(repository: Repository, number: int, *, fresh: bool = False) -> PullRequest:
    """The pull request; `fresh` ones, named by an event just now, are looked for three times."""
    for pause in FRESH_PAUSES if fresh else ():
        try:
            return await _read(repository, number)
        except NotFoundError:
            await asyncio.sleep(pause)
    return await _read(repository, number)


async def open_ones(repository: Repository) -> tuple[PullRequest, ...]:
    """Every open pull request; of each what the list tells, which is not how many files changed."""
    listed = await repository.pages("/pulls", {"state": "open"})
    return tuple(PullRequest.model_validate(item) for item in listed)


async def merge_base(repository: Repository, base: str, head: str) -> str:
    """The sha of the merge base of two commits of the repository or of its forks."""
    answer = await repository.call(
        "GET", f"/compare/{base}...{head}", params={"per_page": 1, "page": 2}
    )
    return Comparison.model_validate(answer.data).merge_base_commit.sha


async def files(repository: Repository, number: int, changed_files: int) -> PullFiles:
    """Every changed file with its patch, at most 3,000; `changed_files` is what there should be.

    A list that fits one page costs one request.
    """
    listed = await repository.pages(f"/pulls/{number}/files")
    return PullFiles(
        files=tuple(PullFile.model_validate(item) for item in listed),
        complete=len(listed) >= changed_files,
    )


async def _read(repository: Repository, number: int) -> PullRequest:
    answer = await repository.call("GET", f"/pulls/{number}")
    return PullRequest.model_validate(answer.data)
