"""Whether the service lives, whether it can take deliveries, and its metrics."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.db import deliveries, recoveries, votes
from app.deps import ServicesDep, SessionDep, metrics_are_open
from app.metrics import Metrics
from app.models import DeliveryState, RecoveryKind
from app.queue import is_there
from app.services import Services

PATIENCE = 2.0

router = APIRouter()


@router.get("/healthz")
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(services: ServicesDep) -> JSONResponse:
    """Say what is missing: 503 without the database, `degraded` without Redis.

    Deliveries are accepted without Redis, and the worker's sweep finds them; taking the process
    out of service for that would lose them.
    """
    database, redis = await asyncio.gather(_answers(services), is_there(services.queue))
    parts = {
        "database": "ok" if database else "unreachable",
        "redis": "ok" if redis else "unreachable",
    }
    status = ("ok" if redis else "degraded") if database else "unavailable"
    return JSONResponse({"status": status, **parts}, 200 if database else 503)


@router.get("/metrics", dependencies=[Depends(metrics_are_open)])
async def metrics(services: ServicesDep, session: SessionDep) -> Response:
    """Counters of this process and the state of the inbox, for Prometheus."""
    counts = await deliveries.count_by_state(session)
    for state in DeliveryState:
        services.metrics.stored.labels(state).set(counts.get(state, 0))
    oldest = await deliveries.oldest_waiting(session)
    age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    services.metrics.queue_age.set(max(age, 0.0))
    recovered = await recoveries.count_by_kind(session)
    for kind in RecoveryKind:
        services.metrics.recovered.labels(kind).set(recovered.get(kind, 0))
    _show_votes(services.metrics, await votes.lines(session, datetime.now(UTC)))
    return Response(services.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _show_votes(metrics: Metrics, lines: list[votes.PrecisionLine]) -> None:
    metrics.votes.clear()
    metrics.demoted.clear()
    for line in lines:
        one = line.precision
        metrics.votes.labels(one.rule, "up").inc(one.up)
        metrics.votes.labels(one.rule, "down").inc(one.down)
        metrics.demoted.labels(one.rule).inc(one.demoted)


async def _answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(PATIENCE), services.database.read() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True
