"""FAS113."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_MEANT = re.compile(
    r"(callback|log_?in|log_?out|sign|verif|confirm|oauth|auth|token|unsubscribe|track|redirect|health"
    r"|webhook|hook|activate|accept|invite|sso|saml|cron|seen|view|visit|click|download|init|sync)",
    re.IGNORECASE,
)
_WRITES = {"add", "add_all", "delete", "merge", "bulk_save_objects"}
_SESSIONS = ("sqlalchemy.orm.Session.", "sqlalchemy.ext.asyncio.AsyncSession.")
_STATEMENT = re.compile(r"\s*(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b", re.IGNORECASE)
_EXECUTES = {"execute", "executemany"}


@rule(
    "FAS113",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor",),
)
def get_with_side_effect(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A GET route writes to the database.

    Browsers, crawlers, link previews and proxies repeat and prefetch GET requests, and a foreign
    page can make a user's browser send one. Use POST, PUT or DELETE.

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/orders/{number}/cancel")
    def cancel(number: int) -> None:
        with sqlite3.connect("orders.db") as connection:
            connection.execute("DELETE FROM orders WHERE id = ?", (number,))  # finding
    ```

    Another method, reading, and what must be a GET, such as a link in a mail:

    ```python
    import sqlite3

    from fastapi import FastAPI

    app = FastAPI()


    @app.delete("/orders/{number}")
    def cancel(number: int) -> None:
        with sqlite3.connect("orders.db") as connection:
            connection.execute("DELETE FROM orders WHERE id = ?", (number,))


    @app.get("/orders/{number}")
    def order(number: int) -> None:
        with sqlite3.connect("orders.db") as connection:
            connection.execute("SELECT * FROM orders WHERE id = ?", (number,))


    @app.get("/confirm/{code}")
    def confirm(code: str) -> None:
        with sqlite3.connect("orders.db") as connection:
            connection.execute("UPDATE users SET active = 1 WHERE code = ?", (code,))
    ```
    """
    for route in file.routes:
        if route.methods != frozenset({"get"}) or _MEANT.search(
            f"{route.path} {route.function.name}"
        ):
            continue
        write = next(_writes(route, file), None)
        if write is not None:
            yield Problem(
                write,
                f"`{route.label()}` writes to the database; a GET is repeated and prefetched by others."
                " Make it a POST, PUT or DELETE.",
                confidence=Confidence.MEDIUM,
            )


def _writes(route: Route, file: SourceFile) -> Iterator[ast.Call]:
    for node in file.body(route.function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in _WRITES:
            if (file.qualified_name(node.func) or "").startswith(_SESSIONS):
                yield node
        elif node.func.attr in _EXECUTES and node.args:
            text = file.text_of(node.args[0])
            if text is not None and _STATEMENT.match(text.with_holes()):
                yield node
