"""Why a file was reviewed, or why it was not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.db import reviews
from rules.catalog import all_rules
from rules.core.report import markdown
from worker.analysis.job import Commits, Job
from worker.reviewing.compared import compare
from worker.reviewing.mirrored import mirrored
from worker.reviewing.organisation import above

if TYPE_CHECKING:
    from app.models import ReviewRecord
    from rules.core.findings import Review
    from worker.events.asked import Asked
    from worker.reviewing.compared import Compared

UNREVIEWED = "This pull request was not reviewed yet."
PAUSED = "The reviews of this pull request are paused."
_OUT_OF_SCOPE = {
    "not Python": "it is not a Python file",
    "vendored": "it lies in a folder of other people's code",
    "generated": "it is generated, by its name or by what its first lines say",
    "excluded": "the configuration of the base excludes it",
}


async def why_text(asked: Asked, path: str) -> str:
    """A sentence or two about a path, by the last review of its pull request."""
    path = path.strip("`").removeprefix("./")
    async with asked.work.database.read() as session:
        last = await reviews.latest(session, asked.row.id)
    if last is None or last.merge_base_sha is None:
        return PAUSED if asked.row.paused else UNREVIEWED
    name = markdown.code(path)
    for skipped in last.skipped:
        if skipped["path"] == path:
            return f"{name} was not reviewed: {markdown.message(skipped['reason'])}."
    return f"{name} {await _looked_at_again(asked, last, last.merge_base_sha, path)}"


async def _looked_at_again(asked: Asked, last: ReviewRecord, base: str, path: str) -> str:
    """The review of this one file, made once more: its answer is the reason."""
    head = last.head_sha
    decided = await above(asked.work, asked.repository)
    mirror_of = mirrored(asked.work, asked.repository, asked.row.repository_id, head, base)
    async with mirror_of as mirror:
        compared = await asyncio.to_thread(compare, mirror, base, head, decided)
        files = tuple(file for file in compared.files if file.path == path)
        if not files:
            return f"is not a part of this change at {markdown.code(head[:7])}."
        cache = asked.work.settings.data_dir / "facts"
        source = Commits(mirror, head, base)
        job = Job(source, files, compared.config, fixes=False, cache=cache)
        found = await asked.work.analyse(job)
    return _told(found, compared, path)


def _told(found: Review, compared: Compared, path: str) -> str:
    for reason in found.out_of_scope:
        return f"was not reviewed: {_OUT_OF_SCOPE.get(reason, reason)}."
    for skipped in found.skipped:
        return f"was not reviewed: {markdown.message(skipped.reason)}."
    ignored = [
        rule.code for rule in all_rules().values() if not compared.config.selects(rule, path)
    ]
    counts = (
        (len(found.findings), "found there"),
        (found.suppressed, "silenced by a comment in the code"),
        (found.deferred, "left to this project's ruff"),
        (len(ignored), "rules not run on it, by the configuration of the base"),
    )
    told = "; ".join(f"{count} {what}" for count, what in counts)
    return f"was reviewed: {told}."
