"""The tables: what is remembered of GitHub, and what was done about it.

SQL is the truth; Redis only wakes workers up. Ids that GitHub gave are its own, times are aware
and UTC on both databases, and nothing is loaded lazily.
"""

import enum
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, LargeBinary, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.db.types import BigId, Json, PlainText, UtcDateTime, words


class PullRequestState(enum.StrEnum):
    """What GitHub says of a pull request."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class DeliveryState(enum.StrEnum):
    """How far a delivery has come; only `done` and `ignored` are final."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"


class ReviewState(enum.StrEnum):
    """How far a review has come; the last three are final."""

    RUNNING = "running"
    PUBLISHING = "publishing"
    DONE = "done"
    SUPERSEDED = "superseded"
    FAILED = "failed"


class FindingPlace(enum.StrEnum):
    """Where on the pull request a finding stands."""

    INLINE = "inline"
    FILE = "file"
    CHECK = "check"
    SUMMARY = "summary"


class FindingState(enum.StrEnum):
    """The fate of a finding."""

    OPEN = "open"
    FIXED = "fixed"
    DISMISSED = "dismissed"


class DismissalScope(enum.StrEnum):
    """How much a dismissal covers: one finding, its rule in that file, or its rule everywhere."""

    FINDING = "finding"
    PATH = "path"
    REPOSITORY = "repository"


class RecoveryKind(enum.StrEnum):
    """What was found that no delivery had told of."""

    DELIVERY = "delivery"
    PULL_REQUEST = "pull request"


