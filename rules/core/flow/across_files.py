"""Data followed from a call through the parameters of functions of other files to a sink.

    for delivery in deliveries(file, "sql"): ...

are the calls in a file that give request data to a function of another file, in which it ends
unchecked in a dangerous use, at most three functions away.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rules.core.flow.tracing import flow_of
from rules.core.rule import Step

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from rules.core.flow.facts import PassedFact, SinkFact
    from rules.core.flow.origins import Origin, Use
    from rules.core.project import Project
    from rules.core.source import SourceFile

_FUNCTIONS = 3
"""Over how many functions data is followed, the one with the sink included."""


class _End(NamedTuple):
    """A parameter of a function that is used in a way."""

    function: str
    parameter: str
    use: str


@dataclass(frozen=True, slots=True)
class Way:
    """From a parameter to a sink: the steps, and what the data reaches where."""

    steps: tuple[Step, ...]
    sink: SinkFact
    path: str

    @property
    def place(self) -> str:
        """`execute` in `app/db.py:12`, for messages."""
        return f"`{self.sink.callee.rsplit('.', 1)[-1]}` in `{self.path}:{self.sink.line}`"


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A call that gives request data to a function in which it ends in a sink."""

    call: ast.Call
    value: ast.expr
    origin: Origin
    callee: str
    way: Way

    @property
    def trace(self) -> tuple[Step, ...]:
        """From the request to the sink."""
        return (*self.origin.trace, *self.way.steps)


def deliveries(file: SourceFile, use: Use) -> list[Delivery]:
    """The calls of a file that give request data to functions of other files."""
    if file.project is None:
        return []
    ways = ways_of(file.project)
    names = ways.last_names(use) & file.called_names
    return list(_deliveries(file, ways, use, names)) if names else []


def _deliveries(
    file: SourceFile, ways: Ways, use: Use, names: frozenset[str]
) -> Iterator[Delivery]:
    flow = flow_of(file)
    for call in file.calls(*sorted(names)):
        function = ways.function(file.qualified_name(call.func) or "")
        for parameter in ways.parameters(function, use):
            if ways.project.path_of(function) == file.path:
                break
            value = _argument(file, call, ways.taken_by(function), parameter)
            origin = flow.request_data(value, use) if value is not None else None
            if value is not None and origin is not None:
                way = ways.known[_End(function, parameter, use)]
                yield Delivery(call, value, origin, ways.project.label(function), way)
                break


def _argument(
    file: SourceFile, call: ast.Call, taken: tuple[str, ...], parameter: str
) -> ast.expr | None:
    return file.argument(call, taken.index(parameter), parameter) if parameter in taken else None


class Ways:
    """The shortest ways from parameters to sinks, found once for a project backwards."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.known: dict[_End, Way] = {}
        self._last_names: dict[str, set[str]] = defaultdict(set)
        self._parameters: dict[tuple[str, str], list[str]] = defaultdict(list)
        near = [*self._direct()]
        givers = self._givers() if near else {}
        for _ in range(_FUNCTIONS - 1):
            near = [end for reached in near for end in self._one_more(reached, givers)]
        for end in self.known:
            self._parameters[end.function, end.use].append(end.parameter)
            owner, _, last = end.function.rpartition(".")
            self._last_names[end.use].add(owner.rpartition(".")[2] if last == "__init__" else last)

    def _direct(self) -> Iterator[_End]:
        for module in sorted(self.project.modules):
            facts = self.project.modules[module]
            for sink in facts.sinks:
                end = _End(sink.function, sink.parameter, sink.use)
                if end not in self.known:
                    label = self.project.label(sink.function)
                    step = Step(facts.path, sink.line, f"`{label}` gives it to `{sink.callee}`")
                    self.known[end] = Way((step,), sink, facts.path)
                    yield end

    def _givers(self) -> dict[tuple[str, str], list[tuple[PassedFact, str]]]:
        """Function and parameter to the calls that give it a parameter of their own."""
        found: dict[tuple[str, str], list[tuple[PassedFact, str]]] = defaultdict(list)
        for module in sorted(self.project.modules):
            facts = self.project.modules[module]
            for passed in facts.passed:
                function = self.function(self.project.resolve(passed.callee, module))
                taken = self.taken_by(function)
                name = passed.keyword
                if 0 <= passed.position < len(taken):
                    name = taken[passed.position]
                if name:
                    found[function, name].append((passed, facts.path))
        return found

    def _one_more(
        self, reached: _End, givers: dict[tuple[str, str], list[tuple[PassedFact, str]]]
    ) -> Iterator[_End]:
        way = self.known[reached]
        for passed, path in givers.get((reached.function, reached.parameter), ()):
            end = _End(passed.function, passed.parameter, reached.use)
            if end not in self.known and reached.use not in passed.harmless:
                label, callee = map(self.project.label, (passed.function, reached.function))
                step = Step(path, passed.line, f"`{label}` passes it to `{callee}`")
                self.known[end] = Way((step, *way.steps), way.sink, way.path)
                yield end

    def function(self, name: str) -> str:
        """The function that runs when a name is called: of a class, its `__init__`."""
        if name in self.project.classes:
            return self.project.member(name, "__init__") or name
        return name

    def parameters(self, function: str, use: str) -> list[str]:
        """The parameters of a function that reach a sink."""
        return self._parameters.get((function, use), [])

    def last_names(self, use: str) -> frozenset[str]:
        """The last names by which functions with such parameters are called."""
        return frozenset(self._last_names.get(use, ()))

    def taken_by(self, function: str) -> tuple[str, ...]:
        """The parameters of a function as a call gives them: without `self`."""
        known = self.project.functions.get(function)
        if known is None:
            return ()
        names = known.parameters
        is_method = function.rpartition(".")[0] in self.project.classes
        return names[1:] if is_method and names[:1] in {("self",), ("cls",)} else names


def ways_of(project: Project) -> Ways:
    """The ways of a project, found once."""
    return project.memo("data ways", lambda: Ways(project))
