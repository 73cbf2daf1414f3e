"""What the local GitHub remembers: plain mutable records, nothing that acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.github.git import GitRepository

PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
}
type Side = Literal["LEFT", "RIGHT"]
EVENTS = (
    "pull_request",
    "issue_comment",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "merge_group",
    "repository",
    "push",
)


def now() -> datetime:
    """Return the time in whole seconds, as GitHub writes it."""
    return datetime.now(UTC).replace(microsecond=0)


def iso(moment: datetime | None) -> str | None:
    """Return `2026-01-31T12:00:00Z`."""
    return moment and moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(eq=False)
class User:
    """A person, an organization, or the bot of an App."""

    id: int
    login: str
    type: Literal["User", "Bot", "Organization"] = "User"
    deleted: bool = False


@dataclass(eq=False)
class App:
    """A GitHub App and the secrets that GitHub keeps for it."""

    id: int
    slug: str
    name: str
    owner: User
    bot: User
    private_key: str
    public_key: str
    webhook_url: str | None
    webhook_secret: str
    client_id: str
    client_secret: str
    callback_urls: list[str] = field(default_factory=list)
    setup_url: str = ""
    permissions: dict[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    events: list[str] = field(default_factory=lambda: list(EVENTS))
    url: str = "https://example.com"
    description: str = ""
    created_at: datetime = field(default_factory=now)

    @property
    def hook_id(self) -> int:
        """The id that comes in `X-GitHub-Hook-ID`."""
        return self.id + 500_000_000


@dataclass(eq=False)
class Installation:
    """An App installed on an account, for some of its repositories."""

    id: int
    app: App
    account: User
    repositories: list[Repository]
    permissions: dict[str, str]
    selection: Literal["all", "selected"] = "selected"
    suspended_at: datetime | None = None
    deleted: bool = False
    created_at: datetime = field(default_factory=now)


@dataclass(eq=False)
class Token:
    """An access token; `repository_ids` and `permissions` may be narrower than the grant."""

    value: str
    expires_at: datetime
    installation: Installation | None = None
    user: User | None = None
    app: App | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repository_ids: frozenset[int] | None = None


@dataclass(eq=False)
class Repository:
    """A repository with its bare git folder."""

    id: int
    owner: User
    name: str
    git: GitRepository
    private: bool = False
    default_branch: str = "main"
    archived: bool = False
    parent: Repository | None = None
    deleted: bool = False
    description: str | None = None
    collaborators: dict[str, str] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    suites: list[CheckSuite] = field(default_factory=list)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    last_number: int = 0
    created_at: datetime = field(default_factory=now)

    @property
    def full_name(self) -> str:
        """`owner/name` as it is now."""
        return f"{self.owner.login}/{self.name}"


@dataclass(eq=False)
class Reaction:
    """One user's emoji on one comment."""

    id: int
    user: User
    content: str
    created_at: datetime = field(default_factory=now)


@dataclass(eq=False)
class IssueComment:
    """A comment in the conversation of a pull request."""

    id: int
    pull: PullRequest
    user: User
    body: str
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)
    minimized: str | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Anchor:
    """A place in one version of a diff. `line` is None for a comment on a whole file."""

    path: str
    commit: str
    merge_base: str
    side: Side = "RIGHT"
    line: int | None = None
    start_side: Side | None = None
    start_line: int | None = None
    position: int | None = None
    hunk: str = ""


@dataclass(eq=False)
class ReviewComment:
    """A comment on a line or file. `current` is None once it is outdated."""

    id: int
    pull: PullRequest
    review: PullReview
    user: User
    body: str
    original: Anchor
    current: Anchor | None
    thread: Thread
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)
    minimized: str | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)


@dataclass(eq=False)
class Thread:
    """A root review comment with its replies."""

    id: int
    pull: PullRequest
    resolved_by: User | None = None
    file_level: bool = False

    @property
    def node_id(self) -> str:
        """The GraphQL id."""
        return f"PRRT_kwDO{self.id}"

    @property
    def comments(self) -> list[ReviewComment]:
        """The root and its replies, oldest first."""
        return [comment for comment in self.pull.review_comments if comment.thread is self]


@dataclass(eq=False)
class PullReview:
    """A review; the App's pending one blocks its next."""

    id: int
    pull: PullRequest
    user: User
    body: str
    state: str
    commit_id: str
    submitted_at: datetime | None = field(default_factory=now)


@dataclass(eq=False)
class PullRequest:
    """A pull request of `repository`, from a branch of `head_repository` (None once deleted)."""

    id: int
    number: int
    repository: Repository
    head_repository: Repository | None
    head_label: str
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    title: str
    body: str | None
    user: User
    draft: bool = False
    state: Literal["open", "closed"] = "open"
    locked: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    closed_at: datetime | None = None
    comments: list[IssueComment] = field(default_factory=list)
    reviews: list[PullReview] = field(default_factory=list)
    review_comments: list[ReviewComment] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def merge_base(self) -> str:
        """The commit that the diff of this pull request starts from."""
        return self.repository.git.merge_base(self.base_sha, self.head_sha)


@dataclass(eq=False)
class CheckSuite:
    """All check runs of one App for one commit."""

    id: int
    app: App
    head_sha: str
    head_branch: str | None
    created_at: datetime = field(default_factory=now)


@dataclass(eq=False)
class CheckRun:
    """A check run; only `app` may change it."""

    id: int
    app: App
    suite: CheckSuite
    name: str
    head_sha: str
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict] = field(default_factory=list)
    actions: list[dict] = field(default_factory=list)
    started_at: datetime | None = field(default_factory=now)
    completed_at: datetime | None = None


@dataclass(eq=False)
class Delivery:
    """One attempt to deliver a webhook; a redelivery has the same `guid` and a new `id`."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    payload: dict
    installation_id: int | None
    repository_id: int | None
    redelivery: bool = False
    delivered_at: datetime = field(default_factory=now)
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
