"""What one use of a name does to the resource behind it."""

from __future__ import annotations

import ast
import enum
from typing import TYPE_CHECKING

from rules.core.scopes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.scopes import FunctionNode, Scope
    from rules.core.source import SourceFile

CLOSERS = frozenset({
    "close", "aclose", "disconnect", "shutdown", "terminate", "kill", "dispose", "quit", "release",
    "wait", "communicate", "join", "detach", "__exit__", "__aexit__", "close_all", "stop", "exit",
    "logout", "cleanup", "poll", "shutdown_async", "wait_closed", "cancel", "unlock", "putconn",
})  # fmt: skip
"""Last names of calls that end the life of a resource."""

_TAKERS = frozenset({
    "contextlib.closing", "contextlib.aclosing", "weakref.finalize", "atexit.register",
})  # fmt: skip
_TAKING_METHODS = frozenset({"enter_context", "enter_async_context", "push", "callback"})
_BORROWERS = frozenset({
    "isinstance", "print", "len", "str", "repr", "id", "next", "iter", "list", "tuple", "set",
    "sorted", "bool", "type", "getattr", "hasattr", "dict", "sum", "enumerate", "zip",
    "json.load", "json.dump", "pickle.load", "pickle.dump", "csv.reader", "csv.writer",
    "csv.DictReader", "csv.DictWriter", "yaml.safe_load", "yaml.load", "yaml.dump",
    "yaml.safe_dump", "tomllib.load", "tomli.load", "toml.load", "marshal.load",
    "configparser.ConfigParser.read_file", "shutil.copyfileobj", "hashlib.file_digest",
    "pandas.read_sql", "pandas.read_sql_query", "pandas.read_sql_table", "pandas.read_csv",
    "pandas.DataFrame.to_sql", "pandas.DataFrame.to_csv", "xml.etree.ElementTree.parse",
    "json.JSONDecoder.decode", "PIL.Image.open", "numpy.load", "torch.load", "torch.save",
    "requests.post", "requests.put", "requests.patch", "httpx.post", "httpx.put", "httpx.patch",
})  # fmt: skip
"""Callables that use what they are given and give it back."""

_SENDERS = frozenset({
    ("transcriptions", "create"), ("translations", "create"), ("files", "create"),
    ("images", "edit"), ("s3", "upload_fileobj"), ("s3_client", "upload_fileobj"),
})  # fmt: skip
"""Owner and method of calls that send the content of what they are given, and leave it open."""


class Use(enum.Enum):
    """What a use does."""

    WORKS = enum.auto()
    CLOSES = enum.auto()
    GIVES = enum.auto()
    YIELDS = enum.auto()


def uses_of(name: str, scope: Scope, file: SourceFile) -> Iterator[ast.Name]:
    """Every load of a variable of a scope, in nested functions too."""
    names = file.memo("resources.loads", lambda: _loads(file)).get(name, [])
    for node in names:
        bindings = file.scopes.lookup(name, file.scopes.of(node))
        if bindings and bindings[0].scope is scope:
            yield node


def _loads(file: SourceFile) -> dict[str, list[ast.Name]]:
    found: dict[str, list[ast.Name]] = {}
    for node in file.of(ast.Name):
        if isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, []).append(node)
    return found


def use_of(node: ast.expr, file: SourceFile, *, with_closes: bool) -> Use:
    """What happens to a resource at one place where its name (or attribute) stands."""
    parent = file.parent(node)
    match parent:
        case ast.Attribute(attr=attribute):
            if attribute in CLOSERS:
                return Use.CLOSES
            return Use.GIVES if _gives_cursor(parent, file) else Use.WORKS
        case ast.withitem():
            return Use.CLOSES if with_closes else Use.WORKS
        case ast.Call() if parent.func is not node:
            return _given(node, parent, file)
        case ast.keyword():
            call = file.parent(parent)
            return _given(node, call, file) if isinstance(call, ast.Call) else Use.GIVES
        case ast.Yield():
            return Use.YIELDS
        case ast.Compare() | ast.If() | ast.While() | ast.UnaryOp() | ast.Assert() | ast.For():
            return Use.WORKS
        case ast.AsyncFor() | ast.comprehension() | ast.Subscript() | ast.FormattedValue():
            return Use.WORKS
        case ast.IfExp(test=test) if test is node:
            return Use.WORKS
        case ast.BoolOp() if isinstance(file.parent(parent), (ast.If, ast.While, ast.BoolOp)):
            return Use.WORKS
        case _:
            return Use.GIVES


def _gives_cursor(method: ast.Attribute, file: SourceFile) -> bool:
    """`return connection.cursor()`: who gets the cursor has the connection with it."""
    call = file.parent(method)
    if method.attr not in {"cursor", "begin"} or not isinstance(call, ast.Call):
        return False
    return isinstance(file.parent(call), ast.Return)


def _given(node: ast.expr, call: ast.Call, file: SourceFile) -> Use:
    name = file.qualified_name(call.func) or ""
    last = call.func.attr if isinstance(call.func, ast.Attribute) else name.rsplit(".", 1)[-1]
    if last == "run_in_executor" and call.args[:1] == [node]:
        return Use.WORKS
    if name in _TAKERS or last in _TAKING_METHODS or last in CLOSERS:
        return Use.CLOSES
    if name in _BORROWERS or last in {"read_sql", "read_sql_query", "to_sql"}:
        return Use.WORKS
    if _sends(call.func):
        return Use.WORKS
    function = file.defined.functions.get(name)
    if function is None:
        return Use.GIVES
    parameter = _parameter(node, call, function)
    return Use.GIVES if parameter is None else _use_by(parameter, function, file)


def _sends(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=ast.Attribute(attr=owner) | ast.Name(id=owner), attr=method):
            return (owner, method) in _SENDERS
        case _:
            return False


def _parameter(node: ast.expr, call: ast.Call, function: FunctionNode) -> str | None:
    """The name by which a function of this file takes the argument."""
    for keyword in call.keywords:
        if keyword.value is node:
            return keyword.arg
    names = [argument.arg for argument, _ in parameters(function)]
    if isinstance(call.func, ast.Attribute) and names[:1] in (["self"], ["cls"]):
        names = names[1:]
    position = call.args.index(node) if node in call.args else len(names)
    return names[position] if position < len(names) else None


def _use_by(parameter: str, function: FunctionNode, file: SourceFile) -> Use:
    """What a function of this file does with a resource that it is given, looked at once."""
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in file.body(function)):
        return Use.GIVES  # It works with it for as long as somebody asks.
    for node in file.within(function):
        if not isinstance(node, ast.Name) or node.id != parameter:
            continue
        match file.parent(node):
            case ast.Attribute(attr=attribute):
                if attribute in CLOSERS:
                    return Use.GIVES
            case ast.Compare() | ast.If() | ast.UnaryOp() | ast.arg():
                pass
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                pass  # As what it goes through: its variables are names that are set.
            case ast.Call(func=callee):
                if file.qualified_name(callee) not in _BORROWERS:
                    return Use.GIVES
            case _:
                return Use.GIVES
    return Use.WORKS
