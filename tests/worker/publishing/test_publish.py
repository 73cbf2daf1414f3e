from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rules.core.config import Config
from rules.core.findings import Skipped, Suggestion, Verdict
from rules.core.rule import Confidence
from tests.github import LocalGitHub
from tests.worker.publishing.stage import Stage, finding, review
from worker.publishing.standing import Outcome, Place, Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with LocalGitHub() as github:
        stage = Stage(github)
        yield stage
        await stage.close()


async def test_a_first_review_is_one_review_one_summary_and_one_check(stage: Stage):
    published = await stage.publish(review(finding(3), finding(11, "shop/old.py")))

    assert published.outcome is Outcome.POSTED
    assert stage.inline == [("shop/new.py", None, 3), ("shop/old.py", None, 11)]
    assert [r.state for r in stage.pull.reviews] == ["COMMENTED"]
    assert stage.checks == [("completed", "failure", "2 critical")]
    assert [c.id for c in stage.pull.comments] == [published.summary_comment_id]
    assert [(k.place, k.comment_id) for k in published.known] == [
        (Place.INLINE, stage.pull.review_comments[0].id),
        (Place.INLINE, stage.pull.review_comments[1].id),
    ]


async def test_publishing_a_first_review_takes_seven_requests_in_a_row(stage: Stage):
    found = review(*(finding(line) for line in range(1, 11)), finding(11, "shop/old.py"))

    await stage.publish(found)

    number, check = stage.pull.number, next(iter(stage.repo.check_runs))
    base = "/repos/alice/shop"
    assert [(r.method, r.path) for r in stage.github.requests] == [
        ("POST", f"/app/installations/{stage.installation.id}/access_tokens"),
        ("POST", f"{base}/check-runs"),
        ("GET", f"{base}/pulls/{number}/files"),
        ("GET", f"{base}/pulls/{number}"),
        ("POST", f"{base}/pulls/{number}/reviews"),
        ("GET", f"{base}/pulls/{number}/reviews/{stage.pull.reviews[0].id}/comments"),
        ("POST", f"{base}/issues/{number}/comments"),
        ("PATCH", f"{base}/check-runs/{check}"),
    ]


async def test_a_range_goes_from_its_first_to_its_last_line_and_carries_the_suggestion(
    stage: Stage,
):
    fix = Suggestion(5, 6, "better = 1\n")

    await stage.publish(review(finding(5, fix=fix)))

    assert stage.inline == [("shop/new.py", 5, 6)]
    assert "```suggestion\nbetter = 1\n```" in stage.bodies[0]


async def test_a_range_is_clipped_to_the_hunk_that_shows_its_beginning(stage: Stage):
    await stage.publish(review(finding(12, "shop/old.py", end_line=17)))

    assert stage.inline == [("shop/old.py", 12, 14)]


async def test_what_no_hunk_shows_becomes_a_comment_on_the_file(stage: Stage):
    published = await stage.publish(review(finding(30, "shop/old.py")))

    assert stage.inline == [("shop/old.py", None, None)]
    assert [k.place for k in published.known] == [Place.FILE]
    assert published.known[0].comment_id == stage.pull.review_comments[0].id


async def test_what_stands_on_unchanged_lines_or_is_unsure_is_said_in_the_summary_only(
    stage: Stage,
):
    found = review(finding(3, new=False), finding(4, confidence=Confidence.LOW))

    published = await stage.publish(found)

    assert stage.inline == []
    assert [k.place for k in published.known] == [Place.SUMMARY, Place.SUMMARY]
    summary = stage.pull.comments[0].body
    assert f"/alice/shop/blob/{stage.pull.head_sha}/shop/new.py#L3" in summary


async def test_the_thirty_most_urgent_are_inline_and_the_rest_annotates_the_check(stage: Stage):
    found = review(*(finding(line, rule=f"SEC{line}") for line in range(1, 36)))

    published = await stage.publish(found)

    assert len(stage.inline) == 30
    assert [
        len([c for c in stage.pull.review_comments if c.review is r]) for r in stage.pull.reviews
    ] == [25, 5]
    run = next(iter(stage.repo.check_runs.values()))
    assert [one["start_line"] for one in run.annotations] == [31, 32, 33, 34, 35]
    assert [k.place for k in published.known].count(Place.CHECK) == 5


