"""PYT118."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312.classes import reads_annotations as reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_CHANGING = frozenset({
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today", "time.time", "time.monotonic", "time.time_ns", "time.perf_counter",
    "uuid.uuid1", "uuid.uuid4", "random.random", "random.randint", "random.choice",
    "secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "os.urandom",
    "django.utils.timezone.now",
})  # fmt: skip
_OF_THE_START = re.compile(
    r"start(up|ed)(_|$)|boot|launch|process_|server_|instance_id", re.IGNORECASE
)
_SETTINGS = frozenset({"get_settings", "load_settings", "get_config", "load_config"})
_COLUMNS = frozenset({"Column", "mapped_column", "Field", "field", "MappedColumn"})


@rule(
    "PYT118",
    on=(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST, FileKind.SCRIPT),
    peers=("ruff:B008", "ruff:RUF009"),
)
def call_in_default(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, file: SourceFile
) -> Iterator[Problem]:
    """A call in a default runs once, when the module is imported.

    Every call of the function then gets the time of the start, every row the same id. Give the
    callable instead (`default_factory=`, `default=uuid4`), or `None` and a call inside.

    ```python
    import uuid
    from datetime import UTC, datetime

    from pydantic import BaseModel, Field


    def since(start: datetime = datetime.now(UTC)) -> None:  # finding
        print(start)


    class Order(BaseModel):
        id: str = str(uuid.uuid4())  # finding
        created: datetime = Field(default=datetime.now(UTC))  # finding
    ```

    Settings are read once for good; that is a suggestion, made once for each file:

    ```python
    def fetch(limit: float = get_settings().limit) -> None:  # finding: suggestion
        print(limit)


    def get_settings():
        return object()
    ```

    A column:

    ```python
    import uuid

    from sqlalchemy import Column, String


    class Trade:
        id = Column(String, primary_key=True, default=uuid.uuid4())  # finding
    ```

    The callable itself, a dependency and a constant:

    ```python
    import uuid
    from datetime import UTC, datetime, timedelta

    from fastapi import Depends, Query
    from pydantic import BaseModel, Field

    EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


    class Order(BaseModel):
        id: uuid.UUID = Field(default_factory=uuid.uuid4)
        created: datetime = Field(default_factory=lambda: datetime.now(UTC))
        expires: timedelta = timedelta(days=1)


    def get_settings() -> dict[str, str]:
        return {}


    def route(
        settings=Depends(get_settings), limit: int = Query(10), start: datetime = EPOCH
    ):
        pass
    ```
    """
    if isinstance(node, ast.ClassDef):
        defaults = list(_of_class(node, file))
    else:
        defaults = [(a.arg, default) for a, default in file.parameters(node) if default is not None]
    for name, default in defaults:
        call = _changing(default, file)
        if call is None or _OF_THE_START.search(name):
            continue
        is_setting = _last(call.func) in _SETTINGS
        if is_setting and file.memo("PYT118", lambda call=call: [call])[0] is not call:
            continue
        yield Problem(
            call,
            f"`{file.source(call)[:60]}` runs once, at import: `{name}` is the same for every"
            " call and every object. "
            + (
                "Use a default factory."
                if isinstance(node, ast.ClassDef)
                else "Use `None` and call it inside."
            ),
            severity=Severity.SUGGESTION if is_setting else Severity.WARNING,
        )


def _of_class(node: ast.ClassDef, file: SourceFile) -> Iterator[tuple[str, ast.expr]]:
    """The defaults of a class's fields and columns."""
    for item in node.body:
        if not isinstance(item, (ast.Assign, ast.AnnAssign)) or item.value is None:
            continue
        target = item.targets[0] if isinstance(item, ast.Assign) else item.target
        name, value = file.source(target), item.value
        if isinstance(value, ast.Call) and _last(value.func) in _COLUMNS:
            yield from ((name, k.value) for k in value.keywords if k.arg == "default")
        elif isinstance(item, ast.AnnAssign) and isinstance(value, ast.Call) and reads(node, file):
            yield name, value


def _changing(default: ast.expr, file: SourceFile) -> ast.Call | None:
    """The call in a default that would give something else each time."""
    if isinstance(default, (ast.Constant, ast.Name, ast.Lambda)):
        return None
    for part in file.within(default):
        if isinstance(part, ast.Lambda):
            return None
        if isinstance(part, ast.Call):
            name = file.qualified_name(part.func) or ""
            if name in _CHANGING or (_last(part.func) in _SETTINGS and not part.args):
                return part
    return None


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
