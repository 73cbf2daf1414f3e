"""What can go wrong with GitHub, told apart by what a caller can do about it.

```
GitHubError
├── TerminalError            what was asked for is gone or closed; never retry
│   ├── NotFoundError        404
│   ├── GoneError            410
│   ├── LockedError          the conversation is locked
│   └── ArchivedError        the repository is read-only
├── SuspendedError           the installation is suspended or uninstalled; park it
├── UnauthorizedError        401 with a fresh token: the App's id or key is wrong
├── PermissionMissingError   403; `needed` says what the installation must grant
├── RateLimitedError         defer until `retry_at`
├── UnprocessableError       422; `messages` in GitHub's words
│   └── StaleHeadError       the branch has another head than the one that was named
├── TransientError           did not happen, may work later
└── AmbiguousError           a write that may have happened: look before repeating it
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class GitHubError(Exception):
    """GitHub did not do what was asked. `status` is the HTTP status, 0 without an answer."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class TerminalError(GitHubError):
    """What was asked for is gone or closed for good."""


class NotFoundError(TerminalError):
    """Not there, or not visible to this installation."""


class GoneError(TerminalError):
    """Was there once."""


class LockedError(TerminalError):
    """The conversation is locked and takes no comment."""


class ArchivedError(TerminalError):
    """The repository is archived and takes no write."""


class SuspendedError(GitHubError):
    """The installation was suspended or removed."""


class UnauthorizedError(GitHubError):
    """GitHub does not accept who we say we are, even with a fresh token."""


class PermissionMissingError(GitHubError):
    """The installation has not granted what this takes."""

    def __init__(self, message: str, *, status: int = 403, needed: str = "") -> None:
        super().__init__(message, status=status)
        self.needed = needed


class RateLimitedError(GitHubError):
    """A primary or secondary limit was hit. `content` means creating comments is blocked."""

    def __init__(
        self, message: str, *, retry_at: datetime, status: int = 403, content: bool = False
    ) -> None:
        super().__init__(message, status=status)
        self.retry_at = retry_at
        self.content = content


class UnprocessableError(GitHubError):
    """GitHub understood and refused; `messages` says why, in its words."""

    def __init__(self, message: str, *, status: int = 422, messages: tuple[str, ...] = ()) -> None:
        super().__init__(message, status=status)
        self.messages = messages


class StaleHeadError(UnprocessableError):
    """Somebody pushed meanwhile: the branch does not point where it was expected to."""


class TransientError(GitHubError):
    """It did not happen, for a reason that passes."""


class AmbiguousError(GitHubError):
    """A write was sent and no usable answer came: it may or may not have happened."""
