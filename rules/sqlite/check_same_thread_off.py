"""SQL106."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LOCK = re.compile(r"(\b|_)r?lock\b|R?Lock\(|semaphore|queue|max_workers\s*=\s*1\b", re.IGNORECASE)


@rule(
    "SQL106",
    on=ast.Call,
    calls=("connect",),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
)
def check_same_thread_off(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """One connection for all threads without a lock mixes up their transactions.

    `check_same_thread=False` turns off the check, not the problem: threads share one transaction
    and one cursor state, so that one's rollback undoes the other's write. Give each request its
    own connection, or guard every use with a lock.

    ```python
    import sqlite3


    class Store:
        def __init__(self, path: str) -> None:
            self.connection = sqlite3.connect(path, check_same_thread=False)  # finding

        def close(self) -> None:
            self.connection.close()
    ```

    With a lock, or for one request only:

    ```python
    import sqlite3
    import threading
    from collections.abc import Iterator


    class Store:
        def __init__(self, path: str) -> None:
            self.lock = threading.Lock()
            self.connection = sqlite3.connect(path, check_same_thread=False)

        def close(self) -> None:
            self.connection.close()


    def connection() -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect("news.db", check_same_thread=False)
        try:
            yield connection
        finally:
            connection.close()
    ```
    """
    off = any(
        keyword.arg == "check_same_thread" and file.literal(keyword.value) is False
        for keyword in call.keywords
    )
    if not off or file.qualified_name(call.func) != "sqlite3.connect":
        return
    if _is_kept(call, file) and not _is_guarded(file):
        yield Problem(
            call,
            "This connection is shared by threads (`check_same_thread=False`) and nothing locks it:"
            " they end up in each other's transactions. Use one per request, or a `threading.Lock`.",
        )


def _is_kept(call: ast.Call, file: SourceFile) -> bool:
    """Whether the connection outlives the call that opened it: an attribute or a global."""
    statement = file.statement(call)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        if isinstance(target, ast.Attribute):
            return not isinstance(target.value, ast.Name) or "local" not in target.value.id.lower()
        if isinstance(target, ast.Name) and file.enclosing_function(call) is None:
            return True
        if isinstance(target, ast.Name) and any(
            target.id in declared.names for declared in file.of(ast.Global)
        ):
            return True
    return False


def _is_guarded(file: SourceFile) -> bool:
    """Whether anything in the file keeps the threads apart: a lock, a pool, a connection each."""
    text = file.text
    return bool(_LOCK.search(text)) or "local()" in text or "mode=ro" in text
