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


async def test_what_github_shows_no_patch_of_is_said_on_its_file(service: Service):
    service.github.limits.max_patch = 10
    service.github.repositories.commit("alice/shop", "orders", {"app/a.py": INJECTION})
    pull = service.github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()

    (comment,) = pull.review_comments
    assert (comment.original.path, comment.original.line) == ("app/a.py", None)
    assert "sql-injection" in comment.body


async def test_a_change_whose_diff_github_refuses_is_reviewed_all_the_same(service: Service):
    """With status 406, above 300 files or 20,000 lines."""
    service.github.limits.max_diff_files = service.github.limits.max_diff_lines = 1
    files = {"app/a.py": INJECTION, "app/b.py": INJECTION}
    service.github.repositories.commit("alice/shop", "orders", files)
    pull = service.github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()

    assert [one.original.line for one in pull.review_comments] == [8, 8]
    assert service.checks(pull)[0].title == "2 critical"


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
