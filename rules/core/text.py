"""Text that code builds: its constant parts and the expressions between them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type How = Literal["constant", "f-string", "%", "format", "+", "join", "replace"]

_PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?[diouxXeEfFgGcrsa%]")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A text as a sequence of constant parts (`str`) and holes (`ast.expr`)."""

    parts: tuple[str | ast.expr, ...]
    how: How
    node: ast.expr

    @property
    def holes(self) -> list[ast.expr]:
        """The expressions whose value becomes part of the text."""
        return [part for part in self.parts if not isinstance(part, str)]

    def with_holes(self, hole: str = "?") -> str:
        """The text with every hole replaced by `hole`."""
        return "".join(part if isinstance(part, str) else hole for part in self.parts)

    def before(self, hole: ast.expr) -> str:
        """The text that stands before a hole, other holes shown as `?`."""
        seen: list[str] = []
        for part in self.parts:
            if part is hole:
                break
            seen.append(part if isinstance(part, str) else "?")
        return "".join(seen)


class TextReader:
    """Reads expressions as text. `resolve` gives the value of a name when there is just one."""

    def __init__(self, resolve: Callable[[ast.Name | ast.Attribute], ast.expr | None]) -> None:
        self._resolve = resolve

    def read(self, node: ast.expr, depth: int = 8) -> Text | None:
        """The text that an expression builds, or None when it is not recognisably text."""
        found = self._parts(node, depth)
        if found is None:
            return None
        how, parts = found
        return Text(tuple(_merged(parts)), how, node)

    def constant(self, node: ast.expr) -> str | None:
        """The text when nothing in it is computed at run time."""
        text = self.read(node)
        if text is None or text.holes:
            return None
        return text.with_holes()

    def _parts(self, node: ast.expr, depth: int) -> tuple[How, list[str | ast.expr]] | None:
        if depth <= 0:
            return None
        match node:
            case ast.Constant(value=str(value)):
                return "constant", [value]
            case ast.JoinedStr(values=values):
                return "f-string", self._joined(values, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum(left, right, depth)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return self._percent(left, right, depth)
            case ast.Call(func=ast.Attribute(value=owner, attr=method)):
                return self._method(node, owner, method, depth)
            case ast.Call(func=ast.Name(id="str"), args=[value]):
                return self._parts(value, depth - 1)
            case ast.Name() | ast.Attribute():
                value = self._resolve(node)
                return self._parts(value, depth - 1) if value is not None else None
            case _:
                return None

    def _inner(self, node: ast.expr, depth: int) -> list[str | ast.expr]:
        """The parts of a constant that stands in a hole, or the hole itself."""
        found = self._parts(node, depth - 1)
        if found is not None:
            return found[1]
        if isinstance(node, ast.Constant):
            return [str(node.value)]
        return [node]

    def _joined(self, values: list[ast.expr], depth: int) -> list[str | ast.expr]:
        parts: list[str | ast.expr] = []
        for value in values:
            if isinstance(value, ast.FormattedValue):
                parts.extend(self._inner(value.value, depth))
            elif isinstance(value, ast.Constant):
                parts.append(str(value.value))
        return parts

    def _sum(
        self, left: ast.expr, right: ast.expr, depth: int
    ) -> tuple[How, list[str | ast.expr]] | None:
        pieces: list[ast.expr] = [right]
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
            pieces.append(left.right)
            left = left.left
        pieces.append(left)
        read = [(piece, self._parts(piece, depth - 1)) for piece in reversed(pieces)]
        if not any(found for _, found in read):
            return None
        parts: list[str | ast.expr] = []
        for piece, found in read:
            parts.extend(found[1] if found else [piece])
        return "+", parts

    def _percent(
        self, left: ast.expr, right: ast.expr, depth: int
    ) -> tuple[How, list[str | ast.expr]] | None:
        template = self._parts(left, depth - 1)
        if template is None:
            return None
        values = iter(right.elts if isinstance(right, ast.Tuple) else [right])
        named = _named_values(right)
        parts: list[str | ast.expr] = []
        for part in template[1]:
            if not isinstance(part, str):
                parts.append(part)
                continue
            end = 0
            for found in _PERCENT.finditer(part):
                parts.append(part[end : found.start()])
                end = found.end()
                if found[0].endswith("%"):
                    parts.append("%")
                elif value := named.get(found[1] or "") or next(values, None) or right:
                    parts.extend(self._inner(value, depth))
            parts.append(part[end:])
        return "%", parts

    def _method(
        self, node: ast.Call, owner: ast.expr, method: str, depth: int
    ) -> tuple[How, list[str | ast.expr]] | None:
        if method == "join" and len(node.args) == 1:
            return self._join(owner, node.args[0], depth)
        text = self._parts(owner, depth - 1)
        if text is None:
            return None
        if method in {"strip", "lstrip", "rstrip", "lower", "upper", "encode", "removesuffix"}:
            return text
        if method == "format":
            return "format", list(self._formatted(text[1], node, depth))
        if method == "replace" and len(node.args) > 1:
            return "replace", [*text[1], *self._inner(node.args[1], depth)]
        return None

    def _join(
        self, separator: ast.expr, items: ast.expr, depth: int
    ) -> tuple[How, list[str | ast.expr]] | None:
        between = self._parts(separator, depth - 1)
        if between is None:
            return None
        if not isinstance(items, (ast.List, ast.Tuple)):
            return "join", [items]
        parts: list[str | ast.expr] = []
        for number, item in enumerate(items.elts):
            if number:
                parts.extend(between[1])
            parts.extend(self._inner(item, depth))
        return "join", parts

    def _formatted(
        self, template: list[str | ast.expr], call: ast.Call, depth: int
    ) -> Iterator[str | ast.expr]:
        named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        automatic = iter(call.args)
        for part in template:
            if not isinstance(part, str):
                yield part
                continue
            end = 0
            for found in _BRACES.finditer(part):
                yield part[end : found.start()]
                end = found.end()
                if found[0] in {"{{", "}}"}:
                    yield found[0][0]
                    continue
                field = re.split(r"[.\[]", found[1].strip())[0]
                value = _argument(field, call.args, named, automatic)
                if value is not None:
                    yield from self._inner(value, depth)
                else:
                    yield call
            yield part[end:]


def _argument(
    field: str,
    positional: list[ast.expr],
    named: dict[str, ast.expr],
    automatic: Iterator[ast.expr],
) -> ast.expr | None:
    if not field:
        return next(automatic, None)
    if field.isdigit():
        return positional[int(field)] if int(field) < len(positional) else None
    return named.get(field)


def _named_values(node: ast.expr) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _merged(parts: list[str | ast.expr]) -> Iterator[str | ast.expr]:
    """The parts with neighbouring constants joined and empty ones left out."""
    waiting = ""
    for part in parts:
        if isinstance(part, str):
            waiting += part
            continue
        if waiting:
            yield waiting
        waiting = ""
        yield part
    if waiting:
        yield waiting
