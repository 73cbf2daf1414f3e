"""Stories of branches: another base, a stack of pull requests, a force-push at the wrong moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stories.seen import seen
from tests.worker.service import until
from tests.worker.test_whole_way import BOUND, INJECTION, UNVERIFIED

if TYPE_CHECKING:
    from tests.worker.service import Service

INJECTED = "summary: sql-injection at app/orders.py:8"
UNSAFE = "summary: tls-verify-disabled at app/rates.py:8"


async def test_a_base_that_has_the_mistake_already(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "next", {"app/orders.py": INJECTION})
    github.repositories.commit(
        "alice/shop", "work", {"app/orders.py": INJECTION, "app/rates.py": UNVERIFIED}
    )
    head = github.repositories.merge("alice/shop", "next", "main")
    assert head
    pull = github.pulls.open("alice/shop", "work", author="bob")
    await service.idle()
    assert seen(service, pull)[0] == "check: failure, 2 critical"

    # Against `next`, which it was not cut from, it still brings both; rebased on it only one.
    github.pulls.edit(pull, base="next")
    github.pulls.push(pull, {"app/rates.py": UNVERIFIED}, onto="next")
    await service.idle()
    assert seen(service, pull) == [
        "check: failure, 1 critical",
        f"{UNSAFE}, open",
        f"{INJECTED}, fixed in {pull.head_sha[:7]}",
        "comment: sql-injection on app/orders.py, closed, folded",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]

    # Back to the old base: the old comment is there again.
    github.pulls.edit(pull, base="main")
    await service.idle()
    assert seen(service, pull)[0] == "check: failure, 2 critical"
    assert [line for line in seen(service, pull) if line.startswith("comment")] == [
        "comment: sql-injection on app/orders.py, open",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]


async def test_a_stack_of_pull_requests(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "lower", {"app/orders.py": INJECTION}, author="bob")
    lower = github.pulls.open("alice/shop", "lower", author="bob")
    github.repositories.commit(
        "alice/shop", "upper", {"app/rates.py": UNVERIFIED}, onto="lower", author="bob"
    )
    upper = github.pulls.open("alice/shop", "upper", base="lower", author="bob")
    await service.idle()
    assert seen(service, lower)[1:2] == [f"{INJECTED}, open"]
    assert seen(service, upper)[1:] == [
        f"{UNSAFE}, open",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]

    # The lower one is merged as it is, and the upper one retargeted: it still answers for its own.
    github.pulls.merge(lower)
    github.pulls.edit(upper, base="main")
    await service.idle()
    assert seen(service, upper) == [
        "check: failure, 1 critical",
        f"{UNSAFE}, open",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]


async def test_a_force_push_during_a_review(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    github.faults.add(method="GET", path=r"/files", status=None, delay=1.5)
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await until(lambda: any(one.status == "in_progress" for one in service.checks(pull)))
    old = pull.head_sha

    github.pulls.push(pull, {"app/orders.py": BOUND, "app/rates.py": UNVERIFIED}, onto="main")
    await service.idle()

    assert [(one.conclusion, one.title) for one in service.checks(pull, old)] == [
        ("skipped", "Superseded")
    ]
    assert seen(service, pull) == [
        "check: failure, 1 critical",
        f"{UNSAFE}, open",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]


async def test_a_pull_request_that_is_merged_during_its_review(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    github.faults.add(method="GET", path=r"/files", status=None, delay=1.5)
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await until(lambda: any(one.status == "in_progress" for one in service.checks(pull)))

    github.pulls.merge(pull)
    await service.idle()

    assert [(one.status, one.conclusion) for one in service.checks(pull)] == [
        ("completed", "skipped")
    ]
    assert (pull.review_comments, service.comments(pull)) == ([], [])
