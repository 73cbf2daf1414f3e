import stat
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.access.access import SIGN_INS
from app.access.keys import Keys
from app.access.secret import session_secret
from app.access.sign_in import depart, own_path, returned, sealed
from app.config import Settings
from app.models import AuditEntry, SignedIn
from tests.app.access.people import FAR, HOST, PERSON, READER, Site, settings_for
from tests.app.conversation import talking_to
from tests.app.rows import NOON
from tests.app.settings import make_settings
from tests.github import LocalGitHub


async def test_who_signs_in_comes_back_to_the_page_that_was_wanted(shop: Site):
    wanted = await shop.http.get("/reviews/1?x=y")
    page = await shop.http.get(wanted.headers["location"])
    back = await shop.sign_in(READER, "/reviews/1?x=y")

    assert wanted.headers["location"] == "/sign-in?next=%2Freviews%2F1%3Fx%3Dy"
    assert 'href="/sign-in/github?next=%2Freviews%2F1%3Fx%3Dy"' in page.text
    assert (back.status_code, back.headers["location"]) == (303, "/reviews/1?x=y")
    assert READER in (await shop.http.get("/reviews/1")).text


async def test_the_cookie_is_for_our_server_only(shop: Site):
    back = await shop.sign_in(READER)
    cookies = SimpleCookie()
    for header in back.headers.get_list("set-cookie"):
        cookies.load(header)
    session = cookies["session"]

    assert session["httponly"]
    assert session["samesite"] == "lax"
    assert session["path"] == "/"
    assert session["max-age"] == str(8 * 3600)
    assert not session["secure"]


async def test_over_https_no_plain_connection_can_set_the_cookie(
    settings: Settings, github: LocalGitHub
):
    secure = settings_for(settings, github, github.apps.create()).model_copy(
        update={"public_url": f"https://{HOST}"}
    )
    async with talking_to(secure, FAR, HOST) as (http, _):
        left = await http.get("/sign-in/github")

    assert left.headers["set-cookie"].startswith("__Host-sign-in=")
    assert "; Secure" in left.headers["set-cookie"]


async def test_the_token_of_github_stands_nowhere_in_clear(shop: Site):
    await shop.sign_in(READER)
    token = next(one for one in shop.github.world.tokens.values() if one.user)
    async with shop.services.database.read() as session:
        row = (await session.scalars(select(SignedIn))).one()

    cookie = shop.http.cookies["session"]
    assert token.value.encode() not in row.token
    assert cookie.split(".")[0] not in row.key
    assert token.value not in cookie


async def test_leaving_ends_the_session(shop: Site):
    await shop.sign_in(READER)
    cookie = shop.http.cookies["session"]
    page = (await shop.http.get("/")).text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    left = await shop.http.post("/sign-out", data={"csrf": token})
    again = await shop.http.get("/", headers={"Cookie": f"session={cookie}"})

    assert (left.status_code, again.status_code) == (303, 303)
    async with shop.services.database.read() as session:
        deeds = await session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        assert [(one.actor, one.action) for one in deeds] == [
            (READER, "sign-in"),
            (READER, "sign-out"),
        ]


async def test_a_form_of_another_site_is_refused_with_the_right_token_too(shop: Site):
    await shop.sign_in(READER)
    page = (await shop.http.get("/")).text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    foreign = {"Sec-Fetch-Site": "cross-site"}

    assert (
        await shop.http.post("/sign-out", data={"csrf": token}, headers=foreign)
    ).status_code == 403


async def test_a_return_that_this_browser_did_not_begin_is_refused(shop: Site):
    shop.github.world.browser_login = READER
    left = await shop.http.get("/sign-in/github")
    async with httpx.AsyncClient(trust_env=False) as elsewhere:
        code = (await elsewhere.get(left.headers["location"])).headers["location"]
    query = httpx.URL(code).query.decode()
    wrong = await shop.http.get(f"/sign-in/callback?{query}x")
    shop.http.cookies.clear()
    foreign = await shop.http.get(f"/sign-in/callback?{query}")

    assert [one.headers["location"] for one in (wrong, foreign)] == ["/sign-in?problem=state"] * 2
    assert "another browser" in (await shop.http.get("/sign-in?problem=state")).text


