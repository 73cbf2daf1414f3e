"""What only GraphQL does: folding comments away and resolving threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from app.github.pulls import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.github.repository import Repository

type Action = Literal["minimize", "unminimize", "resolve", "unresolve"]

_MUTATIONS: dict[Action, str] = {
    "minimize": "minimizeComment(input: {{subjectId: ${0}, classifier: RESOLVED}})",
    "unminimize": "unminimizeComment(input: {{subjectId: ${0}}})",
    "resolve": "resolveReviewThread(input: {{threadId: ${0}}})",
    "unresolve": "unresolveReviewThread(input: {{threadId: ${0}}})",
}
BATCH = 20
"""Mutations sent in one request."""
_THREADS = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved comments(first: 1) { nodes { databaseId } } }
      }
    }
  }
}"""


class Thread(Frozen):
    """A thread of review comments, by the comment that started it."""

    id: str
    resolved: bool
    comment_id: int


async def act(repository: Repository, action: Action, node_ids: Sequence[str]) -> None:
    """Do the same to several comments (minimize) or threads (resolve); twice is once.

    Resolving takes `contents: write`; raises `PermissionMissingError` without it.
    """
    for start in range(0, len(node_ids), BATCH):
        batch = node_ids[start : start + BATCH]
        names = [f"n{index}" for index in range(len(batch))]
        heads = ", ".join(f"${name}: ID!" for name in names)
        calls = " ".join(
            f"{name}: {_MUTATIONS[action].format(name)} {{ clientMutationId }}" for name in names
        )
        query = f"mutation({heads}) {{ {calls} }}"
        await repository.client.graphql(query, dict(zip(names, batch, strict=True)))


async def listed(repository: Repository, number: int) -> tuple[Thread, ...]:
    """Every review thread of a pull request."""
    found: list[Thread] = []
    after: str | None = None
    while True:
        variables = {"owner": repository.owner, "name": repository.name}
        data = await repository.client.graphql(
            _THREADS, variables | {"number": number, "after": after}
        )
        page = _Page.model_validate(data["repository"]["pullRequest"]["reviewThreads"])
        found += [thread for node in page.nodes for thread in node.threads()]
        if not page.info.more:
            return tuple(found)
        after = page.info.end


class _First(Frozen):
    id: int | None = Field(default=None, alias="databaseId")


class _Firsts(Frozen):
    nodes: tuple[_First, ...] = ()


class _Node(Frozen):
    id: str
    resolved: bool = Field(default=False, alias="isResolved")
    comments: _Firsts = _Firsts()

    def threads(self) -> list[Thread]:
        """The thread, if GitHub said which comment started it."""
        firsts = [first.id for first in self.comments.nodes if first.id]
        return [Thread(id=self.id, resolved=self.resolved, comment_id=id_) for id_ in firsts]


class _PageInfo(Frozen):
    more: bool = Field(default=False, alias="hasNextPage")
    end: str | None = Field(default=None, alias="endCursor")


class _Page(Frozen):
    nodes: tuple[_Node, ...] = ()
    info: _PageInfo = Field(default=_PageInfo(), alias="pageInfo")
