"""Methods of objects whose class nobody can tell, taken by the name of the object."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rules.core.rule import FileKind

if TYPE_CHECKING:
    from rules.core.facts import FunctionFacts
    from rules.core.project import Project
    from rules.core.source import SourceFile

_ANYBODYS = frozenset({
    "acquire", "append", "cancel", "cleanup", "commit", "connect", "consume", "delete", "disconnect",
    "dispatch", "execute", "extend", "handle", "handler", "initialize", "insert", "invoke", "listen",
    "notify", "process", "produce", "publish", "refresh", "register", "release", "remove", "request",
    "respond", "rollback", "search", "setdefault", "shutdown", "submit", "subscribe", "unsubscribe",
    "update", "upload", "validate",
})  # fmt: skip
"""Names that classes of many libraries have, synchronous ones among them."""
_SHORT = 6
_SHORTEST_RECEIVER = 3


def by_receiver(call: ast.Call, name: str | None, file: SourceFile) -> str | None:
    """The coroutine function that `addon.uninstall()` means, when only one kind of thing fits.

    Either its class is called as the object is, or every function of the project with that name is
    asynchronous, and one of their classes has the object's name in its own. Some are awaited.
    """
    project = file.project
    if project is None or file.kind is FileKind.TEST:
        return None
    match call.func:
        case ast.Attribute(value=ast.Name(id=receiver) | ast.Attribute(attr=receiver), attr=method):
            pass
        case _:
            return None
    if len(method) < _SHORT or method in _ANYBODYS or receiver in {"self", "cls", "super"}:
        return None
    if not file.runs_on_event_loop(call):
        return None
    if name is not None and (name in project.functions or project.split(name, file.module) is None):
        return None
    if method not in _awaited(project) or len(_plain(receiver)) < _SHORTEST_RECEIVER:
        return None
    every = _by_last_name(project).get(method, [])
    exact = [found for found in every if _plain(_owner(found)) == _plain(receiver)]
    like_it = [found for found in every if _is_like(receiver, _owner(found))]
    considered = exact or (every if like_it else [])
    if not all(project.is_async(found.name) for found in considered):
        return None
    return next((found.name for found in exact or like_it), None)


def is_awaited_elsewhere(name: str, project: Project) -> bool:
    """Whether the project awaits a function by its dotted name, or by a last name of its own.

    A last name counts when all functions of the project that have it are asynchronous.
    """
    if name in project.awaited:
        return True
    last = name.rpartition(".")[2]
    if len(last) < _SHORT or last in _ANYBODYS or last not in _awaited(project):
        return False
    return all(project.is_async(found.name) for found in _by_last_name(project).get(last, []))


def _owner(function: FunctionFacts) -> str:
    """The class of a method; empty for a function of a module."""
    owner = function.name.split(".")[-2] if function.name.count(".") > 1 else ""
    return owner if owner.lstrip("_")[:1].isupper() else ""


def _is_like(receiver: str, owner: str) -> bool:
    """Whether an object called `api` may be a `HomeAssistantAPI`."""
    thing, class_ = _plain(receiver), _plain(owner)
    if not class_:
        return False
    return thing in class_ or class_ in thing or _last_word(receiver) == _last_word(owner)


def _last_word(name: str) -> str:
    """`order` of `tracked_order` and of `InFlightOrder`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).rsplit("_", 1)[-1].lower()


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


@lru_cache(maxsize=2)
def _by_last_name(project: Project) -> dict[str, list[FunctionFacts]]:
    found: dict[str, list[FunctionFacts]] = {}
    for name, function in project.functions.items():
        found.setdefault(name.rsplit(".", 1)[-1], []).append(function)
    return found


@lru_cache(maxsize=2)
def _awaited(project: Project) -> frozenset[str]:
    return frozenset(name.rsplit(".", 1)[-1] for name in project.awaited)
