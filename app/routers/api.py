"""`/api/v1`: the same data for programs, under the same rules of who may see it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from app.charts import weeks
from app.db import audit, finding_list, findings, history, pull_requests, tallies
from app.db.dismissals import DismissalLine
from app.db.finding_list import Filter
from app.db.votes import PrecisionLine
from app.deps import OperatorDep, RepositoryDep, SessionDep, ViewerDep
from app.listing import StateOfPull, read_filter
from app.models import Repository
from app.pages import page
from rules.catalog import all_rules
from rules.docs import sentence

router = APIRouter(prefix="/api/v1", tags=["history"])
Limit = Annotated[int, Query(ge=1, le=200)]
FilterDep = Annotated[Filter, Depends(read_filter)]
WEEKS = 12


class Out(BaseModel):
    """Made from rows of ours."""

    model_config = ConfigDict(from_attributes=True)


class RepositoryOut(Out):
    """A repository."""

    id: int
    owner: str
    name: str
    private: bool
    default_branch: str


class RepositoryLineOut(RepositoryOut):
    """A repository with what is open there now."""

    open_pull_requests: int
    open_findings: int


class PullRequestOut(Out):
    """A pull request; `reviewed_head_sha` is the commit that was reviewed last."""

    number: int
    state: str
    draft: bool
    title: str
    author_login: str | None
    head_sha: str
    base_ref: str
    reviewed_head_sha: str | None
    paused: bool


class PullRequestLineOut(PullRequestOut):
    """A pull request with the fates of its findings."""

    open_findings: int
    fixed_findings: int
    dismissed_findings: int


class ReviewOut(Out):
    """A review: counts by name, seconds by stage, what was not reviewed and why."""

    id: int
    generation: int
    head_sha: str
    merge_base_sha: str | None
    verdict: str | None
    state: str
    summary: dict[str, int]
    timings: dict[str, float]
    skipped: list[dict[str, str]]
    notes: list[str]
    started_at: datetime
    finished_at: datetime | None
    engine_version: str


class FindingOut(Out):
    """A finding and its fate. `frame` is the code around it, from line `start` on."""

    id: int
    rule: str
    name: str
    severity: str
    group: str
    path: str
    line: int
    end_line: int
    message: str
    confidence: str
    fingerprint: str
    state: str
    place: str
    fixed_sha: str | None
    dismissed_by: str | None
    dismissed_reason: str | None
    created_at: datetime
    updated_at: datetime
    trace: list[dict[str, Any]]
    fix: dict[str, Any] | None
    frame: dict[str, Any] | None


class FoundOut(FindingOut):
    """A finding with where it is."""

    repository: str
    pull_request: int


class FoundPage(BaseModel):
    """Findings, the newest first; `older` is the next page's `before`, null at the end."""

    findings: list[FoundOut]
    older: int | None


class PullRequestPage(BaseModel):
    """Pull requests, the newest first; `older` is the next page's `before`."""

    pull_requests: list[PullRequestLineOut]
    older: int | None


class PullRequestDetail(PullRequestOut):
    """A pull request with its reviews and the life of each finding."""

    reviews: list[ReviewOut]
    findings: list[FindingOut]


class ReviewLineOut(ReviewOut):
    """A review with what it was about."""

    repository: str
    pull_request: int

    @classmethod
    def of(cls, line: history.ReviewLine) -> Self:
        """The form of a line."""
        return cls.model_validate(
            ReviewOut.model_validate(line.review).model_dump()
            | _where(line.repository)
            | {"pull_request": line.pull_request.number}
        )


class ReviewPage(BaseModel):
    """Reviews, the newest first; `older` is the next page's `before`."""

    reviews: list[ReviewLineOut]
    older: int | None


class ReviewDetail(ReviewLineOut):
    """A review with its findings."""

    findings: list[FindingOut]


class WeekOut(BaseModel):
    """Seven days from a Monday; seconds are those from found to fixed, of all that was fixed."""

    start: datetime
    found: dict[str, int]
    fixed: int
    fix_seconds: int
    reviews: int


class OverviewOut(BaseModel):
    """The last weeks, and what is open now."""

    weeks: list[WeekOut]
    open_by_group: dict[str, int]
    open_by_severity: dict[str, int]


class RuleOut(BaseModel):
    """A rule."""

    code: str
    name: str
    group: str
    severity: str
    about: str


