"""SEC111."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.flow.across_files import deliveries
from rules.core.flow.sinks import Sink, sinks
from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, FileKind, Problem, Severity, rule
from rules.security.sql_values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile


@rule(
    "SEC111",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=(
        "ruff:S602",
        "ruff:S604",
        "ruff:S605",
        "bandit:B602",
        "bandit:B605",
        "codeql:py/command-line-injection",
    ),
)
def shell_injection(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A value becomes part of a command that a shell reads.

    `;`, `|` or `$(...)` in the value starts a command of its own. Give a list of arguments and no
    shell: then the value is one argument whatever is in it.

    ```python
    import subprocess

    from fastapi import APIRouter

    router = APIRouter()


    @router.get("/ping")
    def ping(host: str):
        command = f"ping -c 1 {host}"
        return subprocess.check_output(command, shell=True)  # finding: critical
    ```

    In a program for the terminal, whose user could start any command anyway, it is a warning.
    A list of arguments is fine, and so is a constant or a quoted value:

    ```python
    import shlex
    import subprocess


    def ping(host: str):
        subprocess.run(["ping", "-c", "1", host], check=True)
        subprocess.run("df -h | sort", shell=True, check=True)
        subprocess.run(f"ping {shlex.quote(host)} | tail -1", shell=True, check=True)
    ```
    """
    for sink in sinks(file, "shell"):
        text = file.text_of(sink.value)
        holes = text.holes if text is not None else [sink.value]
        wrong = [hole for hole in holes if not _is_safe(file, hole)]
        if wrong:
            yield from _problem(file, sink, wrong, built=text is not None)
    for delivery in deliveries(file, "shell"):
        origin = delivery.origin
        yield Problem(
            delivery.call,
            f"`{delivery.callee}` makes {origin.label()} part of the command that a shell reads in"
            f" {delivery.way.place}: a client can run any other. Pass a list of arguments and no shell.",
            confidence=origin.confidence,
            trace=delivery.trace,
        )


def _is_safe(file: SourceFile, hole: ast.expr) -> bool:
    flow = flow_of(file)
    return (
        isinstance(hole, (ast.List, ast.Tuple, ast.ListComp))
        or flow.is_harmless(hole, "shell")
        or flow.is_checked(hole, "shell")
        or file.qualified_name(hole) in {"list", "tuple", "int", "float"}
    )


def _problem(
    file: SourceFile, sink: Sink, holes: list[ast.expr], *, built: bool
) -> Iterator[Problem]:
    flow = flow_of(file)
    origins = [(hole, flow.origin(hole, "shell")) for hole in holes]
    hole, origin = next((pair for pair in origins if pair[1] and pair[1].is_request), origins[0])
    advice = "Pass a list of arguments and no shell."
    if origin is not None and origin.kind != "parameter":
        yield Problem(
            sink.call,
            f"A shell reads {origin.label()} as part of this command: its sender can run any other."
            f" {advice}",
            trace=origin.trace,
        )
    elif origin is not None and file.kind is FileKind.CODE:
        if not built and shown(file, hole).endswith(("command", "cmd")):
            return
        remote = sink.callee.endswith("exec_command")
        advice = "Put it through `shlex.quote`." if remote else advice
        yield Problem(
            sink.call,
            f"A shell reads `{shown(file, hole)}` as part of this command; `;` or `$(...)` in it runs"
            f" another. {advice}",
            severity=Severity.CRITICAL
            if built and not remote and not file.imports("argparse", "click", "typer", "fire")
            else Severity.WARNING,
            confidence=Confidence.MEDIUM,
        )
