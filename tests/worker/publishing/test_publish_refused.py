"""What GitHub refuses, breaks, or does without saying so (GITHUB.md, section 7.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.github.errors import (
    AmbiguousError,
    RateLimitedError,
    SuspendedError,
    UnauthorizedError,
)
from rules.core.change import Hunk
from rules.core.config import Config
from tests.github import LocalGitHub
from tests.github.state import PERMISSIONS
from tests.worker.publishing.crashing import MeanwhileTransport
from tests.worker.publishing.stage import Stage, after, finding, hurried, review
from worker.publishing.standing import Outcome, Place, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECONDARY = "have exceeded a secondary rate limit"
REVIEWS = r"/pulls/\d+/reviews$"
LYING = {"shop/new.py": (Hunk(1, 40),), "shop/old.py": (Hunk(1, 62),)}
"""Lines that we believe commentable and GitHub does not: most of `shop/old.py`."""


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with LocalGitHub() as github:
        stage = Stage(github)
        yield stage
        await stage.close()


async def test_a_line_outside_the_diff_costs_only_its_own_comment(stage: Stage):
    found = review(finding(3), finding(30, "shop/old.py"), finding(11, "shop/old.py"))

    published = await stage.publisher.publish(
        stage.target, found, Config(), LYING, Standing(), None
    )

    assert sorted(stage.inline, key=str) == [
        ("shop/new.py", None, 3),
        ("shop/old.py", None, 11),
        ("shop/old.py", None, None),
    ]
    assert [k.place for k in published.known] == [Place.INLINE, Place.FILE, Place.INLINE]


@pytest.mark.parametrize(
    "errors",
    [
        ["Review comments is invalid and Review threads is invalid"],
        ["Pull request review thread start line must precede the end line."],
        [{"resource": "PullRequestReviewComment", "code": "custom", "field": "line"}],
    ],
)
async def test_a_review_refused_for_no_visible_reason_is_cut_in_halves(
    stage: Stage, errors: list[object]
):
    body = {"message": "Unprocessable Entity", "errors": errors}
    stage.github.faults.add(method="POST", path=REVIEWS, status=422, body=body, times=2)

    published = await stage.publish(review(finding(3), finding(9), finding(12)))

    assert sorted(line or 0 for _, _, line in stage.inline) == [3, 9, 12]
    assert {k.place for k in published.known} == {Place.INLINE}


async def test_one_comment_that_is_refused_for_ever_goes_to_its_file_then_to_the_check(
    stage: Stage,
):
    body = {"message": "Validation Failed", "errors": [{"field": "line", "code": "custom"}]}
    stage.github.faults.add(method="POST", path=REVIEWS, status=422, body=body, times=99)
    stage.github.faults.add(method="POST", path=r"/pulls/\d+/comments$", status=422, body=body)

    published = await stage.publish(review(finding(3), finding(9)))

    assert [k.place for k in published.known] == [Place.CHECK, Place.FILE]
    run = next(iter(stage.repo.check_runs.values()))
    assert [one["start_line"] for one in run.annotations] == [3]
    assert len(stage.pull.comments) == 1


async def test_a_review_refused_because_the_head_moved_is_superseded(stage: Stage):
    def force_push() -> None:
        stage.github.pulls.push(stage.pull, {"shop/new.py": "x = 1\n"}, onto="main")

    stage.transport = MeanwhileTransport("POST", "/reviews", force_push)
    stage.connect()

    published = await stage.publish(review(finding(3)))

    assert published.outcome is Outcome.SUPERSEDED
    assert stage.pull.reviews == []
    assert stage.checks == [("completed", "skipped", "Superseded by a newer commit")]


@pytest.mark.parametrize("drop", [False, True])
async def test_a_review_that_was_stored_although_it_failed_is_not_posted_twice(
    stage: Stage, drop: bool
):
    stage.github.faults.add(method="POST", path=REVIEWS, when="after", drop=drop)

    published = await stage.publish(review(finding(3), finding(9)))

    assert stage.inline == [("shop/new.py", None, 3), ("shop/new.py", None, 9)]
    assert [k.comment_id for k in published.known] == [c.id for c in stage.pull.review_comments]


async def test_a_review_that_failed_and_was_not_stored_is_posted_again(stage: Stage):
    stage.github.faults.add(method="POST", path=REVIEWS, when="before")

    await stage.publish(review(finding(3), finding(9)))

    assert stage.inline == [("shop/new.py", None, 3), ("shop/new.py", None, 9)]


async def test_a_github_that_stays_broken_is_an_error_for_the_next_attempt(stage: Stage):
    stage.github.faults.add(method="POST", path=REVIEWS, times=2)

    with pytest.raises(AmbiguousError):
        await stage.publish(review(finding(3)))
    published = await stage.publish(review(finding(3)), Standing(uncertain=True))

    assert published.outcome is Outcome.POSTED
    assert stage.inline == [("shop/new.py", None, 3)]
    assert stage.checks == [("completed", "failure", "1 critical")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", r"/issues/\d+/comments$"),
        ("POST", r"/pulls/\d+/comments$"),
        ("POST", r"/check-runs$"),
        ("PATCH", r"/check-runs/\d+$"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_every_write_of_a_first_review_may_fail_with_502(
    stage: Stage, method: str, path: str, when: str
):
    stage.github.faults.add(method=method, path=path, when=when)
    found = review(
        finding(3),
        finding(30, "shop/old.py"),
        *(finding(line, "shop/unlisted.py") for line in range(1, 61)),
    )

    await stage.publish(found)

    assert len(stage.inline) == 2
    assert len(stage.pull.comments) == 1
    assert stage.checks == [("completed", "failure", "62 critical")]
    run = next(iter(stage.repo.check_runs.values()))
    assert [one["start_line"] for one in run.annotations] == list(range(1, 61))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", r"/pulls/comments/\d+$"),
        ("PATCH", r"/issues/comments/\d+$"),
        ("POST", "/graphql$"),
    ],
)
async def test_every_write_of_a_second_review_may_fail_with_502(
    stage: Stage, method: str, path: str, when: str
):
    first = await stage.publish(review(finding(3)))
    stage.push()
    stage.github.faults.add(method=method, path=path, when=when)

    await stage.publish(review(), after(first))

    assert "fixed in" in stage.bodies[0]
    assert stage.pull.review_comments[0].minimized == "resolved"
    assert stage.checks[-1] == ("completed", "success", "No findings")


async def test_a_block_of_content_creation_defers_everybody_for_72_seconds(stage: Stage):
    stage.github.faults.content_block(path=REVIEWS)
    before = datetime.now(UTC)

    with pytest.raises(RateLimitedError, match=SECONDARY) as caught:
        await stage.publish(review(finding(3)))
    with pytest.raises(RateLimitedError, match="wait"):
        await stage.publish(review(finding(3)), Standing(uncertain=True))

    assert caught.value.content
    assert timedelta(seconds=71) < caught.value.retry_at - before < timedelta(seconds=74)


async def test_a_secondary_limit_with_retry_after_defers_until_then(stage: Stage):
    stage.github.faults.secondary_limit(retry_after=30, method="POST", path=REVIEWS)
    before = datetime.now(UTC)

    with pytest.raises(RateLimitedError, match=SECONDARY) as caught:
        await stage.publish(review(finding(3)))

    assert timedelta(seconds=29) < caught.value.retry_at - before < timedelta(seconds=32)


async def test_a_spent_primary_limit_defers_until_its_reset(stage: Stage):
    stage.github.faults.primary_limit(reset_in=300, method="POST", path=REVIEWS)
    before = datetime.now(UTC)

    with pytest.raises(RateLimitedError) as caught:
        await stage.publish(review(finding(3)))

    assert timedelta(seconds=297) < caught.value.retry_at - before < timedelta(seconds=303)


async def test_a_graphql_limit_comes_with_status_200(stage: Stage):
    first = await stage.publish(review(finding(3)))
    stage.push()
    stage.github.faults.graphql_limit()

    with pytest.raises(RateLimitedError):
        await stage.publish(review(), after(first))


async def test_a_token_that_expires_in_the_middle_is_replaced_once(stage: Stage):
    target = stage.target
    check = await stage.publisher.start_check(target)
    for token in stage.github.world.tokens.values():
        token.expires_at = datetime.now(UTC) - timedelta(seconds=1)

    await stage.publisher.publish(target, review(finding(3)), Config(), LYING, Standing(), check)

    assert stage.inline == [("shop/new.py", None, 3)]
    mints = [r for r in stage.github.requests if "access_tokens" in r.path]
    assert len(mints) == 2


async def test_a_write_that_gets_401_is_sent_again_with_a_new_token(stage: Stage):
    bad = {"message": "Bad credentials"}
    stage.github.faults.add(method="POST", path=REVIEWS, status=401, body=bad)

    await stage.publish(review(finding(3)))

    assert stage.inline == [("shop/new.py", None, 3)]


async def test_an_app_that_is_refused_for_ever_says_so(stage: Stage):
    stage.github.faults.add(status=401, body={"message": "Bad credentials"}, times=99)

    with pytest.raises(UnauthorizedError):
        await stage.publish(review(finding(3)))


async def test_a_suspended_installation_is_told_from_other_errors(stage: Stage):
    target = stage.target
    await stage.publisher.start_check(target)
    stage.github.apps.suspend(stage.installation)

    with pytest.raises(SuspendedError):
        await stage.publisher.publish(target, review(finding(3)), Config(), LYING, Standing(), None)


async def test_a_missing_permission_to_comment_leaves_everything_to_the_check(stage: Stage):
    granted = {**PERMISSIONS, "pull_requests": "read", "issues": "read"}
    stage.github.apps.accept_permissions(stage.installation, granted)

    published = await stage.publish(review(finding(3), finding(30, "shop/old.py")))

    run = next(iter(stage.repo.check_runs.values()))
    assert sorted(one["start_line"] for one in run.annotations) == [3, 30]
    assert "the installation must grant pull requests: write" in (run.summary or "")
    assert published.summary_comment_id is None
    assert stage.checks == [("completed", "failure", "2 critical")]


async def test_without_permission_for_checks_the_review_is_posted_all_the_same(stage: Stage):
    stage.github.apps.accept_permissions(stage.installation, {**PERMISSIONS, "checks": "read"})

    published = await stage.publish(review(finding(3)))

    assert published.outcome is Outcome.POSTED
    assert stage.inline == [("shop/new.py", None, 3)]
    assert stage.checks == []


async def test_a_conversation_locked_meanwhile_leaves_everything_to_the_check(stage: Stage):
    body = {"message": "Unable to create comment because issue is locked."}
    stage.github.faults.add(method="POST", path=REVIEWS, status=403, body=body)

    published = await stage.publish(review(finding(3)))

    assert [k.place for k in published.known] == [Place.CHECK]
    assert stage.pull.comments == []
    assert stage.checks == [("completed", "failure", "1 critical")]


async def test_a_repository_archived_meanwhile_ends_the_work(stage: Stage):
    body = {"message": "Repository was archived so is read-only."}
    stage.github.faults.add(method="POST", path=REVIEWS, status=403, body=body)

    published = await stage.publish(review(finding(3)))

    assert published.outcome is Outcome.CLOSED


async def test_a_pending_review_left_by_a_crash_is_deleted(stage: Stage):
    stage.leave_pending_review()

    await stage.publish(review(finding(3)))

    assert [r.state for r in stage.pull.reviews] == ["COMMENTED"]
    assert stage.inline == [("shop/new.py", None, 3)]


async def test_writes_keep_to_the_pace_of_the_installation(stage: Stage):
    stage.pacer = hurried(2, 0.01, patience=5.0)
    stage.connect()

    with pytest.raises(RateLimitedError, match="wait"):
        await stage.publish(review(finding(3)))

    assert len(stage.writes) == 2
