"""What GitHub answers instead of doing what was asked (GITHUB.md, section 7.2), and lost answers."""

from __future__ import annotations

from typing import Any

REVIEWS = r"/pulls/\d+/reviews$"
ON_LINES = r"/pulls/\d+/comments$"
CONVERSATION = r"/issues/\d+/comments$"
SAYING = r"/(reviews|comments)$"
WRITES = r"/(reviews|comments|comments/\d+|check-runs|check-runs/\d+|graphql|reactions)$"
READS = r"/(pulls/\d+|files|compare/.*|comments|comments/\d+|permission|check-runs)$"
ANYTHING = r"^/(repos|graphql|app/installations)"
SECONDARY = "You have exceeded a secondary rate limit"
RATE = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}


def _refused(*errors: object) -> dict[str, Any]:
    return {
        "method": "POST",
        "path": REVIEWS,
        "status": 422,
        "body": {"message": "Unprocessable Entity", "errors": list(errors)},
    }


def _said(status: int, message: str, path: str = WRITES, **more: Any) -> dict[str, Any]:
    return {
        "method": "POST|PATCH",
        "path": path,
        "status": status,
        "body": {"message": message},
    } | more


_LINE = {
    "resource": "PullRequestReviewComment",
    "code": "custom",
    "field": "pull_request_review_thread.line",
    "message": "pull_request_review_thread.line must be part of the diff",
}
_TOO_LARGE = {"resource": "PullRequest", "field": "diff", "code": "too_large"}
_GRANT = {"X-Accepted-GitHub-Permissions": "pull_requests=write"}
_LIMITED = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
_FORBIDDEN = {"errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]}

LIES: dict[str, dict[str, Any]] = {
    "gone, a read": {
        "method": "GET",
        "path": READS,
        "status": 404,
        "body": {"message": "Not Found"},
    },
    "locked": _said(403, "Unable to create comment because issue is locked.", SAYING),
    "locked, 422": _said(422, "Issue is locked", SAYING),
    "archived": _said(403, "Repository was archived so is read-only."),
}
"""What GitHub says of what is for good, although it is not so: believed until somebody asks again."""
FAULTS: dict[str, dict[str, Any]] = {
    "bad line": _refused(
        "Pull request review thread line must be part of the diff and "
        "Pull request review thread diff hunk can't be blank"
    ),
    "bad line on its own": _refused(_LINE) | {"path": ON_LINES},
    "same start and end": _refused(
        "Pull request review thread start line must precede the end line."
    ),
    "second batch": _refused("Review comments is invalid and Review threads is invalid"),
    "after a force push": _refused("Start commit oid is not part of the pull request"),
    "own pull request": _refused("Review Can not approve your own pull request"),
    "diff too large": {
        "method": "GET",
        "path": READS,
        "status": 406,
        "body": {"message": "Sorry, the diff exceeded the maximum", "errors": [_TOO_LARGE]},
    },
    "content block": _said(
        403,
        f"{SECONDARY} and have been temporarily blocked from content creation. "
        "Please retry your request again later.",
    ),
    "secondary limit": _said(429, SECONDARY, ANYTHING, headers={"retry-after": "7"}),
    "secondary limit, 403": _said(403, SECONDARY, ANYTHING, headers={"retry-after": "7"}),
    "primary limit": _said(403, "API rate limit exceeded", ANYTHING, headers=RATE),
    "primary limit of a read": {
        "method": "GET",
        "path": READS,
        "status": 403,
        "body": {"message": "API rate limit exceeded"},
        "headers": RATE,
    },
    "graphql limit": {"path": "^/graphql$", "status": 200, "body": _LIMITED, "headers": RATE},
    "graphql forbidden": {"path": "^/graphql$", "status": 200, "body": _FORBIDDEN},
    "long body": _said(422, "Body is too long (maximum is 65536 characters)", CONVERSATION),
    "no permission": _said(403, "Resource not accessible by integration", headers=_GRANT),
    "foreign check run": _said(
        403,
        "Invalid app_id - check run can only be modified by the GitHub App that created it",
        r"/check-runs/\d+$",
        headers={"X-Accepted-GitHub-Permissions": "checks=write"},
    ),
    "suspended": _said(403, "This installation has been suspended", ANYTHING),
    "expired token": _said(401, "Bad credentials", ANYTHING),
    "expired token of a read": {
        "method": "GET",
        "path": READS,
        "status": 401,
        "body": {"message": "Bad credentials"},
    },
    "broken, not stored": _said(502, "Server Error", when="before"),
    "broken, although stored": _said(502, "Server Error", when="after"),
    "broken, in HTML": _said(500, "", when="after") | {"body": "<html>Unicorn!</html>"},
    "broken read": {"method": "GET", "path": READS, "status": 503},
    "no answer, not stored": {"method": "POST|PATCH", "path": WRITES, "drop": True},
    "no answer, although stored": {
        "method": "POST|PATCH",
        "path": WRITES,
        "drop": True,
        "when": "after",
    },
    "no answer to a read": {"method": "GET", "path": READS, "drop": True},
    **LIES,
}
