"""How far a set-up has come: the link, the browser that used it, the plan, the return from GitHub."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.credentials import Credentials
    from app.setup.manifest import Plan

LIFE = 3600.0
"""Seconds for which the link works; GitHub gives as long from the manifest to the credentials."""


@dataclass
class Progress:
    """One set-up, in the memory of the process that offers it.

    The link works once: the browser that opens it gets a cookie, and only that browser goes on.
    """

    clock: Callable[[], float] = time.monotonic
    link: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    browser: str = ""
    state: str = ""
    plan: Plan | None = None
    made: Credentials | None = None
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def is_over(self) -> bool:
        """Whether the link has expired, and with it all that it led to."""
        return self.clock() - self.began > LIFE

    def open(self, given: str) -> str | None:
        """The cookie for the browser that opens the link, None for a link that is wrong or used."""
        if self.is_over or not self.link or not _same(self.link, given):
            return None
        self.link, self.browser = "", secrets.token_urlsafe(32)
        return self.browser

    def is_by(self, cookie: str) -> bool:
        """Whether the browser that opened the link asks."""
        return bool(self.browser) and not self.is_over and _same(self.browser, cookie)

    @property
    def csrf(self) -> str:
        """What every form of ours carries; it follows from the cookie and does not show it."""
        return hmac.digest(self.browser.encode(), b"form", "sha256").hex()

    def leave(self, plan: Plan) -> str:
        """Leave for GitHub with a plan; gives the state that has to come back."""
        self.plan, self.state = plan, secrets.token_urlsafe(24)
        return self.state

    def come_back(self, state: str) -> Plan | None:
        """The plan that this return belongs to, once."""
        plan = self.plan if self.state and _same(self.state, state) else None
        if plan is not None:
            self.state = ""
        return plan


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="replace"))
