"""The way of a stranger: from a service that knows nothing to the first review."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import PATIENCE
from tests.browser.stranger import started
from tests.github import LocalGitHub
from tests.worker.test_whole_way import INJECTION

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.github.state import PullRequest

REPOSITORY = "octocat/shop"


@pytest.mark.timeout(500)
def test_a_stranger_gets_to_the_first_review(page: Page, tmp_path: Path):
    began = time.monotonic()
    with LocalGitHub() as github, started(tmp_path, github.url) as service:
        linked = time.monotonic() - began
        github.repositories.create(REPOSITORY, {"app/__init__.py": ""}, private=True)

        page.goto(service.link)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("row", name="contents read")).to_be_visible()
        page.get_by_role("button", name="Register it on GitHub").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The App is registered")
        page.get_by_role("link", name="Choose repositories on GitHub").click()
        page.get_by_label(REPOSITORY).check()
        page.get_by_role("button", name="Install").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in", timeout=PATIENCE)
        page.get_by_role("link", name="Sign in with GitHub").click()
        _look_until_watched(page)
        expect(page.get_by_role("link", name=REPOSITORY)).to_be_visible()
        watched = time.monotonic() - began

        github.repositories.commit(REPOSITORY, "orders", {"app/orders.py": INJECTION})
        pull = github.pulls.open(REPOSITORY, "orders", title="Orders")
        _wait_for_the_review(pull)
        reviewed = time.monotonic() - began
        page.get_by_role("link", name=REPOSITORY).click()
        page.get_by_role("link", name="Orders").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Orders")
        expect(page.get_by_role("navigation", name="Main")).to_contain_text("Audit")

    print(
        f"\nlink after {linked:.1f} s, watched after {watched:.1f} s, reviewed after {reviewed:.1f} s"
    )
    assert [one.original.path for one in pull.review_comments] == ["app/orders.py"]


def _look_until_watched(page: Page) -> None:
    """The event of the installation and the browser race each other."""
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        page.wait_for_load_state()
        if page.get_by_role("heading", name="All is set up").is_visible():
            return
        page.wait_for_timeout(200)
        page.goto(page.url)
    raise AssertionError(page.content())


def _wait_for_the_review(pull: PullRequest) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while not pull.review_comments and time.monotonic() < until:
        time.sleep(0.05)
