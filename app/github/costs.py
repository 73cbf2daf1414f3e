"""What a request costs of GitHub's limits. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.github.classify import READS

_CONTENT = re.compile(r"/(?:issues|pulls)/\d+/(?:comments|reviews|comments/\d+/replies)$")
"""Where a POST makes something that people are notified of."""
_MINTING = re.compile(r"/access_tokens$")
_GRAPHQL = re.compile(r"/graphql$")


@dataclass(frozen=True, slots=True)
class Cost:
    """Points of REST and of GraphQL, whether it writes, and whether it makes content."""

    points: int = 0
    graphql: int = 0
    writes: int = 0
    content: int = 0

    @property
    def blocks(self) -> tuple[str, ...]:
        """Which blocks hold it back."""
        return ("all", "content") if self.writes else ("all",)


READ = Cost(points=1)
"""A GET, and the minting of a token, which changes nothing that anybody sees."""
QUERY = Cost(graphql=1)
MUTATION = Cost(graphql=5, writes=1)
WRITE = Cost(points=5, writes=1)
CONTENT = Cost(points=5, writes=1, content=1)


def cost_of(method: str, path: str, query: str = "") -> Cost:
    """The cost of a request; `query` is what is sent to GraphQL."""
    if method in READS or _MINTING.search(path):
        return READ
    if _GRAPHQL.search(path):
        return MUTATION if query.lstrip().startswith("mutation") else QUERY
    return CONTENT if method == "POST" and _CONTENT.search(path) else WRITE
