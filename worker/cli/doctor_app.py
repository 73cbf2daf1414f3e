"""What the doctor asks GitHub of our App: who it is, what it may do, where its webhook goes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from app.github import deliveries
from worker.cli.doctor import Finding

if TYPE_CHECKING:
    from app.config import Settings
    from app.github.app import GitHubApp

MANIFEST = Path(__file__).parents[2] / "deploy" / "app-manifest.json"
"""What an App of ours should be allowed and told."""
LATELY = timedelta(days=1)
SENT_ANYWAY = frozenset({"check_run", "check_suite"})
"""Who may write checks is told of these, subscribed or not."""
_LEVELS = {"read": 1, "write": 2, "admin": 3}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _App(_Answer):
    slug: str
    permissions: dict[str, str] = {}
    events: list[str] = []


class _Hook(_Answer):
    url: str = ""
    insecure_ssl: str = "0"


class _Account(_Answer):
    login: str


class _Installation(_Answer):
    account: _Account
    permissions: dict[str, str] = {}
    suspended_at: datetime | None = None


class _Manifest(_Answer):
    default_permissions: dict[str, str]
    default_events: list[str]


async def examine_app(app: GitHubApp, settings: Settings) -> list[Finding]:
    """What GitHub knows of the App, against what is needed. Raises `GitHubError`."""
    wanted = _Manifest.model_validate(json.loads(MANIFEST.read_text(encoding="utf-8")))
    ours = _App.model_validate((await app.client.call("GET", "/app")).data)
    hook = _Hook.model_validate((await app.client.call("GET", "/app/hook/config")).data)
    listed = await app.client.pages("/app/installations")
    installations = [_Installation.model_validate(one) for one in listed]
    return [
        Finding("app", well=True, told=f"known as {ours.slug}"),
        _permissions(ours, wanted),
        _events(ours, wanted),
        _webhook(hook, settings),
        _installed(installations, wanted),
        await _deliveries(app),
    ]


def _permissions(ours: _App, wanted: _Manifest) -> Finding:
    lacking = _lacking(ours.permissions, wanted.default_permissions)
    return Finding(
        "permissions",
        well=not lacking,
        told=f"the App lacks {_listed(lacking)}" if lacking else "all that are needed",
        advice="Grant them on the App's settings page, under Permissions & events.",
    )


def _events(ours: _App, wanted: _Manifest) -> Finding:
    lacking = sorted(set(wanted.default_events) - set(ours.events) - SENT_ANYWAY)
    return Finding(
        "events",
        well=not lacking,
        told=f"the App is not told of {_listed(lacking)}" if lacking else "all that are needed",
        advice="Subscribe to them on the App's settings page, under Permissions & events.",
    )


def _webhook(hook: _Hook, settings: Settings) -> Finding:
    expected = f"{settings.public_url}/webhook"
    advice = f"Set the webhook URL of the App to {expected}, or PUBLIC_URL to where it goes."
    if hook.url.rstrip("/") != expected:
        told = f"goes to {hook.url}, not to {expected}" if hook.url else "the App has none"
        return Finding("webhook", well=False, told=told, advice=advice)
    if hook.insecure_ssl == "1":
        advice = "Turn SSL verification on, on the App's settings page."
        return Finding("webhook", well=False, told="TLS is not verified", advice=advice)
    return Finding("webhook", well=True, told=f"goes to {expected}")


def _installed(installations: list[_Installation], wanted: _Manifest) -> Finding:
    """Whether accounts accepted what the App asks for; until then they keep the old grant."""
    if not installations:
        advice = "Install it from the App's public page, on the repositories to review."
        return Finding("installations", well=False, told="none", advice=advice)
    behind = [
        f"{one.account.login} ({_listed(lacking)})"
        for one in installations
        if (lacking := _lacking(one.permissions, wanted.default_permissions))
    ]
    asleep = sum(one.suspended_at is not None for one in installations)
    told = f"{len(installations)}" + (f", {asleep} of them suspended" if asleep else "")
    return Finding(
        "installations",
        well=not behind,
        told=f"{told}; not granted yet: {'; '.join(behind)}" if behind else told,
        advice="An owner of the account has to accept the new permissions, in its settings.",
    )


async def _deliveries(app: GitHubApp) -> Finding:
    everything = await deliveries.since(app, datetime.now(UTC) - LATELY)
    attempts = [one for one in everything if one.event != "ping"]
    arrived = {one.guid for one in attempts if one.arrived}
    lost = Counter(one.status for one in attempts if one.guid not in arrived and not one.under_way)
    reasons = ", ".join(f"{count} x {status}" for status, count in lost.most_common(3))
    return Finding(
        "deliveries",
        well=not lost,
        told=f"not taken since yesterday: {reasons}" if lost else f"{len(arrived)} since yesterday",
        advice="They are asked for again by the running service. Look why GitHub could not deliver "
        "them: App settings, Advanced, Recent deliveries.",
    )


def _lacking(granted: dict[str, str], wanted: dict[str, str]) -> list[str]:
    return [
        f"{name}: {level}"
        for name, level in wanted.items()
        if _LEVELS.get(granted.get(name, ""), 0) < _LEVELS[level]
    ]


def _listed(words: list[str]) -> str:
    return ", ".join(words)
