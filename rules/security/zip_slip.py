"""SEC121."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.call_edits import with_keywords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_TAR = {"tarfile.open", "tarfile.TarFile", "tarfile.TarFile.open"}
_MEMBERS = {"namelist", "infolist", "getmembers", "getnames"}


@rule(
    "SEC121",
    on=ast.Call,
    calls=("extractall", "extract", "unpack_archive", "open", "write_bytes"),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S202", "bandit:B202", "codeql:py/tarslip"),
)
def zip_slip(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """An archive decides where its files are written.

    A member named `../../app/main.py`, or a link to elsewhere, overwrites any file that this
    process may write. `filter="data"` refuses such members; names that are joined by hand must be
    checked.

    ```python
    import tarfile


    def unpack(path: str, target: str) -> None:
        with tarfile.open(path) as archive:
            archive.extractall(target)  # finding
    ```

    ```python fixed
    import tarfile


    def unpack(path: str, target: str) -> None:
        with tarfile.open(path) as archive:
            archive.extractall(target, filter="data")
    ```

    The same by hand:

    ```python
    import os
    import zipfile


    def unpack(path: str, target: str) -> None:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with open(os.path.join(target, name), "wb") as file:  # finding
                    file.write(archive.read(name))
    ```

    A filter is fine, and so is `zipfile`, which removes `..` itself:

    ```python
    import tarfile
    import zipfile


    def unpack(path: str, target: str) -> None:
        with tarfile.open(path) as archive:
            archive.extractall(target, filter="data")
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target)
    ```
    """
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if last in {"extractall", "extract"}:
        yield from _extracted(call, last, file)
    elif last == "unpack_archive":
        yield from _unpacked(call, file)
    elif last in {"open", "write_bytes"} and not _MEMBERS.isdisjoint(file.called_names):
        yield from _by_hand(call, file)


def _extracted(call: ast.Call, last: str, file: SourceFile) -> Iterator[Problem]:
    if not isinstance(call.func, ast.Attribute) or not _is_tar(call.func.value, file):
        return
    if _is_filtered(call) or _sets_filter(file) or _asks_for_the_version(call, file):
        return
    yield Problem(
        call,
        f"`{last}()` writes the members of a tar archive wherever they say, also outside the target."
        ' Pass `filter="data"`.',
        fix=with_keywords({"filter": '"data"'}),
        confidence=Confidence.HIGH if last == "extractall" else Confidence.MEDIUM,
    )


def _unpacked(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """`shutil.unpack_archive` of what may be a tar archive."""
    if file.qualified_name(call.func) != "shutil.unpack_archive" or _is_filtered(call):
        return
    if "zip" in file.source(call).lower():  # `zipfile` itself takes `..` out of names.
        return
    yield Problem(
        call,
        "`unpack_archive()` writes the members of a tar archive wherever they say, also outside the target."
        ' Pass `filter="data"` for tar archives.',
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
    )


def _is_filtered(call: ast.Call) -> bool:
    return bool({"filter", "members", None} & {keyword.arg for keyword in call.keywords})


def _asks_for_the_version(call: ast.Call, file: SourceFile) -> bool:
    """Whether the same function gives a filter where Python knows one."""
    function = file.enclosing_function(call)
    return any(
        other is not call and _is_filtered(other) and file.enclosing_function(other) is function
        for other in file.calls("extractall", "extract")
    )


def _is_tar(owner: ast.expr, file: SourceFile) -> bool:
    return (file.qualified_name(owner) or "") in _TAR


def _sets_filter(file: SourceFile) -> bool:
    return "extraction_filter" in file.text


def _by_hand(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    path = call.args[0] if call.args and isinstance(call.func, ast.Name) else None
    function = file.enclosing_function(call)
    if path is None or function is None or not _writes(call, file):
        return
    if not isinstance(path, (ast.Name, ast.BinOp, ast.Call)):
        return
    member = _member_in(path, file, depth=3)
    if member is None or _is_checked(function, file):
        return
    yield Problem(
        call,
        f"`{member}` is a name that the archive chooses; `../` in it leads out of the target. Check"
        " `path.resolve().is_relative_to(target)`.",
        confidence=Confidence.MEDIUM,
    )


def _writes(call: ast.Call, file: SourceFile) -> bool:
    mode = file.literal(file.argument(call, 1, "mode"))
    return isinstance(mode, str) and any(letter in mode for letter in "wax")


def _member_in(path: ast.expr, file: SourceFile, depth: int) -> str | None:
    """A loop variable over an archive's members that is part of a joined path."""
    for name in ast.walk(path):
        if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load):
            continue
        for binding in file.names.reaching(name):
            if (
                binding.kind == "for"
                and binding.value is not None
                and _lists_members(binding.value)
            ):
                return name.id
            if binding.kind == "assign" and binding.value is not None and depth > 0:
                if "basename" in ast.unparse(binding.value):
                    continue
                if found := _member_in(binding.value, file, depth - 1):
                    return found
    return None


def _lists_members(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _MEMBERS
    )


def _is_checked(function: ast.AST, file: SourceFile) -> bool:
    words = {
        "is_relative_to",
        "commonpath",
        "startswith",
        "basename",
        "commonprefix",
        "relative_to",
    }
    return any(
        isinstance(node, ast.Attribute) and node.attr in words for node in file.body(function)
    )
