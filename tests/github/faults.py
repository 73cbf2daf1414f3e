"""Faults by script: what should go wrong, how often, and before or after the effect."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND_BATCH = "Review comments is invalid and Review threads is invalid"
CONTENT_BLOCK = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later."
)
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)
PRIMARY = "API rate limit exceeded for installation ID 1. If you reach out to GitHub Support for help, please include the request ID."


@dataclass
class Fault:
    """What happens to the next `times` requests of `method` whose path matches `path`."""

    path: str = ".*"
    method: str = ".*"
    status: int | None = 502
    body: object = field(default_factory=lambda: {"message": "Server Error"})
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    when: Literal["before", "after"] = "before"
    drop: bool = False
    delay: float = 0.0
    happens: Callable[[], object] | None = None
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether this fault still has a hit for such a request."""
        fits = re.fullmatch(self.method, method) and re.search(self.path, path)
        return self.hits < self.times and bool(fits)


class Faults:
    """The script. `github.faults.add(method="POST", path=r"/reviews$", status=502, when="after")`."""

    def __init__(self) -> None:
        self.script: list[Fault] = []

    def add(self, **fields: object) -> Fault:
        """Add a fault. `drop` closes the connection; `status=None` only delays, or lets `happens` happen."""
        fault = Fault(**fields)  # pyright: ignore[reportArgumentType]
        self.script.append(fault)
        return fault

    def clear(self) -> None:
        """Forget the script."""
        self.script.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this request and count the hit."""
        fault = next((one for one in self.script if one.matches(method, path)), None)
        if fault:
            fault.hits += 1
        return fault

    def content_block(self, **fields: object) -> Fault:
        """Secondary limit, first face: 403 without `retry-after`, blocked from creating content."""
        return self.add(
            **{"method": "POST", "status": 403, "body": _message(CONTENT_BLOCK), **fields}
        )

    def secondary_limit(self, retry_after: int = 1, **fields: object) -> Fault:
        """Secondary limit, second face: 429 with `retry-after`."""
        headers = {"retry-after": str(retry_after)}
        return self.add(
            **{"status": 429, "body": _message(SECONDARY), "headers": headers, **fields}
        )

    def primary_limit(self, reset_in: int = 60, **fields: object) -> Fault:
        """Primary limit: 403 with nothing remaining until `x-ratelimit-reset`."""
        headers = {
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(int(time.time()) + reset_in),
        }
        return self.add(**{"status": 403, "body": _message(PRIMARY), "headers": headers, **fields})

    def second_batch(self, **fields: object) -> Fault:
        """The 422 that a second large batch of review comments meets."""
        body = {"message": "Unprocessable Entity", "errors": [SECOND_BATCH]}
        return self.add(
            **{"method": "POST", "path": r"/reviews$", "status": 422, "body": body, **fields}
        )

    def graphql_limit(self, **fields: object) -> Fault:
        """GraphQL limit: 200 with `errors` and nothing remaining."""
        body = {"errors": [{"type": "RATE_LIMITED", "message": PRIMARY}]}
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 60)}
        return self.add(
            **{"path": r"^/graphql$", "status": 200, "body": body, "headers": headers, **fields}
        )


def _message(text: str) -> dict:
    return {
        "message": text,
        "documentation_url": "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api",
    }
