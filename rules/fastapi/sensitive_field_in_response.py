"""FAS109."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.rule import FileKind, Problem, Severity, Step, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.project import Project
    from rules.core.source import SourceFile

_SENSITIVE = re.compile(
    r"(hashed_)?(password|passwd|passphrase)|(password|pwd|pass)_?(hash|digest|salt)|hashed_pw"
    r"|(api|app|webhook|signing|consumer|jwt|totp|mfa|otp)_secret|secret_key"
    r"|private_?key|(encrypted|hashed)_(password|secret|token|api_?key|key|credentials?)"
    r"|seed_phrase|mnemonic"
)
_SHOWN_ONCE = re.compile(
    r"(Creat|New|Generat|Rotat|Login|Token|Once|Regist|Reset|Setup|Enrol|Issue|Reveal|Secret|Key)",
)
_TEXTS = {"str", "bytes", "builtins.str"}
_HIDDEN = ("exclude", "write_only")


@rule(
    "FAS109",
    on=ast.ClassDef,
    severity=Severity.CRITICAL,
    silent_in=(FileKind.TEST, FileKind.SCRIPT, FileKind.MIGRATION),
    peers=("fastapi-doctor:FASTT011",),
)
def sensitive_field_in_response(class_: ast.ClassDef, file: SourceFile) -> Iterator[Problem]:
    """A password, its hash or a secret is a field of what a route answers.

    Everybody who may read the object gets it, and it lands in logs and caches of the browser.
    Answer with a model that has only the fields that clients need.

    ```python
    from fastapi import APIRouter
    from pydantic import BaseModel

    router = APIRouter()


    class User(BaseModel):
        email: str
        hashed_password: str  # finding


    @router.get("/users", response_model=list[User])
    async def users(): ...
    ```

    A model of its own, a field that is left out, a masked type, and a model that is only read:

    ```python
    from fastapi import APIRouter
    from pydantic import BaseModel, Field, SecretStr

    router = APIRouter()


    class UserCreate(BaseModel):
        email: str
        password: str


    class User(BaseModel):
        email: str
        hashed_password: str = Field(exclude=True)
        has_password: bool
        secret_key: SecretStr


    @router.post("/users")
    async def create(user: UserCreate) -> User: ...
    ```

    A secret may be shown in the one answer to its creation:

    ```python
    from fastapi import APIRouter
    from pydantic import BaseModel

    router = APIRouter()


    class CreatedClient(BaseModel):
        client_secret: str


    @router.post("/clients")
    async def create() -> CreatedClient: ...
    ```
    """
    fields = [statement for statement in class_.body if isinstance(statement, ast.AnnAssign)]
    found = [field for field in fields if _is_sensitive(field, file)]
    if not found or file.project is None or _SHOWN_ONCE.search(class_.name):
        return
    name = file.defined.name_of(class_)
    answer = _answered(file.project).get(name)
    if answer is None:
        return
    for field in found:
        path, line, label = answer
        yield Problem(
            field,
            f"`{ast.unparse(field.target)}` goes to every client of `{label}`, which answers with `{class_.name}`."
            " Answer with a model without it, or set `exclude=True`.",
            trace=(Step(path, line, f"`{label}` answers with `{class_.name}`"),),
        )


def _is_sensitive(field: ast.AnnAssign, file: SourceFile) -> bool:
    if not isinstance(field.target, ast.Name) or not _SENSITIVE.fullmatch(field.target.id.lower()):
        return False
    if isinstance(field.value, ast.Call):
        for item in field.value.keywords:
            if item.arg in _HIDDEN and file.literal(item.value) is True:
                return False
    if "exclude=True" in ast.unparse(field.annotation):
        return False
    return file.annotation(field.annotation) in _TEXTS or "str" in _names_in(field.annotation)


def _names_in(annotation: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}


def _answered(project: Project) -> dict[str, tuple[str, int, str]]:
    """Class to the path, line and label of a route that answers with it, ancestors included."""

    def build() -> dict[str, tuple[str, int, str]]:
        found: dict[str, tuple[str, int, str]] = {}
        for facts in project.modules.values():
            for route in facts.routes:
                label = f"{'/'.join(route.methods).upper()} {route.path}"
                for answer in route.answers:
                    name = project.resolve(answer, facts.module)
                    if not _SHOWN_ONCE.search(name.rpartition(".")[2]):
                        _with_ancestors(name, project, (facts.path, route.line, label), found)
        return found

    return project.memo("answered classes", build)


def _with_ancestors(
    name: str,
    project: Project,
    route: tuple[str, int, str],
    found: dict[str, tuple[str, int, str]],
) -> None:
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found or current not in project.classes:
            continue
        found[current] = route
        module = project.module_of(current)
        bases = [base for base in project.classes[current].bases if base]
        if module is not None:
            waiting.extend(project.resolve(base, module.module) for base in bases)
