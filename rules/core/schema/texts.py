"""Texts that define tables and indexes: in Python strings and in `.sql` files."""

from __future__ import annotations

import ast
import re
import sqlite3
from typing import TYPE_CHECKING

from rules.core.schema.facts import TextFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.source import SourceFile

DEFINES = re.compile(
    r"\s*(?:create\s+(?:temp\w*\s+|virtual\s+|unique\s+)?(?:table|index|view|trigger)"
    r"|alter\s+table|drop\s+index)\b",
    re.IGNORECASE,
)
_MARKS = (
    "CREATE TABLE", "create table", "CREATE INDEX", "create index", "CREATE UNIQUE", "ALTER TABLE",
    "alter table", "CREATE VIRTUAL", "CREATE VIEW", "create unique", "DROP INDEX", "CREATE TEMP",
)  # fmt: skip
_MAX_TEXT = 200_000
_MAX_STATEMENTS = 600
_MAX_STATEMENT = 20_000
_LINE_COMMENT = re.compile(r"--[^\n]*")
_BEFORE = re.compile(r"(?:\s+|--[^\n]*\n)*")
HOLE = "{}"


def texts_of(file: SourceFile) -> Iterator[TextFacts]:
    """Every statement in a Python file's strings that defines a part of a schema."""
    if not any(mark in file.text for mark in _MARKS):
        return
    for node in (*file.of(ast.Constant), *file.of(ast.JoinedStr)):
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            continue
        if isinstance(file.parent(node), (ast.Expr, ast.JoinedStr)):
            continue
        text = file.text_of(node)
        if text is not None:
            yield from statements_in(text.with_holes(HOLE), node.lineno)


def statements_in(script: str, line: int = 1) -> Iterator[TextFacts]:
    """The defining statements of a script, each with its line."""
    if len(script) > _MAX_TEXT or not _may_define(script):
        return
    number = 0
    for sql, offset in split(script):
        bare = _LINE_COMMENT.sub("", sql).strip()
        if DEFINES.match(bare):
            number += 1
            before = _BEFORE.match(sql)
            lines = before[0].count("\n") if before else 0
            yield TextFacts(bare, line + offset + lines, HOLE not in bare)
        if number > _MAX_STATEMENTS:
            return


def _may_define(script: str) -> bool:
    lowered = script[:_MAX_TEXT].lower()
    return "create " in lowered or "alter " in lowered or "drop index" in lowered


def split(script: str) -> Iterator[tuple[str, int]]:
    """The statements of a script and how many lines stand before each, as SQLite separates them."""
    waiting, start, lines = "", 0, 0
    for piece in script.split(";"):
        if not waiting:
            start = lines
        waiting += piece + ";"
        lines += piece.count("\n")
        if sqlite3.complete_statement(waiting):
            yield waiting[:-1], start
            waiting = ""
        elif len(waiting) > _MAX_STATEMENT:
            return
    if waiting.strip("; \n\t"):
        yield waiting.rstrip(";"), start
