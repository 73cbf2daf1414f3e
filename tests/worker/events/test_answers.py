"""Conversations about why, how and whether a pull request is reviewed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.worker.test_whole_way import BOUND, INJECTION

if TYPE_CHECKING:
    from tests.github.state import IssueComment, PullRequest
    from tests.worker.service import Service

CONFIG = """\
[tool.backend-expert]
fail-on = "warning"
exclude = ["legacy/**"]
faill-on = "never"
"""


def _open(service: Service, files: dict[str, str]) -> PullRequest:
    service.github.repositories.commit("alice/shop", "orders", files)
    return service.github.pulls.open("alice/shop", "orders", author="bob")


def _reactions(comment: IssueComment) -> list[str]:
    return [one.content for one in comment.reactions]


async def _ask(service: Service, pull: PullRequest, login: str, body: str) -> tuple[str, list[str]]:
    """What we answer last after a comment, and our reactions to it."""
    comment = service.github.comments.write(pull, login, body)
    await service.idle()
    return service.comments(pull)[-1].partition("\n")[2], _reactions(comment)


async def test_a_rule_is_explained_with_a_link_to_its_page(service: Service):
    pull = _open(service, {"app/orders.py": INJECTION})
    await service.idle()

    by_code, well = await _ask(service, pull, "bob", "/explain sec101")
    unknown, not_well = await _ask(service, pull, "bob", "/explain SEC999")
    misused, confused = await _ask(service, pull, "bob", "/explain")

    assert "### SEC101 sql-injection" in by_code
    assert by_code.endswith(f"({service.settings.public_url}/rules/SEC101)")
    assert not re.search(r"^\s*/\w", by_code, re.MULTILINE)
    assert unknown == "There is no rule of that code or name."
    assert misused == "That was not understood. It is written `/explain CODE`."
    assert (well, not_well, confused) == (["eyes", "rocket"], ["eyes", "confused"], ["confused"])


async def test_everybody_is_told_why_a_path_was_reviewed_or_not(service: Service):
    service.github.repositories.commit("alice/shop", "main", {"pyproject.toml": CONFIG})
    pull = _open(
        service,
        {
            "app/orders.py": INJECTION,
            "legacy/old.py": INJECTION,
            "app/broken.py": "def f(:\n",
            "docs/read.md": "Read\n",
        },
    )
    await service.idle()

    answers = {
        path: (await _ask(service, pull, "bob", f"/why {path}"))[0]
        for path in ("app/orders.py", "legacy/old.py", "app/broken.py", "docs/read.md", "a/b.py")
    }

    assert answers["app/orders.py"].startswith("`app/orders.py` was reviewed: 1 found there;")
    assert answers["legacy/old.py"] == (
        "`legacy/old.py` was not reviewed: the configuration of the base excludes it."
    )
    assert answers["app/broken.py"].startswith("`app/broken.py` was not reviewed: ")
    assert "syntax" in answers["app/broken.py"]
    assert answers["docs/read.md"] == "`docs/read.md` was not reviewed: it is not a Python file."
    assert answers["a/b.py"] == f"`a/b.py` is not a part of this change at `{pull.head_sha[:7]}`."


async def test_every_value_of_the_configuration_is_shown_with_its_source(service: Service):
    base = service.github.repositories.commit("alice/shop", "main", {"pyproject.toml": CONFIG})
    pull = _open(service, {"app/orders.py": INJECTION})
    await service.idle()

    answer, reactions = await _ask(service, pull, "bob", "/config")

    assert f"read from its base `{base[:7]}`" in answer
    assert f'| `fail-on` | `"warning"` | pyproject.toml at `{base[:7]}` |' in answer
    assert f'| `exclude` | `["legacy/**"]` | pyproject.toml at `{base[:7]}` |' in answer
    assert "| `drafts` | `false` | default |" in answer
    assert "`faill-on` is not a setting (did you mean `fail-on`?)" in answer
    assert reactions == ["eyes", "rocket"]


async def test_an_answer_that_is_longer_than_github_takes_is_cut(service: Service):
    wrong = "".join(f"x{number} = 1\n" for number in range(4000))
    service.github.repositories.commit("alice/shop", "main", {".github/backend-expert.toml": wrong})
    pull = _open(service, {"app/orders.py": INJECTION})
    await service.idle()

    answer, reactions = await _ask(service, pull, "bob", "/config")

    assert reactions == ["eyes", "rocket"]
    assert answer.rstrip().endswith("_Truncated: the rest did not fit into one comment._")


async def test_reviews_are_paused_and_go_on_by_who_may_write(service: Service):
    github = service.github
    pull = _open(service, {"app/orders.py": INJECTION})
    await service.idle()

    refused = github.comments.write(pull, "bob", "/pause")
    paused = github.comments.write(pull, "alice", "/pause")
    await service.idle()
    github.pulls.push(pull, {"app/orders.py": BOUND})
    await service.idle()

    assert (_reactions(refused), _reactions(paused)) == (["confused"], ["eyes", "rocket"])
    (run,) = service.checks(pull)
    assert (run.status, run.conclusion, run.title) == ("completed", "skipped", "Reviews are paused")
    assert len(await service.reviews(pull)) == 1
    told, not_now = await _ask(service, pull, "bob", "/recheck")
    assert told == "The reviews of this pull request are paused. Comment `/resume` to go on."
    assert not_now == ["eyes", "confused"]

    _, resumed = await _ask(service, pull, "alice", "/resume")

    assert resumed == ["eyes", "rocket"]
    assert [run.conclusion for run in service.checks(pull)] == ["skipped", "success"]
    assert len(await service.reviews(pull)) == 2
    told, twice = await _ask(service, pull, "alice", "/resume")
    assert told == "The reviews of this pull request are not paused."
    assert twice == ["eyes", "confused"]


async def test_a_change_of_the_configuration_is_previewed_and_the_base_decides(service: Service):
    config = "fail-on = 'never'\nselekt = ['SEC']\nignore = ['SEC1O1']\n"
    pull = _open(service, {"app/orders.py": INJECTION, ".github/backend-expert.toml": config})
    await service.idle()

    (summary,) = service.comments(pull)

    assert 'once it is merged, `fail-on` is `"never"` instead of `"critical"`' in summary
    assert 'once it is merged, `ignore` is `["SEC1O1"]` instead of `[]`' in summary
    assert "In the configuration of this change, `selekt` is not a setting" in summary
    assert "`ignore` names `SEC1O1`, which is no rule" in summary
    assert [run.conclusion for run in service.checks(pull)] == ["failure"]
