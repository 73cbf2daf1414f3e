"""PYT111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import is_model, is_pydantic
from rules.python312.pydantic_version import is_written_for_version_1
from rules.tables.pydantic import (
    CONSTRAINED,
    DECORATORS,
    FIELD_ARGUMENTS,
    METHODS,
    RENAMED_ARGUMENTS,
    SAME_ARGUMENTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile


@rule(
    "PYT111",
    on=(ast.Call, ast.ClassDef, ast.ImportFrom),
    calls=(
        *(name for name in METHODS if not name.startswith("__")),
        *(name.rsplit(".", 1)[-1] for name in DECORATORS),
        "Field",
        *(name.rsplit(".", 1)[-1] for name in CONSTRAINED),
    ),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("bump-pydantic:BP",),
)
def pydantic_v1_api(
    node: ast.Call | ast.ClassDef | ast.ImportFrom, file: SourceFile
) -> Iterator[Problem]:
    """What Pydantic 2 keeps only to warn about it, or has taken away.

    The old names are removed in Pydantic 3; some, like `BaseSettings` or `Field(regex=...)`, fail
    today when the module is imported.

    ```python
    from pydantic import BaseModel, Field, validator


    class Market(BaseModel):
        slug: str = Field(regex="^[a-z-]+$")  # finding

        class Config:  # finding
            orm_mode = True

        @validator("slug")  # finding
        def lower(cls, value: str) -> str:
            return value.lower()
    ```

    Arguments of `Field` and methods of a model have new names:

    ```python
    from pydantic import BaseModel, Field


    class Market(BaseModel):
        slug: str = Field(regex="^[a-z-]+$")  # finding


    def show(market: Market, row: dict[str, str]) -> dict[str, str]:
        print(Market.parse_obj(row))  # finding
        return market.dict()  # finding
    ```

    ```python fixed
    from pydantic import BaseModel, Field


    class Market(BaseModel):
        slug: str = Field(pattern="^[a-z-]+$")


    def show(market: Market, row: dict[str, str]) -> dict[str, str]:
        print(Market.model_validate(row))
        return market.model_dump()
    ```

    `.dict()` and `.json()` of something else, and models of Pydantic 2:

    ```python
    import httpx
    from pydantic import BaseModel, ConfigDict, Field, field_validator


    class Market(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        slug: str = Field(pattern="^[a-z-]+$")

        @field_validator("slug")
        @classmethod
        def lower(cls, value: str) -> str:
            return value.lower()


    def load(client: httpx.Client) -> Market:
        return Market.model_validate(client.get("https://example.org").json())
    ```

    A model that has a method of its own by that name:

    ```python
    from pydantic import BaseModel


    class Market(BaseModel):
        slug: str

        def dict(self) -> dict[str, str]:
            return {"slug": self.slug}


    def show(market: Market) -> dict[str, str]:
        return market.dict()
    ```
    """
    if isinstance(node, ast.ImportFrom):
        found = _of_import(node)
    elif isinstance(node, ast.ClassDef):
        found = _of_config(node, file)
    else:
        found = _of_call(node, file)
    if found is not None and not is_written_for_version_1(file):
        yield found


def _of_import(node: ast.ImportFrom) -> Problem | None:
    if node.module != "pydantic" or not any(alias.name == "BaseSettings" for alias in node.names):
        return None
    return Problem(
        node,
        "`BaseSettings` has left Pydantic 2: this import fails. Import it from"
        " `pydantic_settings`.",
        fix=fixes.small_statement("from pydantic_settings import BaseSettings")
        if len(node.names) == 1 and node.names[0].asname is None
        else None,
    )


def _of_config(node: ast.ClassDef, file: SourceFile) -> Problem | None:
    model = file.parent(node)
    if node.name != "Config" or not isinstance(model, ast.ClassDef) or not is_pydantic(model, file):
        return None
    return Problem(
        node,
        f"`class Config` in `{model.name}` is the old way to configure a model. Use"
        " `model_config = ConfigDict(...)`" + (_renamed(node) or "."),
    )


def _renamed(node: ast.ClassDef) -> str:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    if "orm_mode" in names:
        return "; `orm_mode` is now `from_attributes`."
    if "allow_population_by_field_name" in names:
        return "; `allow_population_by_field_name` is now `populate_by_name`."
    return ""


def _of_call(node: ast.Call, file: SourceFile) -> Problem | None:
    name = file.qualified_name(node.func) or ""
    if name in DECORATORS:
        return Problem(
            node,
            f"`@{name.rsplit('.', 1)[-1]}` is deprecated in Pydantic 2: use `@{DECORATORS[name]}`.",
        )
    if name == "pydantic.Field":
        return _of_field(node)
    if name in CONSTRAINED:
        return _of_constrained(node, name, file)
    return _of_method(node, name, file)


def _of_field(node: ast.Call) -> Problem | None:
    for keyword in node.keywords:
        if keyword.arg in FIELD_ARGUMENTS:
            new = FIELD_ARGUMENTS[keyword.arg]
            written = new if " " in new else f"`{new}`"
            return Problem(
                keyword,
                f"`Field({keyword.arg}=...)` is of Pydantic 1; Pydantic 2 wants {written}.",
                fix=_argument_named(new) if keyword.arg in RENAMED_ARGUMENTS else None,
            )
    return None


def _argument_named(name: str) -> Fix:
    def fix(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.Arg):
            return None
        return node.with_changes(keyword=cst.Name(name))

    return fix


def _of_constrained(node: ast.Call, name: str, file: SourceFile) -> Problem | None:
    """`constr(...)`: works, but no type checker understands it. Said once for each file."""
    if file.memo("PYT111", lambda: [node])[0] is not node:
        return None
    return Problem(
        node,
        f"`{name.rsplit('.', 1)[-1]}(...)` is no type for a type checker; Pydantic 2 wants"
        f" `{CONSTRAINED[name]}`.",
        severity=Severity.SUGGESTION,
    )


def _of_method(node: ast.Call, name: str, file: SourceFile) -> Problem | None:
    owner, _, method = name.rpartition(".")
    if not isinstance(node.func, ast.Attribute) or method not in METHODS:
        return None
    if not is_model(owner, file) or owner.startswith("pydantic") or _has_own(owner, method, file):
        return None
    new = METHODS[method]
    if file.memo(f"PYT111 {method}", lambda: [node])[0] is not node:
        return None  # Said once for each file and method.
    return Problem(
        node,
        f"`.{method}()` of `{owner.rsplit('.', 1)[-1]}` is deprecated in Pydantic 2: use"
        f" `.{new}()`.",
        fix=_renaming(node, node.func, new, file) if method in SAME_ARGUMENTS else None,
    )


def _has_own(owner: str, method: str, file: SourceFile) -> bool:
    """Whether the model, or a parent of it in the project, defines a method by this name."""
    member = file.project.member(owner, method) if file.project else None
    return member is not None and not member.startswith("pydantic.")


def _renaming(node: ast.Call, function: ast.Attribute, new: str, file: SourceFile) -> Fix | None:
    known = {"exclude", "include", "by_alias", "exclude_unset", "exclude_none", "exclude_defaults"}
    if any(keyword.arg not in known for keyword in node.keywords):
        return None
    before = file.source(function)
    text = file.source(node)
    return fixes.expression(f"{before.removesuffix(function.attr)}{new}{text.removeprefix(before)}")
