"""PYT101."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.python312.modern import has_type_parameters
from rules.python312.type_variables import type_variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile
    from rules.python312.type_variables import TypeVariable

    type Generic = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@rule(
    "PYT101",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST,),
    peers=("ruff:UP046", "ruff:UP047"),
)
def typevar_instead_of_type_parameters(node: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """`TypeVar` and `Generic` say in two places what `def first[T]` says in one.

    Since Python 3.12 a function or class declares its own type parameters; their variance is
    inferred. Suggested once for each file, at the first function or class, and only in files that
    use this syntax already.

    ```python
    from typing import TypeVar

    T = TypeVar("T")


    def last[U](rows: list[U]) -> U:
        return rows[-1]


    def first(rows: list[T]) -> T:  # finding
        return rows[0]
    ```

    ```python fixed
    from typing import TypeVar

    T = TypeVar("T")


    def last[U](rows: list[U]) -> U:
        return rows[-1]


    def first[T](rows: list[T]) -> T:
        return rows[0]
    ```

    A file that may have to run on an older Python:

    ```python
    from typing import TypeVar

    T = TypeVar("T")


    def first(rows: list[T]) -> T:
        return rows[0]
    ```
    """
    if not file.imports("typing", "typing_extensions") or not has_type_parameters(file):
        return
    known = type_variables(file)
    if not known:
        return
    users = [(user, found) for user in _generics(node) if (found := _used(user, known, file))]
    if not users:
        return
    user, used = users[0]
    more = f" ({len(users) - 1} more in this file)" if len(users) > 1 else ""
    listed = ", ".join(variable.parameter for variable in used)
    yield Problem(
        user,
        f"`{user.name}` can declare its type parameters itself{more}: `{user.name}[{listed}]`,"
        " as elsewhere in this file.",
        fix=_declared_by_class(used) if isinstance(user, ast.ClassDef) else _declared(used),
    )


def _generics(module: ast.Module) -> Iterator[Generic]:
    for statement in module.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement


def _used(node: Generic, known: dict[str, TypeVariable], file: SourceFile) -> list[TypeVariable]:
    """The plain type variables of a signature, or of `Generic[...]` among the bases."""
    if node.type_params:
        return []
    if isinstance(node, ast.ClassDef):
        parts = [
            b for b in node.bases if file.source(b).startswith(("Generic[", "typing.Generic["))
        ]
    else:
        parts = [a.annotation for a, _ in parameters(node) if a.annotation is not None]
        parts += [node.returns] if node.returns is not None else []
    names = {n.id: None for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
    used = [known[name] for name in names if name in known]
    return used if all(variable.is_plain for variable in used) else []


def _declared_by_class(used: list[TypeVariable]) -> Fix:
    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        model = cst.parse_statement(f"class C[{', '.join(v.parameter for v in used)}]: ...")
        if not isinstance(node, cst.ClassDef) or not isinstance(model, cst.ClassDef):
            return None
        code = cst.Module([]).code_for_node
        bases = [b for b in node.bases if "Generic[" not in code(b.value)]
        closed = {} if bases or node.keywords else {"lpar": model.lpar, "rpar": model.rpar}
        return node.with_changes(bases=bases, type_parameters=model.type_parameters, **closed)

    return fix


def _declared(used: list[TypeVariable]) -> Fix:
    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        model = cst.parse_statement(f"def f[{', '.join(v.parameter for v in used)}](): ...")
        if not isinstance(node, cst.FunctionDef) or not isinstance(model, cst.FunctionDef):
            return None
        return node.with_changes(type_parameters=model.type_parameters)

    return fix
