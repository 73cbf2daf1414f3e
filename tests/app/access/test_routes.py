"""Who gets what of every route there is. A route without a decision here fails."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from app.main import create_app
from tests.app.access.people import OPERATOR, READER, STRANGER, Site
from tests.app.settings import make_settings

PUBLIC, SIGNED, MACHINE = "public", "signed", "machine"
PERSONAL, HISTORY, OPERATORS = "personal", "history", "operators"
DATA, DATA_OF = "data", "data of a repository"
CLOSED = {PERSONAL, HISTORY, OPERATORS, DATA, DATA_OF}
DECISIONS = {
    ("POST", "/webhook"): SIGNED,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): MACHINE,
    ("GET", "/rules"): PUBLIC,
    ("GET", "/rules/{code}"): PUBLIC,
    ("GET", "/references/{name}"): PUBLIC,
    ("GET", "/static"): PUBLIC,
    ("GET", "/config.schema.json"): PUBLIC,
    ("GET", "/sign-in"): PUBLIC,
    ("GET", "/sign-in/github"): PUBLIC,
    ("GET", "/sign-in/callback"): PUBLIC,
    ("POST", "/sign-out"): PUBLIC,
    ("GET", "/setup"): PUBLIC,
    ("GET", "/setup/created"): PUBLIC,
    ("GET", "/setup/installed"): PERSONAL,
    ("GET", "/"): HISTORY,
    ("GET", "/repositories/{owner}/{name}"): HISTORY,
    ("GET", "/pulls/{owner}/{name}/{number}"): HISTORY,
    ("GET", "/reviews/{review_id}"): HISTORY,
    ("GET", "/findings"): PERSONAL,
    ("GET", "/findings.csv"): PERSONAL,
    ("GET", "/deliveries"): OPERATORS,
    ("GET", "/health"): OPERATORS,
    ("GET", "/audit"): OPERATORS,
    ("GET", "/api/v1/overview"): DATA,
    ("GET", "/api/v1/repositories"): DATA,
    ("GET", "/api/v1/repositories/{owner}/{name}/pulls"): DATA_OF,
    ("GET", "/api/v1/repositories/{owner}/{name}/pulls/{number}"): DATA_OF,
    ("GET", "/api/v1/reviews"): DATA,
    ("GET", "/api/v1/reviews/{review_id}"): DATA_OF,
    ("GET", "/api/v1/findings"): DATA,
    ("GET", "/api/v1/rules"): DATA,
    ("GET", "/api/v1/rules/{code}"): DATA,
    ("GET", "/api/v1/openapi.json"): DATA,
    ("GET", "/api/v1/docs"): DATA,
    ("GET", "/api/v1/deliveries"): OPERATORS,
    ("GET", "/api/v1/audit"): OPERATORS,
}
VALUES = {
    "code": "SEC101",
    "name": "shop",
    "owner": "octo",
    "number": "1",
    "review_id": "1",
}
PAGES = [(path, what) for (method, path), what in DECISIONS.items() if method == "GET"]
REFUSED = {HISTORY: {403, 404}, DATA_OF: {404}, OPERATORS: {403}}


def all_routes(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, APIRoute | Route):
            yield from ((method, route.path) for method in route.methods or () if method != "HEAD")
        elif isinstance(route, Mount):
            yield ("GET", route.path)
        else:
            # FastAPI keeps an included router as one route that holds it.
            router = getattr(route, "original_router", None) or getattr(route, "router", None)
            assert router is not None, f"an unknown kind of route: {route!r}"
            yield from all_routes(router.routes)


def filled(path: str) -> str:
    if path.startswith("/references"):
        return "/references/polymarket-api"
    if path == "/static":
        return "/static/style.css"
    return path.format(**VALUES)


def test_every_route_has_a_decision():
    app = create_app(make_settings())

    assert set(all_routes(list(app.routes))) == set(DECISIONS)


async def test_nobody_in_particular_sees_rules_and_health_only(shop: Site):
    for path, what in PAGES:
        answer = await shop.http.get(filled(path))
        for_people = answer.headers.get("location", "").startswith("/sign-in?next=")
        is_data = path.startswith("/api/")
        assert for_people == (what in CLOSED and not is_data), path
        program = await shop.http.get(filled(path), headers={"Accept": "application/json"})
        if what in CLOSED:
            assert (answer.status_code, program.status_code) == (401 if is_data else 303, 401), path


@pytest.mark.parametrize("forged", ["x", "x.y", "." * 90, "é", "a.b.c"])
async def test_a_forged_cookie_is_nobody(shop: Site, forged: str):
    headers = {"Cookie": f"session={forged}".encode()}
    for path, what in PAGES:
        if what in CLOSED:
            answer = await shop.http.get(filled(path), headers=headers)  # pyright: ignore[reportArgumentType]
            assert answer.status_code in {303, 401}, path


async def test_a_stranger_who_signed_in_sees_nothing(shop: Site):
    await shop.sign_in(STRANGER)
    for path, what in PAGES:
        answer = await shop.http.get(filled(path))
        assert (answer.status_code in REFUSED.get(what, set())) == (what in REFUSED), path
        if what in CLOSED:
            assert "octo/" not in answer.text, path


async def test_a_reader_sees_the_history_of_what_is_theirs(shop: Site):
    await shop.sign_in(READER)
    for path, what in PAGES:
        answer = await shop.http.get(filled(path))
        if what in {PERSONAL, HISTORY, DATA, DATA_OF}:
            assert answer.status_code == 200, path
        if what == OPERATORS:
            assert answer.status_code == 403, path


async def test_a_reader_of_a_suspended_installation_sees_nothing(shop: Site):
    await shop.suspend()
    await shop.sign_in(READER)
    for path, what in PAGES:
        if what in REFUSED:
            assert (await shop.http.get(filled(path))).status_code in REFUSED[what], path


async def test_an_operator_sees_everything_but_the_metrics_of_the_machine(shop: Site):
    await shop.sign_in(OPERATOR)
    for path, what in PAGES:
        answer = await shop.http.get(filled(path))
        if what in CLOSED:
            assert answer.status_code == 200, path
        if what == MACHINE:
            assert answer.status_code == 403, path


async def test_every_form_is_refused_without_its_token(shop: Site):
    await shop.sign_in(READER)
    for method, path in DECISIONS:
        if method == "POST" and path != "/webhook":
            for form in ({}, {"csrf": "x"}, {"csrf": "é"}):
                answer = await shop.http.post(filled(path), data=form)
                assert answer.status_code == 403, path
    assert (await shop.http.get("/")).status_code == 200
