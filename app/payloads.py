"""The fields of GitHub's payloads that are read here, and nothing else.

Tolerant on purpose: unknown fields and actions pass, people may be null (deleted accounts), and
what is not needed for identity has a default. `parse` gives a model or None for an event that
nobody here reads.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from app.db.installations import InstallationFacts
from app.db.pull_requests import PullRequestFacts
from app.db.repositories import RepositoryFacts
from app.models import PullRequestState


class PayloadError(Exception):
    """A payload lacks what its event cannot be understood without."""


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _or_nothing(value: object) -> object:
    return {} if value is None else value


def _or_none_at_all(value: object) -> object:
    return () if value is None else value


type Text = Annotated[str, BeforeValidator(_or_empty)]
"""A text that may be null and is empty then."""


class Payload(BaseModel):
    """Frozen, and deaf to what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(Payload):
    """A person, a bot or an organisation."""

    id: int = 0
    login: Text = ""
    type: Text = "User"

    @property
    def is_bot(self) -> bool:
        """Whether GitHub calls it a bot."""
        return self.type == "Bot"

    @property
    def is_nobody(self) -> bool:
        """Whether it is the account by which GitHub shows what deleted ones left behind."""
        return self.login.lower() == "ghost"


class InstallationRef(Payload):
    """The installation that an event belongs to."""

    id: int


class Installation(Payload):
    """An installation as its own events describe it."""

    id: int
    account: User | None = None
    permissions: Annotated[dict[str, str], BeforeValidator(_or_nothing)] = {}

    def facts(self) -> InstallationFacts:
        """What is stored of it."""
        account = self.account or User()
        return InstallationFacts(self.id, account.login, account.type, self.permissions)


class Repository(Payload):
    """A repository; installation events give only id, name and whether it is private."""

    id: int
    name: str
    full_name: Text = ""
    private: bool = False
    default_branch: Text = ""
    archived: bool = False
    owner: User | None = None
    clone_url: Text = ""

    @property
    def owner_login(self) -> str:
        """Who owns it, from whichever field says so."""
        if self.owner is not None and self.owner.login:
            return self.owner.login
        return self.full_name.partition("/")[0]

    def facts(self, installation_id: int) -> RepositoryFacts:
        """What is stored of it."""
        return RepositoryFacts(
            id=self.id,
            installation_id=installation_id,
            owner=self.owner_login,
            name=self.name,
            private=self.private,
            default_branch=self.default_branch,
            archived=self.archived,
        )


class Side(Payload):
    """Head or base of a pull request; the repository is null when a fork was deleted."""

    sha: str
    ref: Text = ""
    repo: Repository | None = None


class PullRequest(Payload):
    """A pull request as payloads and `GET /pulls/{number}` give it."""

    number: int
    head: Side
    base: Side
    updated_at: datetime
    state: Text = "open"
    draft: bool | None = False
    merged: bool | None = None
    merged_at: datetime | None = None
    title: Text = ""
    user: User | None = None

    def facts(self, repository_id: int) -> PullRequestFacts:
        """What is stored of it."""
        return PullRequestFacts(
            repository_id=repository_id,
            number=self.number,
            state=self._state(),
            draft=bool(self.draft),
            title=self.title,
            author_login=self.user.login if self.user else None,
            author_id=self.user.id if self.user else None,
            head_sha=self.head.sha,
            base_ref=self.base.ref,
            base_sha=self.base.sha,
            updated_at=self.updated_at,
        )

    def _state(self) -> PullRequestState:
        if self.merged or self.merged_at is not None:
            return PullRequestState.MERGED
        return PullRequestState.CLOSED if self.state == "closed" else PullRequestState.OPEN


class BaseChange(Payload):
    """A changed base branch; that it is there says enough."""


class PullRequestChanges(Payload):
    """What an edit of a pull request changed."""

    base: BaseChange | None = None


class Event(Payload):
    """What nearly all payloads have."""

    action: Text = ""
    installation: InstallationRef | None = None
    sender: User | None = None


class RepositoryEvent(Event):
    """An event in a repository."""

    repository: Repository


