"""The manifest with which GitHub registers the App, and where it is sent to. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

MANIFEST = Path(__file__).parents[2] / "deploy" / "app-manifest.json"
GITHUB = "https://github.com"
LOCAL = {"localhost", "127.0.0.1", "::1"}
LONGEST_NAME = 34
"""GitHub's limit for the name of an App."""
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")


class WrongAnswerError(Exception):
    """A field of the form cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the person wants. `organisation` is empty for a personal App."""

    github_url: str
    organisation: str
    name: str
    public_url: str
    webhook_url: str

    @property
    def api_url(self) -> str:
        """Where this GitHub has its REST interface."""
        if self.github_url == GITHUB:
            return "https://api.github.com"
        return f"{self.github_url}/api/v3"

    def address(self, state: str) -> str:
        """Where the form with the manifest is sent."""
        owner = f"/organizations/{quote(self.organisation)}" if self.organisation else ""
        return f"{self.github_url}{owner}/settings/apps/new?{urlencode({'state': state})}"

    def manifest(self, origin: str) -> dict[str, Any]:
        """What GitHub is to register: our file, with the addresses of this service.

        `origin` is where the browser is now, which GitHub leads back to: only there it is known.
        """
        text = MANIFEST.read_text(encoding="utf-8").replace("https://YOUR-HOST", self.public_url)
        made: dict[str, Any] = json.loads(text)
        made["name"] = self.name
        made["hook_attributes"]["url"] = self.webhook_url
        made["redirect_url"] = f"{origin}/setup/created"
        return made


def read_plan(form: dict[str, str]) -> Plan:
    """The plan of a filled form. Raises `WrongAnswerError`."""
    public = _address(form.get("public_url", ""), "The address of this service")
    hook = form.get("webhook_url", "").strip()
    return Plan(
        github_url=_address(form.get("github_url", "") or GITHUB, "The address of GitHub"),
        organisation=_organisation(form),
        name=_name(form.get("name", "")),
        public_url=public,
        webhook_url=_address(hook, "The address of the webhook") if hook else f"{public}/webhook",
    )


def is_reachable_by_github(plan: Plan) -> bool:
    """Whether GitHub can deliver there, as far as the address tells."""
    hook, github = urlsplit(plan.webhook_url), urlsplit(plan.github_url)
    return hook.hostname not in LOCAL or github.hostname in LOCAL


def _address(text: str, what: str) -> str:
    text = text.strip().rstrip("/")
    parts = urlsplit(text)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise WrongAnswerError(f"{what} must look like https://host.example.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise WrongAnswerError(f"{what} must begin with https:// (http:// only on this machine).")
    if not text.isascii() or not text.isprintable() or " " in text or ";" in text or "," in text:
        raise WrongAnswerError(f"{what} has signs that no address has.")
    return text


def _organisation(form: dict[str, str]) -> str:
    if form.get("owner") != "organisation":
        return ""
    name = form.get("organisation", "").strip()
    if not _LOGIN.fullmatch(name):
        raise WrongAnswerError("The name of the organisation is as in its address on GitHub.")
    return name


def _name(text: str) -> str:
    name = " ".join(text.split()) or "Backend Expert"
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise WrongAnswerError(f"The name of the App has at most {LONGEST_NAME} signs.")
    return name
