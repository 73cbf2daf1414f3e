"""`backend-expert doctor`: what keeps the service from running here, and what to do about it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.config import Settings

_GIT_NEEDED = (2, 32)
_FREE_BYTES_NEEDED = 2 * 1024**3
_SKEW_ALLOWED = timedelta(seconds=30)
_SECONDS_TO_ANSWER = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one examination; `advice` says what to do when it is not well."""

    what: str
    well: bool
    told: str
    advice: str = ""


def run() -> int:
    """Examine everything, print it, and return 0 when all is well, else 1."""
    findings = examine()
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'FAIL'}  {finding.what}: {finding.told}")
        if not finding.well and finding.advice:
            print(f"      {finding.advice}")
    return 0 if all(finding.well for finding in findings) else 1


def examine() -> list[Finding]:
    """Every examination; those that need settings are left out when the settings are wrong."""
    from app.config import SettingsError, load

    findings = [_git()]
    try:
        settings = load()
    except SettingsError as error:
        advice = "Set these variables in the environment or in .env; the README lists them."
        return [*findings, Finding("settings", well=False, told=str(error), advice=advice)]
    findings += [Finding("settings", well=True, told="complete"), _disk(settings)]
    return findings + asyncio.run(_services(settings))


async def _services(settings: Settings) -> list[Finding]:
    return [await _database(settings), await _queue(settings), *await _github(settings)]


def _git() -> Finding:
    needed = ".".join(map(str, _GIT_NEEDED))
    advice = f"Install git {needed} or newer and have it on PATH."
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return Finding("git", well=False, told="not found", advice=advice)
    number = said.stdout.split()[2]
    parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    return Finding("git", well=parts >= _GIT_NEEDED, told=number, advice=advice)


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    return Finding(
        "disk",
        well=free >= _FREE_BYTES_NEEDED,
        told=f"{free / 1024**3:.1f} GB free in {existing}",
        advice="Free some space, or set DATA_DIR to a larger disk; git mirrors are kept there.",
    )


async def _database(settings: Settings) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from app.db.schema import NoSchemaError, SchemaError, check

    name = settings.database_url.split(":", 1)[0]
    try:
        async with asyncio.timeout(_SECONDS_TO_ANSWER):
            await check(settings)
    except NoSchemaError:
        return Finding("database", well=True, told=f"{name}, its tables will be created by `serve`")
    except SchemaError as error:
        advice = "`backend-expert serve` upgrades it at its start."
        return Finding("database", well=False, told=f"{name}, {error}", advice=advice)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        advice = "Check DATABASE_URL, and that the database runs and lets this user in."
        told = f"{name}, {first_line(error)}"
        return Finding("database", well=False, told=told, advice=advice)
    return Finding("database", well=True, told=f"{name}, schema up to date")


async def _queue(settings: Settings) -> Finding:
    if "redis_url" not in settings.model_fields_set:
        return Finding("queue", well=True, told="none given: `serve` starts its own Valkey")
    from app.queue import connect, trouble

    queue = connect(settings)
    try:
        if reason := await trouble(queue):
            advice = "Check REDIS_URL, or leave it out for an embedded Valkey."
            return Finding("queue", well=False, told=f"does not answer: {reason}", advice=advice)
    finally:
        await queue.aclose()
    return Finding("queue", well=True, told="answers")


async def _github(settings: Settings) -> list[Finding]:
    """The clock against GitHub's own, and whether it knows our key."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=_SECONDS_TO_ANSWER) as client:
            answer = await client.get(settings.github_api_url)
    except httpx.HTTPError as error:
        advice = "Check GITHUB_API_URL, and the way out of this network."
        told = f"{settings.github_api_url} does not answer: {first_line(error)}"
        return [Finding("github", well=False, told=told, advice=advice)]
    return [_clock(answer.headers.get("date", "")), *await _app(settings)]


def _clock(date: str) -> Finding:
    if not date:
        return Finding("clock", well=True, told="GitHub did not say its time")
    skew = datetime.now(UTC) - parsedate_to_datetime(date)
    return Finding(
        "clock",
        well=abs(skew) <= _SKEW_ALLOWED,
        told=f"{skew.total_seconds():+.0f} s from GitHub's",
        advice="Set this machine's clock; GitHub refuses tokens from the future or the past.",
    )


async def _app(settings: Settings) -> list[Finding]:
    from app.github.app import GitHubApp
    from app.github.errors import GitHubError
    from worker.cli.doctor_app import examine_app

    key = settings.github_private_key.get_secret_value()
    app = GitHubApp(settings.github_app_id, key, api_url=settings.github_api_url)
    try:
        async with asyncio.timeout(_SECONDS_TO_ANSWER):
            return await examine_app(app, settings)
    except (GitHubError, ValueError, TimeoutError) as error:
        advice = "Check GITHUB_APP_ID and GITHUB_PRIVATE_KEY on the App's settings page."
        return [Finding("app", well=False, told=first_line(error), advice=advice)]
    finally:
        await app.close()


def first_line(error: BaseException) -> str:
    """What an error says, short enough for one line."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
