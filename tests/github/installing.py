"""The page on which a person installs an App: which account, which repositories."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from tests.github.actions.apps import Apps
from tests.github.errors import not_found

if TYPE_CHECKING:
    from tests.github.state import App, Repository
    from tests.github.world import World

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Install {name}</title>
<main><h1>Install {name}</h1><form method="post"><fieldset><legend>Only select repositories</legend>
{boxes}</fieldset><p><button>Install</button></p></form></main></html>"""


def routes(world: World) -> APIRouter:
    """Return the pages."""
    api = APIRouter()

    async def choose(request: Request) -> Response:
        app = _app(world, request)
        with world.lock:
            boxes = "".join(_box(one) for one in _own(world))
        return HTMLResponse(PAGE.format(name=html.escape(app.name), boxes=boxes))

    async def install(request: Request) -> Response:
        app = _app(world, request)
        form = parse_qs((await request.body()).decode())
        chosen = [world.repositories[int(one)] for one in form.get("repository", [])]
        if not chosen:
            return HTMLResponse("<h1>Choose a repository</h1>", 422)
        it = Apps(world).install(app, chosen)
        query = {"installation_id": it.id, "setup_action": "install"}
        target = f"{app.setup_url}?{urlencode(query)}" if app.setup_url else world.root
        return RedirectResponse(target, 303)

    path = "/apps/{slug}/installations/new"
    api.add_route(path, choose, methods=["GET"])
    api.add_route(path, install, methods=["POST"])
    return api


def _app(world: World, request: Request) -> App:
    slug = request.path_params["slug"]
    found = next((one for one in world.apps.values() if one.slug == slug), None)
    if found is None:
        raise not_found()
    return found


def _own(world: World) -> list[Repository]:
    """The repositories that the person in the browser administers."""
    who = world.user(world.browser_login)
    alive = (one for one in world.repositories.values() if not one.deleted)
    return [one for one in alive if world.permission(one, who) == "admin"]


def _box(one: Repository) -> str:
    return f'<p><label><input type="checkbox" name="repository" value="{one.id}"> {html.escape(one.full_name)}</label></p>'
