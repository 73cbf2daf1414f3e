"""What is known about the value in a hole of an SQL text: where it comes from, how bad that is."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rules.core.flow.tracing import flow_of
from rules.core.rule import Confidence, Severity

if TYPE_CHECKING:
    from rules.core.flow.origins import Origin
    from rules.core.source import SourceFile

_PLACEHOLDERS = re.compile(
    r"(placeholder|qmark|question_mark|_marks$|^marks$|in_clause|^ph$|bind|param_list|_params$)",
    re.IGNORECASE,
)
_QUOTING = re.compile(
    r"(quote|ident|escape|sanitiz|sanitis|adapt|literal|safe|validate)", re.IGNORECASE
)
_NUMBERS = re.compile(
    r"(^|_)(limit|offset|page|size|count|num|number|n|days|hours|minutes|seconds|length|len|max|min"
    r"|total|index|idx|i|year|timeout|dim|dims|dimension|dimensions|version|batch|chunk|interval|ttl|port|retention)(_|$)",
    re.IGNORECASE,
)
_TABLE_NAME = {"__tablename__", "__table__", "tablename", "fullname"}


def is_safe(file: SourceFile, node: ast.expr) -> bool:
    """Whether a hole is certainly a constant, a number, placeholders or quoted for SQL."""
    name = _last(node)
    if _PLACEHOLDERS.search(name) or name.strip("_").isupper() or name in _TABLE_NAME:
        return True
    if isinstance(node, ast.Call) and _QUOTING.search(_last(node.func)):
        return True
    if (
        isinstance(node, ast.Attribute)
        and node.attr in {"value", "name"}
        and _is_enum(file, node.value)
    ):
        return True
    flow = flow_of(file)
    if flow.is_harmless(node, "sql") or flow.is_checked(node, "sql"):
        return True
    return isinstance(node, ast.Name) and _is_key_of_checked(file, node)


def _is_key_of_checked(file: SourceFile, name: ast.Name) -> bool:
    """Whether it runs over a dictionary that keeps only allowed keys: `{k: v … if k in ALLOWED}`."""
    flow = flow_of(file)
    kept = [
        value
        for binding in flow.reaching.of(name)
        if binding.kind in {"for", "unpack"} and binding.value is not None
        for value in _dictionaries(file, binding.value)
    ]
    return bool(kept) and all(
        isinstance(value, ast.DictComp) and flow.is_checked(value.key, "sql") for value in kept
    )


def _dictionaries(file: SourceFile, node: ast.expr) -> list[ast.expr]:
    """What a loop runs over: the values of `allowed` in `allowed.items()`."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="items" | "keys"), args=[]):
            return _dictionaries(file, owner)
        case ast.Call(func=ast.Name(id="list" | "sorted" | "enumerate"), args=[inner, *_]):
            return _dictionaries(file, inner)
        case ast.Name():
            return file.values(node) or [node]
        case _:
            return [node]


def _is_enum(file: SourceFile, node: ast.expr) -> bool:
    """Whether `x.value` belongs to an Enum member: `Status.OPEN.value`, `status: Status`."""
    if isinstance(node, ast.Attribute) and node.attr.isupper():
        return True
    class_ = file.defined.classes.get(file.qualified_name(node) or "")
    return class_ is not None and any("Enum" in ast.unparse(base) for base in class_.bases)


def is_like_a_number(node: ast.expr) -> bool:
    """Whether the name says that the value is a number: `limit`, `days`, `page_size`."""
    return bool(_NUMBERS.search(_last(node)))


def severity_of(
    file: SourceFile, node: ast.expr, origin: Origin | None, *, quoted: bool = True
) -> tuple[Severity, Confidence]:
    """Severity and confidence of a value that is pasted into SQL.

    Without quotes a text would not even be valid SQL, so what nobody knows is then a number.
    """
    if origin is not None and origin.is_request:
        return Severity.CRITICAL, origin.confidence
    if is_like_a_number(node):
        return Severity.WARNING, Confidence.LOW
    if _is_given(file, node, origin):
        return Severity.CRITICAL, Confidence.MEDIUM
    return Severity.WARNING, Confidence.MEDIUM if quoted else Confidence.LOW


def _is_given(file: SourceFile, node: ast.expr, origin: Origin | None) -> bool:
    """Whether the value is a parameter as it is, or a name that nothing in the file defines."""
    if not isinstance(node, ast.Name):
        return False
    return not _is_bound(file, node) or (origin is not None and origin.name == node.id)


def _is_bound(file: SourceFile, name: ast.Name) -> bool:
    return bool(file.bindings(name.id, file.scopes.of(name)))


def shown(file: SourceFile, node: ast.expr) -> str:
    """The expression for a message, on one line and not too long."""
    text = " ".join(file.source(node).split())
    return text if len(text) <= 40 else text[:37] + "…"


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Call(func=function):
            return _last(function)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            return key or _last(value)
        case _:
            return ""
