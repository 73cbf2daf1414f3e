"""Where GitHub leads to after an installation: what is watched now."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.db import history
from app.deps import ServicesDep, SessionDep, ViewerDep
from app.pages import templates

router = APIRouter()


@router.get("/setup")
@router.get("/setup/created")
async def done() -> RedirectResponse:
    """Set-up is over; who reloads one of its pages is led on."""
    return RedirectResponse("/setup/installed", 303)


@router.get("/setup/installed")
async def installed(
    request: Request, services: ServicesDep, session: SessionDep, viewer: ViewerDep
) -> HTMLResponse:
    """Say which repositories are watched, of those that the person can read."""
    return templates().TemplateResponse(
        request,
        "setup/installed.html",
        {
            "repositories": await history.named(session, viewer.repositories),
            "webhook": f"{services.settings.public_url}/webhook",
        },
    )
