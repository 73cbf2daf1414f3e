"""Which expressions and parameters hold what a client or another service sent."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Literal

from rules.core.scopes import FUNCTIONS, Binding, FunctionNode, parameters
from rules.tables.flow import (
    ANSWER_PARTS,
    ANSWERS,
    HARMLESS_TYPES,
    MARKERS,
    REQUEST_ATTRIBUTES,
    REQUESTS,
    SOCKET_METHODS,
)

if TYPE_CHECKING:
    from rules.core.source import SourceFile
    from rules.core.web.routes import Route

type Part = Literal[
    "path", "query", "body", "form", "file", "header", "cookie", "request", "websocket"
]

_INJECTED = re.compile(
    r"(Dep|Deps|Session|Db|DB|Database|Service|Client|Settings|Config|Conn|Connection|Pool|"
    r"Repository|Repo|User|Admin|Account|Manager|Token|Context|Logger|Request|Server|Engine)$"
)
_SIZED_NUMBER = re.compile(r"(^|\.)u?int\d+$")
_PLAIN = {"str", "bytes", "list", "dict", "set", "tuple", "typing.Any", "object"}
_PATTERNS = {"pattern", "regex"}
_UNTYPED_REQUEST = {"request", "req"}
_ENUMS = ("enum.Enum", "enum.StrEnum", "enum.IntEnum")
_CERTAIN_PARTS = {"query_params", "path_params", "match_info", "rel_url"}


def part_of_request(file: SourceFile, node: ast.Attribute) -> Part | None:
    """The part of the request that an attribute of a request or websocket gives, if it does."""
    if node.attr in SOCKET_METHODS:
        return "websocket" if _is_request(file, node.value, node.attr) else None
    part = REQUEST_ATTRIBUTES.get(node.attr)
    if part is None or not _is_request(file, node.value, node.attr):
        return None
    return part  # pyright: ignore[reportReturnType] the table holds only these words


def _is_request(file: SourceFile, node: ast.expr, attribute: str) -> bool:
    name = file.qualified_name(node)
    if name in REQUESTS:
        return True
    if name is not None and not isinstance(node, ast.Name):
        return False
    if not isinstance(node, ast.Name):
        return False
    if attribute in SOCKET_METHODS:
        return node.id in {"websocket", "ws", "socket"} and file.imports("fastapi", "starlette")
    return (
        name is None
        and node.id in _UNTYPED_REQUEST
        and (
            attribute in _CERTAIN_PARTS
            or file.imports("fastapi", "starlette", "aiohttp.web", "flask", "sanic")
        )
    )


def part_of_answer(file: SourceFile, node: ast.Attribute) -> bool:
    """Whether an attribute gives the body of what another service answered."""
    return node.attr in ANSWER_PARTS and file.qualified_name(node.value) in ANSWERS


class Parameters:
    """What the parameters of a file's functions are given."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._calls: dict[FunctionNode, list[ast.Call]] = {}

    def part_of_request(
        self, function: FunctionNode, binding: Binding
    ) -> tuple[Part, str, bool] | None:
        """Part of the request, the route or dependency, and whether that is certain.

        An upload is one wherever it is handed to.
        """
        route = self._file.route(function)
        if route is None and not self._file.is_dependency(function):
            is_upload = self._file.annotation(binding.annotation) == "fastapi.UploadFile"
            return ("file", f"{function.name}()", True) if is_upload else None
        if self.is_injected(binding):
            return None
        place = route.label() if route else f"{function.name}()"
        part = self._part(binding, route)
        if part is None:
            return None
        return part, place, self._is_certain(binding.annotation)

    def _part(self, binding: Binding, route: Route | None) -> Part | None:
        if marker := self._marker(binding):
            return MARKERS.get(marker)  # pyright: ignore[reportReturnType] as above
        class_ = self._file.annotation(binding.annotation)
        if class_ == "fastapi.UploadFile" or _holds_uploads(binding.annotation):
            return "file"
        if route is not None and route.path and f"{{{binding.name}" in route.path:
            return "path"
        if class_ is None or class_ in _PLAIN:
            return "body" if class_ == "dict" else "query"
        if class_ in {"str", *_PLAIN} or route is None:
            return "query" if route is None and class_ in _PLAIN else None
        return "body" if route.methods & {"post", "put", "patch", "delete"} else None

    def _is_certain(self, annotation: ast.expr | None) -> bool:
        class_ = self._file.annotation(annotation)
        return class_ is None or class_ in _PLAIN or class_ == "fastapi.UploadFile"

    def _marker(self, binding: Binding) -> str | None:
        """`Query` for a parameter that is marked so in its default or its annotation."""
        for call in self._marker_calls(binding):
            name = self._file.qualified_name(call.func) or ""
            if name.rsplit(".", 1)[-1] in MARKERS:
                return name.rsplit(".", 1)[-1]
        return None

    def _marker_calls(self, binding: Binding) -> list[ast.Call]:
        found = [binding.value] if isinstance(binding.value, ast.Call) else []
        annotation = binding.annotation
        if isinstance(annotation, ast.Name):
            annotation = self._file.value(annotation) or annotation
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
            found.extend(item for item in annotation.slice.elts if isinstance(item, ast.Call))
        return found

    def dependency(self, binding: Binding) -> FunctionNode | None:
        """The function of this file whose result a parameter is given by `Depends`."""
        for call in self._marker_calls(binding):
            if _last(call.func) in {"Depends", "Security"} and call.args:
                name = self._file.qualified_name(call.args[0])
                return self._file.defined.functions.get(name or "")
        return None

    def is_injected(self, binding: Binding) -> bool:
        """Whether a parameter is given a service, a session or a request and not data."""
        class_ = self._file.annotation(binding.annotation)
        if any(_last(call.func) in {"Depends", "Security"} for call in self._marker_calls(binding)):
            return True
        if class_ in REQUESTS:
            return True
        return class_ is not None and bool(_INJECTED.search(class_.rsplit(".", 1)[-1]))

    def is_harmless(self, annotation: ast.expr | None) -> bool:
        """Whether an annotation, or a pattern in it, rules out a text of the sender's choice."""
        if annotation is None:
            return False
        if self._has_pattern(annotation):
            return True
        if isinstance(annotation, ast.Subscript) and self._element_is_harmless(annotation):
            return True
        class_ = self._file.annotation(annotation)
        if class_ is None:
            return False
        return (
            class_ in HARMLESS_TYPES
            or _SIZED_NUMBER.search(class_) is not None
            or self._is_enum(class_)
        )

    def _element_is_harmless(self, annotation: ast.Subscript) -> bool:
        name = self._file.qualified_name(annotation.value)
        if name not in {
            "list",
            "set",
            "tuple",
            "frozenset",
            "typing.List",
            "collections.abc.Sequence",
        }:
            return False
        inner = annotation.slice
        first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
        return self.is_harmless(first)

    def _has_pattern(self, annotation: ast.expr) -> bool:
        if isinstance(annotation, ast.Name) and (value := self._file.value(annotation)):
            annotation = value
        if not isinstance(annotation, ast.Subscript):
            return False
        return any(
            keyword.arg in _PATTERNS
            for call in ast.walk(annotation.slice)
            if isinstance(call, ast.Call)
            for keyword in call.keywords
        )

    def _is_enum(self, class_: str) -> bool:
        definition = self._file.defined.classes.get(class_)
        if definition is None:
            project = self._file.project
            return project is not None and any(project.inherits(class_, base) for base in _ENUMS)
        bases = {self._file.qualified_name(base) for base in definition.bases}
        return any(base and base.rsplit(".", 1)[-1].endswith("Enum") for base in bases)

    def is_harmless_parameter(self, binding: Binding) -> bool:
        """Whether the annotation or the default (`Query(pattern=...)`, `= 10`) says so."""
        if self.is_harmless(binding.annotation) or _has_pattern_value(binding.value):
            return True
        match binding.value:
            case ast.Constant(value=bool() | int() | float()):
                return binding.annotation is None
            case _:
                return False

    def is_harmless_field(self, node: ast.Attribute) -> bool:
        """Whether an attribute is a field of a class of this file with a harmless type."""
        owner = self._file.qualified_name(node.value)
        class_ = self._file.defined.classes.get(owner or "")
        if class_ is None:
            return False
        return any(
            isinstance(statement, ast.AnnAssign)
            and (self.is_harmless(statement.annotation) or _has_pattern_value(statement.value))
            for statement in self._file.defined.members(class_).get(node.attr, ())
        )

    def calls_of(self, function: FunctionNode) -> list[ast.Call]:
        """The calls of a function in this file."""
        if function not in self._calls:
            name = self._file.defined.name_of(function)
            self._calls[function] = [
                call
                for call in self._file.calls(function.name)
                if self._file.qualified_name(call.func) == name
            ]
        return self._calls[function]

    def argument(self, call: ast.Call, function: FunctionNode, name: str) -> ast.expr | None:
        """What a call gives to a parameter."""
        names = [argument.arg for argument, _ in parameters(function)]
        if isinstance(self._file.parent(function), ast.ClassDef) and names[:1] in (
            ["self"],
            ["cls"],
        ):
            names = names[1:]
        if name not in names:
            return None
        return self._file.argument(call, names.index(name), name)


def _holds_uploads(annotation: ast.expr | None) -> bool:
    """`list[UploadFile]`."""
    return isinstance(annotation, ast.Subscript) and "UploadFile" in ast.unparse(annotation.slice)


def _has_pattern_value(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and any(k.arg in _PATTERNS for k in value.keywords)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


__all__ = ["FUNCTIONS", "Parameters", "Part", "part_of_answer", "part_of_request"]
