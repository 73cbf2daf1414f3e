"""From the push to the summary, through HTTP and git only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.models import DeliveryState, FindingState

if TYPE_CHECKING:
    from app.models import FindingRecord
    from tests.github.state import PullRequest
    from tests.worker.service import Service

INJECTION = '''"""Orders."""

import sqlite3


def find(connection: sqlite3.Connection, name: str) -> list[tuple[int]]:
    """The orders of a customer."""
    return connection.execute(f"SELECT id FROM orders WHERE name = '{name}'").fetchall()
'''
BOUND = '''"""Orders."""

import sqlite3


def find(connection: sqlite3.Connection, name: str) -> list[tuple[int]]:
    """The orders of a customer."""
    return connection.execute("SELECT id FROM orders WHERE name = ?", (name,)).fetchall()
'''
UNVERIFIED = '''"""Rates from outside."""

import httpx


async def rate() -> str:
    """The rate of today."""
    async with httpx.AsyncClient(verify=False) as client:
        return (await client.get("https://rates.example.com/today")).text
'''


def _fates(findings: list[FindingRecord]) -> dict[str, FindingState]:
    return {one.rule: one.state for one in findings}


def _ours(pull: PullRequest) -> dict[str, str]:
    """Our inline comments by path."""
    return {one.original.path: one.body for one in pull.review_comments if one.user.type == "Bot"}


async def test_a_pull_request_is_reviewed_from_its_first_push_to_its_last(sandboxed: Service):
    service, github = sandboxed, sandboxed.github
    github.repositories.commit("alice/shop", "orders", {"app/orders.py": INJECTION}, author="bob")
    pull = github.pulls.open("alice/shop", "orders", title="Orders", author="bob")
    await service.idle()
    first = pull.head_sha

    assert _fates(await service.findings(pull)) == {"SEC101": FindingState.OPEN}
    assert list(_ours(pull)) == ["app/orders.py"]
    assert [run.conclusion for run in service.checks(pull)] == ["failure"]

    github.pulls.push(pull, {"app/orders.py": BOUND, "app/rates.py": UNVERIFIED})
    await service.idle()
    second = pull.head_sha

    assert _fates(await service.findings(pull)) == {
        "SEC101": FindingState.FIXED,
        "SEC110": FindingState.OPEN,
    }
    assert {one.fixed_sha for one in await service.findings(pull)} == {second, None}
    assert sorted(_ours(pull)) == ["app/orders.py", "app/rates.py"]
    assert second[:7] in _ours(pull)["app/orders.py"]

    comment = github.comments.write(pull, "bob", "/recheck")
    await service.idle()

    assert [(one.user.login, one.content) for one in comment.reactions] == [
        ("backend-expert[bot]", "eyes"),
        ("backend-expert[bot]", "rocket"),
    ]
    reviews = await service.reviews(pull)
    assert [(one.generation, one.head_sha, str(one.state)) for one in reviews] == [
        (1, first, "done"),
        (2, second, "done"),
        (3, second, "done"),
    ]
    await _agree(service, pull)


async def _agree(service: Service, pull: PullRequest) -> None:
    """Hold the database against the local GitHub."""
    row, findings = await service.row(pull), await service.findings(pull)
    summaries = [one for one in pull.comments if one.user is service.app.bot]
    assert [one.id for one in summaries] == [row.summary_comment_id]
    assert row.reviewed_head_sha == pull.head_sha
    assert {one.comment_id for one in findings} == {one.id for one in pull.review_comments}
    assert {one.path for one in findings} == {one.original.path for one in pull.review_comments}
    for finding in findings:
        assert ("- [x]" if finding.state is FindingState.FIXED else "- [ ]") in summaries[0].body
        assert finding.name in summaries[0].body
    runs = list(pull.repository.check_runs.values())
    assert {run.status for run in runs} == {"completed"}
    recorded = {one.check_run_id for one in await service.reviews(pull)}
    assert recorded == {run.id for run in runs}
    states = set((await service.deliveries()).values())
    assert states == {DeliveryState.DONE, DeliveryState.IGNORED}


PRICES = """import httpx


def price(token: str) -> float:
    {}
"""
QUOTES = """from prices import price


async def quote(token: str) -> float:
    return price(token)
"""
CALLER = """import httpx


def ask(token: str) -> float:
    return httpx.get("https://prices.example.com", params={"token": token}, timeout=5).json()
"""


async def test_what_a_change_does_to_a_file_beside_is_said_at_the_changed_line(sandboxed: Service):
    github = sandboxed.github
    before = {"prices.py": PRICES.format("return 1.0"), "quotes.py": QUOTES, "asking.py": CALLER}
    github.repositories.commit("alice/shop", "main", before, author="alice")
    after = PRICES.format("return ask(token)").replace("import httpx", "from asking import ask")
    github.repositories.commit("alice/shop", "ask", {"prices.py": after}, author="bob")
    pull = github.pulls.open("alice/shop", "ask", title="Ask", author="bob")
    await sandboxed.idle()

    (comment,) = [one for one in pull.review_comments if one.user.type == "Bot"]
    assert (comment.original.path, comment.original.line) == ("prices.py", 5)
    blob = f"/alice/shop/blob/{pull.head_sha}"
    assert "The change at [`prices.py:5`](" in comment.body
    assert f"{blob}/prices.py#L5) brings this to [`quotes.py:5`](" in comment.body
    assert f"{blob}/quotes.py#L5): `price` blocks the event loop" in comment.body
    assert re.findall(r"^\d\. \[`(.*?)`\]\(.*?(/alice\S+)\)", comment.body, re.MULTILINE) == [
        ("prices.py:5", f"{blob}/prices.py#L5"),
        ("asking.py:5", f"{blob}/asking.py#L5"),
    ]
    (finding,) = await sandboxed.findings(pull)
    assert (finding.path, finding.line) == ("quotes.py", 5)
