"""The second push and the tenth: what was said, is fixed, comes back, or was answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rules.core.findings import Skipped, Verdict
from tests.github import LocalGitHub
from tests.github.state import PERMISSIONS
from tests.worker.publishing.stage import CHANGED, Stage, after, finding, review
from worker.publishing.markers import Mark
from worker.publishing.standing import Outcome, Place, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with LocalGitHub() as github:
        stage = Stage(github, {**PERMISSIONS, "contents": "write"})
        yield stage
        await stage.close()


async def test_what_was_said_is_not_said_again(stage: Stage):
    first = await stage.publish(review(finding(3)))
    stage.push()

    second = await stage.publish(review(finding(3), finding(9)), after(first))

    assert stage.inline == [("shop/new.py", None, 3), ("shop/new.py", None, 9)]
    assert len(stage.pull.comments) == 1
    assert second.summary_comment_id == first.summary_comment_id
    assert second.known[0] == first.known[0]


async def test_the_same_review_of_the_same_head_changes_nothing(stage: Stage):
    first = await stage.publish(review(finding(3), finding(30, "shop/old.py")))
    before, writes = stage.state, len(stage.writes)

    again = await stage.publish(
        review(finding(3), finding(30, "shop/old.py")), after(first, uncertain=True)
    )

    assert stage.state == before
    assert again == replace(first, review_ids=())
    assert [path for _, path in stage.writes[writes:]] == [
        f"/repos/alice/shop/check-runs/{next(iter(stage.repo.check_runs))}"
    ]


async def test_a_fixed_finding_is_edited_folded_resolved_and_ticked(stage: Stage):
    first = await stage.publish(review(finding(3), finding(9)))
    stage.push()

    second = await stage.publish(review(finding(9)), after(first))

    fixed, still = stage.pull.review_comments
    assert f"fixed in [`{stage.pull.head_sha[:7]}`]" in fixed.body
    assert (fixed.minimized, still.minimized) == ("resolved", None)
    assert [t.resolved_by is not None for t in stage.pull.threads] == [True, False]
    assert [(k.state, k.fixed_sha) for k in second.known] == [
        (State.OPEN, None),
        (State.FIXED, stage.pull.head_sha),
    ]
    assert "- [x]" in stage.pull.comments[0].body


async def test_a_fixed_finding_keeps_the_commit_that_fixed_it(stage: Stage):
    first = await stage.publish(review(finding(3)))
    stage.push()
    second = await stage.publish(review(), after(first))
    body = stage.pull.review_comments[0].body
    stage.push({"shop/other.py": "y = 1\n"})
    writes = len(stage.writes)

    third = await stage.publish(review(), after(second))

    assert stage.pull.review_comments[0].body == body
    assert third.known == second.known
    assert len(stage.writes) - writes == 3  # the check twice, and the summary


async def test_a_finding_that_comes_back_is_the_old_comment_again(stage: Stage):
    first = await stage.publish(review(finding(3)))
    body = stage.pull.review_comments[0].body
    stage.push()
    second = await stage.publish(review(), after(first))
    stage.push({"shop/other.py": "y = 1\n"})

    third = await stage.publish(review(finding(3)), after(second))

    assert len(stage.pull.review_comments) == 1
    assert stage.pull.review_comments[0].body == body
    assert stage.pull.review_comments[0].minimized is None
    assert stage.pull.threads[0].resolved_by is None
    assert third.known[0].state is State.OPEN


@pytest.mark.parametrize("left", [False, True])
async def test_a_comment_that_somebody_answered_stays_in_sight(stage: Stage, left: bool):
    """Also when who answered has deleted the account since."""
    first = await stage.publish(review(finding(3)))
    stage.github.comments.reply(stage.pull.review_comments[0], "bob", "Is it?")
    if left:
        stage.github.comments.delete_account("bob")
    stage.push()

    await stage.publish(review(), after(first))

    ours, reply = stage.pull.review_comments
    assert "fixed in" in ours.body
    assert ours.minimized is None
    assert stage.pull.threads[0].resolved_by is None
    assert reply.body == "Is it?"


async def test_without_contents_write_the_thread_stays_open(stage: Stage):
    stage.github.apps.accept_permissions(stage.installation, PERMISSIONS)
    first = await stage.publish(review(finding(3)))
    stage.push()

    await stage.publish(review(), after(first))

    assert stage.pull.review_comments[0].minimized == "resolved"
    assert stage.pull.threads[0].resolved_by is None


async def test_a_finding_in_a_file_that_was_not_analysed_is_not_called_fixed(stage: Stage):
    first = await stage.publish(review(finding(3)))
    stage.push()
    skipped = (Skipped("shop/new.py", "syntax error at line 1"),)

    second = await stage.publish(review(skipped=skipped, verdict=Verdict.PARTIAL), after(first))

    assert "fixed in" not in stage.bodies[0]
    assert second.known == first.known


async def test_a_dismissed_finding_is_folded_and_not_counted(stage: Stage):
    first = await stage.publish(review(finding(3)))
    dismissed = replace(
        first.known[0],
        state=State.DISMISSED,
        dismissed_by="bob",
        dismissed_reason="ask @alice",
    )

    await stage.publish(review(finding(3)), after(replace(first, known=(dismissed,))))

    assert "dismissed by **bob**" in stage.bodies[0].lower()
    assert "@alice" not in stage.bodies[0]
    assert stage.pull.review_comments[0].minimized == "resolved"
    assert stage.checks[-1] == ("completed", "success", "No findings")


async def test_a_deleted_comment_is_respected(stage: Stage):
    first = await stage.publish(review(finding(3)))
    stage.github.comments.delete(stage.pull.review_comments[0], "alice")
    stage.push()

    second = await stage.publish(review(finding(3)), after(first))
    stage.push({"shop/other.py": "y = 1\n"})
    await stage.publish(review(finding(3)), after(second))

    assert stage.pull.review_comments == []
    assert (second.known[0].place, second.known[0].comment_id) == (Place.SUMMARY, None)


async def test_what_github_hides_and_still_holds_is_said_once_in_the_summary(stage: Stage):
    first = await stage.publish(review(finding(11, "shop/old.py")))
    (comment,) = stage.pull.review_comments
    text = "".join(CHANGED).replace("added_1 = 1", "added_1 = 11")
    stage.push({"shop/old.py": text})
    assert comment.current is None

    second = await stage.publish(review(finding(11, "shop/old.py")), after(first))

    assert stage.pull.review_comments == [comment]
    (row,) = [line for line in stage.pull.comments[0].body.splitlines() if "- [ ]" in line]
    assert f"/blob/{stage.pull.head_sha}/shop/old.py#L11)" in row
    assert f"although [its comment]({stage.github.url}/alice/shop/pull/1#discussion_r" in row
    assert second.known[0].comment_id == comment.id


async def test_a_deleted_summary_is_made_again_once(stage: Stage):
    first = await stage.publish(review(finding(3)))
    stage.github.comments.delete(stage.pull.comments[0], "alice")
    stage.push()

    second = await stage.publish(review(finding(3)), after(first))

    assert [c.id for c in stage.pull.comments] == [second.summary_comment_id]
    assert second.summary_comment_id != first.summary_comment_id


async def test_a_group_takes_up_further_findings_and_gives_up_fixed_ones(stage: Stage):
    first = await stage.publish(review(*(finding(line) for line in range(1, 8))))
    stage.push()
    second = await stage.publish(review(*(finding(line) for line in range(3, 9))), after(first))

    assert stage.inline == [("shop/new.py", None, 1)]
    assert "6 places" in stage.bodies[0]
    assert {k.comment_id for k in second.known} == {stage.pull.review_comments[0].id}
    stage.push({"shop/other.py": "y = 1\n"})

    third = await stage.publish(review(), after(second))

    assert "✅ Fixed in" in stage.bodies[0]
    assert stage.pull.review_comments[0].minimized == "resolved"
    assert {k.state for k in third.known} == {State.FIXED}


async def test_markers_that_others_wrote_mean_nothing(stage: Stage):
    marker = stage.signer.marker(Mark("summary", "summary"))
    forged = stage.github.comments.write(stage.pull, "mallory", f"{marker}\nAll is well.")
    first = await stage.publish(review(finding(3)))
    ours = stage.pull.review_comments[0]
    copy = stage.github.comments.reply(ours, "mallory", ours.body)
    copy.in_reply_to = None
    stage.push()

    second = await stage.publish(review(), after(first, uncertain=True))

    assert forged.body == f"{marker}\nAll is well."
    assert "fixed in" not in copy.body
    assert second.summary_comment_id == first.summary_comment_id


async def test_our_own_comment_without_a_valid_signature_is_left_alone(stage: Stage):
    first = await stage.publish(review(finding(3)))
    comment = stage.pull.review_comments[0]
    comment.body = comment.body.replace("finding:", "finding:x")
    text = comment.body
    stage.push()

    await stage.publish(review(), after(first))

    assert comment.body == text


async def test_a_repeated_comment_of_ours_is_deleted_unless_somebody_answered_it(stage: Stage):
    first = await stage.publish(review(finding(3)))
    ours = stage.pull.review_comments[0]
    double = stage.github.comments.reply(ours, stage.app.bot.login, ours.body)
    double.in_reply_to = None

    answered = stage.github.comments.reply(ours, stage.app.bot.login, ours.body)
    answered.in_reply_to = None
    answer = stage.github.comments.reply(ours, "bob", "Why twice?")
    answer.in_reply_to = answered.id

    again = await stage.publish(review(finding(3)), after(first, uncertain=True))

    assert stage.pull.review_comments == [ours, answered, answer]
    assert again.outcome is Outcome.POSTED
