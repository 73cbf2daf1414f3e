"""Which place in a change brought about a finding that stands on an unchanged line."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rules.core.rule import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.core.change import ChangedFile, Hunk
    from rules.core.facts import ModuleFacts
    from rules.core.findings import Finding
    from rules.core.project import Project

_CONTEXT = 3
"""Unchanged lines that git shows before a change: what was removed stood behind them."""
_TABLE_RULES = frozenset({"missing-index", "query-does-not-compile"})


class Causes:
    """Looks for a line of the change behind a finding: on its path of calls, or above its route."""

    def __init__(self, files: Iterable[ChangedFile], head: Project) -> None:
        self._files = {file.path: file for file in files if file.status != "removed"}
        self._head = head

    def of(self, finding: Finding) -> Step | None:
        """The nearest such place, in a hunk of the diff; None when none can be named."""
        steps = [
            *reversed(finding.trace),
            *self._registrations(finding),
            *self._drops(finding),
        ]
        for step in steps:
            file = self._files.get(step.path)
            if file is not None and step.line in file.added:
                return step
        for step in (*steps, _itself(finding)):
            if (line := self._line_near(step)) is not None:
                return Step(step.path, line, step.message)
        return None

    def _registrations(self, finding: Finding) -> Iterator[Step]:
        """Where the route around the finding is taken in by routers and apps, the nearest first."""
        module = self._module(finding.path)
        for endpoint in self._head.endpoints_by_module.get(module.module, []) if module else ():
            if endpoint.function.rpartition(".")[2] != finding.scope.rpartition(".")[2]:
                continue
            for place in reversed(endpoint.order):
                yield Step(place.file, place.line, "the router is taken in here")

    def _drops(self, finding: Finding) -> Iterator[Step]:
        """Operations of a migration that take an index away from the table of the finding."""
        if finding.name not in _TABLE_RULES:
            return
        for path in sorted(self._files):
            module = self._module(path)
            for operation in module.schema.operations if module else ():
                told = {operation.table.lower(), operation.name.lower()} - {"*", ""}
                if operation.kind == "drop_index" and any(
                    word in step.message.lower() for word in told for step in finding.trace
                ):
                    yield Step(path, operation.line, "the index is dropped here")

    def _line_near(self, step: Step) -> int | None:
        """The change in the function or class around a step, or in a script of SQL."""
        file = self._files.get(step.path)
        if file is None:
            return None
        first, last = self._around(step)
        for hunk in file.hunks:
            line = _changed_line(hunk, file, max(first, hunk.start), min(last, hunk.end))
            if line is not None:
                return line
        return None

    def _around(self, step: Step) -> tuple[int, int]:
        """The lines from the definition around a step to the next one."""
        module = self._module(step.path)
        if module is None:
            return 1, 10**9
        starts = sorted({1, *(d.line for d in (*module.functions, *module.classes))})
        at = bisect_right(starts, step.line)
        return starts[max(at - 1, 0)], (starts[at] - 1 if at < len(starts) else 10**9)

    def _module(self, path: str) -> ModuleFacts | None:
        return self._head.file(path)


def _itself(finding: Finding) -> Step:
    return Step(finding.path, finding.line, "")


def _changed_line(hunk: Hunk, file: ChangedFile, first: int, last: int) -> int | None:
    """The first new line there; where lines were only removed, the one that followed them."""
    new = next((line for line in range(first, last + 1) if line in file.added), None)
    followed = min(hunk.start + _CONTEXT, hunk.end)
    is_new = any(line in file.added for line in range(hunk.start, hunk.end + 1))
    return new if is_new or not first <= followed <= last else followed
