"""Set-up without a browser: what each step asks, keeps and refuses."""

import html
import json
import re
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from app.config import Settings, SettingsError, check_without_app, load
from app.credentials import stored
from app.setup.main import create_setup_app
from app.setup.manifest import WrongAnswerError, read_plan
from app.setup.place import Place
from app.setup.progress import LIFE, Progress
from tests.github import LocalGitHub

ORIGIN = "http://127.0.0.1"
PERSON = {"Accept": "text/html"}


@dataclass
class SetUp:
    """A set-up under way, seen from the browser in charge."""

    http: httpx.AsyncClient
    place: Place
    finished: list[bool] = field(default_factory=list[bool])

    async def enter(self) -> httpx.Response:
        """Open the link, and the page that it leads to."""
        return await self.http.get(f"/setup?token={self.place.progress.link}")

    async def plan(self, **values: str) -> httpx.Response:
        """Send the form of step one."""
        form = {
            "csrf": self.place.progress.csrf,
            "github_url": self.place.github_url,
            "owner": "person",
            "name": "My Expert",
            "public_url": ORIGIN,
        }
        return await self.http.post("/setup", data=form | values)

    async def register(self, page: str) -> httpx.URL:
        """Send the form of step two to GitHub; gives where that leads back to."""
        manifest = html.unescape(_between(page, 'name="manifest" value="', '"'))
        action = html.unescape(_between(page, '<form method="post" action="', '"'))
        async with httpx.AsyncClient(trust_env=False) as elsewhere:
            answer = await elsewhere.post(action, data={"manifest": manifest})
        return httpx.URL(answer.headers["location"])

    async def back(self, url: httpx.URL) -> httpx.Response:
        """Follow GitHub back."""
        return await self.http.get(url.raw_path.decode())


def _between(text: str, before: str, after: str) -> str:
    return text.split(before, 1)[1].split(after, 1)[0]


@asynccontextmanager
async def setting_up(folder: Path, github_url: str) -> AsyncIterator[SetUp]:
    place = Place(folder, ORIGIN, github_url)
    finished: list[bool] = []
    app = create_setup_app(place, lambda: finished.append(True))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=PERSON) as http:
        yield SetUp(http, place, finished)


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as local:
        yield local


@pytest.fixture
async def set_up(tmp_path: Path, github: LocalGitHub) -> AsyncIterator[SetUp]:
    async with setting_up(tmp_path, github.url) as opened:
        yield opened


