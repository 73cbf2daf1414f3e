"""Who calls whom in a project, and what such a call comes to in the end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rules.core.rule import Step
from rules.tables.effects import effects_of

if TYPE_CHECKING:
    from rules.core.facts import CallFact, ModuleFacts
    from rules.core.project import Project

_HOPS = 12

type _Calls = dict[str, list[tuple[CallFact, str]]]


@dataclass(frozen=True, slots=True)
class Hop:
    """The next step from a function towards an effect: the line, and the callee or the effect."""

    line: int
    callee: str
    effect: str
    guarded: bool


class CallGraph:
    """The calls of a project's functions to each other, callees resolved.

    An effect (`blocking`, `query`, `client`) is what a function does by itself or through others.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._shared: dict[str, tuple[_Calls, _Calls]] = {}
        self._hops_by_kind: dict[str, dict[str, Hop]] = {}

    def share(self, other: CallGraph) -> None:
        """Let two versions of a project link the modules once that cannot differ."""
        self._shared = other._shared

    @cached_property
    def awaited(self) -> frozenset[str]:
        """What the project's functions call with `await`, by the name that each file knows it by."""
        return frozenset(
            call.callee
            for facts in self._project.modules.values()
            for function in facts.functions
            for call in function.calls
            if call.awaited
        )

    @cached_property
    def _calls(self) -> dict[str, list[tuple[CallFact, str]]]:
        """Function to the calls it makes to functions of the project, callees resolved."""
        return self._linked[0]

    @cached_property
    def _linked(self) -> tuple[_Calls, _Calls]:
        """Function to its calls of functions of the project, and to those that have an effect.

        The latter are those of which the file alone did not know what they do.
        """
        ours: _Calls = {}
        effective: _Calls = {}
        for module, facts in self._project.modules.items():
            linked = None if self._project.is_apart(module) else self._shared.get(module)
            for calls, added in zip(
                (ours, effective), linked or self._link(module, facts), strict=True
            ):
                for function, found in added.items():
                    calls[function] = [*calls[function], *found] if function in calls else found
        return ours, effective

    def _link(self, module: str, facts: ModuleFacts) -> tuple[_Calls, _Calls]:
        """The part of `_linked` of one module, kept for another version that cannot differ in it."""
        ours: _Calls = {}
        effective: _Calls = {}
        alike = not self._project.is_apart(module)
        for function in facts.functions:
            known = self._project.functions[function.name] is function
            for call in function.calls:
                resolved, callee, certain = self._project.called(call.callee, module)
                alike = alike and certain
                if callee in self._project.functions:
                    ours.setdefault(function.name, []).append((call, callee))
                if known and resolved != call.callee and effects_of(resolved):
                    effective.setdefault(function.name, []).append((call, resolved))
        if alike:
            self._shared[module] = ours, effective
        return ours, effective

    @cached_property
    def _callers(self) -> dict[str, list[tuple[str, CallFact]]]:
        found: dict[str, list[tuple[str, CallFact]]] = {}
        for caller, calls in self._calls.items():
            for call, callee in calls:
                found.setdefault(callee, []).append((caller, call))
        return found

    def to(self, function: str) -> list[tuple[str, CallFact]]:
        """The calls of a function of the project, each with the caller's dotted name."""
        return self._callers.get(function, [])

    def reach(self, function: str, kind: str) -> tuple[Step, ...]:
        """The shortest way from a function to an effect: `blocking`, `query` or `client`.

        Each step is a call, the last one the effect itself; empty when there is no way. A
        hand-off to a thread ends a way to blocking, and so does an `async def`.
        """
        hops = self._hops(kind)
        function = self._project.constructor(function)
        steps: list[Step] = []
        while function in hops and len(steps) < _HOPS:
            hop = hops[function]
            path = self._project.path_of(function)
            target = hop.callee or hop.effect
            steps.append(
                Step(
                    path,
                    hop.line,
                    f"`{self._project.label(function)}` calls `{self._project.label(target)}`",
                )
            )
            if not hop.callee:
                return tuple(steps)
            function = hop.callee
        return ()

    def effect(self, function: str, kind: str) -> str:
        """The name of the effect at the end of `reach`, or an empty text."""
        hops = self._hops(kind)
        function = self._project.constructor(function)
        for _ in range(_HOPS):
            if (hop := hops.get(function)) is None:
                return ""
            if hop.effect:
                return hop.effect
            function = hop.callee
        return ""

    def is_certain(self, function: str, kind: str) -> bool:
        """Whether no condition stands on the way from a function to the effect of `reach`."""
        hops = self._hops(kind)
        function = self._project.constructor(function)
        for _ in range(_HOPS):
            if (hop := hops.get(function)) is None or hop.guarded:
                return False
            if hop.effect:
                return True
            function = hop.callee
        return False

    def _hops(self, kind: str) -> dict[str, Hop]:
        """Function to its first step on the shortest way to an effect, by one search backwards."""
        if kind not in self._hops_by_kind:
            self._hops_by_kind[kind] = self._search(kind)
        return self._hops_by_kind[kind]

    def _search(self, kind: str) -> dict[str, Hop]:
        hops: dict[str, Hop] = {}
        effective = self._linked[1]
        for name in sorted(
            name for name, f in self._project.functions.items() if f.effects or name in effective
        ):
            if self._carries(name, kind) and (hop := self._own_effect(name, kind)) is not None:
                hops[name] = hop
        queue = deque(hops)
        while queue:
            callee = queue.popleft()
            for caller, call in self._callers.get(callee, ()):
                if caller in hops or not self._carries(caller, kind):
                    continue
                if call.handed_off or (kind == "blocking" and call.awaited):
                    continue
                hops[caller] = Hop(call.line, callee, "", call.guarded)
                queue.append(caller)
        return hops

    def _carries(self, function: str, kind: str) -> bool:
        """Whether an effect inside a function happens to whoever calls it."""
        known = self._project.functions[function]
        if kind == "blocking":
            return not known.is_async and not known.is_generator
        return not known.is_generator or kind == "client"

    def _own_effect(self, name: str, kind: str) -> Hop | None:
        function = self._project.functions[name]
        for effect in function.effects:
            if effect.kind == kind:
                return Hop(effect.line, "", effect.name, effect.guarded)
        for call, resolved in self._linked[1].get(name, ()):
            if not call.handed_off and kind in effects_of(resolved):
                return Hop(call.line, "", resolved, call.guarded)
        return None

    def async_callers(self, function: str, hops: int) -> list[str]:
        """The `async def`s that reach a function in so many calls, no thread in between."""
        found: set[str] = set()
        seen = {function}
        near = [function]
        for _ in range(hops):
            callers = [
                caller
                for callee in near
                for caller, call in self._callers.get(callee, ())
                if not (call.handed_off or call.awaited)
            ]
            fresh = {caller for caller in callers if caller not in seen}
            seen |= fresh
            near = sorted(
                caller for caller in fresh if not self._project.functions[caller].is_async
            )
            found |= fresh - set(near)
        return sorted(found)

    def callers(self, function: str) -> frozenset[str]:
        """The functions of the project that call this one."""
        return frozenset(caller for caller, _ in self._callers.get(function, ()))