class VotesOut(Out):
    """The votes of a year on a rule's comments in a repository; demoted is summary only."""

    repository: str
    up: int
    down: int
    demoted: bool


class DismissalOut(Out):
    """Somebody's decision to live with findings of a rule, until a day or until it was restored."""

    repository: str
    pull_request: int
    scope: str
    path: str
    reason: str
    dismissed_by: str
    created_at: datetime
    expires_at: datetime
    restored_at: datetime | None
    restored_by: str | None


class RuleHistoryOut(RuleOut):
    """A rule with what became of its findings here, by state."""

    states: dict[str, int]
    votes: list[VotesOut]
    dismissals: list[DismissalOut]


class DeliveryOut(Out):
    """A delivery of GitHub, without its payload."""

    guid: str
    event: str
    action: str | None
    state: str
    attempts: int
    redeliveries: int
    received_at: datetime
    done_at: datetime | None
    error: str | None


class AuditOut(Out):
    """Something that somebody did."""

    id: int
    at: datetime
    actor: str
    action: str
    detail: str
    repository_id: int | None
    number: int | None


@router.get("/overview")
async def overview(session: SessionDep, viewer: ViewerDep) -> OverviewOut:
    """Sum the last twelve weeks up, and what is open now."""
    now, among = datetime.now(UTC), viewer.repositories
    days = await tallies.since(session, tallies.weeks_ago(now, WEEKS), among)
    opened = await history.open_now(session, among)
    return OverviewOut(
        weeks=[
            WeekOut(
                start=week.start,
                found=dict(week.found),
                fixed=week.fixed,
                fix_seconds=week.fix_seconds,
                reviews=week.reviews,
            )
            for week in weeks(days, now, WEEKS)
        ],
        open_by_group=opened.by_group,
        open_by_severity=opened.by_severity,
    )


@router.get("/repositories")
async def repositories(session: SessionDep, viewer: ViewerDep) -> list[RepositoryLineOut]:
    """List the repositories that you can read."""
    opened = await history.open_now(session, viewer.repositories)
    return [
        RepositoryLineOut.model_validate(
            RepositoryOut.model_validate(line.repository).model_dump()
            | {"open_pull_requests": line.pull_requests, "open_findings": line.open_findings}
        )
        for line in await history.repositories(session, opened, viewer.repositories)
    ]


@router.get("/repositories/{owner}/{name}/pulls")
async def pulls(
    session: SessionDep,
    found: RepositoryDep,
    state: StateOfPull = "",
    before: int | None = None,
    limit: Limit = 50,
) -> PullRequestPage:
    """List the pull requests of a repository."""
    lines = await history.pull_requests(
        session, found.id, state=state, before=before, limit=limit + 1
    )
    return PullRequestPage(
        pull_requests=[_pull_line(line) for line in lines[:limit]],
        older=lines[limit - 1].pull_request.number if len(lines) > limit else None,
    )


@router.get("/repositories/{owner}/{name}/pulls/{number}")
async def pull(session: SessionDep, home: RepositoryDep, number: int) -> PullRequestDetail:
    """Show a pull request with its reviews and findings."""
    found = await pull_requests.find(session, home.id, number)
    if found is None:
        raise HTTPException(404, "Nothing is known of that pull request.")
    return PullRequestDetail(
        **PullRequestOut.model_validate(found).model_dump(),
        reviews=[ReviewOut.model_validate(one) for one in await history.reviews(session, found.id)],
        findings=[
            FindingOut.model_validate(one)
            for one in await findings.of_pull_request(session, found.id)
        ],
    )


@router.get("/reviews")
async def reviews(
    session: SessionDep, viewer: ViewerDep, before: int | None = None, limit: Limit = 50
) -> ReviewPage:
    """List reviews."""
    lines = await history.recent_reviews(
        session, viewer.repositories, before=before, limit=limit + 1
    )
    return ReviewPage(
        reviews=[ReviewLineOut.of(line) for line in lines[:limit]],
        older=lines[limit - 1].review.id if len(lines) > limit else None,
    )


@router.get("/reviews/{review_id}")
async def review(session: SessionDep, viewer: ViewerDep, review_id: int) -> ReviewDetail:
    """Show a review with its findings."""
    line = await history.review(session, review_id)
    if line is None or not viewer.sees(line.repository.id):
        raise HTTPException(404, "There is no such review.")
    seen = await history.findings_seen_by(session, review_id)
    return ReviewDetail(
        **ReviewLineOut.of(line).model_dump(),
        findings=[FindingOut.model_validate(one) for one in seen],
    )


