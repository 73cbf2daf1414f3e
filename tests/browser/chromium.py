"""A real Chromium: an installed one, or Playwright's own."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator

    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 150_000.0
"""Milliseconds: a machine that does much else is slow, and not wrong."""


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser; the test is skipped where there is none."""
    installed = next((path for name in NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if installed is None and not own.exists():
            pytest.skip("no Chromium: install one, or run `playwright install chromium`")
        try:
            browser = playwright.chromium.launch(executable_path=installed, args=list(QUIET))
        except Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()
