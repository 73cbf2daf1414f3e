"""RES106."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.resource_management.ownership import Fate, fate_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_OPENS = {
    "open": "file",
    "io.open": "file",
    "codecs.open": "file",
    "os.fdopen": "file",
    "pathlib.Path.open": "file",
    "gzip.open": "file",
    "bz2.open": "file",
    "lzma.open": "file",
    "tarfile.open": "archive",
    "zipfile.ZipFile": "archive",
    "tempfile.NamedTemporaryFile": "temporary file",
    "tempfile.TemporaryFile": "temporary file",
}
_LAST = {name.rsplit(".", 1)[-1] for name in _OPENS}
_READERS = {
    "json.load", "yaml.safe_load", "yaml.load", "yaml.safe_load_all", "tomllib.load", "pickle.load",
    "csv.reader", "csv.DictReader", "list", "len", "sum", "sorted", "set", "enumerate", "toml.load",
    "json.dump", "pickle.dump", "yaml.dump", "yaml.safe_dump", "torch.load", "ast.parse",
    "rapidjson.load", "rapidjson.dump", "simplejson.load", "simplejson.dump", "ujson.load",
    "ujson.dump", "joblib.load", "joblib.dump", "tomli.load", "toml.dump", "cloudpickle.load",
    "cloudpickle.dump", "dill.load", "dill.dump", "json5.load", "pandas.read_csv", "numpy.load",
}  # fmt: skip
"""Callables that take an open file, read or write it, and do not close it."""


@rule(
    "RES106",
    on=ast.Call,
    calls=_LAST,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("ruff:SIM115",),
)
def file_not_closed(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """A file that is opened outside a `with` stays open for as long as the collector likes.

    What was written may not be on disk when the next line reads it, and a service that does it
    per request runs out of file descriptors. Open files in a `with` block.

    ```python
    import json


    def prompt(path: str) -> str:
        return open(path, encoding="utf-8").read().strip()  # finding


    def settings(path: str) -> dict[str, str]:
        return json.load(open(path))  # finding


    def save(path: str, text: str) -> None:
        file = open(path, "w")  # finding
        file.write(text)
    ```

    Where a whole file is read in one expression, `Path.read_text` closes it:

    ```python
    from pathlib import Path


    def prompt(path: str) -> str:
        return open(path, encoding="utf-8").read().strip()  # finding
    ```

    ```python fixed
    from pathlib import Path


    def prompt(path: str) -> str:
        return Path(path).read_text(encoding="utf-8").strip()
    ```

    A close that an exception skips is worth a suggestion:

    ```python
    def save(path: str, text: str) -> None:
        file = open(path, "w")  # finding: suggestion
        file.write(text)
        file.close()
    ```

    So is any in a script, which ends soon:

    ```python
    # path: setup.py
    from setuptools import setup

    setup(name="news", long_description=open("README.md").read())  # finding: suggestion
    ```

    A block, an exit stack, a `finally`, or somebody else who closes it:

    ```python
    import subprocess
    from contextlib import ExitStack
    from typing import IO


    def copy(source: str, target: str) -> None:
        with open(source) as reading, open(target, "w") as writing:
            writing.write(reading.read())


    def first_lines(paths: list[str]) -> list[str]:
        with ExitStack() as stack:
            return [stack.enter_context(open(path)).readline() for path in paths]


    def log(path: str) -> IO[str]:
        return open(path, "a")


    class Journal:
        def __init__(self, path: str) -> None:
            self.file = open(path, "a")

        def close(self) -> None:
            self.file.close()
    ```
    """
    what = _OPENS.get(file.qualified_name(call.func) or "")
    if what is None:
        return
    consumer = _consumer(call, file)
    owned = fate_of(call, file)
    if owned.fate is Fate.SOMETIMES:
        yield Problem(
            call,
            f"The {what} in `{owned.holder}` stays open when anything raises before line"
            f" {owned.line}. Open it in a `with` block.",
            severity=Severity.SUGGESTION,
        )
    elif consumer or owned.fate in {Fate.DROPPED, Fate.NEVER}:
        where = f" in `{owned.holder}`" if owned.holder else ""
        whole = _whole_read(call, file)
        yield Problem(
            whole or call,
            f"The {what}{where} is never closed. Open it in a `with` block.",
            fix=_path_read(call, file) if whole is not None else None,
            severity=Severity.SUGGESTION if file.kind is FileKind.SCRIPT else None,
        )


def _consumer(call: ast.Call, file: SourceFile) -> bool:
    """Whether the file is given at once to something that only reads or writes it."""
    outer = file.parent(call)
    if not isinstance(outer, ast.Call) or call not in outer.args:
        return False
    return file.qualified_name(outer.func) in _READERS


def _whole_read(call: ast.Call, file: SourceFile) -> ast.Call | None:
    """The call of `open(path).read()` where `Path(path).read_text()` can say the same."""
    method = file.parent(call)
    read = file.parent(method) if isinstance(method, ast.Attribute) else None
    if not isinstance(call.func, ast.Name) or not isinstance(read, ast.Call):
        return None
    if not isinstance(method, ast.Attribute) or method.attr != "read" or read.args:
        return None
    keywords = {keyword.arg for keyword in call.keywords}
    if not keywords <= {"encoding", "errors"} or not 0 < len(call.args) < 3 or _mode(call) is None:
        return None
    bindings = file.scopes.in_scope(file.tree).get("Path", [])
    return read if any(binding.target == "pathlib.Path" for binding in bindings) else None


def _mode(call: ast.Call) -> str | None:
    """The method of a path that reads as the mode of an `open` says."""
    match call.args[1:]:
        case [] | [ast.Constant(value="r" | "rt")]:
            return "read_text"
        case [ast.Constant(value="rb")]:
            return "read_bytes"
        case _:
            return None


def _path_read(call: ast.Call, file: SourceFile) -> Fix:
    keywords = ", ".join(file.source(keyword) for keyword in call.keywords)
    return fixes.expression(f"Path({file.source(call.args[0])}).{_mode(call)}({keywords})")
