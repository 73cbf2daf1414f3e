"""Places where a value becomes dangerous: SQL texts, paths, addresses, pages, commands.

`sinks(file, "path")` finds them; the security rules say what they think of the value.
rules/core/flow/facts.py keeps as facts which parameters of functions end in one.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.core.sql.queries import is_text
from rules.tables.http_clients import CLIENT_CLASSES, HTTP_REQUESTS, REQUEST_METHODS
from rules.tables.sinks import (
    CODE,
    HTML_ADDERS,
    HTML_CLASSES,
    HTML_NAMES,
    PATH_CALLS,
    PATH_METHODS,
    PATH_SECOND,
    SHELL,
    SQL_METHODS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rules.core.flow.origins import Use
    from rules.core.source import SourceFile


_PATH_NAMES = frozenset(name.rsplit(".", 1)[-1] for name in PATH_CALLS)
_URL_NAMES = REQUEST_METHODS | {"urlopen", "urlretrieve", "connect"}
_CLIENT_NAMES = frozenset(name.rsplit(".", 1)[-1] for name in CLIENT_CLASSES)
_SHELL_NAMES = frozenset(name.rsplit(".", 1)[-1] for name in SHELL)


@dataclass(frozen=True, slots=True, eq=False)
class Sink:
    """One dangerous use: `value` is what reaches `callee` (a name for messages) at `call`."""

    use: Use
    call: ast.Call
    value: ast.expr
    callee: str


def sinks(file: SourceFile, use: Use) -> list[Sink]:
    """The sinks of one kind in a file."""
    return file.memo(f"sinks:{use}", lambda: list(_FINDERS[use](file)))


def _sql(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, SQL_METHODS):
        name = "text" if is_text(call.func, file) else _last(call.func)
        position = SQL_METHODS.get(name, 0)
        value = next(
            (
                given
                for keyword in ("sql", "query", "statement", "operation", "clause", "text")
                if (given := file.argument(call, position, keyword)) is not None
            ),
            None,
        )
        if value is not None and not isinstance(value, ast.Constant):
            yield Sink("sql", call, value, name)


def _path(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, _PATH_NAMES):
        name = file.qualified_name(call.func) or ""
        found = PATH_CALLS.get(name)
        if found is None:
            continue
        value = file.argument(call, *found)
        if value is not None:
            yield Sink("path", call, value, name)
        if name in PATH_SECOND and (second := file.argument(call, 1, "dst")) is not None:
            yield Sink("path", call, second, name)
    for call in _calls(file, PATH_METHODS):
        if isinstance(call.func, ast.Attribute) and _is_path(file, call.func.value):
            yield Sink("path", call, call.func.value, f"Path.{call.func.attr}")


def _is_path(file: SourceFile, node: ast.expr) -> bool:
    if file.qualified_name(node) in {"pathlib.Path", "anyio.Path"}:
        return True
    if isinstance(node, ast.Name):
        node = file.value(node) or node
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def _url(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, _URL_NAMES):
        name = file.qualified_name(call.func)
        if name is None or name not in HTTP_REQUESTS or _has_own_transport(file, call):
            continue
        last = name.rsplit(".", 1)[-1]
        position = 1 if last in {"request", "stream"} else 0
        value = file.argument(call, position, "url")
        if value is not None:
            yield Sink("url", call, value, name)
    yield from _base_urls(file)


def _base_urls(file: SourceFile) -> Iterator[Sink]:
    """`httpx.Client(base_url=...)`: every request of the client goes there."""
    for call in _calls(file, _CLIENT_NAMES):
        name = file.qualified_name(call.func)
        value = file.argument(call, 99, "base_url") if name in CLIENT_CLASSES else None
        if name is not None and value is not None:
            yield Sink("url", call, value, name)


def _has_own_transport(file: SourceFile, call: ast.Call) -> bool:
    """Whether the client sends through a transport of the project, which can refuse addresses."""
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return False
    for binding in file.names.reaching(call.func.value):
        if isinstance(made := binding.value, ast.Call):
            given = file.argument(made, 99, "transport")
            if isinstance(given, ast.Call) and not (
                file.qualified_name(given.func) or "httpx."
            ).startswith("httpx."):
                return True
    return False


def _html(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, HTML_NAMES):
        name = file.qualified_name(call.func)
        name = name or _last(call.func)
        if _last(call.func) not in HTML_ADDERS and (
            name not in HTML_CLASSES or not _is_html(file, call, name)
        ):
            continue
        for keyword in ("content", "source", "object", "html", "code"):
            if (value := file.argument(call, 0, keyword)) is not None:
                yield Sink("html", call, value, name.rsplit(".", 1)[-1])
                break


def _is_html(file: SourceFile, call: ast.Call, name: str) -> bool:
    """A part of a mail is HTML only when it says so."""
    if not name.endswith("MIMEText"):
        return True
    return file.literal(file.argument(call, 1, "_subtype")) == "html"


def _shell(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, _SHELL_NAMES):
        name = file.qualified_name(call.func) or ""
        when = SHELL.get(name)
        if when == "shell" and (script := _script_of_a_shell(file, call)) is not None:
            yield Sink("shell", call, script, name)
            continue
        if when is None or (when == "shell" and not _with_shell(file, call)):
            continue
        if when == "text" and (not call.args or file.text_of(call.args[0]) is None):
            continue
        for keyword in ("args", "cmd", "command"):
            if (value := file.argument(call, 0, keyword)) is not None:
                yield Sink("shell", call, value, name)
                break


def _script_of_a_shell(file: SourceFile, call: ast.Call) -> ast.expr | None:
    """The third of `["sh", "-c", script]`, which is a shell without `shell=True`."""
    match file.argument(call, 0, "args"):
        case ast.List(elts=[ast.Constant(value=str(shell)), ast.Constant(value="-c"), script, *_]):
            return script if shell.rpartition("/")[2] in {"sh", "bash", "zsh", "dash"} else None
        case _:
            return None


def _with_shell(file: SourceFile, call: ast.Call) -> bool:
    return any(
        keyword.arg == "shell" and file.literal(keyword.value) not in {False, None}
        for keyword in call.keywords
    )


def _code(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, {"eval", "exec", "compile"}):
        name = file.qualified_name(call.func)
        if name in CODE and call.args:
            yield Sink("code", call, call.args[0], name)


def _redirect(file: SourceFile) -> Iterator[Sink]:
    for call in _calls(file, {"RedirectResponse", "redirect"}):
        name = file.qualified_name(call.func)
        if name in {"fastapi.responses.RedirectResponse", "flask.redirect"}:
            value = file.argument(call, 0, "url")
            if value is not None:
                yield Sink("redirect", call, value, name.rsplit(".", 1)[-1])


def _calls(file: SourceFile, names: Iterable[str]) -> Iterator[ast.Call]:
    """The calls with one of these last names, and not all calls when none occurs."""
    present = file.called_names.intersection(names)
    if present:
        yield from file.calls(*sorted(present))


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


_FINDERS: dict[Use, Callable[[SourceFile], Iterator[Sink]]] = {
    "sql": _sql,
    "path": _path,
    "url": _url,
    "html": _html,
    "shell": _shell,
    "code": _code,
    "redirect": _redirect,
}
