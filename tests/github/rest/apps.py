"""Apps, installations, tokens, and the deliveries of an App's webhook."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.github.auth import LEVELS, Caller
from tests.github.errors import not_found, refused, unprocessable
from tests.github.rest.routing import Api, As, Body, page
from tests.github.shapes import accounts, deliveries, repositories
from tests.github.state import App, Delivery, Installation
from tests.github.world import World


def _app(who: Caller) -> App:
    if who.app is None:
        raise refused(401, "A JSON web token could not be decoded")
    return who.app


def _installation(world: World, who: Caller, number: int) -> Installation:
    it = world.installations.get(number)
    if it is None or it.deleted or it.app is not _app(who):
        raise not_found()
    return it


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)

    @api.get("/app")
    def the_app(who: As) -> dict:
        return accounts.app(_app(who), world.root) | {
            "installations_count": len(world.installations)
        }

    @api.get("/app/hook/config")
    def hook(who: As) -> dict:
        url = _app(who).webhook_url or ""
        return {"url": url, "content_type": "json", "insecure_ssl": "0", "secret": "********"}

    @api.get("/app/installations")
    def installations(request: Request, who: As) -> Response:
        app = _app(who)
        own = [one for one in world.installations.values() if one.app is app and not one.deleted]
        return page(request, own, lambda one: accounts.installation(one, world.root))

    @api.get("/app/installations/{number}")
    def installation(number: int, who: As) -> dict:
        return accounts.installation(_installation(world, who, number), world.root)

    @api.post("/app/installations/{number}/access_tokens")
    def mint(number: int, who: As, body: Body) -> Response:
        it = _installation(world, who, number)
        if it.suspended_at:
            raise refused(403, "This installation has been suspended")
        narrowed = _narrowed_repositories(world, it, body)
        token = world.mint(
            "ghs", installation=it, permissions=_narrowed(it, body), repository_ids=narrowed
        )
        shown = accounts.token(token)
        if narrowed is not None:
            chosen = [world.repositories[one] for one in sorted(narrowed)]
            shown["repositories"] = [repositories.repository(one, world.root) for one in chosen]
        return JSONResponse(shown, 201)

    @api.get("/repos/{owner}/{name}/installation")
    def of_repository(owner: str, name: str, who: As) -> dict:
        app, it = _app(who), world.find_repository(f"{owner}/{name}")
        own = [one for one in world.installations_of(it) if one.app is app] if it else []
        if not own:
            raise not_found()
        return accounts.installation(own[0], world.root)

    @api.get("/installation/repositories")
    def covered(request: Request, who: As) -> Response:
        if who.installation is None:
            raise refused(403, "Resource not accessible by integration")
        seen = [one for one in world.covered(who.installation) if who.reaches(one)]
        return page(
            request, seen, lambda one: repositories.repository(one, world.root), "repositories"
        )

    _hook(api, world)
    return api


def _hook(api: Api, world: World) -> None:
    @api.get("/app/hook/deliveries")
    def attempts(request: Request, who: As) -> Response:
        app = _app(who)
        size = min(int(request.query_params.get("per_page", 30)), 100)
        cursor = int(request.query_params.get("cursor", "v1_0").removeprefix("v1_"))
        own = [one for one in reversed(world.webhooks.deliveries) if one.app is app]
        rest = [one for one in own if not cursor or one.id <= cursor]
        headers = {}
        if len(rest) > size:
            link = f"{world.root}/app/hook/deliveries?per_page={size}&cursor=v1_{rest[size].id}"
            headers["link"] = f'<{link}>; rel="next"'
        return JSONResponse([deliveries.item(one) for one in rest[:size]], headers=headers)

    @api.get("/app/hook/deliveries/{number}")
    def attempt(number: int, who: As) -> dict:
        return deliveries.full(_delivery(world, who, number))

    @api.post("/app/hook/deliveries/{number}/attempts")
    def redeliver(number: int, who: As) -> Response:
        world.webhooks.redeliver(_delivery(world, who, number))
        return JSONResponse({}, 202)


def _delivery(world: World, who: Caller, number: int) -> Delivery:
    app = _app(who)
    found = (one for one in world.webhooks.deliveries if one.id == number and one.app is app)
    it = next(found, None)
    if it is None:
        raise not_found()
    return it


def _narrowed(it: Installation, body: dict) -> dict[str, str]:
    """Return the permissions of a new token. Refuses more than was granted."""
    wanted = body.get("permissions")
    if wanted is None:
        return {"metadata": "read", **it.permissions}
    if any(
        LEVELS[level] > LEVELS[it.permissions.get(name, "none")] for name, level in wanted.items()
    ):
        raise refused(422, "The permissions requested are not granted to this installation.")
    return {"metadata": "read", **wanted}


def _narrowed_repositories(world: World, it: Installation, body: dict) -> frozenset[int] | None:
    covered = world.covered(it)
    names, ids = body.get("repositories"), body.get("repository_ids")
    if names is None and ids is None:
        return None
    chosen = [one.id for one in covered if one.name in (names or ()) or one.id in (ids or ())]
    if len(chosen) < len(names or ()) + len(ids or ()):
        text = "There is at least one repository that does not exist or is not accessible to the parent installation."
        raise unprocessable(message=text)
    return frozenset(chosen)
