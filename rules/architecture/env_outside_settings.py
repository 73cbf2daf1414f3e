"""ARC103."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.architecture.layers import of_code, settings_classes
from rules.core.facts import environment_reads
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_OWN_PLACE = re.compile(
    r"(^|/)(config|configs|settings|conf|env|environment|constants|logging|log|logger|__main__|cli|gunicorn"
    r"|sentry|telemetry|otel|version|wsgi|asgi|manage|tasks|celery)[^/]*(\.py|/)"
)
_PLATFORM = re.compile(
    r"_?(RENDER|KUBERNETES|OTEL|HOSTNAME|HOME|PATH|LOCALAPPDATA|APPDATA|AWS_LAMBDA|CI$|GITHUB|FLY|DYNO"
    r"|PYTHON|PYTEST|TZ|LANG|USER|TMP|TEMP|XDG|POD_|NODE_|ALEMBIC|\w*__)"
)
_USUAL = 3


@rule(
    "ARC103",
    on=ast.Module,
    severity=Severity.SUGGESTION,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor",),
)
def env_outside_settings(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A module reads the environment by itself, though the app has a class of settings.

    The variable is neither checked at the start nor listed anywhere, and tests cannot set it.

    ```python
    # path: app/config.py
    from pydantic_settings import BaseSettings


    class Settings(BaseSettings):
        database_url: str
    ```

    ```python
    # path: app/news.py
    import os


    def key() -> str | None:
        return os.getenv("NEWS_API_KEY")  # finding
    ```

    Where no settings exist there is no other place:

    ```python
    # path: app/news.py
    import os


    def key() -> str | None:
        return os.getenv("NEWS_API_KEY")
    ```
    """
    if "environ" not in file.text and "getenv" not in file.text:
        return
    if file.project is None or _OWN_PLACE.search(file.path) or not _is_unusual(file):
        return
    if any(class_.name in _own(file.project) for class_ in _classes(file)):
        return
    for node in environment_reads(file):
        if not _reads(node, file) or _is_started_by_hand(node, file):
            continue
        yield Problem(
            node,
            f"`{_variable(node, file)}` is read from the environment past the settings: nothing checks it at the"
            f" start. Add a field to `{_nearest(file)}`.",
            confidence=Confidence.MEDIUM,
        )
        return


def _classes(file: SourceFile) -> list[ast.ClassDef]:
    return file.of(ast.ClassDef)


def _own(project: Project) -> frozenset[str]:
    return frozenset(name.rpartition(".")[2] for name in settings_classes(project))


def _variable(node: ast.expr, file: SourceFile) -> str:
    """The constant name of what is read; empty when it is computed."""
    parent = file.parent(node)
    if isinstance(parent, ast.Attribute) and parent.attr == "get":
        parent = file.parent(parent)
    name: ast.expr | None = None
    if isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Load):
        name = parent.slice
    elif isinstance(parent, ast.Call) and parent.args:
        name = parent.args[0]
    given = name.value if isinstance(name, ast.Constant) else None
    return given if isinstance(given, str) else ""


def _reads(node: ast.expr, file: SourceFile) -> bool:
    """A variable of the app's own is read: not all of them, not a write, not the platform's."""
    given = _variable(node, file)
    return bool(given) and not _PLATFORM.match(given)


def _is_started_by_hand(node: ast.expr, file: SourceFile) -> bool:
    """Whether it stands behind `if __name__ == "__main__":`."""
    return any(
        isinstance(around, ast.If) and "__name__" in ast.unparse(around.test)
        for around in file.ancestors(node)
    )


def _nearest(file: SourceFile) -> str:
    """The settings class with the longest part of the path in common and the plainest name."""
    names = sorted(settings_classes(file.project)) if file.project is not None else []
    named = [name for name in names if name.endswith(("Settings", "Config"))] or names
    best = max(named, key=lambda name: (_shared(name, file.module), -len(name)), default="Settings")
    return best.rpartition(".")[2]


def _shared(first: str, second: str) -> int:
    number = 0
    for one, other in zip(first.split("."), second.split("."), strict=False):
        if one != other:
            break
        number += 1
    return number


def _is_unusual(file: SourceFile) -> bool:
    """Whether the app of this file has settings, and hardly another module goes past them."""
    project = file.project
    if project is None or not any(_shared(n, file.module) for n in settings_classes(project)):
        return False

    def others() -> int:
        modules = of_code(project)
        return sum(bool(m.environment) and not _OWN_PLACE.search(m.path) for m in modules)

    past = project.memo("reads past settings", others)
    return past <= _USUAL
