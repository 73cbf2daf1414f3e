"""How a pull request is reviewed, value by value, with where each value comes from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.github import pulls
from rules.core import markdown
from worker.git.repository import Repository
from worker.reviewing.configured import Configured
from worker.reviewing.mirrored import mirrored

if TYPE_CHECKING:
    from pathlib import Path

    from worker.events.asked import Asked


async def config_text(asked: Asked) -> str:
    """The configuration that decides about this pull request, as Markdown."""
    pull = await pulls.read(asked.repository, asked.row.number)
    base = await pulls.merge_base(asked.repository, pull.base.sha, pull.head.sha)
    async with mirrored(asked.work, asked.repository, asked.row.repository_id, base) as mirror:
        configured = await asyncio.to_thread(_at, mirror, base)
    lines = [
        f"The configuration of this pull request, read from its base {markdown.code(base[:7])}:",
        "",
        "| key | value | from |",
        "|---|---|---|",
        *(f"| `{one.key}` | {_cell(one.value)} | {one.source} |" for one in configured.settings()),
    ]
    notes = [f"- {markdown.message(note)}" for note in configured.notes]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _at(mirror: Path, sha: str) -> Configured:
    with Repository(mirror) as repository:
        return Configured.at(repository.tree(sha))


def _cell(value: str) -> str:
    """A bar would end the cell even inside of code."""
    return markdown.code(value.replace("|", "\\|"))
