"""Ten pushes to one pull request: what was said once stays one comment, whatever is done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stories.seen import seen
from tests.worker.test_whole_way import BOUND, INJECTION, UNVERIFIED

if TYPE_CHECKING:
    from tests.worker.service import Service

LONGER = '"""Orders, and more of them."""\n\nLIMIT = 10\n' + INJECTION.partition("\n")[2]
"""The same mistake further down."""


async def test_ten_pushes_are_one_conversation(service: Service):  # noqa: PLR0915 ten of them
    github = service.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")

    # 1. Bob opens a pull request with a mistake.
    pull = github.pulls.open("alice/shop", "orders", author="bob")
    await service.idle()
    assert seen(service, pull) == [
        "check: failure, 1 critical",
        "summary: sql-injection at app/orders.py:8, open",
        "comment: sql-injection on app/orders.py, open",
    ]
    (first,) = pull.review_comments

    # 2. He adds a second file with another.
    github.pulls.push(pull, {"app/rates.py": UNVERIFIED})
    await service.idle()
    assert seen(service, pull) == [
        "check: failure, 2 critical",
        "summary: sql-injection at app/orders.py:8, open",
        "summary: tls-verify-disabled at app/rates.py:8, open",
        "comment: sql-injection on app/orders.py, open",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]

    # 3. The first one is fixed.
    third = github.pulls.push(pull, {"app/orders.py": BOUND})[:7]
    await service.idle()
    assert seen(service, pull) == [
        "check: failure, 1 critical",
        "summary: tls-verify-disabled at app/rates.py:8, open",
        f"summary: sql-injection at app/orders.py:8, fixed in {third}",
        "comment: sql-injection on app/orders.py, closed, folded",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]

    # 4. And is back, further down: the same comment opens again.
    github.pulls.push(pull, {"app/orders.py": LONGER})
    await service.idle()
    fourth = [
        "check: failure, 2 critical",
        "summary: sql-injection at app/orders.py:10, open",
        "summary: tls-verify-disabled at app/rates.py:8, open",
        "comment: sql-injection on app/orders.py, open",
        "comment: tls-verify-disabled on app/rates.py, open",
    ]
    assert sorted(seen(service, pull)) == sorted(fourth)
    assert pull.review_comments[0] is first

    # 5. Only words change: nothing that stands there does.
    said = [one.body for one in pull.review_comments]
    github.pulls.push(pull, {"README.md": "# Shop\n"})
    await service.idle()
    assert sorted(seen(service, pull)) == sorted(fourth)
    assert [one.body for one in pull.review_comments] == said

    # 6. The base moves on and Bob rebases.
    github.repositories.commit("alice/shop", "main", {"NEWS.md": "New\n"})
    both = {"app/orders.py": LONGER, "app/rates.py": UNVERIFIED, "README.md": "# Shop\n"}
    github.pulls.push(pull, both, onto="main", message="All at once")
    await service.idle()
    assert sorted(seen(service, pull)) == sorted(fourth)

    # 7. He merges the base into his branch: what others did is not his.
    github.repositories.commit("alice/shop", "main", {"app/theirs.py": UNVERIFIED})
    github.repositories.merge("alice/shop", "orders", "main", author="bob")
    await service.idle()
    assert sorted(seen(service, pull)) == sorted(fourth)

    # 8. A force-push drops the second file.
    eighth = github.pulls.push(pull, {"app/orders.py": LONGER}, onto="main")[:7]
    await service.idle()
    assert sorted(seen(service, pull)) == sorted(
        [
            "check: failure, 1 critical",
            "summary: sql-injection at app/orders.py:10, open",
            f"summary: tls-verify-disabled at app/rates.py:8, fixed in {eighth}",
            "comment: sql-injection on app/orders.py, open",
            "comment: tls-verify-disabled on app/rates.py, closed, folded",
        ]
    )

    # 9. A file of the base is renamed and made worse, then renamed back: one finding, one comment.
    worse = INJECTION.replace("orders", "prices")
    github.pulls.push(pull, {"app/prices.py": None, "app/costs.py": worse + "\n\nMORE = 1\n"})
    github.pulls.push(pull, {"app/costs.py": None, "app/prices.py": worse})
    await service.idle()
    now = seen(service, pull)
    assert now[0] == "check: failure, 2 critical"
    assert [line for line in now if "prices.py" in line] == [
        "summary: sql-injection at app/prices.py:8, open",
        "comment: sql-injection on app/prices.py, open",
    ]

    # 10. Everything is mended: green, and every comment says in which commit.
    github.pulls.push(pull, {"app/orders.py": BOUND, "app/prices.py": "PRICE = 1\n"})
    await service.idle()
    end = seen(service, pull)
    assert end[0] == "check: success, No findings"
    assert all("fixed in" in line for line in end if line.startswith("summary"))
    assert all(line.endswith("closed, folded") for line in end if line.startswith("comment"))

    assert pull.review_comments[0] is first
    covers = [one for one in pull.reviews if one.user is service.app.bot]
    assert len(covers) == len([one for one in covers if one.body])
    assert len([one for one in service.comments(pull) if "## Code Review" in one]) == 1
    assert {one.status for one in pull.repository.check_runs.values()} == {"completed"}
