"""Between the address of a list and the filter that it stands for, and lists for spreadsheets."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import HTTPException, Query, Request
from fastapi.responses import Response

from app.db import repositories
from app.db.finding_list import Filter, FindingLine
from app.deps import SessionDep, ViewerDep

type Severity = Literal["", "critical", "warning", "suggestion"]
type State = Literal["", "open", "fixed", "dismissed"]
type StateOfPull = Literal["", "open", "closed", "merged"]
Short = Annotated[str, Query(max_length=200)]
HEADER = (
    "id", "repository", "pull request", "rule", "name", "group", "severity", "state", "path",
    "line", "message", "found", "fixed in", "dismissed by", "reason",
)  # fmt: skip


async def read_filter(
    session: SessionDep,
    viewer: ViewerDep,
    repository: Short = "",
    rule: Short = "",
    group: Short = "",
    severity: Severity = "",
    state: State = "",
    q: Short = "",
) -> Filter:
    """The filter of an address. A repository that the viewer may not see is none that exists."""
    repository_id = None
    if repository:
        owner, _, name = repository.partition("/")
        found = await repositories.find(session, owner, name)
        if found is None or not viewer.sees(found.id):
            raise HTTPException(404, "Nothing is known of that repository.")
        repository_id = found.id
    return Filter(repository_id, rule.strip().upper(), group, severity, state, q.strip())


def shown_filter(request: Request) -> dict[str, str]:
    """What of the address is a filter, for forms and links."""
    names = ("repository", "rule", "group", "severity", "state", "q")
    return {name: request.query_params.get(name, "") for name in names}


def csv_answer(lines: Sequence[FindingLine]) -> Response:
    """Findings as CSV. What a spreadsheet would run as a formula is made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for line in lines:
        writer.writerow([_text(value) for value in _row(line)])
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="findings.csv"',
            "Cache-Control": "private, no-store",
        },
    )


def _row(line: FindingLine) -> tuple[object, ...]:
    one, home = line.finding, line.repository
    return (
        one.id, f"{home.owner}/{home.name}", line.pull_request.number, one.rule, one.name,
        one.group, one.severity, one.state.value, one.path, one.line, one.message,
        one.created_at.isoformat(), one.fixed_sha or "", one.dismissed_by or "",
        one.dismissed_reason or "",
    )  # fmt: skip


def _text(value: object) -> object:
    dangerous = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if dangerous else value
