"""A webhook delivery on its way in: read within bounds, proven genuine, understood so far."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from app.db.deliveries import Arrival

READING_SECONDS = 10.0
"""GitHub gives up after ten seconds as well."""
LONGEST_WORD = 64
EVENTS = frozenset(
    {
        "check_run",
        "check_suite",
        "installation",
        "installation_repositories",
        "issue_comment",
        "merge_group",
        "pull_request",
        "pull_request_review_comment",
        "repository",
    }
)
"""The events that a worker may have something to do for; `ping` is answered at once."""
OUR_CHECK_ACTIONS = frozenset({"rerequested", "requested_action"})


class RefusedError(Exception):
    """A delivery that is not accepted: the status of the answer, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Header:
    """What the headers say of a delivery."""

    event: str
    guid: str


class _Numbered(BaseModel):
    id: int | None = None


class _OfApp(BaseModel):
    app: _Numbered | None = None


class Envelope(BaseModel):
    """The few fields of any payload that are needed to store it."""

    action: str | None = None
    installation: _Numbered | None = None
    repository: _Numbered | None = None
    check_run: _OfApp | None = None
    check_suite: _OfApp | None = None

    def is_news(self, event: str, app_id: int) -> bool:
        """Whether a worker may have something to do.

        GitHub sends every App with `checks: write` the checks of all the others, and the making
        of its own: only a person who asks for one of ours again is news.
        """
        if event not in {"check_run", "check_suite"}:
            return True
        check = self.check_run if event == "check_run" else self.check_suite
        ours = check is not None and check.app is not None and check.app.id == app_id
        return ours and self.action in OUR_CHECK_ACTIONS

    def arrival(self, header: Header, payload: bytes) -> Arrival:
        """The delivery as it is stored."""
        return Arrival(
            guid=header.guid,
            event=header.event,
            action=None if self.action is None else self.action[:LONGEST_WORD],
            installation_id=self.installation.id if self.installation else None,
            repository_id=self.repository.id if self.repository else None,
            payload=payload,
        )


async def read_signed(request: Request, secret: str, limit: int) -> bytes:
    """The raw body, if its signature is right and it has at most `limit` bytes.

    Raises `RefusedError`: 401 for the signature, 413 for the size, 408 or 400 for a body that
    does not come.
    """
    given = request.headers.get("x-hub-signature-256", "")
    if not given:
        raise RefusedError(401, "there is no X-Hub-Signature-256")
    body = await _read(request, limit)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"sha256={digest}".encode(), given.encode("utf-8", "replace")):
        raise RefusedError(401, "the signature is wrong")
    return body


def read_header(request: Request) -> Header:
    """The event and the GUID. Raises `RefusedError` (400) when one is missing."""
    found: list[str] = []
    for name in ("X-GitHub-Event", "X-GitHub-Delivery"):
        value = request.headers.get(name, "").strip()
        if not 0 < len(value) <= LONGEST_WORD:
            raise RefusedError(400, f"there is no usable {name}")
        found.append(value)
    return Header(*found)


def read_envelope(body: bytes) -> Envelope:
    """The outermost fields of a payload. Raises `RefusedError` (400) when it is not one."""
    try:
        return Envelope.model_validate_json(body)
    except ValidationError:
        raise RefusedError(
            400, "the body is not a JSON payload; set the webhook's content type to it"
        ) from None


async def _read(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise RefusedError(413, f"the body is larger than {limit} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(READING_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise RefusedError(413, f"the body is larger than {limit} bytes")
    except TimeoutError:
        raise RefusedError(408, "the body did not arrive in time") from None
    except ClientDisconnect:
        raise RefusedError(400, "the body did not arrive") from None
    return bytes(body)
