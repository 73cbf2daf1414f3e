"""`createCommitOnBranch`: one commit by GraphQL, atomic, signed by GitHub, with its refusals."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from tests.github import refs
from tests.github.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.github.auth import Caller
    from tests.github.state import Repository
    from tests.github.world import World


def commit_on_branch(world: World, who: Caller, inputs: Mapping[str, Any]) -> dict:
    """Commit file changes on a branch that points where the caller expects it to."""
    branch = inputs.get("branch") or {}
    repository = _repository(world, who, str(branch.get("repositoryNameWithOwner", "")))
    who.need(repository, "write", "contents")
    name, expected = str(branch.get("branchName", "")), str(inputs.get("expectedHeadOid", ""))
    head = repository.git.branch(name)
    if head is None:
        raise GraphError("NOT_FOUND", f"No ref found for branch '{name}'.")
    if head != expected:
        text = f'Expected branch to point to "{expected}" but it did not.  Pull and try again.'
        raise GraphError("STALE_DATA", text)
    if name in repository.protected:
        raise GraphError(
            "UNPROCESSABLE",
            "Repository rule violations found\n\nCannot update this protected ref.\n\n",
        )
    before = repository.git.refs()
    sha = repository.git.commit(
        name,
        _files(inputs.get("fileChanges") or {}),
        message=_message(inputs.get("message") or {}),
        author=who.actor.login,
        parent=head,
    )
    refs.moved(world, repository, before, who.actor)
    url = f"{world.root}/{repository.full_name}/commit/{sha}"
    return {"commit": {"oid": sha, "url": url}, "clientMutationId": None}


def _repository(world: World, who: Caller, name: str) -> Repository:
    found = world.find_repository(name)
    if found is None or (found.private and not who.reaches(found)):
        text = f"Could not resolve to a Repository with the name '{name}'."
        raise GraphError("NOT_FOUND", text)
    return found


def _message(given: Mapping[str, Any]) -> str:
    headline, body = str(given.get("headline") or ""), str(given.get("body") or "")
    if not headline:
        raise GraphError("UNPROCESSABLE", "A commit message headline is required.")
    return f"{headline}\n\n{body}" if body else headline


def _files(changes: Mapping[str, Any]) -> dict[str, bytes | None]:
    """Every path with its new bytes, None for a deletion. GitHub writes them all as mode 100644."""
    files: dict[str, bytes | None] = {
        str(one["path"]): _decoded(str(one["contents"])) for one in changes.get("additions") or []
    }
    files |= {str(one["path"]): None for one in changes.get("deletions") or []}
    if not files:
        raise GraphError("UNPROCESSABLE", "No file changes were given.")
    return files


def _decoded(contents: str) -> bytes:
    try:
        return base64.b64decode(contents, validate=True)
    except binascii.Error:
        raise GraphError("UNPROCESSABLE", "A file's contents are not valid Base64.") from None
