"""The control endpoint: another process acts through `POST /_control/{group}/{action}`."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tests.github.shapes import accounts, comments, deliveries, pulls, repositories
from tests.github.state import (
    App,
    CheckRun,
    Delivery,
    Installation,
    IssueComment,
    PullRequest,
    Repository,
    ReviewComment,
)

if TYPE_CHECKING:
    from tests.github.world import World


def routes(world: World) -> APIRouter:
    """Return the control endpoints; answers are `{"result": ...}` or `{"error": ...}` with 400."""
    api = APIRouter(prefix="/_control")

    async def call(request: Request) -> JSONResponse:
        group, name = request.path_params["group"], request.path_params["action"]
        arguments = await request.json() if await request.body() else {}
        groups = {**world.actions, "webhooks": world.webhooks, "faults": world.faults}
        if group not in groups or name.startswith("_"):
            return JSONResponse({"error": f"no group {group}"}, 400)
        try:
            result = await asyncio.to_thread(getattr(groups[group], name), **arguments)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return JSONResponse({"result": shown(world.root, result)})

    async def limits(request: Request) -> JSONResponse:
        for name, value in (await request.json()).items():
            setattr(world.limits, name, value)
        return JSONResponse({"result": dataclasses.asdict(world.limits)})

    async def requests(_: Request) -> JSONResponse:
        return JSONResponse({"result": [dataclasses.asdict(one) for one in world.requests]})

    async def attempts(_: Request) -> JSONResponse:
        return JSONResponse({"result": [deliveries.item(one) for one in world.webhooks.deliveries]})

    api.add_route("/_control/limits", limits, methods=["POST"])
    api.add_route("/_control/requests", requests, methods=["GET"])
    api.add_route("/_control/deliveries", attempts, methods=["GET"])
    api.add_route("/_control/{group}/{action}", call, methods=["POST"])
    return api


def shown(root: str, it: object) -> object:
    """Return a record as JSON: as the REST API writes it where it has a form there."""
    if isinstance(it, App):
        secret = {
            "private_key": it.private_key,
            "webhook_secret": it.webhook_secret,
            "bot_id": it.bot.id,
        }
        return {**accounts.app(it, root), **secret, "client_secret": it.client_secret}
    if isinstance(it, Repository):
        return repositories.full_repository(it, root)
    if isinstance(it, CheckRun | Delivery):
        return {"id": it.id}
    found = _SHAPES.get(type(it))
    if found:
        return found(it, root)
    return (
        dataclasses.asdict(it) if dataclasses.is_dataclass(it) and not isinstance(it, type) else it
    )


_SHAPES = {
    Installation: accounts.installation,
    PullRequest: pulls.full,
    IssueComment: comments.issue_comment,
    ReviewComment: comments.review_comment,
}
