"""Set-up in three steps: a plan, GitHub's own page, and the repositories."""

from __future__ import annotations

import json
from typing import Annotated, cast
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from app import credentials
from app.access.access import FOUNDER_SECONDS
from app.access.forms import ensure_ours, read_form
from app.credentials import Credentials
from app.github.errors import GitHubError, NotFoundError
from app.github.manifest import Registered, convert
from app.headers import policy
from app.pages import templates
from app.setup.manifest import Plan, WrongAnswerError, is_reachable_by_github, read_plan
from app.setup.place import Place

COOKIE = "set-up"
HOUR = 3600
ONCE = (
    "This link is wrong, was used already, or is older than an hour. "
    "Start `backend-expert serve` again: it prints a new one."
)

log = structlog.get_logger()
router = APIRouter()


def place_of(request: Request) -> Place:
    """The set-up that this application is for."""
    return cast("Place", request.app.state.place)


PlaceDep = Annotated[Place, Depends(place_of)]


def the_one_browser(request: Request, place: PlaceDep) -> Place:
    """403 for whoever does not come from the browser that opened the link."""
    if not place.progress.is_by(request.cookies.get(COOKIE, "")):
        raise HTTPException(403, ONCE)
    return place


InCharge = Annotated[Place, Depends(the_one_browser)]


@router.get("/healthz")
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready() -> JSONResponse:
    """Say that deliveries cannot be taken yet."""
    return JSONResponse({"status": "not set up"}, 503)


@router.get("/")
async def start(request: Request, place: PlaceDep) -> Response:
    """Say where the way in is; the browser in charge goes on."""
    if place.progress.is_by(request.cookies.get(COOKIE, "")):
        return RedirectResponse("/setup", 303)
    return templates().TemplateResponse(request, "setup/closed.html", {})


@router.get("/setup")
async def plan(request: Request, place: PlaceDep, token: str = "") -> Response:
    """Step one: what the App shall be. With the link's token: give the browser its cookie."""
    if token:
        return _opened(place, token)
    the_one_browser(request, place)
    return _plan_page(request, place, {})


@router.post("/setup")
async def send(request: Request, place: InCharge) -> Response:
    """Step two: show what GitHub will be asked, in a form that goes there."""
    form = await read_form(request)
    ensure_ours(request, form, place.progress.csrf)
    try:
        wanted = read_plan(form)
    except WrongAnswerError as error:
        return _plan_page(request, place, form, str(error), 422)
    state = place.progress.leave(wanted)
    manifest = wanted.manifest(_origin(request, place))
    response = templates().TemplateResponse(
        request,
        "setup/send.html",
        {
            "plan": wanted,
            "address": wanted.address(state),
            "manifest": json.dumps(manifest),
            "permissions": manifest["default_permissions"],
            "reachable": is_reachable_by_github(wanted),
        },
    )
    response.headers["Content-Security-Policy"] = policy(f"'self' {wanted.github_url}")
    return response


@router.get("/setup/created")
async def created(request: Request, place: InCharge, code: str = "", state: str = "") -> Response:
    """Step three: take the code back from GitHub, keep the credentials, lead to the installation."""
    progress = place.progress
    if progress.made is not None:
        return _created_page(request, progress.made)
    wanted = progress.come_back(state)
    if wanted is None or not code:
        raise HTTPException(400, "GitHub did not send you here with what we gave it. Begin again.")
    try:
        registered = await convert(wanted.api_url, code)
    except NotFoundError:
        raise HTTPException(400, "GitHub does not know this code any more. Begin again.") from None
    except GitHubError as error:
        log.warning("conversion failed", reason=error.message)
        raise HTTPException(
            502, f"{error.message} Begin again; an App may be there already."
        ) from None
    progress.made = _keep(place, wanted, registered)
    log.info("app registered", slug=registered.slug, owner=registered.owner.login)
    response = _created_page(request, progress.made)
    _found(response, place, wanted)
    response.headers["Connection"] = "close"
    response.background = BackgroundTask(request.app.state.finished)
    return response


@router.get("/setup/installed")
async def installed(request: Request, place: InCharge) -> Response:
    """Have the browser ask again in a moment: the service is about to take over."""
    if place.progress.made is None:
        return RedirectResponse("/setup", 303)
    response = templates().TemplateResponse(request, "setup/starting.html", {})
    response.headers["Refresh"] = "1"
    return response


def _opened(place: Place, token: str) -> Response:
    cookie = place.progress.open(token)
    if cookie is None:
        raise HTTPException(403, ONCE)
    response = RedirectResponse("/setup", 303)
    secure = place.public_url.startswith("https://")
    response.set_cookie(
        COOKIE, cookie, max_age=HOUR, httponly=True, samesite="lax", secure=secure, path="/"
    )
    return response


def _plan_page(
    request: Request, place: Place, values: dict[str, str], problem: str = "", status: int = 200
) -> HTMLResponse:
    first = {
        "github_url": place.github_url,
        "owner": "person",
        "organisation": "",
        "name": "Backend Expert",
        "public_url": place.public_url,
        "webhook_url": "",
    }
    return templates().TemplateResponse(
        request,
        "setup/plan.html",
        {"values": first | values, "problem": problem, "csrf": place.progress.csrf},
        status,
    )


def _created_page(request: Request, made: Credentials) -> HTMLResponse:
    return templates().TemplateResponse(request, "setup/created.html", {"made": made})


def _origin(request: Request, place: Place) -> str:
    """Where the browser is; a proxy in front of us may not tell us that it speaks TLS."""
    is_public = urlsplit(place.public_url).netloc == request.url.netloc
    return place.public_url if is_public else str(request.base_url).rstrip("/")


def _found(response: Response, place: Place, wanted: Plan) -> None:
    """Let whoever signs in from this browser operate the service, if nobody else does."""
    secure = wanted.public_url.startswith("https://")
    response.set_cookie(
        "__Host-founder" if secure else "founder",
        place.keys.seal("founder", {}),
        max_age=FOUNDER_SECONDS,
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )


def _keep(place: Place, wanted: Plan, registered: Registered) -> Credentials:
    made = Credentials(
        app_id=registered.id,
        slug=registered.slug,
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        webhook_secret=registered.webhook_secret or "",
        github_url=wanted.github_url,
        github_api_url=wanted.api_url,
        public_url=wanted.public_url,
        operators=[registered.owner.login.lower()] if registered.owner.type == "User" else [],
    )
    credentials.store(place.data_dir, made, registered.pem)
    return made
