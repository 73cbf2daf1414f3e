"""SEC107."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.flow.tracing import flow_of
from rules.core.rule import FileKind, Problem, Severity, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_LOADERS = {
    "pickle.loads", "pickle.load", "pickle.Unpickler", "cPickle.loads", "cPickle.load", "_pickle.loads",
    "dill.loads", "dill.load", "cloudpickle.loads", "cloudpickle.load", "marshal.loads", "marshal.load",
    "joblib.load", "jsonpickle.decode", "jsonpickle.loads", "pandas.read_pickle", "shelve.open",
    "jsonpickle.unpickler.decode",
}  # fmt: skip
_YAML = {"yaml.load", "yaml.load_all"}
_UNSAFE_YAML = {"yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all"}
_SAFE_LOADERS = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")


@rule(
    "SEC107",
    on=ast.Call,
    calls=(
        "load", "loads", "Unpickler", "decode", "read_pickle", "load_all", "unsafe_load",
        "unsafe_load_all", "full_load", "full_load_all",
    ),
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("ruff:S301", "ruff:S302", "ruff:S506", "bandit:B301", "bandit:B302", "bandit:B506"),
)  # fmt: skip
def unsafe_deserialization(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """Data from outside is read in a format that can run code.

    A pickle, a marshal or a YAML text of the attacker's own making runs commands while it is
    loaded. JSON cannot.

    ```python
    import pickle

    from fastapi import FastAPI, Request

    app = FastAPI()


    @app.post("/model")
    async def model(request: Request) -> None:
        pickle.loads(await request.body())  # finding: critical
    ```

    `yaml.load` without a safe loader builds any object that the text names:

    ```python
    import yaml


    def settings(path: str) -> dict[str, str]:
        with open(path) as file:
            return yaml.load(file, Loader=yaml.Loader)  # finding: warning
    ```

    ```python fixed
    import yaml


    def settings(path: str) -> dict[str, str]:
        with open(path) as file:
            return yaml.safe_load(file)
    ```

    The safe loader, and a pickle that the program wrote to its own disk, are fine:

    ```python
    import pickle

    import yaml


    def settings() -> dict[str, str]:
        with open("settings.yml") as file:
            return yaml.load(file, Loader=yaml.SafeLoader)


    def cache() -> dict[str, str]:
        with open("cache.bin", "rb") as file:
            return pickle.load(file)
    ```
    """
    name = file.qualified_name(call.func) or ""
    if name in _YAML or name in _UNSAFE_YAML:
        yield from _yaml(call, name, file)
        return
    if name not in _LOADERS or not call.args:
        return
    origin = flow_of(file).origin(call.args[0], "code")
    if origin is not None and origin.kind != "parameter":
        yield Problem(
            call,
            f"`{name}` loads {origin.label()}: its sender can run any command here. Use JSON.",
            trace=origin.trace,
        )


def _yaml(call: ast.Call, name: str, file: SourceFile) -> Iterator[Problem]:
    loader = file.argument(call, 1, "Loader")
    if name in _YAML and loader is not None and not _is_unsafe(loader, file):
        return
    if not call.args:
        return
    origin = flow_of(file).outside_data(call.args[0], "code")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    safe = "safe_load_all" if name.endswith("_all") else "safe_load"
    fix = fixes.expression(f"{owner}.{safe}({file.source(call.args[0])})") if owner else None
    yield Problem(
        call,
        f"`{name}` builds any object that the text names, and so can run code. Use `yaml.{safe}`.",
        fix=fix,
        severity=Severity.CRITICAL if origin is not None else Severity.WARNING,
        trace=origin.trace if origin else (),
    )


def _is_unsafe(loader: ast.expr, file: SourceFile) -> bool:
    name = file.qualified_name(loader) or ""
    return name.startswith("yaml.") and not name.endswith(_SAFE_LOADERS)
