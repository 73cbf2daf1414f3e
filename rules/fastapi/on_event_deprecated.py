"""FAS105."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.fastapi.answers import keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    import libcst as cst

    from rules.core.rule import Fix, Rewritten
    from rules.core.source import SourceFile

_OWNERS = {"fastapi.FastAPI", "fastapi.APIRouter"}
_MANAGER = "contextlib.asynccontextmanager"


@rule(
    "FAS105",
    on=ast.Module,
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("fastapi-doctor:FASTT025",),
)
def on_event_deprecated(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """Start and end of the app are handled by `on_event` and not by a lifespan.

    `on_event` is deprecated. What the start opens and the end closes stands in two functions, so
    a start that fails half-way leaves things open. In a lifespan it is one `with` or `try`.

    ```python
    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("startup")
    async def start() -> None: ...  # finding


    @app.on_event("shutdown")
    async def stop() -> None: ...
    ```

    An app that has a lifespan never calls such a function:

    ```python
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        yield


    app = FastAPI(lifespan=lifespan)


    @app.on_event("startup")
    async def start() -> None: ...  # finding: critical
    ```

    A single handler becomes a lifespan:

    ```python
    from contextlib import asynccontextmanager

    from fastapi import FastAPI

    app = FastAPI()


    @app.on_event("shutdown")
    async def stop() -> None:  # finding: warning
        await close()
    ```

    ```python fixed
    from contextlib import asynccontextmanager

    from fastapi import FastAPI

    app = FastAPI()


    @asynccontextmanager
    async def stop(app: FastAPI):
        yield
        await close()


    app.router.lifespan_context = stop
    ```

    The lifespan itself is fine:

    ```python
    from contextlib import asynccontextmanager

    from fastapi import FastAPI


    @asynccontextmanager
    async def lifespan(app: FastAPI):
        await connect()
        yield
        await close()


    app = FastAPI(lifespan=lifespan)
    ```
    """
    owners: dict[str, list[ast.Call]] = {}
    for call in file.calls("on_event", "add_event_handler"):
        if not isinstance(call.func, ast.Attribute):
            continue
        event = file.argument(call, 0, "event_type")
        if file.qualified_name(call.func.value) in _OWNERS and isinstance(event, ast.Constant):
            owners.setdefault(ast.unparse(call.func.value), []).append(call)
    for owner, calls in owners.items():
        calls.sort(key=lambda call: call.lineno)
        if _has_lifespan(calls[0], file):
            yield from (_never_called(_place(call, file), owner) for call in calls)
        else:
            yield _deprecated(calls, owner, file)


def _place(call: ast.Call, file: SourceFile) -> ast.AST:
    """The decorated function, or the call that adds one."""
    parent = file.parent(call)
    return parent if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)) else call


def _has_lifespan(call: ast.Call, file: SourceFile) -> bool:
    """Whether the app is built with a lifespan, which makes it ignore its events."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    built = file.value(owner) if isinstance(owner, (ast.Name, ast.Attribute)) else None
    if not isinstance(built, ast.Call):
        return False
    given = keyword(built, "lifespan")
    return given is not None and not (isinstance(given, ast.Constant) and given.value is None)


def _never_called(node: ast.AST, owner: str) -> Problem:
    return Problem(
        node,
        f"`{owner}` has a lifespan, so this handler is never called. Move what it does into the lifespan.",
        severity=Severity.CRITICAL,
    )


def _deprecated(calls: list[ast.Call], owner: str, file: SourceFile) -> Problem:
    given = [file.argument(call, 0, "event_type") for call in calls]
    events = sorted({str(file.literal(event)) for event in given if event is not None})
    named = " and ".join(events) or "events"
    return Problem(
        _place(calls[0], file),
        f"`{owner}` handles {named} by `{_method(calls[0])}`, which is deprecated. Put it into one lifespan"
        " function and pass that: `FastAPI(lifespan=...)`.",
        fix=_as_lifespan(calls, owner, file),
    )


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else "on_event"


def _as_lifespan(calls: list[ast.Call], owner: str, file: SourceFile) -> Fix | None:
    """The rewrite of an app's only handler, when the names it needs are there."""
    function = file.parent(calls[0])
    if len(calls) > 1 or not isinstance(function, ast.AsyncFunctionDef) or function.args.args:
        return None
    if function.decorator_list != [calls[0]] or file.of(ast.Return) or "." in owner:
        return None
    if not file.imports(_MANAGER) or not file.imports("fastapi.FastAPI"):
        return None
    return _rewrite(owner, calls[0].args)


def _rewrite(owner: str, args: list[ast.expr]) -> Fix | None:
    event = args[0].value if args and isinstance(args[0], ast.Constant) else None
    if event not in {"startup", "shutdown"}:
        return None

    def rewrite(node: cst.CSTNode) -> Rewritten | None:
        import libcst as cst

        if not isinstance(node, cst.FunctionDef) or not isinstance(node.body, cst.IndentedBlock):
            return None
        stop = cst.parse_statement("yield")
        body = [*node.body.body, stop] if event == "startup" else [stop, *node.body.body]
        manager = cst.Decorator(cst.Name("asynccontextmanager"))
        lifespan = node.with_changes(
            decorators=[manager],
            params=cst.Parameters(
                [cst.Param(cst.Name("app"), cst.Annotation(cst.Name("FastAPI")))]
            ),
            returns=None,
            body=node.body.with_changes(body=body),
        )
        given = cst.parse_statement(f"{owner}.router.lifespan_context = {node.name.value}")
        empty = [cst.EmptyLine(indent=False), cst.EmptyLine(indent=False)]
        return cst.FlattenSentinel([lifespan, given.with_changes(leading_lines=empty)])

    return rewrite
