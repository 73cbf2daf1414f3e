"""The history of reviews, for those who may read the repositories that it is about."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from app.charts import columns, weeks
from app.db import dismissals, finding_list, findings, history, pull_requests, tallies, votes
from app.db.finding_list import Filter
from app.deps import RepositoryDep, ServicesDep, SessionDep, ViewerDep
from app.listing import StateOfPull, csv_answer, read_filter, shown_filter
from app.pages import page
from rules.core.rule import GROUPS

WEEKS = 12
PAGE = 50
MOST_ROWS = 5_000
NOTHING = (
    "GitHub says that you can read none of the repositories that this service reviews. "
    "If that is wrong, ask who administers them to give you access, or to install the App."
)

router = APIRouter()
FilterDep = Annotated[Filter, Depends(read_filter)]


@router.get("/")
async def overview(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """What was found and fixed in the last weeks, what is open now, the newest reviews."""
    if viewer.repositories is not None and not viewer.repositories:
        raise HTTPException(403, NOTHING)
    among, now = viewer.repositories, datetime.now(UTC)
    days = await tallies.since(session, tallies.weeks_ago(now, WEEKS), among)
    shown = weeks(days, now, WEEKS)
    opened = await history.open_now(session, among)
    return page(
        request,
        "overview.html",
        {
            "weeks": shown,
            "chart": columns(shown),
            "groups": GROUPS,
            "open": opened,
            "repositories": await history.repositories(session, opened, among),
            "reviews": await history.recent_reviews(session, among, limit=12),
        },
    )


@router.get("/repositories/{owner}/{name}")
async def repository(
    request: Request,
    session: SessionDep,
    found: RepositoryDep,
    state: StateOfPull = "",
    before: int | None = None,
) -> Response:
    """The pull requests of a repository, and what was found and fixed there."""
    now = datetime.now(UTC)
    days = await tallies.since(session, tallies.weeks_ago(now, WEEKS), [found.id])
    shown = weeks(days, now, WEEKS)
    lines = await history.pull_requests(
        session, found.id, state=state, before=before, limit=PAGE + 1
    )
    return page(
        request,
        "repository.html",
        {
            "repository": found,
            "weeks": shown,
            "chart": columns(shown),
            "groups": GROUPS,
            "open": await history.open_now(session, [found.id]),
            "votes": await votes.of_repository(session, found.id, now),
            "dismissals": await dismissals.newest(session, [found.id]),
            "now": now,
            "lines": lines[:PAGE],
            "older": lines[PAGE - 1].pull_request.number if len(lines) > PAGE else None,
            "state": state,
        },
    )


@router.get("/pulls/{owner}/{name}/{number}")
async def pull_request(
    request: Request, services: ServicesDep, session: SessionDep, home: RepositoryDep, number: int
) -> Response:
    """The reviews of a pull request and the life of each finding."""
    found = await pull_requests.find(session, home.id, number)
    if found is None:
        raise HTTPException(404, "Nothing is known of that pull request.")
    reviews = await history.reviews(session, found.id)
    return page(
        request,
        "pull_request.html",
        {
            "repository": home,
            "pull_request": found,
            "github": services.settings.github_url,
            "reviews": reviews,
            "by_id": {review.id: review for review in reviews},
            "findings": await findings.of_pull_request(session, found.id),
        },
    )


@router.get("/reviews/{review_id}")
async def review(
    request: Request,
    services: ServicesDep,
    session: SessionDep,
    viewer: ViewerDep,
    review_id: int,
) -> Response:
    """One review: findings in their code, what was not reviewed, how long each stage took."""
    line = await history.review(session, review_id)
    if line is None or not viewer.sees(line.repository.id):
        raise HTTPException(404, "There is no such review.")
    return page(
        request,
        "review.html",
        {
            "line": line,
            "github": services.settings.github_url,
            "findings": await history.findings_seen_by(session, review_id),
        },
    )


@router.get("/findings")
async def all_findings(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    wanted: FilterDep,
    before: int | None = None,
) -> Response:
    """Findings of all repositories, filtered by what stands in the address."""
    found = await finding_list.page(session, wanted, viewer.repositories, before=before, limit=PAGE)
    return page(
        request,
        "findings.html",
        {
            "found": found,
            "wanted": wanted,
            "query": shown_filter(request),
            "groups": GROUPS,
            "repositories": await history.named(session, viewer.repositories),
        },
    )


@router.get("/findings.csv")
async def findings_csv(
    session: SessionDep, viewer: ViewerDep, wanted: FilterDep, before: int | None = None
) -> Response:
    """The same as a table for a spreadsheet, up to 5,000 rows."""
    found = await finding_list.page(
        session, wanted, viewer.repositories, before=before, limit=MOST_ROWS
    )
    return csv_answer(found.lines)
