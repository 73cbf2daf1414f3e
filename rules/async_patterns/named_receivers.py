"""Methods of objects whose class nobody can tell, taken by the name of the object."""

from __future__ import annotations

import ast
import re
from collections import Counter
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
_SEVERAL = 3
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
    if name in project.calls.awaited:
        return True
    last = name.rpartition(".")[2]
    if len(last) < _SHORT or last in _ANYBODYS or last not in _awaited(project):
        return False
    return all(project.is_async(found.name) for found in _by_last_name(project).get(last, []))


def is_awaited_beside(call: ast.Call, file: SourceFile) -> bool:
    """Whether the file awaits this method of the same thing several times, and less often not.

    The same thing is an attribute of the same class, a parameter of the same name, or a variable
    that is bound in the same way.
    """
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in methods_awaited(file):
        return False
    if file.kind is FileKind.TEST or not file.runs_on_event_loop(call):
        return False
    key = _method_of(call, file)
    awaited, plain = file.memo("async_patterns.beside", lambda: _counted(file))
    return key is not None and awaited[key] >= _SEVERAL and plain[key] <= awaited[key]


type _Method = tuple[str, str]
"""What has a method, as it is written, and the name of the method."""


def methods_awaited(file: SourceFile) -> frozenset[str]:
    """The methods that the file awaits several times."""

    def collect() -> frozenset[str]:
        times = Counter(
            node.value.func.attr
            for node in file.of(ast.Await)
            if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)
        )
        return frozenset(name for name, number in times.items() if number >= _SEVERAL)

    return file.memo("async_patterns.methods_awaited", collect)


def _counted(file: SourceFile) -> tuple[Counter[_Method], Counter[_Method]]:
    """How often the methods of things are awaited in the file, and how often they are not."""
    awaited, plain = Counter[_Method](), Counter[_Method]()
    words = sorted(methods_awaited(file))
    for call in file.calls(*words) if words else ():
        if file.runs_on_event_loop(call) and (key := _method_of(call, file)) is not None:
            (awaited if file.is_awaited(call) else plain)[key] += 1
    return awaited, plain


def _method_of(call: ast.Call, file: SourceFile) -> _Method | None:
    if not isinstance(call.func, ast.Attribute):
        return None
    match call.func.value:
        case ast.Name(id="self" | "cls"):
            class_ = file.enclosing_class(call)
            thing = class_ and class_.name
        case ast.Name() as name:
            thing = _bound(name, file)
        case ast.Attribute(value=ast.Name(id="self" | "cls")) as attribute:
            class_ = file.enclosing_class(call)
            thing = class_ and f"{class_.name}.{attribute.attr}"
        case _:
            return None
    return (thing, call.func.attr) if thing else None


def _bound(name: ast.Name, file: SourceFile) -> str | None:
    """How a variable comes to what it holds, as text: `cursor = await self.db.execute`."""
    bindings = file.names.reaching(name)
    if len(bindings) != 1:
        return None
    bound = bindings[0]
    if bound.kind == "argument":
        return name.id
    value, how = bound.value, bound.kind
    if isinstance(value, ast.Await):
        value, how = value.value, f"{how} await"
    return f"{name.id} {how} {file.source(value.func)}" if isinstance(value, ast.Call) else None


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
    return frozenset(name.rsplit(".", 1)[-1] for name in project.calls.awaited)
