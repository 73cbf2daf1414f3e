"""How a pull request is reviewed, value by value, with where each value comes from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.github import pulls
from rules.core.report import markdown
from worker.reviewing.compared import configuration
from worker.reviewing.configured import settings
from worker.reviewing.mirrored import mirrored
from worker.reviewing.organisation import above

if TYPE_CHECKING:
    from worker.events.asked import Asked
    from worker.reviewing.configured import Setting


async def config_text(asked: Asked) -> str:
    """The configuration that decides about this pull request, as Markdown."""
    pull = await pulls.read(asked.repository, asked.row.number)
    base = await pulls.merge_base(asked.repository, pull.base.sha, pull.head.sha)
    decided = await above(asked.work, asked.repository)
    async with mirrored(asked.work, asked.repository, asked.row.repository_id, base) as mirror:
        layers = await asyncio.to_thread(configuration, mirror, base, decided)
    lines = [
        f"The configuration of this pull request, read from its base {markdown.code(base[:7])}:",
        "",
        "| key | value | from |",
        "|---|---|---|",
        *(f"| `{one.key}` | {_cell(one.value)} | {_from(one)} |" for one in settings(layers)),
    ]
    locked = sorted(decided.operator.locked)
    told = [f"- {markdown.message(note)}" for note in layers.notes]
    if locked:
        told.append(f"- No repository may set {', '.join(map(markdown.code, locked))}.")
    return "\n".join([*lines, *(["", *told] if told else [])])


def _from(setting: Setting) -> str:
    ref = f" at {markdown.code(setting.ref[:7])}" if setting.ref else ""
    return f"{markdown.message(setting.source)}{ref}"


def _cell(value: str) -> str:
    """A bar would end the cell even inside of code."""
    return markdown.code(value.replace("|", "\\|"))
