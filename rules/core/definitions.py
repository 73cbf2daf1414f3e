"""What one file defines, by dotted name: a question of its syntax alone."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from rules.core.scopes import FUNCTIONS, FunctionNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.nodes import Nodes

type Assignment = ast.Assign | ast.AnnAssign


class Definitions:
    """The functions, classes and attributes of a file, found once for all who resolve its names."""

    def __init__(self, nodes: Nodes, module: str) -> None:
        self.nodes = nodes
        self.inside = module + "."

    def name_of(self, node: FunctionNode | ast.ClassDef) -> str:
        """`<module>.<qualified name>` of a function or class of the file."""
        return self.inside + self.nodes.qualname(node)

    @cached_property
    def functions(self) -> dict[str, FunctionNode]:
        """The functions by dotted name; of two with one name, the last."""
        return {
            self.name_of(function): function
            for kind in FUNCTIONS
            for function in self.nodes.of(kind)
        }

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes by dotted name."""
        return {self.name_of(class_): class_ for class_ in self.nodes.of(ast.ClassDef)}

    def members(self, class_: ast.ClassDef) -> dict[str, list[Assignment]]:
        """The assignments to `self.<name>` in methods and to names in the body, annotated first."""
        return self._members.get(class_, {})

    @cached_property
    def _members(self) -> dict[ast.ClassDef, dict[str, list[Assignment]]]:
        found: dict[ast.ClassDef, dict[str, list[Assignment]]] = defaultdict(dict)
        for class_, name, statement in self._assigned() if self.nodes.of(ast.ClassDef) else ():
            found[class_].setdefault(name, []).append(statement)
        return found

    def _assigned(self) -> Iterator[tuple[ast.ClassDef, str, Assignment]]:
        parents = self.nodes.parents
        for statement in (*self.nodes.of(ast.AnnAssign), *self.nodes.of(ast.Assign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    around = parents[statement]
                    if isinstance(around, ast.ClassDef):
                        yield around, target.id, statement
                elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    class_ = self.enclosing_class(statement)
                    if class_ is not None and target.value.id in {"self", "cls"}:
                        yield class_, target.attr, statement

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The nearest class around a node."""
        current = self.nodes.parents.get(node)
        while current is not None and not isinstance(current, ast.ClassDef):
            current = self.nodes.parents.get(current)
        return current