async def test_a_code_that_github_does_not_take_signs_nobody_in(shop: Site):
    left = await shop.http.get("/sign-in/github")
    state = httpx.URL(left.headers["location"]).params["state"]
    refused = await shop.http.get(f"/sign-in/callback?code=made-up&state={state}")

    assert refused.headers["location"] == "/sign-in?problem=refused"
    assert "session" not in shop.http.cookies


async def test_who_says_no_on_github_may_try_again(shop: Site):
    left = await shop.http.get("/sign-in/github")
    state = httpx.URL(left.headers["location"]).params["state"]
    denied = await shop.http.get(f"/sign-in/callback?error=access_denied&state={state}")

    assert denied.headers["location"] == "/sign-in?problem=denied"


async def test_nothing_is_shown_while_github_cannot_say_what_may_be_read(shop: Site):
    await shop.sign_in(READER)
    shop.github.faults.add(method="GET", path="/user/installations", status=500, times=9)
    answer = await shop.http.get("/")

    assert answer.status_code == 503
    assert "octo/shop" not in answer.text


async def test_a_token_that_github_took_back_ends_in_a_sign_in(shop: Site):
    await shop.sign_in(READER)
    for token in shop.github.world.tokens.values():
        if token.user:
            token.expires_at = NOON
    answer = await shop.http.get("/")

    assert answer.headers["location"].startswith("/sign-in?next=")


async def test_every_page_of_the_list_of_repositories_is_read(shop: Site):
    many = [
        shop.github.repositories.create(f"octo/{number:03}", {"README.md": ""}, private=True)
        for number in range(3)
    ]
    shop.github.apps.add_repositories(shop.installation, many)
    for one in many:
        one.collaborators[READER] = "read"
    await shop.sign_in(READER)
    await shop.http.get("/")
    asked = [one for one in shop.github.requests if one.path == "/user/installations"]
    await shop.http.get("/reviews/1")
    again = [one for one in shop.github.requests if one.path == "/user/installations"]

    assert len(asked) == len(again) == 1
    assert "per_page=100" in asked[0].query


async def test_an_address_that_tries_often_has_to_wait(shop: Site):
    answers = [await shop.http.get("/sign-in/github") for _ in range(SIGN_INS + 1)]

    assert [one.status_code for one in answers] == [303] * SIGN_INS + [429]
    assert answers[-1].headers["retry-after"] == "60"


async def test_without_a_client_nobody_can_sign_in_and_the_page_says_what_to_do(
    settings: Settings,
):
    async with talking_to(settings, FAR, HOST) as (http, _):
        http.headers.update(PERSON)
        page = await http.get("/sign-in")
        left = await http.get("/sign-in/github")

    assert "GITHUB_CLIENT_ID" in page.text
    assert left.status_code == 404


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "x", "/a\nb", "/a\\b"]
)
def test_nobody_is_led_to_another_site(path: str):
    assert own_path(path) == "/"


def test_a_departure_is_known_only_with_its_state_and_our_secret():
    keys, departure = Keys(b"ours"), depart("/reviews/1")
    cookie = sealed(departure, keys)

    assert returned(cookie, departure.state, keys) == departure
    assert returned(cookie, "other", keys) is None
    assert returned(cookie, departure.state, Keys(b"theirs")) is None


def test_the_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path):
    settings = make_settings(data_dir=tmp_path)
    first, second = secret_of(settings), secret_of(settings)
    file = tmp_path / "credentials" / "session-secret"

    assert first == second
    assert len(first) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == ["session-secret"]


def test_the_operator_may_give_the_secret(tmp_path: Path):
    settings = make_settings(data_dir=tmp_path, session_secret="the operator's own")

    assert secret_of(settings) == b"the operator's own"
    assert not (tmp_path / "credentials").exists()


def secret_of(settings: Settings) -> bytes:
    return session_secret(settings.session_secret, settings.data_dir)
