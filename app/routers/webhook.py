"""`POST /webhook`: verify, store durably, answer. Everything else is a worker's."""

import asyncio
import time
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from app.db.deliveries import Acceptance, Arrival, accept_on
from app.deliveries import EVENTS, RefusedError, read_envelope, read_header, read_signed
from app.deps import services_of
from app.queue import wake
from app.services import Services

STORING_SECONDS = 8.0
"""GitHub counts a delivery as failed after ten seconds."""

log = structlog.get_logger()
router = APIRouter()


@router.post("/webhook")
async def receive(request: Request) -> JSONResponse:
    """Take a delivery of GitHub.

    202 once it is stored, 200 for a ping; 400, 401, 408 and 413 for what is refused, 503 when it
    could not be stored, so that GitHub shows it as failed and it can be delivered again.
    """
    services = services_of(request)
    started = time.perf_counter()
    try:
        return await _receive(request, services)
    except RefusedError as refused:
        _count(services, "", "refused")
        log.warning("delivery refused", status=refused.status, reason=refused.reason)
        return JSONResponse({"error": refused.reason}, refused.status)
    finally:
        services.metrics.webhook_seconds.observe(time.perf_counter() - started)


async def _receive(request: Request, services: Services) -> JSONResponse:
    settings = services.settings
    secret = settings.github_webhook_secret.get_secret_value()
    body = await read_signed(request, secret, settings.webhook_max_bytes)
    header = read_header(request)
    envelope = read_envelope(body)
    if header.event == "ping":
        return _answer(services, header.event, "pong", 200)
    if header.event not in EVENTS or not envelope.is_news(header.event, settings.github_app_id):
        return _answer(services, header.event, "ignored")
    acceptance = await _store(services, envelope.arrival(header, body))
    if acceptance is None:
        return _answer(services, header.event, "unavailable", 503)
    answer = _answer(services, header.event, acceptance)
    if acceptance is not Acceptance.DUPLICATE:
        # It runs when the answer is out: no Redis, slow or gone, holds GitHub up.
        answer.background = BackgroundTask(wake, services.queue, "take_deliveries")
    return answer


async def _store(services: Services, arrival: Arrival) -> Acceptance | None:
    try:
        async with asyncio.timeout(STORING_SECONDS):
            return await services.database.write_at_once(accept_on, arrival, datetime.now(UTC))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.error("delivery not stored", guid=arrival.guid, error=repr(error))  # noqa: TRY400
        return None


def _answer(services: Services, event: str, outcome: str, status: int = 202) -> JSONResponse:
    _count(services, event, outcome)
    return JSONResponse({"outcome": outcome}, status)


def _count(services: Services, event: str, outcome: str) -> None:
    known = event if event in EVENTS or event == "ping" else "other"
    services.metrics.deliveries.labels(known, outcome).inc()
