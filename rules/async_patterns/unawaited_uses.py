"""What code does with a coroutine that it never awaits."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.scopes import FUNCTIONS
from rules.tables.coroutines import is_known_coroutine

if TYPE_CHECKING:
    from rules.core.scopes import FunctionNode
    from rules.core.source import SourceFile

_OF_COROUTINES = {
    "send", "throw", "close", "cr_frame", "cr_running", "cr_code", "cr_await", "cr_origin",
    "__await__", "__name__", "__qualname__", "__class__",
}  # fmt: skip
_NEEDS_VALUE = {
    "bool", "len", "str", "int", "float", "list", "dict", "set", "tuple", "sorted", "sum", "min",
    "max", "any", "all", "enumerate", "zip", "iter", "abs", "round", "json.dumps", "json.loads",
    "isinstance",
}  # fmt: skip
_BUILTIN_TYPES = {
    "int", "str", "bool", "float", "bytes", "dict", "list", "tuple", "set", "frozenset",
    "typing.List", "typing.Dict", "typing.Tuple", "typing.Set",
}  # fmt: skip
_AWAITABLE = {"Coroutine", "Awaitable", "Future", "Task", "Any", "object", "Callable", "Deferred"}

_PAYLOADS = {
    "fastapi.Request.json", "fastapi.Request.body", "fastapi.Request.form",
    "fastapi.UploadFile.read", "aiohttp.ClientResponse.json", "aiohttp.ClientResponse.text",
    "aiohttp.ClientResponse.read",
}  # fmt: skip
"""Coroutine functions whose result is data: nobody hands on the coroutine in its place."""
_READS = {
    "execute", "fetch", "fetch_all", "fetch_one", "fetchall", "fetchmany", "fetchone", "fetchrow",
    "fetchval", "find_one", "scalar", "scalars",
}  # fmt: skip
"""Methods of databases whose result is data."""
_GETS = {"get", "fetch", "load", "read", "find", "compute", "build", "create", "make", "parse"}
_AWAITS = re.compile(
    r"gather|task|wait|shield|coro|future|spawn|schedule|timeout|append|(^|_)(add|put|run|submit|"
    r"start|as_completed|extend)(_|$)",
    re.IGNORECASE,
)
_PENDING = re.compile(r"coro|task|fut|await|job|work|pending|request_?$", re.IGNORECASE)
"""Names of coroutines that are kept on purpose."""

_SEVERAL_WORDS = 2
"""So many words that a name shares with `get_cached_embedding_config` make it one of its result."""

_ALWAYS_TRUE = "a coroutine object is always true"
_NEVER_RUNS = "it never runs"


def misuse(node: ast.expr, file: SourceFile) -> str | None:
    """Why using a coroutine here is wrong; None where it may be right or nobody can tell."""
    parent = file.parent(node)
    if _is_tested(node, parent):
        return _ALWAYS_TRUE
    return _taken_for_value(node, parent) or _passed_on(node, parent, file)


def _is_tested(node: ast.expr, parent: ast.AST | None) -> bool:
    match parent:
        case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
            return test is node
        case ast.IfExp(test=test):
            return test is node
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.comprehension(iter=iterable):
            return iterable is not node
        case ast.BoolOp(values=values):
            return values[-1] is not node
        case _:
            return False


def _taken_for_value(node: ast.expr, parent: ast.AST | None) -> str | None:
    match parent:
        case ast.Compare():
            return "the comparison is with a coroutine object, never with its result"
        case ast.Attribute(attr=attribute) if attribute not in _OF_COROUTINES:
            return f"a coroutine has no attribute `{attribute}`"
        case ast.Subscript(value=value) if value is node:
            return "a coroutine cannot be subscripted"
        case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) if iterable is node:
            return "a coroutine cannot be iterated"
        case ast.comprehension():
            return "a coroutine cannot be iterated"
        case ast.FormattedValue() | ast.BinOp() | ast.AugAssign():
            return "a coroutine object takes the place of its result"
        case ast.Assign(targets=[ast.Tuple() | ast.List()]):
            return "a coroutine cannot be unpacked"
        case _:
            return None


def _passed_on(node: ast.expr, parent: ast.AST | None, file: SourceFile) -> str | None:
    match parent:
        case ast.Expr():
            return _NEVER_RUNS
        case ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
            return misuse(parent, file)
        case ast.Return():
            return _returned(node, file)
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            return _assigned(name, file)
        case ast.Call() if node in parent.args:
            return _given(parent, file) or _kept_in(parent, node, file)
        case ast.keyword(arg=str(word)) if not (_PENDING.search(word) or _AWAITS.search(word)):
            call = file.parent(parent)
            return _kept_in(call, node, file) if isinstance(call, ast.Call) else None
        case ast.List() if isinstance(file.parent(parent), ast.BinOp):
            return "a list of values gets a coroutine object"
        case _:
            return None


def _given(call: ast.Call, file: SourceFile) -> str | None:
    name = file.qualified_name(call.func)
    return f"`{name}` gets a coroutine object" if name in _NEEDS_VALUE else None


def _kept_in(call: ast.Call, node: ast.expr, file: SourceFile) -> str | None:
    """Of a call whose coroutine an object of a class of the project is made of."""
    class_ = _built_by(call, file)
    if class_ is None or not isinstance(node, ast.Call) or not can_await(node, file):
        return None
    return f"`{class_}` gets a coroutine object"


def _built_by(call: ast.Call, file: SourceFile) -> str | None:
    """The class of the project whose object a call makes, unless it sounds as if it awaited."""
    name = file.qualified_name(call.func)
    known = file.project.classes if file.project is not None else file.defined.classes
    last = (name or "").rpartition(".")[2]
    is_one = name in known and not (_AWAITS.search(last) or _PENDING.search(last))
    return last if is_one else None


def _returned(node: ast.expr, file: SourceFile) -> str | None:
    function = file.enclosing_function(node)
    if function is None or _in_lambda(node, file):
        return None
    if (route := file.route(function)) is not None:
        return f"`{route.label()}` answers with a coroutine object instead of its result"
    if not _is_plain(function):
        return None
    annotated = _annotated(function, file)
    is_itself = isinstance(node, ast.Call) and file.qualified_name(node.func) == (
        file.defined.name_of(function)
    )
    if annotated == "awaitable" and not is_itself:
        return None
    if isinstance(function, ast.AsyncFunctionDef):
        return f"`await {function.name}()` gives a coroutine object instead of its result"
    if annotated == "value":
        return f"`{function.name}` promises a value and returns a coroutine object"
    return None


def _in_lambda(node: ast.expr, file: SourceFile) -> bool:
    return isinstance(file.scopes.of(node), ast.Lambda)


def _is_plain(function: FunctionNode) -> bool:
    names = (getattr(item, "id", "") for item in function.decorator_list)
    return all(name in {"staticmethod", "classmethod", "override"} for name in names)


def _annotated(function: FunctionNode, file: SourceFile) -> str:
    """What a return annotation promises: `awaitable`, `value`, or nothing that can be told."""
    returns = function.returns
    if returns is None:
        return "nothing"
    text = file.source(returns)
    if any(word in text for word in _AWAITABLE):
        return "awaitable"
    if isinstance(returns, ast.Constant) and returns.value is None:
        return "value"
    name = file.annotation(returns)
    return "value" if name in _BUILTIN_TYPES or name in file.defined.classes else "nothing"


def _assigned(name: ast.Name, file: SourceFile) -> str | None:
    """Of a local, up to where something else is assigned to it: the misuse that all uses share."""
    scope = file.scopes.of(name)
    if isinstance(scope, FUNCTIONS) and _replaces_value(name, scope, file):
        return f"`{name.id}`, which held a value, becomes a coroutine object"
    if not isinstance(scope, FUNCTIONS) or file.scopes.in_scope(scope).get(name.id) is None:
        return None
    uses = [
        node
        for node in file.within(scope)
        if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Load)
    ]
    is_only = len(file.scopes.lookup(name.id, scope)) == 1
    if not is_only:
        uses = [use for use in uses if _reaches(name, use, file)]
    if uses and all(_only_tests(use, file) for use in uses):
        return _ALWAYS_TRUE
    if not uses:
        is_kept = not is_only or (name.id.startswith("_") and name.id != "_")
        return None if is_kept else _NEVER_RUNS
    may_be_kept = _PENDING.search(name.id) or not can_await(name, file)
    is_result = _is_named_as_result(name, file) or (
        not may_be_kept and _is_asked_for_none(uses, file)
    )
    reasons = [
        _simple(use, file)
        or (
            _handed_on(name)
            if _taken_by(use, file) and (is_result or (not may_be_kept and _built(use, file)))
            else None
        )
        for use in uses
    ]
    if all(reasons):
        return reasons[0]
    certain = [reason for reason in reasons if reason is not None]
    open_ = [use for use, reason in zip(uses, reasons, strict=True) if reason is None]
    return certain[0] if certain and all(_only_tests(use, file) for use in open_) else None


def _reaches(name: ast.Name, use: ast.Name, file: SourceFile) -> bool:
    """Whether a use means what was assigned here; what may be `None` instead means it, too."""
    found = file.names.reaching(use)
    if found[-1].node is name:
        return True
    others = [one.value for one in found if one.node is not name]
    return len(others) < len(found) and all(
        isinstance(value, ast.Constant) and value.value is None for value in others
    )


def _promises_value(node: ast.AST, file: SourceFile) -> bool:
    function = file.enclosing_function(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    return file.route(function) is not None or _annotated(function, file) == "value"


def _only_tests(use: ast.Name, file: SourceFile) -> bool:
    """Whether the use asks whether there is a result, and hands the coroutine to nobody."""
    parent = file.parent(use)
    if isinstance(parent, ast.Compare):
        return True
    return _is_tested(use, parent)


def _replaces_value(name: ast.Name, scope: FunctionNode, file: SourceFile) -> bool:
    """Whether a parameter of a builtin type gets the coroutine, and nothing awaits it later."""
    bindings = file.scopes.lookup(name.id, scope)
    if not any(
        binding.kind == "argument" and file.annotation(binding.annotation) in _BUILTIN_TYPES
        for binding in bindings
        if binding.annotation is not None
    ):
        return False
    return can_await(name, file) and not any(
        isinstance(file.parent(use), (ast.Await, ast.Starred))
        or (isinstance(file.parent(use), ast.Call) and not _taken_by(use, file))
        for use in file.within(scope)
        if isinstance(use, ast.Name) and use.id == name.id and isinstance(use.ctx, ast.Load)
    )


def _is_named_as_result(name: ast.Name, file: SourceFile) -> bool:
    """Whether a coroutine is kept under the name of its result: `user_id = get_user_id()`."""
    statement = file.parent(name)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or not can_await(statement, file):
        return False
    if not isinstance(statement.value, ast.Call):
        return False
    function = statement.value.func
    called = file.qualified_name(function) or getattr(function, "attr", "")
    last = called.rpartition(".")[2].strip("_")
    is_read = called in _PAYLOADS or (last in _READS and is_known_coroutine(called))
    if is_read or name.id in file.names_in(statement.value):
        return _PENDING.search(name.id) is None
    verb, _, rest = last.removeprefix("async_").partition("_")
    if "_" in name.id and last.startswith(f"{name.id}_"):
        return True
    if verb in _GETS and f"{rest}_".startswith(f"{name.id}_"):
        return True
    shared = set(name.id.split("_")) & set(last.split("_"))
    return len(shared) >= _SEVERAL_WORDS and not _PENDING.search(name.id)


def _is_asked_for_none(uses: list[ast.Name], file: SourceFile) -> bool:
    """Whether code asks of what can only be the coroutine whether it is `None`: it means a result."""
    return any(
        isinstance(parent := file.parent(use), ast.Compare)
        and isinstance(parent.ops[0], (ast.Is, ast.IsNot))
        and len(file.names.reaching(use)) == 1
        for use in uses
    )


def _handed_on(name: ast.Name) -> str:
    return f"whoever gets `{name.id}` gets a coroutine object"


def _taken_by(use: ast.Name, file: SourceFile) -> bool:
    """Whether the name goes to a mapping, or to a call that does not sound as if it awaited it."""
    parent = file.parent(use)
    if isinstance(parent, ast.Dict):
        return use in parent.values
    call = _given_to(use, file)
    if call is None or use is call.func or _in_lambda(use, file):
        return False
    function = call.func
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return bool(last) and not _AWAITS.search(last)


def _built(use: ast.Name, file: SourceFile) -> bool:
    """Whether an object of a class of the project is made of what the name holds."""
    call = _given_to(use, file)
    return call is not None and _built_by(call, file) is not None


def _given_to(use: ast.Name, file: SourceFile) -> ast.Call | None:
    """The call that a name is an argument of, or is called by."""
    parent = file.parent(use)
    call = file.parent(parent) if isinstance(parent, ast.keyword) else parent
    return call if isinstance(call, ast.Call) else None


def _simple(use: ast.Name, file: SourceFile) -> str | None:
    parent = file.parent(use)
    if isinstance(parent, ast.Return) and isinstance(use.ctx, ast.Load):
        return _returned(use, file) if _promises_value(use, file) else None
    if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.Expr, ast.NamedExpr)):
        return None
    if isinstance(parent, ast.Compare) or _in_lambda(use, file):
        return None
    if isinstance(parent, (ast.If, ast.While, ast.BoolOp, ast.UnaryOp)):
        return None
    return misuse(use, file)


def can_await(node: ast.AST, file: SourceFile) -> bool:
    """Whether `await` may stand at the node, without making a generator asynchronous."""
    for parent in file.ancestors(node):
        if isinstance(parent, (ast.Lambda, ast.GeneratorExp)):
            return False
        if isinstance(parent, FUNCTIONS):
            return isinstance(parent, ast.AsyncFunctionDef)
    return False
