"""What a route asks for in its signature."""

from collections.abc import AsyncGenerator
from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.viewer import NotKnownNowError, SignInNeededError, Viewer, viewer_of
from app.callers import is_this_machine
from app.db import repositories
from app.models import Repository
from app.services import Services


def services_of(request: Request) -> Services:
    """The services of the application that answers."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]


async def _read(services: ServicesDep) -> AsyncGenerator[AsyncSession]:
    async with services.database.read() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(_read)]
"""A session that only reads."""


async def viewer(request: Request, services: ServicesDep, session: SessionDep) -> Viewer:
    """Who looks at the history; nobody else gets to see any of it."""
    found = await viewer_of(request, session, services.access, services.settings)
    request.state.viewer = found
    return found


ViewerDep = Annotated[Viewer, Depends(viewer)]


def operator(viewer: ViewerDep) -> Viewer:
    """The same for what concerns the operation of the service."""
    if not viewer.is_operator:
        raise HTTPException(403, "This is for the operators of the service.")
    return viewer


OperatorDep = Annotated[Viewer, Depends(operator)]


async def maybe_viewer(
    request: Request, services: ServicesDep, session: SessionDep
) -> Viewer | None:
    """The same for pages that are open to everybody and show more to some."""
    try:
        return await viewer(request, services, session)
    except (SignInNeededError, NotKnownNowError):
        return None


MaybeViewerDep = Annotated[Viewer | None, Depends(maybe_viewer)]


async def readable_repository(
    session: SessionDep, viewer: ViewerDep, owner: str, name: str
) -> Repository:
    """The repository of the address; one that the viewer may not read is none that exists."""
    found = await repositories.find(session, owner, name)
    if found is None or not viewer.sees(found.id):
        raise HTTPException(404, "Nothing is known of that repository.")
    return found


RepositoryDep = Annotated[Repository, Depends(readable_repository)]


def metrics_are_open(request: Request, services: ServicesDep) -> None:
    """Refuse with 403 whoever may not see the metrics."""
    if not services.settings.metrics_public and not is_this_machine(request):
        raise HTTPException(
            403,
            "The metrics are shown only on the machine that runs the service. "
            "Its operator can open them to everybody with METRICS_PUBLIC=true.",
        )
