"""What is said about where a value comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rules.core.rule import Confidence

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from rules.core.rule import Step

type Use = Literal["sql", "path", "url", "html", "shell", "code", "redirect", "log", "data"]
"""What a value is used for; decides which calls make it harmless."""

type Kind = Literal[
    "path", "query", "body", "form", "file", "header", "cookie", "request", "websocket",
    "api", "parameter",
]  # fmt: skip

_WORDS = {
    "path": "path parameter",
    "query": "query parameter",
    "body": "request body",
    "form": "form field",
    "file": "uploaded file",
    "header": "request header",
    "cookie": "cookie",
    "request": "request",
    "websocket": "websocket message",
    "api": "answer of another service",
    "parameter": "parameter",
}
_RANK = {"parameter": 2, "api": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a value comes from.

    `name` is the parameter or the expression, `place` the route (`GET /chart`) or the function.
    `trace` leads from there to the use. `sure` is false when a type could not be looked up, as
    that of a field of a model in another file. `parameters` are, for the kind of that name, all
    parameters of unknown callers that are part of the value.
    """

    kind: Kind
    name: str
    place: str
    node: ast.AST
    trace: tuple[Step, ...] = ()
    sure: bool = True
    parameters: tuple[ast.arg, ...] = ()

    @property
    def is_request(self) -> bool:
        """Whether a client of the service chooses the value."""
        return self.kind not in {"api", "parameter"}

    @property
    def confidence(self) -> Confidence:
        """How sure a rule may be that the value comes from there."""
        return Confidence.HIGH if self.sure else Confidence.MEDIUM

    def label(self) -> str:
        """A phrase for messages, without an article: "query parameter `symbol` of `GET /chart`"."""
        where = f" of `{self.place}`" if self.place else ""
        return f"{_WORDS[self.kind]} `{self.name}`{where}"

    def via(self, step: Step) -> Origin:
        """The same origin with one more step at the end of its trace."""
        return self if step in self.trace else replace(self, trace=(*self.trace, step))

    def joined(self, other: Origin) -> Origin:
        """The more dangerous of two; parameters of both when both are nothing else."""
        if _RANK.get(other.kind, 0) < _RANK.get(self.kind, 0):
            return other
        more = tuple(item for item in other.parameters if item not in self.parameters)
        return replace(self, parameters=(*self.parameters, *more)) if more else self


def worst(found: Iterable[Origin | None]) -> Origin | None:
    """The most dangerous: request, then answers, then parameters. Stops at the first request."""
    best: Origin | None = None
    for origin in found:
        if origin is None:
            continue
        if origin.is_request:
            return origin
        best = origin if best is None else best.joined(origin)
    return best
