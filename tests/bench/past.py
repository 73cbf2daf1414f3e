"""A made-up past: repositories, pull requests, reviews and findings of a year."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from app.db.tallies import EVERYWHERE
from app.models import (
    AuditEntry,
    Delivery,
    DeliveryState,
    Dismissal,
    DismissalScope,
    FindingPlace,
    FindingRecord,
    FindingState,
    Installation,
    PullRequest,
    PullRequestState,
    Repository,
    ReviewRecord,
    ReviewState,
    Tally,
    Vote,
)
from rules.catalog import all_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.db.engine import Database
    from app.models import Base

DAYS = 365
PER_PULL = 5
TITLES = (
    "Show headlines", "Cache prices", "Move users to SQLite", "Retry the feed", "Add a health check",
    "Stream candles", "Paginate markets", "Sign webhooks", "Drop the legacy poller",
)  # fmt: skip
PEOPLE = ("maya", "jonas", "ines", "tomasz", "priya")


@dataclass(frozen=True)
class Size:
    """How much there is; each pull request has five reviews."""

    repositories: int = 20
    reviews: int = 10_000
    findings: int = 100_000

    @property
    def pulls(self) -> int:
        """How many pull requests there are."""
        return self.reviews // PER_PULL


async def invent(database: Database, size: Size, now: datetime) -> None:
    """Write a past that ends now; the same one every time."""
    chance = random.Random(7)
    async with database.write() as session:
        for table, rows in (
            (Installation, _installations()),
            (Repository, _repositories(size)),
            (PullRequest, _pulls(size, now, chance)),
            (ReviewRecord, _reviews(size, now)),
        ):
            await _put(session, table, rows)
        findings = list(_findings(size, now, chance))
        await _put(session, FindingRecord, iter(findings))
        await _put(session, Tally, _tallies(size, findings, now))
        await _put(session, Dismissal, _dismissals(findings))
        await _put(session, Vote, _votes(findings))
        await _put(session, Delivery, _deliveries(size, now))
        await _put(session, AuditEntry, _audit(size, now))


async def _put(session: Any, table: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == 2_000:
            await session.execute(insert(table), batch)
            batch = []
    if batch:
        await session.execute(insert(table), batch)


def _installations() -> Iterator[dict[str, Any]]:
    yield {"id": 1, "account_login": "octo", "account_type": "Organization", "permissions": {}}


def _repositories(size: Size) -> Iterator[dict[str, Any]]:
    for number in range(size.repositories):
        yield {
            "id": number + 1, "installation_id": 1, "owner": "octo", "name": f"service-{number:02}",
            "private": True, "default_branch": "main", "archived": False,
        }  # fmt: skip


def _pull_of(review: int, size: Size) -> int:
    return review * size.pulls // size.reviews


def _day(number: int, total: int, now: datetime) -> datetime:
    return now - timedelta(days=DAYS) * (1 - (number + 1) / total)


def _pulls(size: Size, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(size.pulls):
        is_old = number < size.pulls * 0.98
        state = chance.choice(("merged", "merged", "closed")) if is_old else "open"
        yield {
            "id": number + 1, "repository_id": number % size.repositories + 1,
            "number": number // size.repositories + 1, "state": PullRequestState(state),
            "draft": False, "title": chance.choice(TITLES), "author_login": chance.choice(PEOPLE),
            "head_sha": f"{number:040x}", "base_ref": "main", "base_sha": "b" * 40,
            "reviewed_head_sha": f"{number:040x}", "updated_at": _day(number, size.pulls, now),
            "generation": PER_PULL, "attempts": 0, "wanted_full": False, "paused": False,
        }  # fmt: skip


def _reviews(size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(size.reviews):
        pull = _pull_of(number, size)
        at = _day(number, size.reviews, now)
        yield {
            "id": number + 1, "pull_request_id": pull + 1,
            "repository_id": pull % size.repositories + 1, "generation": number % PER_PULL + 1,
            "head_sha": f"{number:040x}", "merge_base_sha": "b" * 40, "verdict": "findings",
            "state": ReviewState.DONE, "whole_files": False,
            "summary": {"critical": 1, "warning": 4, "reviewed": 9}, "skipped": [], "notes": [],
            "timings": {"read": 0.05, "compare": 0.2, "fetch": 0.3, "analysis": 0.9, "publish": 0.6},
            "started_at": at, "finished_at": at + timedelta(seconds=2), "engine_version": "1",
        }  # fmt: skip


def _findings(size: Size, now: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    rules = list(all_rules().values())
    for number in range(size.findings):
        review = number * size.reviews // size.findings
        pull, rule = _pull_of(review, size), chance.choice(rules)
        found = _day(review, size.reviews, now)
        state = chance.choices(list(FindingState), (15, 75, 10))[0]
        is_fixed, is_dismissed = state is FindingState.FIXED, state is FindingState.DISMISSED
        line = chance.randrange(1, 400)
        changed = min(now, found + timedelta(hours=chance.randrange(1, 60)))
        yield {
            "id": number + 1, "pull_request_id": pull + 1,
            "repository_id": pull % size.repositories + 1, "fingerprint": f"{number:032x}",
            "rule": rule.code, "name": rule.name, "severity": rule.severity.value,
            "group": rule.group, "path": f"app/part_{number % 97}.py", "line": line,
            "end_line": line, "message": "`value` is used where it does harm; pass it as data.",
            "confidence": "high", "trace": [], "fix": None,
            "frame": {"start": max(1, line - 3), "lines": ["    value = read()"] * 7},
            "place": FindingPlace.INLINE, "state": state, "first_review_id": review + 1,
            "last_review_id": review + 1, "fixed_sha": f"{number:040x}" if is_fixed else None,
            "dismissed_by": chance.choice(PEOPLE) if is_dismissed else None,
            "dismissed_reason": "it is only a script" if is_dismissed else None,
            "created_at": found, "updated_at": changed if is_fixed else found,
        }  # fmt: skip


def _tallies(size: Size, findings: list[dict[str, Any]], now: datetime) -> Iterator[dict[str, Any]]:
    sums: dict[tuple[int, str, str], list[int]] = {}

    def add(repository: int, at: datetime, group: str, place: int, value: int = 1) -> None:
        for where in (repository, EVERYWHERE):
            sums.setdefault((where, f"{at:%Y-%m-%d}", group), [0, 0, 0, 0])[place] += value

    for one in findings:
        home, group = one["repository_id"], one["group"]
        add(home, one["created_at"], group, 0)
        if one["state"] is FindingState.FIXED:
            taken = one["updated_at"] - one["created_at"]
            add(home, one["updated_at"], group, 1)
            add(home, one["updated_at"], group, 2, round(taken.total_seconds()))
    for number in range(size.reviews):
        home = _pull_of(number, size) % size.repositories + 1
        add(home, _day(number, size.reviews, now), "", 3)
    names = ("found", "fixed", "fix_seconds", "reviews")
    for (repository, day, group), values in sums.items():
        key = {"repository_id": repository, "day": day, "group": group}
        yield key | dict(zip(names, values, strict=True))


def _dismissals(findings: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in findings[:: max(1, len(findings) // 2_000)]:
        yield {
            "repository_id": one["repository_id"], "number": 1, "scope": DismissalScope.FINDING,
            "rule": one["rule"], "path": one["path"], "fingerprint": one["fingerprint"],
            "reason": "it is only a script", "dismissed_by": "maya", "given_in": f"x:{one['id']}",
            "created_at": one["created_at"], "expires_at": one["created_at"] + timedelta(days=180),
        }  # fmt: skip


def _votes(findings: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in findings[:: max(1, len(findings) // 2_000)]:
        yield {
            "comment_id": one["id"], "repository_id": one["repository_id"],
            "pull_request_id": one["pull_request_id"], "rule": one["rule"],
            "up": one["id"] % 3, "down": one["id"] % 2, "created_at": one["created_at"],
        }  # fmt: skip


def _deliveries(size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(size.reviews):
        at = now - timedelta(days=30) * (1 - number / size.reviews)
        yield {
            "guid": f"{number:036x}", "event": "pull_request", "action": "synchronize",
            "repository_id": number % size.repositories + 1, "payload": b"{}",
            "state": DeliveryState.DONE, "attempts": 1, "redeliveries": 0, "received_at": at,
            "done_at": at + timedelta(seconds=1),
        }  # fmt: skip


def _audit(size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(size.reviews):
        yield {
            "at": _day(number, size.reviews, now), "actor": PEOPLE[number % len(PEOPLE)],
            "action": "command", "detail": "/recheck", "repository_id": 1, "number": 1,
        }  # fmt: skip
