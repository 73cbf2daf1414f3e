"""The manifest flow that registers an App, the user flow of OAuth, and `/rate_limit`."""

import base64
import hashlib
import html
import json
import secrets
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from tests.github.actions.apps import Apps
from tests.github.auth import Caller
from tests.github.errors import not_found, refused
from tests.github.rest.routing import Api, As, page
from tests.github.shapes import accounts, repositories
from tests.github.state import App, User
from tests.github.world import World


def routes(world: World) -> Api:
    """Return the endpoints."""
    api = Api(world)
    _manifest(api, world)
    _user_flow(api, world)
    _user(api, world)

    @api.get("/rate_limit")
    def rate_limit(who: As) -> dict:
        limit = world.limits.rate_limit
        rate = {"limit": limit, "used": 0, "remaining": limit, "reset": 0}
        return {"resources": {"core": rate, "graphql": rate, "search": rate}, "rate": rate}

    return api


def _manifest(api: Api, world: World) -> None:
    async def new(request: Request) -> Response:
        owner = request.path_params.get("org", world.browser_login)
        form = dict(parse_qsl((await request.body()).decode()))
        text = form.get("manifest") or request.query_params.get("manifest")
        if not text:
            return HTMLResponse(
                "<h1>Register new GitHub App</h1><p>Send a form with the field manifest.</p>"
            )
        manifest = json.loads(text)
        missing = [name for name in ("url",) if name not in manifest]
        if missing:
            return HTMLResponse(
                f"<h1>Error</h1><p>{html.escape(', '.join(missing))} missing.</p>", 422
            )
        code = secrets.token_hex(20)
        world.manifests[code] = _register(world, owner, manifest)
        query = {"code": code}
        if "state" in request.query_params:
            query["state"] = request.query_params["state"]
        return RedirectResponse(f"{manifest['redirect_url']}?{urlencode(query)}", 302)

    for path in ("/settings/apps/new", "/organizations/{org}/settings/apps/new"):
        api.add_route(path, new, methods=["GET", "POST"])

    @api.post("/app-manifests/{code}/conversions")
    def convert(code: str) -> Response:
        app = world.manifests.pop(code, None)
        if app is None:
            raise not_found()
        secret = {
            "client_secret": app.client_secret,
            "webhook_secret": app.webhook_secret,
            "pem": app.private_key,
        }
        return JSONResponse({**accounts.app(app, world.root), **secret}, 201)


def _register(world: World, owner: str, manifest: dict) -> App:
    name = manifest.get("name") or "New App"
    hook = manifest.get("hook_attributes") or {}
    return Apps(world).create(
        name.lower().replace(" ", "-"),
        name=name,
        owner=owner,
        webhook_url=hook.get("url"),
        url=manifest["url"],
        description=manifest.get("description", ""),
        callback_urls=list(manifest.get("callback_urls") or ()),
        setup_url=manifest.get("setup_url") or "",
        permissions={"metadata": "read", **(manifest.get("default_permissions") or {})},
        events=list(manifest.get("default_events") or ()),
    )


def _user_flow(api: Api, world: World) -> None:
    @api.get("/login/oauth/authorize")
    def authorize(request: Request) -> Response:
        query = request.query_params
        app = _client(world, query.get("client_id"))
        code = secrets.token_hex(10)
        back = query.get("redirect_uri") or (app.callback_urls or [""])[0]
        login = query.get("login") or world.browser_login
        world.grants[code] = {
            "login": login,
            "app": str(app.id),
            "challenge": query.get("code_challenge", ""),
        }
        answer = {"code": code, **({"state": query["state"]} if "state" in query else {})}
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}", 302)

    async def access_token(request: Request) -> Response:
        raw = (await request.body()).decode()
        is_json = "json" in request.headers.get("content-type", "")
        form = {**request.query_params, **(json.loads(raw) if is_json else dict(parse_qsl(raw)))}
        answer = _exchange(world, form)
        if "json" in request.headers.get("accept", ""):
            return JSONResponse(answer)
        return Response(urlencode(answer), media_type="application/x-www-form-urlencoded")

    api.add_route("/login/oauth/access_token", access_token, methods=["POST"])


def _client(world: World, client_id: str | None) -> App:
    app = next((one for one in world.apps.values() if one.client_id == client_id), None)
    if app is None:
        raise not_found()
    return app


def _exchange(world: World, form: dict[str, str]) -> dict[str, str]:
    """Return a user token, or GitHub's error, which also comes with status 200."""
    app = next((one for one in world.apps.values() if one.client_id == form.get("client_id")), None)
    if app is None or not secrets.compare_digest(form.get("client_secret", ""), app.client_secret):
        text = "The client_id and/or client_secret passed are incorrect."
        return {"error": "incorrect_client_credentials", "error_description": text}
    grant = world.grants.pop(form.get("code", ""), None)
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if grant is None or grant["app"] != str(app.id) or grant["challenge"] not in ("", verifier):
        return {
            "error": "bad_verification_code",
            "error_description": "The code passed is incorrect or expired.",
        }
    token = world.mint("ghu", user=world.user(grant["login"]), app=app)
    return {"access_token": token.value, "scope": "", "token_type": "bearer"}


def _user(api: Api, world: World) -> None:
    @api.get("/user")
    def me(who: As) -> dict:
        return accounts.account(_person(who), world.root) | {"name": None, "email": None}

    @api.get("/users/{login}")
    def someone(login: str, who: As) -> dict:
        if login not in world.users:
            raise not_found()
        return accounts.account(world.users[login], world.root) | {"name": None, "email": None}

    @api.get("/user/installations")
    def installations(request: Request, who: As) -> Response:
        person = _person(who)
        app = who.token.app if who.token else None
        seen = [one for one in world.installations.values() if one.app is app and not one.deleted]
        seen = [one for one in seen if any(_sees(world, person, it) for it in world.covered(one))]
        return page(
            request, seen, lambda one: accounts.installation(one, world.root), "installations"
        )

    @api.get("/user/installations/{number}/repositories")
    def its_repositories(request: Request, number: int, who: As) -> Response:
        person, it = _person(who), world.installations.get(number)
        if it is None or it.deleted:
            raise not_found()
        if it.suspended_at:
            raise refused(403, "This installation has been suspended")
        seen = [one for one in world.covered(it) if _sees(world, person, one)]
        return page(
            request, seen, lambda one: repositories.repository(one, world.root), "repositories"
        )


def _person(who: Caller) -> User:
    if who.token is None:
        raise refused(401, "Requires authentication")
    if who.token.user is None:
        raise refused(403, "Resource not accessible by integration")
    return who.token.user


def _sees(world: World, who: User, it) -> bool:  # noqa: ANN001
    """Whether GitHub lists a repository to a user: explicit access, public ones are not enough."""
    return who is it.owner or it.collaborators.get(who.login, "none") != "none"
