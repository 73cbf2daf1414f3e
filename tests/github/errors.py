"""The answers with which GitHub refuses, as one exception."""

from __future__ import annotations

DOCS = "https://docs.github.com/rest"


class Refused(Exception):  # noqa: N818 - it is an answer, not a failure of ours.
    """A request that GitHub would refuse: `status`, a JSON `body` and extra `headers`."""

    def __init__(self, status: int, body: dict, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body.get('message')}")
        self.status = status
        self.body = body
        self.headers = headers or {}


class GraphError(Exception):
    """An error of GraphQL; the answer is 200 all the same."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def refused(status: int, message: str, **extra: object) -> Refused:
    """Return a refusal in the form that all of GitHub's REST errors share."""
    body = {"message": message, **extra, "documentation_url": DOCS, "status": str(status)}
    return Refused(status, body)


def not_found() -> Refused:
    """Return the answer for what does not exist or may not be known to exist."""
    return refused(404, "Not Found")


def bad_credentials() -> Refused:
    """Return the answer to a token that is unknown or expired."""
    return refused(401, "Bad credentials")


def not_accessible(permission: str, level: str) -> Refused:
    """Return the answer to an App that was not granted `permission` at `level`."""
    answer = refused(403, "Resource not accessible by integration")
    answer.headers["X-Accepted-GitHub-Permissions"] = f"{permission}={level}"
    return answer


def unprocessable(*errors: object, message: str = "Unprocessable Entity") -> Refused:
    """Return 422 with `errors`: strings for `/reviews`, objects nearly everywhere else."""
    return refused(422, message, errors=list(errors))


def invalid(resource: str, field: str, message: str | None = None) -> Refused:
    """Return 422 `Validation Failed` with one error object."""
    error = {"resource": resource, "code": "custom" if message else "missing_field", "field": field}
    if message:
        error["message"] = message
    return unprocessable(error, message="Validation Failed")


def invalid_request(detail: str) -> Refused:
    """Return 422 in the words of GitHub's JSON schema check."""
    return refused(422, f"Invalid request.\n\n{detail}")
