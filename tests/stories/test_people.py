"""Stories of people: a contributor from outside, a reviewer, somebody who asks too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stories.seen import seen
from tests.worker.test_whole_way import INJECTION, UNVERIFIED

if TYPE_CHECKING:
    from tests.github.state import IssueComment
    from tests.worker.service import Service

OPEN = [
    "check: failure, 1 critical",
    "summary: sql-injection at app/orders.py:8, open",
    "comment: sql-injection on app/orders.py, open",
]


def _answers(comment: IssueComment) -> list[str]:
    return [one.content for one in comment.reactions if one.user.type == "Bot"]


async def test_a_contributor_from_a_fork(service: Service):
    github = service.github
    fork = github.repositories.fork("alice/shop", "carol")
    github.repositories.commit(fork, "orders", {"app/orders.py": INJECTION})
    pull = github.pulls.open("alice/shop", "orders", head_repository=fork)
    await service.idle()
    assert seen(service, pull) == OPEN

    # Carol may have another look taken at her own change, and dismiss nothing.
    again = github.comments.write(pull, "carol", "/recheck")
    name = (await service.findings(pull))[0].fingerprint[:8]
    dismissed = github.comments.write(pull, "carol", f"/dismiss {name} it is fine")
    await service.idle()
    assert (_answers(again), _answers(dismissed)) == (["eyes", "rocket"], ["confused"])
    assert seen(service, pull) == OPEN

    # GitHub names no pull request when a check on a fork is asked for again.
    github.checks.rerequest(service.checks(pull)[-1], "alice")
    await service.idle()
    assert len(await service.reviews(pull)) == 3
    assert seen(service, pull) == OPEN

    # Her configuration decides nothing either.
    github.pulls.push(pull, {".github/backend-expert.toml": 'ignore = ["SEC101"]\n'})
    await service.idle()
    assert seen(service, pull) == OPEN

    # She deletes her fork, and the pull request is closed with it.
    github.repositories.delete(fork)
    if pull.state == "open":
        github.pulls.close(pull)
    await service.idle()
    assert seen(service, pull) == OPEN


async def test_a_reviewer_who_dismisses_and_thinks_again(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    name = (await service.findings(pull))[0].fingerprint[:8]

    github.comments.write(pull, "alice", f"/dismiss {name} internal tool")
    await service.idle()
    dismissed = [
        "check: success, No findings",
        "summary: sql-injection at app/orders.py:8, dismissed",
        "comment: sql-injection on app/orders.py, closed, folded",
    ]
    assert seen(service, pull) == dismissed

    # It stays dismissed over a push, and in another pull request with the same code.
    github.pulls.push(pull, {"README.md": "# Shop\n"})
    github.repositories.commit("alice/shop", "same", {"app/orders.py": INJECTION}, author="bob")
    other = github.pulls.open("alice/shop", "same", author="bob")
    await service.idle()
    assert seen(service, pull) == dismissed
    assert seen(service, other) == dismissed[:2]

    github.comments.write(pull, "alice", f"/restore {name}")
    await service.idle()
    assert seen(service, pull) == OPEN


async def test_a_reviewer_who_locks_the_conversation_and_opens_it(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()

    github.pulls.lock(pull)
    github.pulls.push(pull, {"app/rates.py": UNVERIFIED})
    await service.idle()
    assert seen(service, pull) == ["check: failure, 2 critical", *OPEN[1:]]

    # Opened again, the conversation is told at once what was found meanwhile.
    github.pulls.lock(pull, locked=False)
    await service.idle()
    assert sorted(seen(service, pull)) == sorted(
        [
            "check: failure, 2 critical",
            *OPEN[1:],
            "summary: tls-verify-disabled at app/rates.py:8, open",
        ]
    )


async def test_a_reviewer_who_deletes_our_comment_is_told_in_the_summary_only(service: Service):
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()

    github.comments.delete(pull.review_comments[0], "alice")
    github.pulls.push(pull, {"README.md": "# Shop\n"})
    await service.idle()

    assert seen(service, pull) == OPEN[:2]
    assert [one.comment_id for one in await service.findings(pull)] == [None]
    assert "#discussion_r" not in service.comments(pull)[0]