class PullRequestEvent(RepositoryEvent):
    """`pull_request`."""

    pull_request: PullRequest
    changes: Annotated[PullRequestChanges, BeforeValidator(_or_nothing)] = PullRequestChanges()

    @property
    def base_changed(self) -> bool:
        """Whether the base branch was changed: the head is the same, the review is not."""
        return self.changes.base is not None


class Comment(Payload):
    """A comment on the pull request or on a line of it."""

    id: int
    body: Text = ""
    user: User | None = None
    in_reply_to_id: int | None = None
    """The comment that began the thread, for an answer on a line."""


class Issue(Payload):
    """The issue behind a pull request; a plain issue has no `pull_request`."""

    number: int
    pull_request: dict[str, object] | None = None
    user: User | None = None


class IssueCommentEvent(RepositoryEvent):
    """`issue_comment`."""

    issue: Issue
    comment: Comment

    @property
    def on_pull_request(self) -> bool:
        """Whether the comment stands on a pull request."""
        return self.issue.pull_request is not None


class ReviewCommentEvent(RepositoryEvent):
    """`pull_request_review_comment`."""

    comment: Comment
    pull_request: PullRequest


class App(Payload):
    """A GitHub App."""

    id: int = 0


class NumberedPullRequest(Payload):
    """A pull request as a check names it."""

    number: int


type PullRequests = Annotated[tuple[NumberedPullRequest, ...], BeforeValidator(_or_none_at_all)]
"""Empty for forks."""


class CheckRun(Payload):
    """A check run; `external_id` is what we gave it."""

    id: int
    head_sha: Text = ""
    external_id: Text = ""
    app: App | None = None
    pull_requests: PullRequests = ()


class RequestedAction(Payload):
    """The button of a check run that was pressed."""

    identifier: Text = ""


class CheckRunEvent(RepositoryEvent):
    """`check_run`."""

    check_run: CheckRun
    requested_action: RequestedAction | None = None


class CheckSuite(Payload):
    """A check suite."""

    id: int
    head_sha: Text = ""
    app: App | None = None
    pull_requests: PullRequests = ()


class CheckSuiteEvent(RepositoryEvent):
    """`check_suite`."""

    check_suite: CheckSuite


type Repositories = Annotated[tuple[Repository, ...], BeforeValidator(_or_none_at_all)]


class InstallationEvent(Payload):
    """`installation`."""

    action: Text = ""
    installation: Installation
    repositories: Repositories = ()
    sender: User | None = None


class InstallationRepositoriesEvent(Payload):
    """`installation_repositories`."""

    action: Text = ""
    installation: Installation
    repositories_added: Repositories = ()
    repositories_removed: Repositories = ()
    sender: User | None = None


class MergeGroup(Payload):
    """What the merge queue wants checked."""

    head_sha: str
    head_ref: Text = ""
    base_sha: Text = ""


class MergeGroupEvent(RepositoryEvent):
    """`merge_group`."""

    merge_group: MergeGroup


class PingEvent(Payload):
    """`ping`."""

    zen: Text = ""
    hook_id: int | None = None


type AnyEvent = (
    PullRequestEvent
    | IssueCommentEvent
    | ReviewCommentEvent
    | CheckRunEvent
    | CheckSuiteEvent
    | InstallationEvent
    | InstallationRepositoriesEvent
    | RepositoryEvent
    | MergeGroupEvent
    | PingEvent
)

MODELS: dict[str, type[AnyEvent]] = {
    "pull_request": PullRequestEvent,
    "issue_comment": IssueCommentEvent,
    "pull_request_review_comment": ReviewCommentEvent,
    "check_run": CheckRunEvent,
    "check_suite": CheckSuiteEvent,
    "installation": InstallationEvent,
    "installation_repositories": InstallationRepositoriesEvent,
    "repository": RepositoryEvent,
    "merge_group": MergeGroupEvent,
    "ping": PingEvent,
}
"""Event to the model of its payload."""


def parse(event: str, payload: bytes) -> AnyEvent | None:
    """The payload of an event, None for an event that is not read here.

    Raises `PayloadError` when the payload lacks what the event is about.
    """
    model = MODELS.get(event)
    if model is None:
        return None
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, e["loc"])) for e in error.errors()[:5])
        raise PayloadError(f"the payload of {event} is not usable at: {places}") from None
