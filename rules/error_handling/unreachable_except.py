"""ERR113."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import Problem, Severity, rule
from rules.error_handling.handlers import caught, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_KNOWN: dict[str, type] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
_PARENTS = {
    "asyncio.CancelledError": "BaseException",
    "asyncio.TimeoutError": "TimeoutError",
    "socket.timeout": "TimeoutError",
    "socket.error": "OSError",
    "socket.gaierror": "OSError",
    "json.JSONDecodeError": "ValueError",
    "subprocess.SubprocessError": "Exception",
    "subprocess.CalledProcessError": "subprocess.SubprocessError",
    "subprocess.TimeoutExpired": "subprocess.SubprocessError",
    "urllib.error.URLError": "OSError",
    "urllib.error.HTTPError": "urllib.error.URLError",
    "sqlite3.Error": "Exception",
    "sqlite3.DatabaseError": "sqlite3.Error",
    "sqlite3.OperationalError": "sqlite3.DatabaseError",
    "sqlite3.IntegrityError": "sqlite3.DatabaseError",
    "fastapi.HTTPException": "starlette.HTTPException",
    "starlette.HTTPException": "Exception",
    "pydantic.ValidationError": "ValueError",
    "requests.RequestException": "OSError",
    "requests.ConnectionError": "requests.RequestException",
    "requests.HTTPError": "requests.RequestException",
    "requests.Timeout": "requests.RequestException",
    "requests.exceptions.RequestException": "OSError",
    "requests.exceptions.ConnectionError": "requests.exceptions.RequestException",
    "requests.exceptions.HTTPError": "requests.exceptions.RequestException",
    "requests.exceptions.Timeout": "requests.exceptions.RequestException",
    "requests.exceptions.ConnectTimeout": "requests.exceptions.ConnectionError",
    "requests.exceptions.ReadTimeout": "requests.exceptions.Timeout",
    "httpx.HTTPError": "Exception",
    "httpx.HTTPStatusError": "httpx.HTTPError",
    "httpx.RequestError": "httpx.HTTPError",
    "httpx.TransportError": "httpx.RequestError",
    "httpx.TimeoutException": "httpx.TransportError",
    "httpx.ConnectTimeout": "httpx.TimeoutException",
    "httpx.ReadTimeout": "httpx.TimeoutException",
    "httpx.NetworkError": "httpx.TransportError",
    "httpx.ConnectError": "httpx.NetworkError",
    "aiohttp.ClientError": "Exception",
    "aiohttp.ClientResponseError": "aiohttp.ClientError",
    "aiohttp.ClientConnectionError": "aiohttp.ClientError",
    "sqlalchemy.exc.SQLAlchemyError": "Exception",
    "sqlalchemy.exc.DBAPIError": "sqlalchemy.exc.SQLAlchemyError",
    "sqlalchemy.exc.IntegrityError": "sqlalchemy.exc.DBAPIError",
    "sqlalchemy.exc.OperationalError": "sqlalchemy.exc.DBAPIError",
}
"""Exceptions of libraries to the nearest parent; `sqlalchemy.exc` and `httpx` as documented."""


@rule(
    "ERR113",
    on=ast.Try,
    severity=Severity.WARNING,
    peers=("ruff:B014", "ruff:B025", "pylint:E0701", "pylint:W0705"),
)
def unreachable_except(node: ast.Try, file: SourceFile) -> Iterator[Problem]:
    """An `except` behind one that catches the same or more never runs.

    Handlers are tried from the top. Put the more special one first.

    ```python
    import httpx


    def load(client) -> str:
        try:
            return client.get("/markets").text
        except httpx.HTTPError:
            return ""
        except httpx.TimeoutException:  # finding
            return "slow"


    def number(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            return 0
        except ValueError:  # finding
            return 1
    ```

    ```python fixed
    import httpx


    def load(client) -> str:
        try:
            return client.get("/markets").text
        except httpx.HTTPError:
            return ""


    def number(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            return 0
    ```

    In one pair of brackets it is only one word too many:

    ```python
    def number(text: str) -> int:
        try:
            return int(text)
        except (ValueError, Exception):  # finding: suggestion
            return 0
    ```

    The special one first, and unrelated ones:

    ```python
    import asyncio


    async def load(work) -> str:
        try:
            return await work()
        except TimeoutError:
            return "slow"
        except OSError:
            return "broken"
        except Exception:
            return "unknown"
        except asyncio.CancelledError:
            raise
    ```
    """
    for handler in node.handlers:
        yield from _twice(handler, file)
    if len(node.handlers) == 1:
        return
    before: list[str] = []
    for handler in node.handlers:
        names = () if _depends(handler.type, file) else caught(handler, file)
        covers = [next((b for b in before if _is_a(name, b, file)), None) for name in names]
        if covers and all(covers):
            yield Problem(
                handler,
                f"`{shown(handler, file)}` never runs: `except {covers[0]}` above catches it"
                " already. Put the more special handler first, or remove this one.",
                fix=fixes.remove,
            )
        before.extend(names)


def _twice(handler: ast.ExceptHandler, file: SourceFile) -> Iterator[Problem]:
    """A class that stands twice in one `except`, or beside `Exception`, which catches all."""
    if not isinstance(handler.type, ast.Tuple) or _depends(handler.type, file):
        return
    names = caught(handler, file)
    for number, name in enumerate(names):
        others = [*names[:number], *names[number + 1 :]]
        if name in names[:number] or ("Exception" in others and _is_a(name, "Exception", file)):
            yield Problem(
                handler.type,
                f"`{file.source(handler.type.elts[number])}` is caught by another class in these brackets."
                " Leave it out.",
                severity=Severity.SUGGESTION,
            )
            return


def _depends(kind: ast.expr | None, file: SourceFile) -> bool:
    """Whether a name is one class or another, as after `try: import ... except ImportError:`."""
    items = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(
        isinstance(item, ast.Name) and len(file.bindings(item.id, file.scopes.of(item))) > 1
        for item in items
    )


def _is_a(name: str, other: str, file: SourceFile) -> bool:
    """Whether an exception class is another one or a child of it."""
    if name == other:
        return name != "tuple"
    if name in _PARENTS:
        return _is_a(_PARENTS[name], other, file)
    if name in _KNOWN:
        return other in _KNOWN and issubclass(_KNOWN[name], _KNOWN[other])
    project = file.project
    return project is not None and project.inherits(name, other)
