"""Signing in with GitHub, and out."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.access import sessions
from app.access.forms import ensure_ours, read_form
from app.access.sign_in import PATIENCE, depart, own_path, returned, sealed
from app.db import audit
from app.db import sessions as rows
from app.db.audit import Deed
from app.deps import ServicesDep, SessionDep
from app.github.errors import GitHubError, UnauthorizedError
from app.pages import templates
from app.services import Services

log = structlog.get_logger()
router = APIRouter()


async def not_too_often(request: Request, services: ServicesDep) -> None:
    """429 for an address that tries to sign in again and again."""
    address = request.client.host if request.client else ""
    if not await services.access.sign_ins.allows(address):
        raise HTTPException(
            429, "That was often. Wait a minute and try again.", {"Retry-After": "60"}
        )


def sign_in_is_possible(services: ServicesDep) -> None:
    """404 where the operator gave no client id and secret."""
    if not services.settings.sign_in_is_possible:
        raise HTTPException(404, "Nobody can sign in here.")


Guarded = [Depends(not_too_often), Depends(sign_in_is_possible)]


@router.get("/sign-in")
async def sign_in(
    request: Request,
    services: ServicesDep,
    after: Annotated[str, Query(alias="next")] = "/",
    problem: str = "",
) -> HTMLResponse:
    """What signing in is for, and the way to it."""
    return templates().TemplateResponse(
        request,
        "sign_in.html",
        {
            "after": own_path(after),
            "problem": PROBLEMS.get(problem, ""),
            "possible": services.settings.sign_in_is_possible,
            "local": not services.settings.history_local,
        },
    )


PROBLEMS = {
    "state": "That sign-in was begun in another browser, or more than ten minutes ago. Try again.",
    "refused": "GitHub did not confirm it. Try again.",
    "github": "GitHub does not answer at the moment. Try again in a while.",
    "denied": "You did not let GitHub say who you are.",
}


@router.get("/sign-in/github", dependencies=Guarded)
async def leave(
    services: ServicesDep, after: Annotated[str, Query(alias="next")] = "/"
) -> RedirectResponse:
    """Lead to GitHub, where the person says yes."""
    access, departure = services.access, depart(after)
    target = access.github.address(departure.state, departure.challenge, _back(services))
    response = RedirectResponse(target, 303)
    access.set_cookie(response, "sign-in", sealed(departure, access.keys), PATIENCE)
    return response


@router.get("/sign-in/callback", dependencies=Guarded)
async def callback(
    request: Request, services: ServicesDep, code: str = "", state: str = "", error: str = ""
) -> RedirectResponse:
    """Take the person back from GitHub with a code, and start the session."""
    access = services.access
    cookie = request.cookies.get(access.cookie("sign-in"), "")
    departure = returned(cookie, state, access.keys)
    if departure is None:
        return _failed(services, "state")
    if error or not code:
        return _failed(services, "denied")
    try:
        person = await access.github.person(code, departure.verifier, _back(services))
    except UnauthorizedError:
        return _failed(services, "refused")
    except GitHubError as problem:
        log.warning("sign-in failed", reason=problem.message)
        return _failed(services, "github")
    async with services.database.write() as session:
        value = await sessions.begin(session, access.keys, person)
        await audit.record(session, Deed(person.login, "sign-in"), datetime.now(UTC))
        if access.found(request.cookies.get(access.cookie("founder"), ""), person.login):
            deed = Deed(person.login, "set-up", "registered the App, and is operator since")
            await audit.record(session, deed, datetime.now(UTC))
    response = RedirectResponse(departure.after, 303)
    access.drop_cookie(response, "sign-in")
    access.drop_cookie(response, "founder")
    access.set_cookie(response, "session", value, int(sessions.LIFE.total_seconds()))
    return response


@router.post("/sign-out")
async def sign_out(request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """End the session of this browser."""
    access, form = services.access, await read_form(request)
    found = await access.session_of(request, session)
    if found is None:
        return RedirectResponse("/sign-in", 303)
    ensure_ours(request, form, found.csrf)
    access.reaches.forget(found.key)
    async with services.database.write() as writing:
        await rows.end(writing, found.key)
        await audit.record(writing, Deed(found.login, "sign-out"), datetime.now(UTC))
    response = RedirectResponse("/sign-in", 303)
    access.drop_cookie(response, "session")
    return response


def _back(services: Services) -> str:
    return f"{services.settings.public_url}/sign-in/callback"


def _failed(services: Services, problem: str) -> RedirectResponse:
    response = RedirectResponse(f"/sign-in?{urlencode({'problem': problem})}", 303)
    services.access.drop_cookie(response, "sign-in")
    return response
