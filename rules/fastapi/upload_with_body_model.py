"""FAS118."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, rule
from rules.core.scopes import parameters
from rules.fastapi.answers import is_fastapi_route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

_FORMS = {"fastapi.File", "fastapi.Form", "fastapi.params.File", "fastapi.params.Form"}
_BODY = {"fastapi.Body", "fastapi.params.Body"}
_PARSERS = (
    "model_validator",
    "root_validator",
    "__get_validators__",
    "__get_pydantic_core_schema__",
)


@rule(
    "FAS118",
    on=ast.Module,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST,),
    peers=("sonar:S8389",),
)
def upload_with_body_model(_: ast.Module, file: SourceFile) -> Iterator[Problem]:
    """A route takes a file or a form and a JSON body at once.

    A request has one body. With a file it is a form, the model's fields arrive as text, and
    every request is answered with 422. Take the fields as `Form`, or the model as
    `Annotated[Model, Form()]`.

    ```python
    from fastapi import FastAPI, UploadFile
    from pydantic import BaseModel

    app = FastAPI()


    class Report(BaseModel):
        title: str


    @app.post("/reports")
    async def upload(file: UploadFile, report: Report) -> str:  # finding
        return report.title
    ```

    Fields of the form, a dependency, or a model that reads its own text:

    ```python
    from typing import Annotated

    from fastapi import Depends, FastAPI, Form, UploadFile
    from pydantic import BaseModel, model_validator

    app = FastAPI()


    class Report(BaseModel):
        title: str


    class Json(BaseModel):
        title: str

        @model_validator(mode="before")
        @classmethod
        def parse(cls, value): ...


    @app.post("/reports")
    async def upload(file: UploadFile, title: Annotated[str, Form()]) -> str:
        return title


    @app.post("/others")
    async def other(file: UploadFile, report: Report = Depends()) -> str:
        return report.title


    @app.post("/texts")
    async def text(file: UploadFile, report: Json) -> str:
        return report.title
    ```
    """
    if file.project is None or not file.imports("fastapi"):
        return
    for route in file.routes:
        if is_fastapi_route(route) and any(
            _is_form(*pair, file) for pair in parameters(route.function)
        ):
            yield from _models(route, file, file.project)


def _models(route: Route, file: SourceFile, project: Project) -> Iterator[Problem]:
    for argument, default in parameters(route.function):
        name = file.annotation(argument.annotation) or ""
        if name == "dict" and default is None:
            yield Problem(
                argument,
                f"`{argument.arg}` is a JSON object beside a form or file, so every request is answered"
                f" with 422. Take it as a `str` of `Form()` and parse it, or its fields one by one.",
            )
            continue
        if not _is_plain(default, argument.annotation, file):
            continue
        if project.inherits(name, "pydantic.BaseModel") and not _reads_text(name, project):
            yield Problem(
                argument,
                f"`{argument.arg}` is a JSON body beside a form or file, so every request is answered with 422."
                f" Take its fields as `Form()`.",
            )


def _is_form(argument: ast.arg, default: ast.expr | None, file: SourceFile) -> bool:
    annotation = argument.annotation
    if file.annotation(annotation) == "fastapi.UploadFile":
        return True
    nodes = [default] if default is not None else []
    if isinstance(annotation, ast.Subscript):
        nodes += [node for node in ast.walk(annotation) if isinstance(node, ast.Call)]
    return any(isinstance(n, ast.Call) and file.qualified_name(n.func) in _FORMS for n in nodes)


def _is_plain(default: ast.expr | None, annotation: ast.expr | None, file: SourceFile) -> bool:
    """Whether FastAPI takes a parameter with such a model for the JSON body."""
    if isinstance(annotation, ast.Subscript):
        return any(
            isinstance(node, ast.Call) and file.qualified_name(node.func) in _BODY
            for node in ast.walk(annotation)
        )
    if not isinstance(annotation, (ast.Name, ast.Attribute)):
        return False
    if isinstance(default, ast.Call):
        return file.qualified_name(default.func) in _BODY
    if isinstance(annotation, ast.Name):
        value = file.value(annotation)
        return value is None
    return True


def _reads_text(name: str, project: Project) -> bool:
    """Whether the class, or one it inherits from in the project, turns a text into itself."""
    module = project.module_of(name)
    return any(
        function.name.endswith(_PARSERS) or any(d.endswith(_PARSERS) for d in function.decorators)
        for function in (module.functions if module is not None else ())
        if function.name.startswith(f"{name}.")
    )
