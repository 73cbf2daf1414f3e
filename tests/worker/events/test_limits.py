"""Conversations that meet the limits of GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.worker.test_whole_way import INJECTION

if TYPE_CHECKING:
    from tests.worker.service import Service


async def test_files_that_github_does_not_list_are_reviewed_and_told_in_the_check(
    service: Service,
):
    service.github.world.limits.max_files = 1
    files = {"app/a.py": INJECTION, "app/b.py": INJECTION}
    service.github.repositories.commit("alice/shop", "orders", files)
    pull = service.github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()

    (run,) = service.checks(pull)
    (summary,) = service.comments(pull)
    assert [one.original.path for one in pull.review_comments] == ["app/a.py"]
    assert [one["path"] for one in run.annotations] == ["app/b.py"]
    assert "GitHub lists 1 of the 2 files of this change." in summary
    assert (run.conclusion, run.title) == ("failure", "2 critical")


async def test_a_locked_conversation_is_answered_by_the_check_alone(service: Service):
    service.github.repositories.commit("alice/shop", "orders", {"app/a.py": INJECTION})
    service.github.webhooks.hold()
    pull = service.github.pulls.open("alice/shop", "orders", author="bob")
    service.github.pulls.lock(pull)
    service.github.webhooks.release()
    await service.idle()

    (run,) = service.checks(pull)
    assert (pull.review_comments, service.comments(pull)) == ([], [])
    assert [one["path"] for one in run.annotations] == ["app/a.py"]
    assert run.conclusion == "failure"
