"""The fields that we read of GitHub's webhook payloads; whatever else they hold is let pass."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.models import PullRequestState


class Payload(BaseModel):
    """A part of a payload. GitHub adds fields at any time."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(Payload):
    """A user, an organisation or a bot; null in its place when the account was deleted."""

    id: int
    login: str
    type: str = "User"


class RepositoryPart(Payload):
    """A repository, in full or as lists of an installation hold it."""

    id: int
    name: str
    full_name: str
    private: bool = False
    default_branch: str = ""
    archived: bool = False

    @property
    def owner(self) -> str:
        """The login of the account that owns it."""
        return self.full_name.partition("/")[0]


class InstallationPart(Payload):
    """The installation that an event is for; only its own events say more than its id."""

    id: int
    account: Account | None = None
    permissions: dict[str, str] = {}
    suspended_at: datetime | None = None


class Branch(Payload):
    """The head or the base of a pull request."""

    sha: str
    ref: str


class PullRequestPart(Payload):
    """A pull request as it was when the event happened."""

    number: int
    state: Literal["open", "closed"]
    merged: bool = False
    merged_at: datetime | None = None
    draft: bool = False
    title: str = ""
    user: Account | None = None
    head: Branch
    base: Branch
    updated_at: datetime

    @property
    def present_state(self) -> PullRequestState:
        """Open, closed, or closed by a merge."""
        if self.merged or self.merged_at is not None:
            return PullRequestState.MERGED
        return PullRequestState(self.state)


class Event(Payload):
    """What every event of a repository has."""

    action: str = ""
    installation: InstallationPart | None = None
    repository: RepositoryPart
    sender: Account | None = None


class Changed(Payload):
    """The old value of something that was edited."""


class Changes(Payload):
    """What an `edited` event changed; only the base matters here."""

    base: Changed | None = None


class PullRequestEvent(Event):
    """`pull_request`."""

    pull_request: PullRequestPart
    changes: Changes = Changes()


class IssuePart(Payload):
    """The issue of a comment; `pull_request` is there when it is a pull request."""

    number: int
    pull_request: Changed | None = None


class CommentPart(Payload):
    """A comment in a conversation."""

    id: int
    body: str | None = None
    user: Account | None = None


class IssueCommentEvent(Event):
    """`issue_comment`."""

    issue: IssuePart
    comment: CommentPart


class PullReference(Payload):
    """A pull request as check events name it; they name none of a fork."""

    number: int


class CheckApp(Payload):
    """The App that made a check."""

    id: int


class CheckRunPart(Payload):
    """A check run; `external_id` is what its App wrote there."""

    id: int
    head_sha: str
    external_id: str | None = None
    app: CheckApp | None = None
    pull_requests: list[PullReference] = []


class CheckRunEvent(Event):
    """`check_run`."""

    check_run: CheckRunPart


class CheckSuitePart(Payload):
    """All check runs of one App on a commit."""

    id: int
    head_sha: str
    app: CheckApp | None = None
    pull_requests: list[PullReference] = []


class CheckSuiteEvent(Event):
    """`check_suite`."""

    check_suite: CheckSuitePart


class MergeGroupPart(Payload):
    """Commits that a merge queue is about to merge."""

    head_sha: str


class MergeGroupEvent(Event):
    """`merge_group`."""

    merge_group: MergeGroupPart


class InstallationEvent(Payload):
    """`installation`."""

    action: str
    installation: InstallationPart
    repositories: list[RepositoryPart] = []


class InstallationRepositoriesEvent(Payload):
    """`installation_repositories`."""

    action: str
    installation: InstallationPart
    repositories_added: list[RepositoryPart] = []
    repositories_removed: list[RepositoryPart] = []