async def test_an_app_is_registered_and_its_credentials_are_kept_for_the_owner_alone(
    set_up: SetUp, github: LocalGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await set_up.enter()
    sent = await set_up.plan()
    back = await set_up.register(sent.text)
    done = await set_up.back(back)
    app = next(iter(github.world.apps.values()))

    starting = await set_up.http.get("/setup/installed")
    assert (done.status_code, set_up.finished) == (200, [True])
    assert starting.headers["refresh"] == "1"
    assert f"{github.url}/apps/my-expert/installations/new" in done.text
    assert app.webhook_url == f"{ORIGIN}/webhook"
    assert app.callback_urls == [f"{ORIGIN}/sign-in/callback"]
    assert app.setup_url == f"{ORIGIN}/setup/installed"
    files = {path.name: path for path in (tmp_path / "credentials").iterdir()}
    assert set(files) == {"app.json", "private-key.pem", "session-secret"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o700
    settings = _settings(monkeypatch, tmp_path)
    assert settings.github_app_id == app.id
    assert settings.github_private_key.get_secret_value().strip() == app.private_key.strip()
    assert settings.github_webhook_secret.get_secret_value() == app.webhook_secret
    assert settings.github_client_id == app.client_id
    assert settings.github_client_secret.get_secret_value() == app.client_secret
    assert settings.github_api_url == f"{github.url}/api/v3"
    assert settings.operators == {"octocat"}


def _settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATA_DIR", str(folder))
    return load()


async def test_of_an_organisation_nobody_is_operator_until_the_browser_in_charge_signs_in(
    set_up: SetUp, github: LocalGitHub
):
    github.world.user("octo-org", "Organization")
    await set_up.enter()
    sent = await set_up.plan(owner="organisation", organisation="octo-org")
    done = await set_up.back(await set_up.register(sent.text))
    kept = stored(set_up.place.data_dir)

    assert f"{github.url}/organizations/octo-org/settings/apps/new?state=" in html.unescape(
        sent.text
    )
    assert kept is not None
    assert kept.operators == []
    assert "founder=" in done.headers["set-cookie"]


async def test_the_link_works_once(set_up: SetUp):
    link = f"/setup?token={set_up.place.progress.link}"
    first = await set_up.http.get(link)
    set_up.http.cookies.clear()
    second = await set_up.http.get(link)

    assert (first.status_code, second.status_code) == (303, 403)
    assert "token" not in first.headers["location"]


@pytest.mark.parametrize("path", ["/setup", "/setup?token=guessed", "/setup/created?code=x&state="])
async def test_nobody_else_gets_in(set_up: SetUp, path: str):
    assert (await set_up.http.get(path)).status_code == 403
    assert (await set_up.http.post("/setup", data={"csrf": ""})).status_code == 403
    assert "Not set up yet" in (await set_up.http.get("/")).text


async def test_the_link_is_over_after_an_hour(tmp_path: Path):
    time = 0.0
    progress = Progress(lambda: time)
    link = progress.link
    time = LIFE + 1

    assert progress.open(link) is None


async def test_a_form_without_its_token_is_refused(set_up: SetUp):
    await set_up.enter()

    assert (await set_up.plan(csrf="x")).status_code == 403


async def test_a_return_with_another_state_keeps_nothing(set_up: SetUp):
    await set_up.enter()
    sent = await set_up.plan()
    back = await set_up.register(sent.text)
    answer = await set_up.back(back.copy_set_param("state", "other"))

    assert answer.status_code == 400
    assert stored(set_up.place.data_dir) is None
    assert set_up.finished == []


async def test_a_code_that_github_does_not_know_keeps_nothing(set_up: SetUp):
    await set_up.enter()
    sent = await set_up.plan()
    back = await set_up.register(sent.text)
    answer = await set_up.back(back.copy_set_param("code", "other"))

    assert answer.status_code == 400
    assert stored(set_up.place.data_dir) is None


async def test_a_github_that_fails_is_told_and_nothing_is_kept(set_up: SetUp, github: LocalGitHub):
    await set_up.enter()
    sent = await set_up.plan()
    back = await set_up.register(sent.text)
    github.faults.add(path="/conversions$", status=502)
    answer = await set_up.back(back)

    assert answer.status_code == 502
    assert stored(set_up.place.data_dir) is None


async def test_only_the_page_that_sends_to_github_may_send_there(
    set_up: SetUp, github: LocalGitHub
):
    await set_up.enter()
    first = await set_up.http.get("/setup")
    second = await set_up.plan()

    assert "form-action 'self';" in first.headers["content-security-policy"]
    assert f"form-action 'self' {github.url};" in second.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("github_url", "ftp://github.example"),
        ("github_url", "http://github.example"),
        ("github_url", "https://github.example; script-src *"),
        ("github_url", "https://user@github.example"),
        ("public_url", ""),
        ("public_url", "reviews.example"),
        ("public_url", "https://reviews.example?x=y"),
        ("webhook_url", "http://hooks.example"),
        ("organisation", "../evil"),
        ("organisation", ""),
        ("name", "x" * 35),
    ],
)
async def test_an_answer_that_cannot_be_used_is_told_and_the_form_kept(
    set_up: SetUp, field: str, value: str
):
    await set_up.enter()
    answer = await set_up.plan(**{"owner": "organisation", "organisation": "octo", field: value})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "My Expert" in answer.text or field == "name"


def test_github_com_has_its_interface_at_a_host_of_its_own():
    form = {"public_url": "https://reviews.example", "github_url": "https://github.com/"}
    server = form | {"github_url": "https://git.example"}

    assert read_plan(form).api_url == "https://api.github.com"
    assert read_plan(server).api_url == "https://git.example/api/v3"
    with pytest.raises(WrongAnswerError):
        read_plan({})


def test_what_else_is_wrong_is_told_before_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_APP_ID", raising=False)
    check_without_app()
    monkeypatch.setenv("REDIS_URL", "http://x")
    with pytest.raises(SettingsError, match=re.escape("REDIS_URL must begin with")):
        check_without_app()


def test_credentials_that_are_damaged_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "app.json").write_text(json.dumps({"app_id": "x"}))
    with pytest.raises(SettingsError, match="damaged"):
        _settings(monkeypatch, tmp_path)


def test_an_app_in_the_environment_has_nothing_of_the_one_that_was_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "app.json").write_text("not even read")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GITHUB_APP_ID", "5")
    with pytest.raises(SettingsError, match="GITHUB_WEBHOOK_SECRET is missing"):
        load()
