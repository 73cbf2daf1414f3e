"""The history of reviews, for those who may read the repositories that it is about."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from app.access.viewer import Viewer
from app.db import audit, findings, history, pull_requests, recoveries, repositories
from app.deps import OperatorDep, ServicesDep, SessionDep, ViewerDep
from app.models import Repository
from app.pages import templates

PAGE = 50
NOTHING = (
    "GitHub says that you can read none of the repositories that this service reviews. "
    "If that is wrong, ask who administers them to give you access, or to install the App."
)

router = APIRouter()


@router.get("/")
async def overview(request: Request, session: SessionDep, viewer: ViewerDep) -> HTMLResponse:
    """Repositories and the newest reviews."""
    if viewer.repositories is not None and not viewer.repositories:
        raise HTTPException(403, NOTHING)
    return templates().TemplateResponse(
        request,
        "overview.html",
        {
            "repositories": await history.repositories(session, viewer.repositories),
            "reviews": await history.recent_reviews(session, viewer.repositories),
            "recoveries": await recoveries.recent(session) if viewer.is_operator else [],
        },
    )


@router.get("/repositories/{owner}/{name}")
async def repository(
    request: Request, session: SessionDep, viewer: ViewerDep, owner: str, name: str
) -> HTMLResponse:
    """The pull requests of a repository."""
    found = await _repository(session, viewer, owner, name)
    lines = await history.pull_requests(session, found.id)
    return templates().TemplateResponse(
        request, "repository.html", {"repository": found, "lines": lines}
    )


@router.get("/pulls/{owner}/{name}/{number}")
async def pull_request(
    request: Request,
    services: ServicesDep,
    session: SessionDep,
    viewer: ViewerDep,
    owner: str,
    name: str,
    number: int,
) -> HTMLResponse:
    """The reviews of a pull request and the fate of its findings."""
    home = await _repository(session, viewer, owner, name)
    found = await pull_requests.find(session, home.id, number)
    if found is None:
        raise HTTPException(404, "Nothing is known of that pull request.")
    github = f"{services.settings.github_url}/{home.owner}/{home.name}/pull/{number}"
    return templates().TemplateResponse(
        request,
        "pull_request.html",
        {
            "repository": home,
            "pull_request": found,
            "github": github,
            "reviews": await history.reviews(session, found.id),
            "findings": await findings.of_pull_request(session, found.id),
        },
    )


@router.get("/reviews/{review_id}")
async def review(
    request: Request, session: SessionDep, viewer: ViewerDep, review_id: int
) -> HTMLResponse:
    """One review: findings, what was not reviewed, how long each stage took."""
    line = await history.review(session, review_id)
    if line is None or not viewer.sees(line.repository.id):
        raise HTTPException(404, "There is no such review.")
    return templates().TemplateResponse(
        request,
        "review.html",
        {"line": line, "findings": await history.findings_seen_by(session, review_id)},
    )


@router.get("/audit")
async def audit_log(
    request: Request,
    session: SessionDep,
    _operator: OperatorDep,
    action: str = "",
    actor: str = "",
    before: int | None = None,
) -> HTMLResponse:
    """What people did here, for operators."""
    lines = await audit.page(session, action=action, actor=actor, before=before, limit=PAGE + 1)
    return templates().TemplateResponse(
        request,
        "audit.html",
        {
            "lines": lines[:PAGE],
            "older": lines[PAGE - 1].entry.id if len(lines) > PAGE else None,
            "action": action,
            "actor": actor,
        },
    )


async def _repository(session: SessionDep, viewer: Viewer, owner: str, name: str) -> Repository:
    found = await repositories.find(session, owner, name)
    if found is None or not viewer.sees(found.id):
        raise HTTPException(404, "Nothing is known of that repository.")
    return found
