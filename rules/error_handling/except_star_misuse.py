"""ERR111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.error_handling.handlers import BROAD, CANCELLED, caught, last_name, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

_GROUPS = frozenset({"ExceptionGroup", "BaseExceptionGroup"})
_TASK_GROUPS = frozenset({"asyncio.TaskGroup", "anyio.create_task_group", "trio.open_nursery"})
_OF_A_GROUP = frozenset({
    "exceptions", "message", "args", "subgroup", "split", "derive", "add_note", "with_traceback",
})  # fmt: skip


@rule(
    "ERR111",
    on=(ast.Try, ast.TryStar),
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=("flake8-async:ASYNC400",),
)
def except_star_misuse(node: ast.Try | ast.TryStar, file: SourceFile) -> Iterator[Problem]:
    """A task group raises an `ExceptionGroup`, which a plain `except ValueError` does not catch.

    Whatever fails inside the block, even in its own body, arrives wrapped in a group: the
    handler looks right and never runs. `except*` unpacks the group; what it binds is a group
    again, not the error itself.

    ```python
    import asyncio


    async def load(prices, news) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(prices())
                group.create_task(news())
        except ValueError:  # finding
            print("bad answer")


    def read(source) -> None:
        try:
            source()
        except* OSError as errors:
            print(errors.errno)  # finding
        except* ExceptionGroup:  # finding
            print("several")
    ```

    `except*`, or a handler for the group:

    ```python
    import asyncio


    async def load(prices, news) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(prices())
                group.create_task(news())
        except* ValueError as errors:
            print(errors.exceptions)


    async def quietly(prices) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(prices())
        except ExceptionGroup as error:
            print(error)
    ```
    """
    if isinstance(node, ast.TryStar):
        yield from _of_star(node, file)
    elif _runs_group(node, file):
        yield from _of_plain(node, file)


def _of_star(node: ast.TryStar, file: SourceFile) -> Iterator[Problem]:
    for handler in node.handlers:
        if _GROUPS & {name.rsplit(".", 1)[-1] for name in caught(handler, file)}:
            yield Problem(
                handler,
                "`except* ExceptionGroup` is a `TypeError` when it is reached: `except*` takes the"
                " kinds of errors inside the group.",
            )
            continue
        for part in file.within(ast.Module(body=handler.body, type_ignores=[])):
            match part:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if (
                    handler.name == name and attr not in _OF_A_GROUP and not attr.startswith("__")
                ):
                    yield Problem(
                        part,
                        f"`{name}` is an `ExceptionGroup` here and has no `{attr}`:"
                        f" look at each of `{name}.exceptions`.",
                    )
                case _:
                    continue


def _runs_group(node: ast.Try, file: SourceFile) -> bool:
    """Whether the block is one task group and nothing else can fail in it."""
    match node.body:
        case [ast.AsyncWith(items=[item, *_])]:
            call = item.context_expr
            name = file.qualified_name(call.func) if isinstance(call, ast.Call) else None
            return name in _TASK_GROUPS
        case _:
            return False


def _of_plain(node: ast.Try, file: SourceFile) -> Iterator[Problem]:
    for handler in node.handlers:
        names = set(caught(handler, file))
        if names & (BROAD | CANCELLED) or _GROUPS & {name.rsplit(".", 1)[-1] for name in names}:
            return
        kinds = {last_name(handler.type)} | names
        if kinds & {"KeyboardInterrupt", "SystemExit", "get_cancelled_exc_class"}:
            continue
        yield Problem(
            handler,
            f"`{shown(handler, file)}` never catches what fails in the task group: that arrives as"
            " an `ExceptionGroup`. Use `except*`.",
        )
