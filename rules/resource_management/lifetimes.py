"""How often a piece of code runs: once for the program, or again for each request or item."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from rules.core.rule import Step

if TYPE_CHECKING:
    from rules.core.project import Project
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_ONCE = {"lru_cache", "cache", "cached", "cached_property", "singleton", "alru_cache"}
_CONSTANT = (ast.List, ast.Tuple, ast.Set)


class Repeated(NamedTuple):
    """`when` ends the sentence "is built …"; `caller` is the call that leads there, if not direct."""

    when: str
    caller: Step | None = None


def repeated(node: ast.AST, file: SourceFile) -> Repeated | None:
    """Why the node runs again and again, or None when nothing proves it."""
    function = file.enclosing_function(node)
    if function is None or _is_once(function) or _is_kept(node, file):
        return None
    if found := _per_request(function, file):
        return Repeated(found)
    loop = file.enclosing_loop(node)
    if loop is not None and _is_per_item(node, loop, file) and not _has_own_host(node, loop, file):
        return Repeated("for each item of the loop")
    return _called_per_request(function, file)


def _has_own_host(node: ast.AST, loop: ast.AST, file: SourceFile) -> bool:
    """Whether each item is another server, as `node.url + "/state"` says: no connection could be used again."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)):
        return False
    names = file.names_in(loop.target)
    block = next(
        (p for p in file.ancestors(node) if isinstance(p, (ast.With, ast.AsyncWith))), loop
    )
    for call in file.within(block):
        if not isinstance(call, ast.Call) or call is node or not call.args:
            continue
        if isinstance(call.args[0], (ast.BinOp, ast.JoinedStr)):
            first = _first_part(call.args[0])
            if isinstance(first, ast.Name) and first.id in names:
                return True
    return False


def _first_part(url: ast.expr) -> ast.expr:
    """What an address begins with: `d` of `d.url + "/handle"`."""
    while True:
        match url:
            case ast.BinOp(left=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                url = inner
            case ast.JoinedStr(values=[ast.FormattedValue(value=inner), *_]):
                url = inner
            case _:
                return url


def _per_request(function: FunctionNode, file: SourceFile) -> str | None:
    if (route := file.route(function)) is not None:
        return None if route.is_websocket else f"for each `{route.label()}`"
    if file.is_dependency(function):
        return f"for each request that depends on `{function.name}`"
    if any(_is_listener(decorator) for decorator in function.decorator_list):
        return f"for each event that `{function.name}` handles"
    return None


def _is_listener(decorator: ast.expr) -> bool:
    """`@relay.on("get")`, `@broker.subscriber("orders")`: called once for each message."""
    match decorator:
        case ast.Call(func=ast.Attribute(attr="on" | "subscriber" | "on_message")):
            return True
        case _:
            return False


def _is_once(function: FunctionNode) -> bool:
    for decorator in function.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
        if name in _ONCE:
            return True
    return False


def _is_kept(node: ast.AST, file: SourceFile) -> bool:
    """Whether the result goes where the next run finds it: an attribute, a global, a cache."""
    for parent in file.ancestors(node):
        match parent:
            case ast.Assign(targets=targets):
                return any(_outlives(target, file) for target in targets)
            case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                return _outlives(target, file)
            case ast.stmt() | ast.Lambda():
                return False
            case ast.Call(func=ast.Attribute(attr="setdefault")):
                return True
            case _:
                pass
    return False


def _outlives(target: ast.expr, file: SourceFile) -> bool:
    if isinstance(target, ast.Name):
        return target.id not in file.scopes.in_scope(file.scopes.of(target))
    return True


def _is_per_item(node: ast.AST, loop: ast.AST, file: SourceFile) -> bool:
    """Whether each round builds a new one that is used within the round only."""
    if not isinstance(loop, (ast.For, ast.AsyncFor)) or isinstance(loop.iter, _CONSTANT):
        return False
    if _is_range(loop.iter) or _depends_on_item(node, loop, file):
        return False
    return _ends_in_round(node, file)


def _is_range(iterable: ast.expr) -> bool:
    """A counted loop, or one of tenacity, is a retry, where a fresh client is the point."""
    if not isinstance(iterable, ast.Call):
        return False
    function = iterable.func
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return last == "range" or "retry" in last.lower()


def _depends_on_item(node: ast.AST, loop: ast.For | ast.AsyncFor, file: SourceFile) -> bool:
    items = {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
    return any(isinstance(inner, ast.Name) and inner.id in items for inner in file.within(node))


def _ends_in_round(node: ast.AST, file: SourceFile) -> bool:
    parent = file.parent(node)
    if isinstance(parent, ast.withitem):
        return True
    return isinstance(parent, ast.Assign) and all(isinstance(t, ast.Name) for t in parent.targets)


def _called_per_request(function: FunctionNode, file: SourceFile) -> Repeated | None:
    """A route or dependency that calls the function, here or elsewhere, over two calls at most."""
    name = file.defined.name_of(function)
    for call in file.calls(function.name):
        caller = file.enclosing_function(call)
        if caller is None or caller is function or file.qualified_name(call.func) != name:
            continue
        if found := _per_request(caller, file):
            step = Step(file.path, call.lineno, "called here for each request")
            return Repeated(f"{found}, through `{function.name}`", step)
    return _called_from_elsewhere(name, function.name, file.project, 2) if file.project else None


def _called_from_elsewhere(name: str, shown: str, project: Project, hops: int) -> Repeated | None:
    for caller, call in project.calls.to(name):
        if call.guarded or call.handed_off or caller == name:
            continue
        step = Step(project.path_of(caller), call.line, "called here for each request")
        if (route := project.handlers.get(caller)) is not None:
            methods = "/".join(method.upper() for method in route.methods)
            return Repeated(f"for each `{methods} {route.path}`, through `{shown}`", step)
        if project.is_dependency(caller):
            label = project.label(caller)
            return Repeated(f"for each request that depends on `{label}`, through `{shown}`", step)
        if hops > 1 and _runs_each_time(caller, project):
            found = _called_from_elsewhere(caller, shown, project, hops - 1)
            if found is not None:
                return found
    return None


def _runs_each_time(function: str, project: Project) -> bool:
    """Whether a function is no cache in front of what it calls."""
    known = project.functions.get(function)
    return known is not None and not any(
        decorator.rsplit(".", 1)[-1] in _ONCE for decorator in known.decorators
    )
