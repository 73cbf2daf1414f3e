"""What already stands on a pull request, and what publishing left there."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from datetime import date

    from app.github.repository import Repository
    from rules.core.findings import Finding


class Place(enum.StrEnum):
    """Where a finding is said, best first; every finding also has a row in the summary."""

    INLINE = "inline"
    FILE = "file"
    CHECK = "check"
    SUMMARY = "summary"


class State(enum.StrEnum):
    """The fate of a finding."""

    OPEN = "open"
    FIXED = "fixed"
    DISMISSED = "dismissed"


class Outcome(enum.StrEnum):
    """How an attempt to publish ended, when it did not raise."""

    POSTED = "posted"
    SUPERSEDED = "superseded"
    """The pull request has a newer head; nothing was written."""
    CLOSED = "closed"
    """Closed, locked, archived or gone meanwhile; there is nothing to retry."""


@dataclass(frozen=True, slots=True)
class Target:
    """The head of a pull request that a review is published for.

    `generation` is the generation of the review: a repeated attempt of the same review has the
    same one and takes up what it finds, a new review of the same head has another.
    """

    repository: Repository
    repository_id: int
    number: int
    head_sha: str
    generation: int


@dataclass(frozen=True, slots=True)
class Known:
    """A finding and its fate, as recorded after an earlier review and as recorded after this one.

    `place` is None while it was said nowhere. `comment_id` is the review comment that says it,
    the same one for every member of a grouped comment, and None for other places.
    """

    finding: Finding
    state: State = State.OPEN
    place: Place | None = None
    comment_id: int | None = None
    url: str | None = None
    fixed_sha: str | None = None
    dismissed_by: str | None = None
    dismissed_reason: str | None = None
    dismissed_until: date | None = None
    """The day of UTC on which what is dismissed comes back, as far as the decision was met again."""
    outdated: bool = False
    """GitHub hides its comment, since those lines are not in the diff any more."""
    was: str | None = None
    """The fingerprint by which it is recorded, when its file has moved since."""

    def with_state(self, state: State, fixed_sha: str | None = None) -> Self:
        """The same finding after its fate changed."""
        return replace(self, state=state, fixed_sha=fixed_sha)


@dataclass(frozen=True, slots=True)
class Standing:
    """What SQL remembers of earlier reviews of a pull request.

    `uncertain` says that an earlier attempt to publish began and its end was not recorded, so
    there may be more on GitHub than is known: it is listed before anything is written.
    `unrecorded` says that this happened at any time, so that a comment of ours may stand of which
    no record tells, though it was closed since. `demoted` has the rules that people here do not want to meet on their lines.
    """

    known: tuple[Known, ...] = ()
    summary_comment_id: int | None = None
    uncertain: bool = False
    unrecorded: bool = False
    demoted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Published:
    """What stands on the pull request after publishing; the caller records it.

    `known` holds every finding of this review and of the ones before, once each, by fingerprint.
    """

    outcome: Outcome
    known: tuple[Known, ...] = ()
    summary_comment_id: int | None = None
    review_ids: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be done and why, in sentences (a missing permission, a refused comment)."""
    votes: dict[int, tuple[int, int]] = field(
        default_factory=dict[int, tuple[int, int]], compare=False
    )
    """What people think of our comments, by their ids: how many for, how many against."""
