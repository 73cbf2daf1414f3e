"""SEC127."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_FIXED = re.compile(r"^(/tmp|/var/tmp|/dev/shm)/[\w.-]+")
_OPENERS = {
    "open",
    "io.open",
    "aiofiles.open",
    "sqlite3.connect",
    "aiosqlite.connect",
    "pathlib.Path",
}


@rule(
    "SEC127",
    on=ast.Call,
    calls=("mktemp", "open", "connect", "write_text", "write_bytes"),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:S306", "ruff:S108", "bandit:B306", "bandit:B108"),
)
def insecure_tempfile(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A temporary file has a name that others can guess.

    Another user of the machine makes a file or a link of that name first and so reads or redirects
    what is written. `tempfile` makes names and files in one step.

    ```python
    import tempfile
    from pathlib import Path


    def export(text: str) -> str:
        path = tempfile.mktemp(suffix=".csv")  # finding
        Path("/tmp/export.csv").write_text(text)  # finding
        with open("/tmp/report.csv", "w") as file:  # finding
            file.write(text)
        return path
    ```

    ```python
    import os
    import tempfile


    def path_for(name: str) -> str:
        path = tempfile.mktemp(suffix=".csv")  # finding
        return os.path.join(path, name)
    ```

    ```python fixed
    import os
    import tempfile


    def path_for(name: str) -> str:
        handle, path = tempfile.mkstemp(suffix=".csv")
        os.close(handle)
        return os.path.join(path, name)
    ```

    A file from `tempfile`, or one that is only read, is fine:

    ```python
    import tempfile


    def export(text: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write(text)
        with open("/tmp/ready") as file:
            file.read()
    ```
    """
    name = file.qualified_name(call.func)
    if name == "tempfile.mktemp":
        statement = file.parent(call)
        fix = _made_at_once(call, statement, file)
        yield Problem(
            call if fix is None or statement is None else statement,
            "`mktemp` only makes a name: somebody else can make the file before it is opened. Use"
            " `tempfile.mkstemp()` or `NamedTemporaryFile`.",
            fix=fix,
        )
        return
    path = _written_path(call, name, file)
    if path is not None and (found := _FIXED.match(path)):
        yield Problem(
            call,
            f"`{found[0]}` is a name that others on the machine can guess and take first. Let `tempfile` make"
            " the file.",
            confidence=Confidence.MEDIUM,
        )


def _made_at_once(call: ast.Call, statement: ast.AST | None, file: SourceFile) -> Fix | None:
    """`path = mktemp(...)` as `mkstemp`, which takes the same and makes the file as well."""
    match statement, call.func:
        case ast.Assign(targets=[ast.Name(id=name)]), ast.Attribute(value=owner):
            if "os" not in file.imported_modules or name == "handle":
                return None
            given = file.source(call).removeprefix(file.source(call.func))
            made = f"handle, {name} = {ast.unparse(owner)}.mkstemp{given}"
            return fixes.statement(f"{made}\nos.close(handle)\n")
        case _:
            return None


def _written_path(call: ast.Call, name: str | None, file: SourceFile) -> str | None:
    """The constant path to which a call writes."""
    if name in _OPENERS and name != "pathlib.Path":
        mode = file.literal(file.argument(call, 1, "mode")) if "connect" not in name else "w"
        if not (isinstance(mode, str) and any(letter in mode for letter in "wax+")):
            return None
        return _prefix(call.args[0], file) if call.args else None
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"write_text", "write_bytes"}:
        owner = call.func.value
        if isinstance(owner, ast.Name):
            owner = file.value(owner) or owner
        if (
            isinstance(owner, ast.Call)
            and file.qualified_name(owner.func) == "pathlib.Path"
            and owner.args
        ):
            return _prefix(owner.args[0], file)
    return None


def _prefix(node: ast.expr, file: SourceFile) -> str | None:
    """A path without holes: a name with a random part in it is not fixed."""
    return file.constant_text(node)
