"""What operators look at: deliveries, health, and who did what."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.db import audit, deliveries, history, recoveries
from app.deps import OperatorDep, ServicesDep, SessionDep
from app.models import DeliveryState
from app.pages import page
from app.queue import is_there

PAGE = 50

router = APIRouter()


@router.get("/deliveries")
async def inbox(
    request: Request,
    session: SessionDep,
    _operator: OperatorDep,
    state: Literal["", "received", "done", "ignored", "failed"] = "",
    before: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The deliveries that GitHub made, the newest first, and what had to be recovered."""
    lines = await history.deliveries(session, state=state, before=before, limit=PAGE + 1)
    return page(
        request,
        "deliveries.html",
        {
            "lines": lines[:PAGE],
            "older": lines[PAGE - 1].guid if len(lines) > PAGE else None,
            "state": state,
            "states": [one.value for one in DeliveryState],
            "recoveries": await recoveries.recent(session),
        },
    )


@router.get("/health")
async def health(
    request: Request, services: ServicesDep, session: SessionDep, _operator: OperatorDep
) -> Response:
    """Whether everything runs, and what waits."""
    redis, waiting = await asyncio.gather(is_there(services.queue), history.waiting(session))
    return page(
        request,
        "health.html",
        {
            "redis": redis,
            "database": services.settings.database_url.partition(":")[0].partition("+")[0],
            "oldest": await deliveries.oldest_waiting(session),
            "waiting": waiting,
            "settings": services.settings,
        },
    )


@router.get("/audit")
async def audit_log(
    request: Request,
    session: SessionDep,
    _operator: OperatorDep,
    action: str = "",
    actor: str = "",
    before: int | None = None,
) -> Response:
    """What people did here."""
    lines = await audit.page(session, action=action, actor=actor, before=before, limit=PAGE + 1)
    return page(
        request,
        "audit.html",
        {
            "lines": lines[:PAGE],
            "older": lines[PAGE - 1].entry.id if len(lines) > PAGE else None,
            "action": action,
            "actor": actor,
        },
    )
