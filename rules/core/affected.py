"""Files that a change does not touch and of which it may still have made something new true."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rules.core.schema.tables import schema_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rules.core.facts import FunctionFacts, ModuleFacts
    from rules.core.project import Project

_FAR = 3
"""Over so many calls an effect is told; see blocking-call-through-helper."""

type _Answers = tuple[bool, str, str]
type _Endpoint = tuple[str, frozenset[str], str | None, tuple[str, ...]]


class Affected:
    """Compares what two versions of a project tell those who only look at it from outside."""

    def __init__(self, base: Project, head: Project, changed: Collection[str]) -> None:
        self._base = base
        self._head = head
        self._changed = frozenset(changed)

    def paths(self) -> list[str]:
        """The files to look at again, sorted; none of them is one that changed."""
        found = {*self._callers(), *self._routes(), *self._askers()}
        modules = self._head.modules
        paths = {modules[module].path for module in found if module in modules}
        return sorted(paths - self._changed)

    def _changed_modules(self) -> Iterator[tuple[ModuleFacts | None, ModuleFacts | None]]:
        """The changed modules as they were and as they are; None where there is none."""
        for name in sorted(self._base.modules.keys() | self._head.modules.keys()):
            old, new = self._base.modules.get(name), self._head.modules.get(name)
            known = new or old
            if known is not None and known.path in self._changed:
                yield old, new

    @cached_property
    def _pairs(self) -> list[tuple[ModuleFacts | None, ModuleFacts | None]]:
        return list(self._changed_modules())

    # Calls

    def _callers(self) -> Iterator[str]:
        """Modules that call a function of which something else is true now, also from afar."""
        near = [name for name in self._rewritten() if self._is_different(name)]
        seen = set(near)
        for _ in range(_FAR):
            callers = {caller for name in near for caller in self._head.calls.callers(name)} - seen
            for caller in callers:
                if (facts := self._head.module_of(caller)) is not None:
                    yield facts.module
            seen |= callers
            near = sorted(caller for caller in callers if self._is_different(caller))

    def _rewritten(self) -> Iterator[str]:
        """Functions of changed files whose calls or effects are not what they were."""
        for old, new in self._pairs:
            before = {f.name: _essence(f) for f in old.functions} if old else {}
            for function in new.functions if new else ():
                if function.name in before and before[function.name] != _essence(function):
                    yield function.name

    def _is_different(self, name: str) -> bool:
        return _answers(self._base, name) != _answers(self._head, name)

    # Routes

    def _routes(self) -> Iterator[str]:
        """Modules whose path operations stand under another path or ask for something else now."""
        if all(_web(old) == _web(new) for old, new in self._pairs):
            return
        before, after = _endpoints(self._base), _endpoints(self._head)
        for module, found in after.items():
            if module in before and before[module] != found:
                yield module
        yield from self._reordered()

    def _reordered(self) -> Iterator[str]:
        """Modules whose routers are taken in somewhere else in the order than before."""
        moved = {
            (new.path, include.line)
            for old, new in self._pairs
            if old and new and _order(old) != _order(new)
            for include in new.includes
        }
        for endpoint in self._head.endpoints if moved else ():
            if any((place.file, place.line) in moved for place in endpoint.order):
                yield endpoint.module

    # Tables

    def _askers(self) -> Iterator[str]:
        """Modules that define or ask a table which has other columns or indexes now."""
        if not self._is_schema_different():
            return
        before, after = schema_of(self._base), schema_of(self._head)
        old, new = before.definitions(), after.definitions()
        different = {name for name in old.keys() & new.keys() if old[name] != new[name]}
        for module, facts in self._head.modules.items() if different else ():
            mine = {model.name for model in facts.schema.models}
            if (
                different & mine
                or different & set(facts.sql.asked)
                or any(
                    (table := after.model(model, module)) is not None and table.class_ in different
                    for statement in facts.schema.statements
                    for _, model in statement.entities
                )
            ):
                yield module

    def _is_schema_different(self) -> bool:
        scripts = [
            {facts.path: facts.schema for facts in project.scripts}
            for project in (self._base, self._head)
        ]
        return scripts[0] != scripts[1] or any(
            _schema(old) != _schema(new) for old, new in self._pairs
        )


def _essence(function: FunctionFacts) -> object:
    """What a function does, wherever it stands."""
    calls = {(call.callee, call.awaited, call.handed_off, call.guarded) for call in function.calls}
    effects = {(effect.kind, effect.name, effect.guarded) for effect in function.effects}
    return function.is_async, function.is_generator, function.decorators, calls, effects


def _answers(project: Project, name: str) -> _Answers:
    """What others ask about a function: whether it has to be awaited, whether it blocks or asks."""
    blocking = project.calls.effect(name, "blocking")
    if blocking and not project.calls.is_certain(name, "blocking"):
        blocking = f"perhaps {blocking}"
    return bool(project.is_async(name)), blocking, project.calls.effect(name, "query")


def _web(facts: ModuleFacts | None) -> object:
    """Everything in a file that decides about paths and dependencies of routes."""
    if facts is None:
        return None
    routers = [router._replace(line=0) for router in facts.routers]
    asked = [(function.name, function.depends) for function in facts.functions if function.depends]
    return routers, _order(facts), facts.annotated, asked


def _order(facts: ModuleFacts) -> object:
    return [(i.owner, i.router, i.prefix, i.depends, i.place.condition) for i in facts.includes]


def _endpoints(project: Project) -> dict[str, set[_Endpoint]]:
    found: dict[str, set[_Endpoint]] = {}
    for one in project.endpoints:
        key = (one.function, one.methods, one.path, one.depends)
        found.setdefault(one.module, set()).add(key)
    return found


def _schema(facts: ModuleFacts | None) -> object:
    if facts is None:
        return None
    made = facts.schema
    models = [
        model._replace(line=0, columns=tuple(c._replace(line=0) for c in model.columns))
        for model in made.models
    ]
    operations = [operation._replace(line=0) for operation in made.operations]
    return models, [text.sql for text in made.texts], operations, made.indexes