@router.get("/findings")
async def found(
    session: SessionDep,
    viewer: ViewerDep,
    wanted: FilterDep,
    before: int | None = None,
    limit: Limit = 50,
) -> FoundPage:
    """List findings. Filters that few pass may give short pages: go on while there is `older`."""
    result = await finding_list.page(
        session, wanted, viewer.repositories, before=before, limit=limit
    )
    return FoundPage(findings=[_found(line) for line in result.lines], older=result.older)


@router.get("/rules")
async def rules(_viewer: ViewerDep) -> list[RuleOut]:
    """List all rules."""
    return [_rule(code) for code in all_rules()]


@router.get("/rules/{code}")
async def rule(session: SessionDep, viewer: ViewerDep, code: str) -> RuleHistoryOut:
    """Show a rule with what became of its findings."""
    if code not in all_rules():
        raise HTTPException(404, "There is no such rule.")
    known = await history.of_rule(session, code, datetime.now(UTC), viewer.repositories)
    return RuleHistoryOut(
        **_rule(code).model_dump(),
        states=known.states,
        votes=[_votes(line) for line in known.votes],
        dismissals=[_dismissal(line) for line in known.dismissals],
    )


@router.get("/deliveries")
async def deliveries(
    session: SessionDep,
    _operator: OperatorDep,
    before: Annotated[str, Query(max_length=64)] = "",
    limit: Limit = 50,
) -> list[DeliveryOut]:
    """List deliveries, the newest first, or those before one of a GUID. For operators."""
    lines = await history.deliveries(session, before=before, limit=limit)
    return [DeliveryOut.model_validate(one) for one in lines]


@router.get("/audit")
async def audit_log(
    session: SessionDep, _operator: OperatorDep, before: int | None = None, limit: Limit = 50
) -> list[AuditOut]:
    """List what people did, the newest first. For operators."""
    lines = await audit.page(session, before=before, limit=limit)
    return [AuditOut.model_validate(line.entry) for line in lines]


@router.get("/openapi.json", include_in_schema=False)
async def openapi(_viewer: ViewerDep) -> JSONResponse:
    """Describe this interface."""
    return JSONResponse(_description())


@router.get("/docs", include_in_schema=False)
async def docs(request: Request, _viewer: ViewerDep) -> Response:
    """Describe it on a page."""
    return page(request, "api.html", {"description": _description()})


def _description() -> dict[str, Any]:
    return get_openapi(
        title="Backend Expert",
        version="1",
        description="The history of reviews. A session of the web pages says who asks.",
        routes=[*router.routes],
    )


def _where(repository: Repository) -> dict[str, str]:
    return {"repository": f"{repository.owner}/{repository.name}"}


def _pull_line(line: history.PullRequestLine) -> PullRequestLineOut:
    return PullRequestLineOut(
        **PullRequestOut.model_validate(line.pull_request).model_dump(),
        open_findings=line.open_findings,
        fixed_findings=line.fixed_findings,
        dismissed_findings=line.dismissed_findings,
    )


def _found(line: finding_list.FindingLine) -> FoundOut:
    return FoundOut.model_validate(
        FindingOut.model_validate(line.finding).model_dump()
        | _where(line.repository)
        | {"pull_request": line.pull_request.number}
    )


def _votes(line: PrecisionLine) -> VotesOut:
    one = line.precision
    return VotesOut(**_where(line.repository), up=one.up, down=one.down, demoted=one.demoted)


def _dismissal(line: DismissalLine) -> DismissalOut:
    one = line.dismissal
    return DismissalOut(
        **_where(line.repository),
        pull_request=one.number,
        scope=one.scope.value,
        path=one.path,
        reason=one.reason,
        dismissed_by=one.dismissed_by,
        created_at=one.created_at,
        expires_at=one.expires_at,
        restored_at=one.restored_at,
        restored_by=one.restored_by,
    )


def _rule(code: str) -> RuleOut:
    known = all_rules()[code]
    return RuleOut(
        code=code,
        name=known.name,
        group=known.group,
        severity=known.severity.value,
        about=sentence(known),
    )
