"""Stories of files that move while their pull request is open: what was said goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.models import FindingState
from tests.stories.seen import seen
from tests.worker.test_whole_way import BOUND, INJECTION

if TYPE_CHECKING:
    from tests.worker.service import Service


async def test_a_new_file_that_moves_keeps_its_comment_and_its_dismissal(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    (comment,), (record,) = pull.review_comments, await service.findings(pull)

    # Bob moves the file: the comment that stands there says so, and nothing is said twice.
    github.pulls.push(pull, renames={"app/orders.py": "app/sales.py"})
    await service.idle()
    moved = [
        "check: failure, 1 critical",
        "summary: sql-injection at app/sales.py:8, open",
        "comment: sql-injection on app/orders.py, open",
    ]
    assert seen(service, pull) == moved
    (now,) = await service.findings(pull)
    assert (now.id, now.path, now.comment_id) == (record.id, "app/sales.py", comment.id)

    # Alice dismisses it under its new name, and it moves again.
    github.comments.write(pull, "alice", f"/dismiss {now.fingerprint[:8]} only our own names")
    await service.idle()
    github.pulls.push(pull, renames={"app/sales.py": "app/deals.py"})
    await service.idle()
    assert seen(service, pull) == [
        "check: success, No findings",
        "summary: sql-injection at app/deals.py:8, dismissed",
        "comment: sql-injection on app/orders.py, closed, folded",
    ]

    # She thinks again, by the name that the summary shows now.
    (again,) = await service.findings(pull)
    github.comments.write(pull, "alice", f"/restore {again.fingerprint[:8]}")
    await service.idle()
    assert seen(service, pull)[0] == "check: failure, 1 critical"

    # Back where it was, and mended there.
    github.pulls.push(pull, renames={"app/deals.py": "app/orders.py"})
    await service.idle()
    assert seen(service, pull)[1:] == [
        "summary: sql-injection at app/orders.py:8, open",
        "comment: sql-injection on app/orders.py, open",
    ]
    head = github.pulls.push(pull, {"app/orders.py": BOUND})[:7]
    await service.idle()
    assert seen(service, pull) == [
        "check: success, No findings",
        f"summary: sql-injection at app/orders.py:8, fixed in {head}",
        "comment: sql-injection on app/orders.py, closed, folded",
    ]
    (end,) = await service.findings(pull)
    assert (end.id, end.fingerprint) == (record.id, record.fingerprint)


async def test_a_file_of_the_base_that_is_made_worse_and_then_moves(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "worse", {"app/prices.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "worse", author="bob")
    await service.idle()

    github.pulls.push(pull, renames={"app/prices.py": "app/costs.py"})
    await service.idle()

    assert seen(service, pull) == [
        "check: failure, 1 critical",
        "summary: sql-injection at app/costs.py:8, open",
        "comment: sql-injection on app/prices.py, open",
    ]


async def test_a_file_that_moves_while_the_conversation_is_locked(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    github.pulls.lock(pull)
    github.pulls.push(pull, renames={"app/orders.py": "app/sales.py"})
    await service.idle()
    github.pulls.lock(pull, locked=False)
    github.pulls.push(pull, {"README.md": "# Shop\n"})
    await service.idle()

    assert seen(service, pull) == [
        "check: failure, 1 critical",
        "summary: sql-injection at app/sales.py:8, open",
        "comment: sql-injection on app/orders.py, open",
    ]


async def test_a_dismissal_holds_where_its_file_has_moved_on_the_base(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    (found,) = await service.findings(pull)
    github.comments.write(pull, "alice", f"/dismiss {found.fingerprint[:8]} path as agreed")
    await service.idle()

    github.repositories.commit("alice/shop", "again", {"app/sales.py": INJECTION}, author="bob")
    other = github.pulls.open("alice/shop", "again", author="bob")
    await service.idle()

    assert {one.state for one in await service.findings(other)} == {FindingState.DISMISSED}
    assert service.checks(other)[-1].conclusion == "success"
