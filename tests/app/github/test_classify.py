"""GitHub's error bodies (GITHUB.md, section 7.2) and what each means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.github.classify import Answer, error_of, graphql_error_of
from app.github.errors import (
    AmbiguousError,
    ArchivedError,
    GitHubError,
    GoneError,
    LockedError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    SuspendedError,
    TransientError,
    UnauthorizedError,
    UnprocessableError,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONTENT = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content "
    "creation. Please retry your request again later."
)
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."


def answered(status: int, data: object = None, method: str = "POST", **headers: str) -> GitHubError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of(Answer(method, status, named, data), NOW)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Bad credentials", UnauthorizedError),
        (403, "This installation has been suspended", SuspendedError),
        (403, "Resource not accessible by integration", PermissionMissingError),
        (403, "Invalid app_id `7` - check run can only be modified by the GitHub App that created it.", PermissionMissingError),
        (403, "Unable to create comment because issue is locked.", LockedError),
        (403, "Repository was archived so is read-only.", ArchivedError),
        (404, "Not Found", NotFoundError),
        (406, "Sorry, the diff exceeded the maximum number of files (300).", GitHubError),
        (410, "Issues are disabled for this repo", GoneError),
        (422, "Unprocessable Entity", UnprocessableError),
        (500, "Server Error", AmbiguousError),
        (502, "Server Error", AmbiguousError),
        (504, "We couldn't respond to your request in time.", AmbiguousError),
    ],
)  # fmt: skip
def test_each_refusal_is_its_own_error(status: int, message: str, kind: type[GitHubError]):
    error = answered(status, {"message": message})

    assert (type(error), str(error), error.status) == (kind, message, status)


def test_a_read_that_broke_did_no_harm():
    assert type(answered(502, method="GET")) is TransientError


def test_an_answer_without_json_has_its_status_for_a_message():
    assert str(answered(502)) == "HTTP 502"


def test_the_missing_permission_is_named():
    error = answered(
        403,
        {"message": "Resource not accessible by integration"},
        x_accepted_github_permissions="pull_requests=write",
    )

    assert isinstance(error, PermissionMissingError)
    assert error.needed == "pull_requests=write"


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        ({"message": "Unprocessable Entity", "errors": ["One", "Two"]}, ("One", "Two")),
        (
            {
                "message": "Validation Failed",
                "errors": [
                    {
                        "resource": "PullRequestReviewComment",
                        "code": "custom",
                        "field": "pull_request_review_thread.line",
                        "message": "pull_request_review_thread.line must be part of the diff",
                    }
                ],
            },
            ("pull_request_review_thread.line must be part of the diff",),
        ),
        (
            {"message": "Validation Failed", "errors": [{"resource": "R", "field": "f", "code": "c"}]},
            ("R f c",),
        ),
        ({"message": "Invalid request.", "errors": "Words"}, ("Words",)),
        ({"message": "Invalid request."}, ("Invalid request.",)),
    ],
)  # fmt: skip
def test_the_reasons_of_a_422_are_read_in_each_of_their_shapes(
    data: object, messages: tuple[str, ...]
):
    error = answered(422, data)

    assert isinstance(error, UnprocessableError)
    assert error.messages == messages


def test_a_422_about_a_locked_issue_is_final():
    data = {"message": "Validation Failed", "errors": ["Issue is locked"]}

    assert type(answered(422, data)) is LockedError


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (403, CONTENT, {}, 72),
        (403, CONTENT, {"retry_after": "60"}, 72),
        (403, CONTENT, {"retry_after": "300"}, 300),
        (429, SECONDARY, {"retry_after": "30"}, 30),
        (403, SECONDARY, {}, 60),
        (429, "Too many requests", {}, 60),
        (429, "Too many requests", {"retry_after": "Sat, 31 Jan 2026 12:05:00 GMT"}, 60),
        (403, "API rate limit exceeded", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(NOW.timestamp()) + 600)}, 601),
        (403, "API rate limit exceeded", {"x_ratelimit_remaining": "0"}, 60),
    ],
)  # fmt: skip
def test_a_limit_says_when_to_come_again(
    status: int, message: str, headers: dict[str, str], seconds: int
):
    error = answered(status, {"message": message}, **headers)

    assert isinstance(error, RateLimitedError)
    assert error.retry_at - NOW == timedelta(seconds=seconds)
    assert error.content is (message == CONTENT)


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        ("RATE_LIMITED", "API rate limit exceeded", RateLimitedError),
        ("RATE_LIMIT", "API rate limit exceeded", RateLimitedError),
        ("FORBIDDEN", "Resource not accessible by integration", PermissionMissingError),
        ("NOT_FOUND", "Could not resolve to a node", NotFoundError),
        ("UNPROCESSABLE", "Could not minimize", UnprocessableError),
    ],
)
def test_graphql_errors_come_with_status_200(kind: str, message: str, expected: type[GitHubError]):
    data = {"data": None, "errors": [{"type": kind, "message": message}]}

    error = graphql_error_of(Answer("POST", 200, {}, data), NOW)

    assert (type(error), str(error)) == (expected, message)


def test_a_graphql_answer_without_errors_is_fine():
    assert graphql_error_of(Answer("POST", 200, {}, {"data": {}}), NOW) is None