async def test_a_hundred_and_twenty_annotations_arrive_in_batches(stage: Stage):
    found = review(*(finding(line, "shop/unlisted.py", f"SEC{line}") for line in range(1, 121)))

    await stage.publish(found)

    run = next(iter(stage.repo.check_runs.values()))
    assert [one["start_line"] for one in run.annotations] == list(range(1, 121))
    assert stage.checks == [("completed", "failure", "120 critical")]


async def test_more_than_five_of_one_rule_become_one_comment_with_the_list(stage: Stage):
    found = review(*(finding(line) for line in range(1, 8)), finding(20, rule="SEC104"))

    published = await stage.publish(found)

    assert stage.inline == [("shop/new.py", None, 1), ("shop/new.py", None, 20)]
    assert "7 places" in stage.bodies[0]
    assert len({k.comment_id for k in published.known[:7]}) == 1


async def test_nothing_to_say_is_a_green_check_and_a_summary_if_always(stage: Stage):
    await stage.publish(review())

    assert stage.checks == [("completed", "success", "No findings")]
    assert stage.pull.reviews == []
    assert len(stage.pull.comments) == 1


@pytest.mark.parametrize("mode", ["findings", "off"])
async def test_nothing_to_say_is_silent_unless_always(stage: Stage, mode: str):
    published = await stage.publish(review(), config=Config(summary=mode))  # pyright: ignore[reportArgumentType]

    assert stage.pull.comments == []
    assert published.summary_comment_id is None


async def test_a_partial_review_is_never_green(stage: Stage):
    skipped = (Skipped("shop/new.py", "syntax error at line 1"),)

    await stage.publish(review(skipped=skipped, verdict=Verdict.PARTIAL))

    assert stage.checks == [
        ("completed", "neutral", "Partial review: no findings; 1 file not reviewed")
    ]


async def test_a_review_that_did_not_happen_is_said_by_the_check_alone(stage: Stage):
    await stage.publish(review(verdict=Verdict.SKIPPED, notes=("Bots are not reviewed.",)))

    assert stage.checks == [("completed", "skipped", "Not reviewed: Bots are not reviewed.")]
    assert (stage.pull.reviews, stage.pull.comments) == ([], [])


async def test_a_newer_head_gets_nothing_of_the_old_review(stage: Stage):
    target = stage.target
    stage.push()

    published = await stage.publish(review(finding(3)), target=target)

    assert published.outcome is Outcome.SUPERSEDED
    assert (stage.pull.reviews, stage.pull.comments) == ([], [])
    assert stage.checks == [("completed", "skipped", "Superseded by a newer commit")]


async def test_a_closed_pull_request_gets_nothing_more(stage: Stage):
    stage.github.pulls.close(stage.pull)

    published = await stage.publish(review(finding(3)))

    assert published.outcome is Outcome.CLOSED
    assert (stage.pull.reviews, stage.pull.comments) == ([], [])


async def test_a_locked_conversation_is_left_alone_and_the_check_says_it_all(stage: Stage):
    stage.github.pulls.lock(stage.pull)

    published = await stage.publish(review(finding(3)))

    assert [k.place for k in published.known] == [Place.CHECK]
    assert (stage.pull.reviews, stage.pull.comments) == ([], [])
    assert stage.checks == [("completed", "failure", "1 critical")]


async def test_a_repository_deleted_meanwhile_ends_the_work_without_an_error(stage: Stage):
    target = stage.target
    check = await stage.publisher.start_check(target)
    stage.github.repositories.delete(stage.repo)

    published = await stage.publisher.publish(
        target, review(finding(3)), Config(), {}, Standing(), check
    )

    assert published.outcome is Outcome.CLOSED


async def test_a_check_without_a_review_says_why(stage: Stage):
    target = stage.target
    check = await stage.publisher.start_check(target)

    await stage.publisher.conclude(target, check, "skipped", "Draft", "Waits for its author.")

    assert stage.checks == [("completed", "skipped", "Draft")]
