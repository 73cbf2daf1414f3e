"""The history of reviews, for the operator. Shown only to this machine unless it is opened."""

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from app.db import findings, history, pull_requests, recoveries, repositories
from app.deps import ServicesDep, SessionDep, history_is_open
from app.models import Repository
from app.pages import templates

router = APIRouter(dependencies=[Depends(history_is_open)])


@router.get("/")
async def overview(request: Request, session: SessionDep) -> HTMLResponse:
    """Repositories and the newest reviews."""
    return templates().TemplateResponse(
        request,
        "overview.html",
        {
            "repositories": await history.repositories(session),
            "reviews": await history.recent_reviews(session),
            "recoveries": await recoveries.recent(session),
        },
    )


@router.get("/repositories/{owner}/{name}")
async def repository(request: Request, session: SessionDep, owner: str, name: str) -> HTMLResponse:
    """The pull requests of a repository."""
    found = await _repository(session, owner, name)
    lines = await history.pull_requests(session, found.id)
    return templates().TemplateResponse(
        request, "repository.html", {"repository": found, "lines": lines}
    )


@router.get("/pulls/{owner}/{name}/{number}")
async def pull_request(
    request: Request,
    services: ServicesDep,
    session: SessionDep,
    owner: str,
    name: str,
    number: int,
) -> HTMLResponse:
    """The reviews of a pull request and the fate of its findings."""
    home = await _repository(session, owner, name)
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
async def review(request: Request, session: SessionDep, review_id: int) -> HTMLResponse:
    """One review: findings, what was not reviewed, how long each stage took."""
    line = await history.review(session, review_id)
    if line is None:
        raise HTTPException(404, "There is no such review.")
    return templates().TemplateResponse(
        request,
        "review.html",
        {"line": line, "findings": await history.findings_seen_by(session, review_id)},
    )


async def _repository(session: SessionDep, owner: str, name: str) -> Repository:
    found = await repositories.find(session, owner, name)
    if found is None:
        raise HTTPException(404, "Nothing is known of that repository.")
    return found
