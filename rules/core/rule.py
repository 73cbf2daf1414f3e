"""What a rule is, and the decorator that makes one."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator

    import libcst as cst

    from rules.core.source import SourceFile

    type Rewritten = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]
    type Fix = Callable[[cst.CSTNode], Rewritten | None]

GROUPS = {
    "security": "Security",
    "error_handling": "Error handling",
    "async_patterns": "Async patterns",
    "resource_management": "Resource management",
    "python312": "Python 3.12",
    "fastapi": "FastAPI",
    "sqlite": "SQLite",
    "api_integration": "API integrations",
    "architecture": "Architecture",
}
"""The review checklist, in the order in which it is shown: package name to title."""


class Severity(enum.StrEnum):
    """How much a finding matters to the people who run the code."""

    CRITICAL = "critical"
    WARNING = "warning"
    SUGGESTION = "suggestion"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


class Confidence(enum.StrEnum):
    """How sure the rule is; a low one never becomes an inline comment by default."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class FileKind(enum.StrEnum):
    """What a file is for, told by its path and its first lines."""

    CODE = "code"
    TEST = "test"
    MIGRATION = "migration"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path of calls or of data: where it is (1-based line) and what happens there."""

    path: str
    line: int
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What a rule says about one node.

    `fix` turns the libcst node that stands at `node` into its replacement; it runs only when a
    suggestion is wanted, and the result is offered only after it was verified.
    """

    node: ast.AST
    message: str
    fix: Fix | None = None
    severity: Severity | None = None
    confidence: Confidence = Confidence.HIGH
    trace: tuple[Step, ...] = ()


class Check[Node: ast.AST](Protocol):
    """The function behind a rule."""

    __name__: str
    __module__: str
    __doc__: str | None

    def __call__(self, node: Node, file: SourceFile, /) -> Iterable[Problem]:
        """Everything that is wrong with this node."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue."""

    code: str
    name: str
    group: str
    severity: Severity
    on: tuple[type[ast.AST], ...]
    calls: frozenset[str] | None
    silent_in: frozenset[FileKind]
    peers: tuple[str, ...]
    across: bool
    documentation: str
    check: Callable[[ast.AST, SourceFile], Iterator[Problem]]

    @property
    def ruff(self) -> tuple[str, ...]:
        """The codes of the peers that are rules of ruff."""
        return tuple(peer.removeprefix("ruff:") for peer in self.peers if peer.startswith("ruff:"))


def rule[Node: ast.AST](
    code: str,
    *,
    on: type[Node] | tuple[type[Node], ...],
    severity: Severity,
    calls: Iterable[str] | None = None,
    silent_in: Iterable[FileKind] = (),
    peers: tuple[str, ...] = (),
    across: bool = False,
) -> Callable[[Check[Node]], Rule]:
    """Make a rule of a generator function.

    The function's name is the rule's name (`blocking_call_in_async` is `blocking-call-in-async`),
    its package the checklist group and its docstring the documentation, whose examples are run
    as tests. `on` says which nodes it wants to see; with `calls` (only for `ast.Call`) it sees
    just the calls whose last name, after import aliases are resolved, is one of these.
    `silent_in` names the kinds of files about which it has nothing to say. `peers` are the
    nearest rules of other tools, as `tool:CODE`. With `across` the rule is also asked of files
    that did not change, when what it looks at elsewhere did.
    """
    wanted = on if isinstance(on, tuple) else (on,)

    def make(check: Check[Node]) -> Rule:
        return Rule(
            code=code,
            name=check.__name__.replace("_", "-"),
            group=check.__module__.split(".")[1],
            severity=severity,
            on=wanted,
            calls=None if calls is None else frozenset(calls),
            silent_in=frozenset(silent_in),
            peers=peers,
            across=across,
            documentation=check.__doc__ or "",
            check=check,  # pyright: ignore[reportArgumentType] the engine passes only nodes in `on`
        )

    return make
