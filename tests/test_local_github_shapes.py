"""The local GitHub answers in the shapes of GitHub's published description."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from githubkit_schemas.latest import models
from pydantic import TypeAdapter

from tests.github import LocalGitHub
from tests.github.client import as_app, as_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

PULL = "/repos/alice/shop/pulls/1"
REPOSITORY = "/repos/alice/shop"


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A client of the App and one of its installation, with one of everything in place."""
    with LocalGitHub() as github:
        app = github.apps.create(
            permissions={"contents": "write", "pull_requests": "write", "checks": "write"}
        )
        shop = github.repositories.create(
            "alice/shop", {"main.py": "a = 1\n", "b.bin": b"\0"}, private=True
        )
        installation = github.apps.install(app, [shop])
        github.repositories.commit(
            shop, "feature", {"main.py": "a = 2\n", "new.py": "x\n"}, renames={"b.bin": "c.bin"}
        )
        pull = github.pulls.open(shop, "feature", author="bob")
        comment = github.comments.write(pull, "bob", "Hello")
        github.comments.react(comment, "bob", "heart")
        with as_installation(github, installation) as bot, as_app(github, app) as owner:
            entry = {"path": "main.py", "line": 1, "body": "Why?"}
            bot.post(
                f"{PULL}/reviews", json={"event": "COMMENT", "body": "Hi", "comments": [entry]}
            )
            note = {
                "path": "main.py",
                "start_line": 1,
                "end_line": 1,
                "annotation_level": "notice",
                "message": "m",
            }
            run = {
                "name": "Backend Expert",
                "head_sha": pull.head_sha,
                "output": {"title": "t", "summary": "s", "annotations": [note]},
            }
            bot.post(f"{REPOSITORY}/check-runs", json=run)
            yield owner, bot


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/app", models.Integration),
        ("/app/installations", list[models.Installation]),
        ("/app/hook/deliveries", list[models.HookDeliveryItem]),
        (f"{REPOSITORY}/installation", models.Installation),
    ],
)
def test_what_the_app_reads(
    scene: tuple[httpx.Client, httpx.Client], path: str, shape: type
) -> None:
    owner, _ = scene

    answer = owner.get(path)

    assert TypeAdapter(shape).validate_json(answer.content)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/installation/repositories", models.InstallationRepositoriesGetResponse200),
        (REPOSITORY, models.FullRepository),
        (f"{REPOSITORY}/pulls", list[models.PullRequestSimple]),
        (PULL, models.PullRequest),
        (f"{PULL}/files", list[models.DiffEntry]),
        (f"{PULL}/commits", list[models.Commit]),
        (f"{PULL}/reviews", list[models.PullRequestReview]),
        (f"{PULL}/comments", list[models.PullRequestReviewComment]),
        (f"{REPOSITORY}/compare/main...feature", models.CommitComparison),
        (f"{REPOSITORY}/commits/main", models.Commit),
        (f"{REPOSITORY}/issues/1", models.Issue),
        (f"{REPOSITORY}/issues/1/comments", list[models.IssueComment]),
        (f"{REPOSITORY}/collaborators/alice/permission", models.RepositoryCollaboratorPermission),
        (
            f"{REPOSITORY}/commits/feature/check-runs",
            models.ReposOwnerRepoCommitsRefCheckRunsGetResponse200,
        ),
        (f"{REPOSITORY}/contents/main.py", models.ContentFile),
        (f"{REPOSITORY}/git/ref/heads/main", models.GitRef),
        (f"{REPOSITORY}/git/trees/main", models.GitTree),
        ("/rate_limit", models.RateLimitOverview),
    ],
)
def test_what_an_installation_reads(
    scene: tuple[httpx.Client, httpx.Client], path: str, shape: type
) -> None:
    _, bot = scene

    answer = bot.get(path)

    assert answer.status_code == 200
    assert TypeAdapter(shape).validate_json(answer.content)


def test_what_an_installation_writes(scene: tuple[httpx.Client, httpx.Client]) -> None:
    _, bot = scene
    head = bot.get(PULL).json()["head"]["sha"]
    content = base64.b64encode(b"note\n").decode()

    issue_comment = bot.post(f"{REPOSITORY}/issues/1/comments", json={"body": "x"})
    reaction = bot.post(
        f"{REPOSITORY}/issues/comments/{issue_comment.json()['id']}/reactions",
        json={"content": "eyes"},
    )
    comment = bot.post(
        f"{PULL}/comments",
        json={"commit_id": head, "path": "main.py", "body": "y", "subject_type": "file"},
    )
    run = bot.post(f"{REPOSITORY}/check-runs", json={"name": "x", "head_sha": head})
    note = {"message": "Note", "content": content, "branch": "notes"}
    file = bot.put(f"{REPOSITORY}/contents/note.txt", json=note)

    assert models.IssueComment.model_validate_json(issue_comment.content).body == "x"
    assert models.Reaction.model_validate_json(reaction.content).content == "eyes"
    assert (
        models.PullRequestReviewComment.model_validate_json(comment.content).subject_type == "file"
    )
    assert models.CheckRun.model_validate_json(run.content).status == "queued"
    assert models.FileCommit.model_validate_json(file.content).content


def test_annotations_deliveries_and_tokens(scene: tuple[httpx.Client, httpx.Client]) -> None:
    owner, bot = scene
    runs = bot.get(f"{REPOSITORY}/commits/feature/check-runs").json()["check_runs"]
    ours = next(one["id"] for one in runs if one["name"] == "Backend Expert")
    delivery = owner.get("/app/hook/deliveries").json()[0]["id"]
    installation = owner.get("/app/installations").json()[0]["id"]

    annotations = bot.get(f"{REPOSITORY}/check-runs/{ours}/annotations")
    attempt = owner.get(f"/app/hook/deliveries/{delivery}")
    token = owner.post(
        f"/app/installations/{installation}/access_tokens", json={"repositories": ["shop"]}
    )

    assert TypeAdapter(list[models.CheckAnnotation]).validate_json(annotations.content)
    assert models.HookDelivery.model_validate_json(attempt.content).id == delivery
    assert models.InstallationToken.model_validate_json(token.content).repositories
