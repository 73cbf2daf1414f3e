"""Every page in a real browser: who gets in, filters, dark mode, the keyboard, a phone."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from app.db import schema
from app.db.engine import Database
from app.main import create_app
from app.models import Repository
from tests.app.serving import Served
from tests.app.settings import make_settings
from tests.bench.past import Size, invent
from tests.browser.chromium import PATIENCE
from tests.github import LocalGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from app.config import Settings

PAGES = {
    "/": "Overview",
    "/repositories/octo/service-01": "octo/service-01",
    "/pulls/octo/service-01/9": "#9",
    "/reviews/90": "review 90",
    "/findings": "Findings",
    "/rules": "Rules",
    "/rules/SEC101": "SEC101",
    "/deliveries": "Deliveries",
    "/health": "Health",
    "/audit": "Audit",
    "/api/v1/docs": "API",
}
LONG = "a-name-as-long-as-github-lets-people-choose-for-a-repository-which-is-a-hundred-characters-and-ends"
pytestmark = pytest.mark.timeout(500)


@dataclass
class Site:
    """The service with a year behind it, and the GitHub at which people sign in."""

    url: str
    github: LocalGitHub


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with LocalGitHub() as github:
        app, port = github.apps.create(), _free_port()
        settings = make_settings(
            data_dir=folder,
            public_url=f"http://127.0.0.1:{port}",
            database_url=f"sqlite:///{folder}/past.sqlite3",
            github_url=github.url,
            github_api_url=github.url,
            github_client_id=app.client_id,
            github_client_secret=app.client_secret,
            operators="olga",
        )
        with ThreadPoolExecutor(1) as thread:  # Playwright has a loop in this one.
            thread.submit(lambda: asyncio.run(_fill(settings))).result()
        with Served(create_app(settings), port) as service:
            yield Site(service.url, github)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def _fill(settings: Settings) -> None:
    await schema.upgrade(settings)
    database = Database(settings.database_url)
    await invent(database, Size(repositories=4, reviews=200, findings=800), datetime.now(UTC))
    async with database.write() as session:
        await session.execute(update(Repository).where(Repository.id == 4).values(name=LONG))
    await database.close()


def sign_in(page: Page, site: Site, login: str, path: str = "/") -> None:
    site.github.world.browser_login = login
    page.goto(site.url + path)
    page.get_by_role("link", name="Sign in with GitHub").click()
    page.wait_for_url(f"{site.url}{path}")


def test_who_may_read_nothing_is_told_so_and_can_leave(page: Page, site: Site):
    sign_in(page, site, "sam")
    expect(page.get_by_role("main")).to_contain_text("none of the repositories")
    page.goto(f"{site.url}/audit")
    expect(page.get_by_role("main")).to_contain_text("for the operators")
    page.goto(f"{site.url}/reviews/90")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not Found")
    page.goto(f"{site.url}/findings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_an_operator_sees_every_page_and_no_page_breaks_a_rule(page: Page, site: Site):
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text))
    page.on("pageerror", lambda error: broken.append(str(error)))
    sign_in(page, site, "olga")
    for path, title in PAGES.items():
        page.goto(site.url + path)
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        assert page.locator("th:not([scope])").count() == 0, path
        unnamed = page.evaluate(NAMELESS)
        assert unnamed == [], path

    assert broken == []


NAMELESS = """() => [...document.querySelectorAll("input:not([type=hidden]), select, a, button, svg[role=img]")]
  .filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title))
  .map(e => e.outerHTML)"""


def test_filters_stand_in_the_address_and_lead_on(page: Page, site: Site):
    sign_in(page, site, "olga", "/findings")
    page.get_by_label("State").select_option("fixed")
    page.get_by_label("Group").select_option("security")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**state=fixed**")
    assert "group=security" in page.url
    fates = page.locator("tbody .tag.fixed")
    assert fates.count() == page.locator("tbody tr").count() > 0
    page.goto(f"{site.url}/findings?state=fixed")
    first = page.locator("tbody tr a").first.get_attribute("href")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**before=**")
    assert page.locator("tbody tr a").first.get_attribute("href") != first
    page.locator("tbody tr a").first.click()
    expect(page.locator(".finding:target")).to_be_visible()


def test_the_keyboard_gets_everywhere(page: Page, site: Site):
    sign_in(page, site, "olga")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark_and_on_a_phone(
    browser: Browser, site: Site, scheme: str
):
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": 390, "height": 844},
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_in(page, site, "olga")
    for path in PAGES:
        page.goto(site.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, path
        assert page.evaluate(CUT) == [], path
        assert page.evaluate(FAINT) == [], path
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()

    assert (sum(map(int, back.strip("rgb()").split(","))) < 200) == (scheme == "dark")


# What of a list leaves the screen sideways: its rows are to become several lines on a phone.
CUT = """() => [...document.querySelectorAll(".stack, .stack td, .stack tbody th")]
  .filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)
  .map(e => e.outerHTML.slice(0, 120))"""

# Text whose contrast with what is behind it is below 4.5, as WCAG AA asks of small text.
FAINT = """() => {
  const parse = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = c.map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll("main *, header *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const s = getComputedStyle(e);
    if (!own || e.closest("svg, .sr, .skip") || s.visibility === "hidden" || !e.offsetParent) continue;
    const [a, b] = [light(parse(s.color).slice(0, 3)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 80)}`);
  }
  return [...new Set(bad)].slice(0, 5);
}"""
