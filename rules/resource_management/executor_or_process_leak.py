"""RES108."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.resource_management.ownership import Fate, fate_of
from rules.resource_management.uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_OPENS = {
    "concurrent.futures.ThreadPoolExecutor": ("thread pool", "its threads live on"),
    "concurrent.futures.ProcessPoolExecutor": ("process pool", "its processes live on"),
    "multiprocessing.Pool": ("process pool", "its processes live on"),
    "multiprocessing.pool.ThreadPool": ("thread pool", "its threads live on"),
    "subprocess.Popen": ("process", "it stays as a zombie and keeps its pipes"),
    "socket.socket": ("socket", "it keeps its descriptor"),
    "socket.create_connection": ("socket", "it keeps its descriptor"),
    "asyncio.open_connection": ("connection", "it keeps its descriptor"),
    "asyncio.open_unix_connection": ("connection", "it keeps its descriptor"),
    "websockets.connect": ("websocket", "it stays connected"),
    "websocket.create_connection": ("websocket", "it stays connected"),
    "smtplib.SMTP": ("mail connection", "it keeps its socket"),
    "smtplib.SMTP_SSL": ("mail connection", "it keeps its socket"),
    "selectors.DefaultSelector": ("selector", "it keeps its descriptor"),
    "tempfile.TemporaryDirectory": ("temporary folder", "it is deleted at any moment"),
}


@rule(
    "RES108",
    on=ast.Call,
    calls={name.rsplit(".", 1)[-1] for name in _OPENS},
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("codeql:py/should-use-with",),
)
def executor_or_process_leak(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """An executor, process or socket that is never shut down stays as long as the service.

    A pool per call adds its threads each time; a process that nobody waits for stays as a
    zombie; a socket keeps its descriptor. Use a `with` block, or one pool for the program.

    ```python
    import subprocess
    from concurrent.futures import ThreadPoolExecutor


    def squares(numbers: list[int]) -> list[int]:
        pool = ThreadPoolExecutor(4)  # finding
        return list(pool.map(lambda n: n * n, numbers))


    def backup(path: str) -> None:
        subprocess.Popen(["tar", "czf", "/backup.tgz", path])  # finding
    ```

    In a block, waited for, given to an owner, or one for the whole program:

    ```python
    import subprocess
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(4)


    def squares(numbers: list[int]) -> list[int]:
        with ThreadPoolExecutor(4) as own:
            return list(own.map(lambda n: n * n, numbers))


    def cubes(numbers: list[int]) -> list[int]:
        return list(pool.map(lambda n: n**3, numbers))


    def backup(path: str) -> int:
        process = subprocess.Popen(["tar", "czf", "/backup.tgz", path])
        return process.wait()


    class Worker:
        def __init__(self) -> None:
            self.pool = ThreadPoolExecutor(1)

        def close(self) -> None:
            self.pool.shutdown()
    ```
    """
    name = file.qualified_name(call.func) or ""
    if name not in _OPENS or file.enclosing_function(call) is None or _is_detached(call):
        return
    owned = fate_of(call, file)
    if owned.fate in {Fate.NEVER, Fate.DROPPED} and not _is_known_by_number(
        owned.holder, call, file
    ):
        noun, what = _OPENS[name]
        where = f" in `{owned.holder}`" if owned.holder else ""
        yield Problem(call, f"The {noun}{where} is never shut down: {what}. {_how(noun)}.")


def _how(noun: str) -> str:
    return {
        "process": "Use a `with` block, or wait for it",
        "connection": "Close the writer in a `finally`",
        "websocket": "Use an `async with` block, or close it in a `finally`",
    }.get(noun, "Use a `with` block")


def _is_detached(call: ast.Call) -> bool:
    """A process in a session of its own, or options that may ask for one: meant to live on."""
    return any(
        keyword.arg in {"start_new_session", "creationflags", "preexec_fn", "process_group", None}
        for keyword in call.keywords
    )


def _is_known_by_number(holder: str, call: ast.Call, file: SourceFile) -> bool:
    """A process whose `pid` is noted is stopped by somebody else, or not at all."""
    scope = file.enclosing_function(call)
    if not holder or scope is None:
        return False
    parents = (file.parent(use) for use in uses_of(holder, scope, file))
    return any(isinstance(parent, ast.Attribute) and parent.attr == "pid" for parent in parents)
