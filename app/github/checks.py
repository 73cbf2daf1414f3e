"""Check runs: the mark beside a commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from app.github.pulls import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.github.repository import Repository

BATCH = 50
"""Annotations that GitHub takes in one request; further ones are appended by further requests."""

type Conclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"
]


class CheckApp(Frozen):
    """The App that made a check run; only it may change it."""

    id: int


class CheckOutput(Frozen):
    """What we read of the output."""

    title: str | None = None
    summary: str | None = None
    annotations_count: int = 0


class CheckRun(Frozen):
    """A check run on one commit."""

    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None = None
    external_id: str | None = None
    app: CheckApp | None = None
    output: CheckOutput = CheckOutput()
    html_url: str | None = None


class Annotation(Frozen):
    """A note on any line of any file, shown with the check."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    title: str
    message: str


class Button(Frozen):
    """A button beside a check that ended; GitHub takes 3, with 20, 40 and 20 characters."""

    label: str
    description: str
    identifier: str


class Report(Frozen):
    """How a check ends: the conclusion, a line, a page, notes on lines, and what may be pressed."""

    conclusion: Conclusion
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()
    buttons: tuple[Button, ...] = ()


async def listed(repository: Repository, sha: str, name: str) -> tuple[CheckRun, ...]:
    """The check runs of that name on a commit, of any App, with re-runs."""
    items = await repository.pages(
        f"/commits/{sha}/check-runs", {"check_name": name, "filter": "all"}
    )
    return tuple(CheckRun.model_validate(item) for item in items)


async def read(repository: Repository, check_run_id: int) -> CheckRun:
    """One check run."""
    answer = await repository.call("GET", f"/check-runs/{check_run_id}")
    return CheckRun.model_validate(answer.data)


async def start(
    repository: Repository, sha: str, name: str, external_id: str, details_url: str | None
) -> CheckRun:
    """A new check run, in progress."""
    fields = {
        "name": name,
        "head_sha": sha,
        "status": "in_progress",
        "external_id": external_id,
        "started_at": _now(),
    }
    if details_url:
        fields["details_url"] = details_url
    answer = await repository.call("POST", "/check-runs", body=fields)
    return CheckRun.model_validate(answer.data)


async def report(
    repository: Repository, sha: str, name: str, external_id: str, said: Report
) -> None:
    """A check run that ended as it began: whoever dies over it leaves none in progress."""
    fields = {"name": name, "head_sha": sha, "external_id": external_id, **_ended(said, ())}
    await repository.call("POST", "/check-runs", body=fields)


async def annotate(
    repository: Repository, check_run_id: int, report: Report, annotations: Sequence[Annotation]
) -> None:
    """Append up to 50 annotations to a check run that goes on."""
    output = _output(report, annotations)
    await repository.call("PATCH", f"/check-runs/{check_run_id}", body={"output": output})


async def conclude(
    repository: Repository,
    check_run_id: int,
    report: Report,
    annotations: Sequence[Annotation] = (),
) -> None:
    """End a check run, with the last up to 50 annotations."""
    await repository.call("PATCH", f"/check-runs/{check_run_id}", body=_ended(report, annotations))


def _ended(report: Report, annotations: Sequence[Annotation]) -> dict[str, Any]:
    return {
        "status": "completed",
        "conclusion": report.conclusion,
        "completed_at": _now(),
        "output": _output(report, annotations),
        "actions": [button.model_dump() for button in report.buttons],
    }


def _output(report: Report, annotations: Sequence[Annotation]) -> dict[str, Any]:
    return {
        "title": report.title,
        "summary": report.summary,
        "annotations": [annotation.model_dump() for annotation in annotations],
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