class CommandState(enum.StrEnum):
    """How far a command has come."""

    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Base(DeclarativeBase):
    """The tables of Backend Expert."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigId,
        datetime: UtcDateTime,
        str: PlainText,
        bytes: LargeBinary,
        list[str]: Json,
        dict[str, str]: Json,
        dict[str, int]: Json,
        dict[str, float]: Json,
        dict[str, int | list[str]]: Json,
        list[dict[str, str]]: Json,
        list[dict[str, str | int]]: Json,
        dict[str, str | int]: Json,
        PullRequestState: words(PullRequestState),
        DeliveryState: words(DeliveryState),
        ReviewState: words(ReviewState),
        FindingPlace: words(FindingPlace),
        FindingState: words(FindingState),
        CommandState: words(CommandState),
        DismissalScope: words(DismissalScope),
        RecoveryKind: words(RecoveryKind),
    }


class Installation(Base):
    """The App on one account. The id is GitHub's."""

    __tablename__ = "installations"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_login: Mapped[str]
    account_type: Mapped[str] = mapped_column(String(32))
    permissions: Mapped[dict[str, str]]
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Repository(Base):
    """A repository the App was given. The id is GitHub's; owner and name change under it."""

    __tablename__ = "repositories"
    __table_args__ = (Index(None, "owner", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    installation_id: Mapped[int] = mapped_column(
        ForeignKey("installations.id", ondelete="CASCADE"), index=True
    )
    owner: Mapped[str]
    name: Mapped[str]
    private: Mapped[bool]
    default_branch: Mapped[str]
    archived: Mapped[bool]
    removed_at: Mapped[datetime | None]


class PullRequest(Base):
    """A pull request, what is wanted of it, and who works on it.

    `generation` counts what was wanted: a review stands down once it is no longer the one it
    began with. `due_at` is when work may begin, null when there is none. `quiet_until` is when
    the time of debouncing after the last start ends.
    """

    __tablename__ = "pull_requests"
    __table_args__ = (
        UniqueConstraint("repository_id", "number"),
        Index(None, "state", "updated_at"),
        Index(None, "state", "repository_id"),
        Index(None, "repository_id", "state", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[PullRequestState]
    draft: Mapped[bool]
    title: Mapped[str]
    author_login: Mapped[str | None]
    author_id: Mapped[int | None]
    head_sha: Mapped[str] = mapped_column(String(64))
    base_ref: Mapped[str]
    base_sha: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]

    wanted_head_sha: Mapped[str | None] = mapped_column(String(64))
    wanted_reason: Mapped[str | None]
    wanted_full: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    quiet_until: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]

    reviewed_head_sha: Mapped[str | None] = mapped_column(String(64))
    reviewed_merge_base: Mapped[str | None] = mapped_column(String(64))
    reviewed_generation: Mapped[int | None]
    summary_comment_id: Mapped[int | None]
    paused: Mapped[bool] = mapped_column(default=False)
    votes_read_at: Mapped[datetime | None]


class Delivery(Base):
    """One webhook delivery as it was signed. A redelivery has the same GUID."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "state", "received_at"),)

    guid: Mapped[str] = mapped_column(String(64), primary_key=True)
    event: Mapped[str] = mapped_column(String(64))
    action: Mapped[str | None] = mapped_column(String(64))
    installation_id: Mapped[int | None] = mapped_column(index=True)
    repository_id: Mapped[int | None]
    payload: Mapped[bytes]
    state: Mapped[DeliveryState]
    attempts: Mapped[int] = mapped_column(default=0)
    redeliveries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    leased_until: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]


class ReviewRecord(Base):
    """One review of one generation of a pull request, and what stands on GitHub of it."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("pull_request_id", "generation"),
        Index(None, "repository_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pull_request_id: Mapped[int] = mapped_column(ForeignKey("pull_requests.id", ondelete="CASCADE"))
    repository_id: Mapped[int | None]
    """That of the pull request, so that the newest of a repository are found by an index."""
    generation: Mapped[int]
    head_sha: Mapped[str] = mapped_column(String(64))
    merge_base_sha: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[ReviewState]
    whole_files: Mapped[bool] = mapped_column(default=False)
    """Whether all of the changed files was reviewed, and not only what the change brings."""
    github_review_id: Mapped[int | None]
    check_run_id: Mapped[int | None]
    summary: Mapped[dict[str, int]]
    timings: Mapped[dict[str, float]]
    skipped: Mapped[list[dict[str, str]]]
    notes: Mapped[list[str]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    engine_version: Mapped[str] = mapped_column(String(64))


class FindingRecord(Base):
    """One finding of a pull request across all its reviews, told apart by fingerprint."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("pull_request_id", "fingerprint"),
        Index(None, "pull_request_id", "state", "group", "severity"),
        Index(None, "repository_id", "id"),
        Index(None, "rule", "id"),
        Index(None, "rule", "state", "repository_id"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pull_request_id: Mapped[int] = mapped_column(ForeignKey("pull_requests.id", ondelete="CASCADE"))
    repository_id: Mapped[int | None]
    fingerprint: Mapped[str] = mapped_column(String(128))
    rule: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128))
    severity: Mapped[str] = mapped_column(String(16))
    group: Mapped[str] = mapped_column(String(32))
    path: Mapped[str]
    line: Mapped[int]
    end_line: Mapped[int]
    message: Mapped[str]
    confidence: Mapped[str] = mapped_column(String(16))
    trace: Mapped[list[dict[str, str | int]]]
    fix: Mapped[dict[str, str | int] | None]
    frame: Mapped[dict[str, int | list[str]] | None]
    """The code around it: `lines` from line `start` on."""
    place: Mapped[FindingPlace]
    state: Mapped[FindingState]
    first_review_id: Mapped[int] = mapped_column(
        ForeignKey("reviews.id", ondelete="CASCADE"), index=True
    )
    last_review_id: Mapped[int] = mapped_column(
        ForeignKey("reviews.id", ondelete="CASCADE"), index=True
    )
    fixed_sha: Mapped[str | None] = mapped_column(String(64))
    dismissed_by: Mapped[str | None]
    dismissed_reason: Mapped[str | None]
    comment_id: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CommandRecord(Base):
    """One command given in a comment; the comment's id makes a repeated delivery harmless."""

    __tablename__ = "commands"

    id: Mapped[int] = mapped_column(primary_key=True)
    pull_request_id: Mapped[int] = mapped_column(
        ForeignKey("pull_requests.id", ondelete="CASCADE"), index=True
    )
    comment_id: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[str]
    author_login: Mapped[str]
    state: Mapped[CommandState]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Dismissal(Base):
    """Findings of a repository that somebody decided to live with, until a day.

    `fingerprint` and `path` are those of the finding that was named. `given_in` is the comment,
    which makes a repeated delivery harmless. What was restored stays as a record.
    """

    __tablename__ = "dismissals"
    __table_args__ = (Index(None, "rule", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    repository_id: Mapped[int] = mapped_column(
        ForeignKey("repositories.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    scope: Mapped[DismissalScope]
    rule: Mapped[str] = mapped_column(String(16))
    path: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str]
    dismissed_by: Mapped[str]
    given_in: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    restored_at: Mapped[datetime | None]
    restored_by: Mapped[str | None]


class Vote(Base):
    """What people think of one comment of ours: how many are for it, and how many against.

    `created_at` is when the first vote was seen.
    """

    __tablename__ = "votes"
    __table_args__ = (Index(None, "repository_id", "rule"), Index(None, "rule", "repository_id"))

    comment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))
    pull_request_id: Mapped[int] = mapped_column(
        ForeignKey("pull_requests.id", ondelete="CASCADE"), index=True
    )
    rule: Mapped[str] = mapped_column(String(16))
    up: Mapped[int]
    down: Mapped[int]
    created_at: Mapped[datetime]


class Round(Base):
    """A piece of work that one worker does from time to time; `examined_until` is how far it came."""

    __tablename__ = "rounds"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    leased_until: Mapped[datetime | None]
    ran_at: Mapped[datetime | None]
    examined_until: Mapped[datetime | None]


class Recovery(Base):
    """A delivery asked for again, or a pull request found without one. `event` says in words."""

    __tablename__ = "recoveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[RecoveryKind]
    event: Mapped[str]
    guid: Mapped[str | None] = mapped_column(String(64), unique=True)
    repository_id: Mapped[int | None] = mapped_column(index=True)
    number: Mapped[int | None]
    attempts: Mapped[int]
    recovered_at: Mapped[datetime] = mapped_column(index=True)


class SignedIn(Base):
    """A person who signed in, until the session ends.

    `key` is a hash of what the browser's cookie holds and `token` is encrypted with that cookie,
    so neither can be had from here alone.
    """

    __tablename__ = "sessions"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int]
    login: Mapped[str]
    token: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """Something that somebody did: a command, a dismissal, set-up, a sign-in. Never changed."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "action", "id"),
        Index(None, "actor", "id"),
        Index(None, "repository_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str]
    repository_id: Mapped[int | None]
    number: Mapped[int | None]


class Tally(Base):
    """What was found, fixed and reviewed in a repository on one day, by group of the checklist.

    Repository 0 is all of them together; no group is the reviews.
    """

    __tablename__ = "tallies"

    repository_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    group: Mapped[str] = mapped_column(String(32), primary_key=True)
    found: Mapped[int]
    fixed: Mapped[int]
    fix_seconds: Mapped[int]
    reviews: Mapped[int]
