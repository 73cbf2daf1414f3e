"""From an answer of GitHub to the error that it means. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from app.github.errors import (
    AmbiguousError,
    ArchivedError,
    GitHubError,
    GoneError,
    LockedError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    StaleHeadError,
    SuspendedError,
    TransientError,
    UnauthorizedError,
    UnprocessableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENT_BLOCK = timedelta(seconds=72)
"""Measured length of a block of content creation; shorter waits only prolong it."""
LEAST_WAIT = timedelta(seconds=60)
"""GitHub's advice when a limit names no time."""
READS = frozenset({"GET", "HEAD"})

_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_CONTENT = re.compile(r"content creation|submitted too quickly", re.IGNORECASE)
_LOCKED = re.compile(r"\block(ed)?\b", re.IGNORECASE)
_ARCHIVED = re.compile(r"archived", re.IGNORECASE)
_SUSPENDED = re.compile(r"suspended", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: `data` is the decoded JSON, None where there was none."""

    method: str
    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def message(self) -> str:
        """GitHub's own words about an error."""
        data = self.data
        text = cast("dict[str, Any]", data).get("message") if isinstance(data, dict) else None
        return text if isinstance(text, str) and text else f"HTTP {self.status}"


def error_of(answer: Answer, now: datetime) -> GitHubError:
    """The error behind an answer whose status is 400 or more."""
    if limited := _limited(answer, now):
        return limited
    match answer.status:
        case 401:
            return UnauthorizedError(answer.message, status=401)
        case 403:
            return _forbidden(answer)
        case 404:
            return NotFoundError(answer.message, status=404)
        case 410:
            return GoneError(answer.message, status=410)
        case 422:
            return _unprocessable(answer)
        case status if status >= 500 or status == 408:
            return _broken(answer)
        case status:
            return GitHubError(answer.message, status=status)


def graphql_error_of(answer: Answer, now: datetime) -> GitHubError | None:
    """The error in a GraphQL answer with status 200, None when it has none."""
    errors = _graphql_errors(answer.data)
    if not errors:
        return None
    message = "; ".join(str(error.get("message", "")) for error in errors)
    kinds = {str(error.get("type", "")) for error in errors}
    if kinds & {"RATE_LIMIT", "RATE_LIMITED"} or _LIMIT.search(message):
        retry_at = _retry_at(answer.headers, now) or now + LEAST_WAIT
        return RateLimitedError(message, retry_at=retry_at, status=200)
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return PermissionMissingError(message, status=200)
    if "NOT_FOUND" in kinds:
        return NotFoundError(message, status=200)
    if "STALE_DATA" in kinds:
        return StaleHeadError(message, status=200, messages=(message,))
    return UnprocessableError(message, status=200, messages=(message,))


def _limited(answer: Answer, now: datetime) -> RateLimitedError | None:
    if answer.status not in {403, 429}:
        return None
    content = bool(_CONTENT.search(answer.message))
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    named = "retry-after" in answer.headers
    if not (answer.status == 429 or content or spent or named or _LIMIT.search(answer.message)):
        return None
    retry_at = _retry_at(answer.headers, now)
    least = now + (CONTENT_BLOCK if content else LEAST_WAIT)
    if retry_at is None or (content and retry_at < least):
        retry_at = least
    return RateLimitedError(
        answer.message, retry_at=retry_at, status=answer.status, content=content
    )


def _retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return now + timedelta(seconds=int(after))
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(now, datetime.fromtimestamp(int(reset), tz=UTC)) + timedelta(seconds=1)
    return None


def _forbidden(answer: Answer) -> GitHubError:
    if _SUSPENDED.search(answer.message):
        return SuspendedError(answer.message, status=403)
    if _ARCHIVED.search(answer.message):
        return ArchivedError(answer.message, status=403)
    if _LOCKED.search(answer.message):
        return LockedError(answer.message, status=403)
    needed = answer.headers.get("x-accepted-github-permissions", "")
    return PermissionMissingError(answer.message, needed=needed)


def _unprocessable(answer: Answer) -> GitHubError:
    messages = _messages(answer)
    text = " ".join(messages)
    if _LOCKED.search(text):
        return LockedError(text, status=422)
    if _ARCHIVED.search(text):
        return ArchivedError(text, status=422)
    return UnprocessableError(answer.message, messages=messages)


def _messages(answer: Answer) -> tuple[str, ...]:
    """The reasons of a 422: `/reviews` lists strings, `/comments` objects, some have neither."""
    data = answer.data
    errors: Any = cast("dict[str, Any]", data).get("errors") if isinstance(data, dict) else None
    listed = cast("list[Any]", errors) if isinstance(errors, list) else []
    if isinstance(errors, str):
        listed = [errors]
    return tuple(_words(error) for error in listed) or (answer.message,)


def _words(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    parts = cast("dict[str, Any]", error)
    if isinstance(parts.get("message"), str):
        return parts["message"]
    return " ".join(str(parts[key]) for key in ("resource", "field", "code") if key in parts)


def _broken(answer: Answer) -> GitHubError:
    if answer.method in READS:
        return TransientError(answer.message, status=answer.status)
    return AmbiguousError(answer.message, status=answer.status)


def _graphql_errors(data: Any) -> list[dict[str, Any]]:
    errors: Any = cast("dict[str, Any]", data).get("errors") if isinstance(data, dict) else None
    if not isinstance(errors, list):
        return []
    return [cast("dict[str, Any]", e) for e in cast("list[Any]", errors) if isinstance(e, dict)]
