"""Commits: the newest ones of a branch, and one more on top of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github.pulls import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.github.repository import Repository

_CREATE = """mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}"""


class _Text(Frozen):
    message: str = ""


class Commit(Frozen):
    """A commit with what was written about it."""

    sha: str
    commit: _Text = _Text()

    @property
    def message(self) -> str:
        """Headline, body and trailers."""
        return self.commit.message


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be. `files` has the whole new content of each changed file."""

    branch: str
    parent: str
    headline: str
    body: str
    files: Mapping[str, bytes]


async def newest(repository: Repository, sha: str) -> tuple[Commit, ...]:
    """A commit and the up to 99 before it."""
    answer = await repository.call("GET", "/commits", params={"sha": sha, "per_page": 100})
    return tuple(Commit.model_validate(item) for item in answer.data)


async def create(repository: Repository, new: NewCommit) -> str:
    """Make a commit, signed by GitHub as ours, and give its sha.

    All or nothing: raises `StaleHeadError` when the branch does not point to `parent` any more,
    so that it can never be made twice. GitHub gives every file the mode of one that nobody runs.
    """
    made = {
        "branch": {
            "repositoryNameWithOwner": f"{repository.owner}/{repository.name}",
            "branchName": new.branch,
        },
        "expectedHeadOid": new.parent,
        "message": {"headline": new.headline, "body": new.body},
        "fileChanges": {
            "additions": [
                {"path": path, "contents": base64.b64encode(content).decode("ascii")}
                for path, content in sorted(new.files.items())
            ]
        },
    }
    data = await repository.client.graphql(_CREATE, {"input": made})
    return str(data["createCommitOnBranch"]["commit"]["oid"])
