"""The local GitHub refuses what GitHub refuses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.github import LocalGitHub
from tests.github.client import app_jwt, as_app, as_installation, as_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.state import App, Installation, PullRequest, Repository

BEFORE = "".join(f"line {number}\n" for number in range(1, 41))
AFTER = BEFORE.replace("line 5\n", "LINE 5\n").replace("line 30\n", "LINE 30\n")
OUTSIDE = "Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank"
PULL = "/repos/alice/shop/pulls/1"


@dataclass
class Scene:
    github: LocalGitHub
    app: App
    shop: Repository
    installation: Installation
    pull: PullRequest
    bot: httpx.Client


@pytest.fixture
def scene() -> Iterator[Scene]:
    with LocalGitHub() as github:
        app = github.apps.create()
        shop = github.repositories.create(
            "alice/shop", {"main.py": BEFORE, "old.py": "x = 1\n"}, private=True
        )
        installation = github.apps.install(app, [shop])
        github.repositories.commit(shop, "feature", {"main.py": AFTER})
        pull = github.pulls.open(shop, "feature", title="Louder", author="bob")
        with as_installation(github, installation) as bot:
            yield Scene(github, app, shop, installation, pull, bot)


def review(scene: Scene, *comments: dict, **fields: object) -> httpx.Response:
    body = {"event": "COMMENT", "body": "Hello", "comments": list(comments), **fields}
    return scene.bot.post(f"{PULL}/reviews", json=body)


def test_a_review_with_comments_inside_the_diff_is_stored_with_its_hunks(scene: Scene) -> None:
    answer = review(
        scene,
        {"path": "main.py", "line": 5, "body": "Why?"},
        {"path": "main.py", "line": 31, "start_line": 29, "body": "And here?"},
    )

    listed = scene.bot.get(f"{PULL}/comments").json()
    assert answer.status_code == 200
    assert [(one["start_line"], one["line"]) for one in listed] == [(None, 5), (29, 31)]
    assert (
        listed[0]["diff_hunk"]
        == "@@ -2,7 +2,7 @@ line 1\n line 2\n line 3\n line 4\n-line 5\n+LINE 5"
    )
    assert listed[0]["user"]["login"] == "backend-expert[bot]"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ({"line": 20}, OUTSIDE),
        ({"line": 500}, OUTSIDE),
        (
            {"line": 5, "start_line": 5},
            "Pull request review thread start line must precede the end line.",
        ),
        (
            {"line": 6, "start_line": 20},
            "Pull request review thread start line must precede the end line.",
        ),
        ({"line": 30, "start_line": 20}, OUTSIDE),
        (
            {"line": 30, "start_line": 5},
            "Pull request review thread start line must be part of the same hunk as the line.",
        ),
        ({"line": 5, "path": "old.py"}, "Path could not be resolved"),
    ],
)
def test_one_bad_place_refuses_the_whole_review(scene: Scene, place: dict, error: str) -> None:
    answer = review(
        scene,
        {"path": "main.py", "line": 5, "body": "Fine"},
        {"path": "main.py", "body": "Bad", **place},
    )

    assert (answer.status_code, answer.json()["message"], answer.json()["errors"]) == (
        422,
        "Unprocessable Entity",
        [error],
    )
    assert scene.bot.get(f"{PULL}/reviews").json() == []
    assert scene.bot.get(f"{PULL}/comments").json() == []


def test_a_single_comment_outside_the_diff_is_refused_with_objects(scene: Scene) -> None:
    body = {"commit_id": scene.pull.head_sha, "path": "main.py", "line": 20, "body": "Bad"}

    answer = scene.bot.post(f"{PULL}/comments", json=body)

    field = "pull_request_review_thread.line"
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "resource": "PullRequestReviewComment",
            "code": "custom",
            "field": field,
            "message": f"{field} must be part of the diff",
        }
    ]


def test_a_file_comment_stands_anywhere_but_not_in_a_review(scene: Scene) -> None:
    entry = {"path": "main.py", "subject_type": "file", "body": "The whole file"}

    alone = scene.bot.post(f"{PULL}/comments", json={"commit_id": scene.pull.head_sha, **entry})
    batched = review(scene, entry)

    assert (alone.status_code, alone.json()["line"], alone.json()["subject_type"]) == (
        201,
        None,
        "file",
    )
    assert batched.status_code == 422


def test_a_commit_that_left_the_pull_request_carries_no_comment(scene: Scene) -> None:
    old = scene.pull.head_sha
    scene.github.pulls.push(scene.pull, {"main.py": AFTER + "more\n"}, onto="main")

    answer = review(scene, {"path": "main.py", "line": 5, "body": "Late"}, commit_id=old)

    assert answer.status_code == 422
    assert answer.json()["errors"] == ["Start commit oid is not part of the pull request"]


def test_a_pending_review_blocks_the_next(scene: Scene) -> None:
    pending = scene.bot.post(f"{PULL}/reviews", json={"comments": []})

    blocked = review(scene)
    scene.bot.delete(f"{PULL}/reviews/{pending.json()['id']}")
    freed = review(scene)

    assert pending.json()["state"] == "PENDING"
    assert blocked.json()["errors"] == ["User can only have one pending review per pull request"]
    assert freed.status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/repos/alice/shop/issues/1/comments", {"body": "x" * 65_537}),
        (f"{PULL}/reviews", {"event": "COMMENT", "body": "x" * 65_537}),
    ],
)
def test_a_text_that_is_too_long_is_refused(scene: Scene, path: str, body: dict) -> None:
    answer = scene.bot.post(path, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"


def test_a_comment_becomes_outdated_when_its_line_changes(scene: Scene) -> None:
    review(
        scene,
        {"path": "main.py", "line": 5, "body": "A"},
        {"path": "main.py", "line": 30, "body": "B"},
    )

    scene.github.pulls.push(scene.pull, {"main.py": "first\n" + AFTER.replace("LINE 5", "Line 5")})

    listed = scene.bot.get(f"{PULL}/comments").json()
    assert [(one["line"], one["original_line"]) for one in listed] == [(None, 5), (31, 30)]
    assert listed[0]["commit_id"] != scene.pull.head_sha == listed[1]["commit_id"]


def test_an_app_cannot_approve_what_it_opened(scene: Scene) -> None:
    scene.github.repositories.commit(scene.shop, "fix", {"old.py": "x = 2\n"})
    scene.github.pulls.open(scene.shop, "fix", author="backend-expert[bot]")

    answer = scene.bot.post("/repos/alice/shop/pulls/2/reviews", json={"event": "APPROVE"})

    assert answer.json()["errors"] == ["Review Can not approve your own pull request"]


def test_what_was_not_granted_is_not_accessible(scene: Scene) -> None:
    narrowed = as_installation(scene.github, scene.installation, permissions={"contents": "read"})

    with narrowed as client:
        answer = client.post(f"{PULL}/reviews", json={"event": "COMMENT", "body": "x"})

    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "Resource not accessible by integration",
    )
    assert answer.headers["x-accepted-github-permissions"] == "pull_requests=write"


def test_a_stranger_does_not_learn_that_a_private_repository_exists(scene: Scene) -> None:
    with as_user(scene.github, "eve") as eve:
        answer = eve.get("/repos/alice/shop")

    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_an_expired_token_is_bad_credentials(scene: Scene) -> None:
    scene.github.limits.token_seconds = -1

    with as_installation(scene.github, scene.installation) as late:
        answer = late.get("/repos/alice/shop")

    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"lifetime": 700}, "'Expiration time' claim ('exp') is too far in the future"),
        (
            {"lifetime": -5},
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ),
        (
            {"issued": 300},
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ),
    ],
)
def test_a_jwt_out_of_time_is_refused(scene: Scene, claims: dict, message: str) -> None:
    headers = {"authorization": f"Bearer {app_jwt(scene.app, **claims)}"}

    answer = scene.bot.get("/app", headers=headers)

    assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_a_suspended_installation_mints_nothing_and_its_tokens_stop(scene: Scene) -> None:
    scene.github.apps.suspend(scene.installation)

    with as_app(scene.github, scene.app) as client:
        mint = client.post(f"/app/installations/{scene.installation.id}/access_tokens")
    used = scene.bot.get("/repos/alice/shop")

    for answer in (mint, used):
        assert (answer.status_code, answer.json()["message"]) == (
            403,
            "This installation has been suspended",
        )


def test_a_locked_conversation_and_an_archived_repository_take_no_comment(scene: Scene) -> None:
    scene.github.pulls.lock(scene.pull)
    locked = scene.bot.post("/repos/alice/shop/issues/1/comments", json={"body": "x"})
    scene.github.repositories.archive(scene.shop)
    archived = scene.bot.post("/repos/alice/shop/issues/1/comments", json={"body": "x"})

    assert (locked.status_code, locked.json()["message"]) == (
        403,
        "Unable to create comment because issue is locked.",
    )
    assert (archived.status_code, archived.json()["message"]) == (
        403,
        "Repository was archived so is read-only.",
    )


def test_a_check_run_of_another_app_cannot_be_changed(scene: Scene) -> None:
    other = scene.github.apps.create("other", name="Other")
    installation = scene.github.apps.install(other, [scene.shop])
    body = {"name": "Other", "head_sha": scene.pull.head_sha}
    with as_installation(scene.github, installation) as client:
        foreign = client.post("/repos/alice/shop/check-runs", json=body).json()["id"]

    answer = scene.bot.patch(
        f"/repos/alice/shop/check-runs/{foreign}", json={"status": "in_progress"}
    )

    assert answer.status_code == 403
    assert (
        "check run can only be modified by the GitHub App that created it"
        in answer.json()["message"]
    )


def test_annotations_come_fifty_at_a_time_and_are_appended(scene: Scene) -> None:
    note = {
        "path": "main.py",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "notice",
        "message": "m",
    }
    body = {"name": "x", "head_sha": scene.pull.head_sha}

    too_many = scene.bot.post(
        "/repos/alice/shop/check-runs",
        json={**body, "output": {"summary": "s", "annotations": [note] * 51}},
    )
    made = scene.bot.post(
        "/repos/alice/shop/check-runs",
        json={**body, "output": {"summary": "s", "annotations": [note] * 50}},
    ).json()
    more = scene.bot.patch(
        f"/repos/alice/shop/check-runs/{made['id']}",
        json={"output": {"summary": "s", "annotations": [note] * 2}},
    )

    assert (too_many.status_code, too_many.json()["message"]) == (
        422,
        "Invalid request.\n\nNo more than 50 items are allowed; 51 were supplied.",
    )
    assert more.json()["output"]["annotations_count"] == 52


def test_a_diff_that_is_too_large_is_refused_and_not_cut(scene: Scene) -> None:
    scene.github.limits.max_diff_files = 0

    answer = scene.bot.get(PULL, headers={"accept": "application/vnd.github.diff"})

    assert answer.status_code == 406
    assert answer.json()["errors"] == [
        {"resource": "PullRequest", "field": "diff", "code": "too_large"}
    ]


def test_files_come_in_pages_with_links(scene: Scene) -> None:
    scene.github.pulls.push(scene.pull, {f"f{number:02}.py": "x\n" for number in range(40)})

    first = scene.bot.get(f"{PULL}/files")
    second = scene.bot.get(first.links["next"]["url"])

    assert (len(first.json()), len(second.json())) == (30, 11)
    assert set(first.links) == {"last", "next"}
    assert set(second.links) == {"first", "prev"}


def test_a_patch_is_missing_for_a_rename_a_binary_and_a_huge_file(scene: Scene) -> None:
    scene.github.limits.max_patch = 5000
    scene.github.pulls.push(
        scene.pull, {"data.bin": b"\0\1", "huge.py": "x = 1\n" * 5000}, renames={"old.py": "new.py"}
    )

    files = scene.bot.get(f"{PULL}/files").json()

    shown = [
        (one["filename"], one["status"], one.get("previous_filename"), "patch" in one)
        for one in files
    ]
    assert shown == [
        ("data.bin", "added", None, False),
        ("huge.py", "added", None, False),
        ("main.py", "modified", None, True),
        ("new.py", "renamed", "old.py", False),
    ]


def test_a_renamed_repository_answers_301_and_works_by_id(scene: Scene) -> None:
    scene.github.repositories.rename(scene.shop, "store")

    moved = scene.bot.get(PULL)
    followed = scene.bot.get(PULL, follow_redirects=True)

    assert (moved.status_code, moved.headers["location"]) == (
        301,
        f"{scene.github.url}/repositories/{scene.shop.id}/pulls/1",
    )
    assert followed.json()["base"]["repo"]["full_name"] == "alice/store"


def test_an_unchanged_answer_is_304_and_costs_nothing(scene: Scene) -> None:
    first = scene.bot.get(PULL)
    second = scene.bot.get(PULL, headers={"if-none-match": first.headers["etag"]})
    third = scene.bot.get(PULL)

    assert second.status_code == 304
    assert int(third.headers["x-ratelimit-used"]) - int(first.headers["x-ratelimit-used"]) == 1


def test_the_limits_have_three_faces(scene: Scene) -> None:
    scene.github.faults.content_block(path="/reviews$")
    scene.github.faults.secondary_limit(retry_after=7, method="GET", path="/pulls/1$")
    scene.github.faults.primary_limit(reset_in=60, method="GET", path="/files$")

    blocked, slow, spent = review(scene), scene.bot.get(PULL), scene.bot.get(f"{PULL}/files")

    assert (blocked.status_code, "retry-after" in blocked.headers) == (403, False)
    assert "temporarily blocked from content creation" in blocked.json()["message"]
    assert (slow.status_code, slow.headers["retry-after"]) == (429, "7")
    assert (spent.status_code, spent.headers["x-ratelimit-remaining"]) == (403, "0")
    assert int(spent.headers["x-ratelimit-reset"]) > time.time() + 50


def test_a_502_may_come_although_the_review_was_stored(scene: Scene) -> None:
    scene.github.faults.add(method="POST", path="/reviews$", status=502, when="after")

    answer = review(scene, {"path": "main.py", "line": 5, "body": "Why?"})

    assert answer.status_code == 502
    assert len(scene.bot.get(f"{PULL}/comments").json()) == 1


def test_a_connection_can_drop(scene: Scene) -> None:
    scene.github.faults.add(path="/pulls/1$", drop=True)

    with pytest.raises(httpx.RemoteProtocolError):
        scene.bot.get(PULL)

    assert scene.bot.get(PULL).status_code == 200


def test_resolving_a_thread_needs_contents_write(scene: Scene) -> None:
    review(scene, {"path": "main.py", "line": 5, "body": "Why?"})
    query = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }"
    body = {"query": query, "variables": {"id": scene.pull.threads[0].node_id}}

    refused = scene.bot.post("/graphql", json=body)
    granted = {"contents": "write", "pull_requests": "write"}
    scene.github.apps.accept_permissions(scene.installation, granted)
    with as_installation(scene.github, scene.installation) as bot:
        allowed = bot.post("/graphql", json=body)

    assert (refused.status_code, refused.json()["errors"][0]["type"]) == (200, "FORBIDDEN")
    assert allowed.json()["data"]["resolveReviewThread"]["thread"]["isResolved"] is True


def test_a_minimized_comment_is_seen_in_its_thread(scene: Scene) -> None:
    review(scene, {"path": "main.py", "line": 5, "body": "Why?"})
    node = scene.bot.get(f"{PULL}/comments").json()[0]["node_id"]
    minimize = "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } } }"
    threads = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
      repository(owner: $owner, name: $name) { pullRequest(number: $number) {
        reviewThreads(first: 100, after: $after) { nodes { id isResolved comments(first: 100) { nodes { isMinimized } } } } } } }"""

    scene.bot.post("/graphql", json={"query": minimize, "variables": {"id": node}})
    variables = {"owner": "alice", "name": "shop", "number": 1}
    answer = scene.bot.post("/graphql", json={"query": threads, "variables": variables}).json()

    found = answer["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"]
    assert [one["comments"]["nodes"][0]["isMinimized"] for one in found] == [True]


def test_reactions_are_given_once_and_only_taken_back_by_their_user(scene: Scene) -> None:
    comment = scene.github.comments.write(scene.pull, "bob", "/recheck")
    path = f"/repos/alice/shop/issues/comments/{comment.id}/reactions"

    first = scene.bot.post(path, json={"content": "eyes"})
    again = scene.bot.post(path, json={"content": "eyes"})
    gone = scene.bot.delete(f"{path}/{first.json()['id']}")

    assert (first.status_code, again.status_code, gone.status_code) == (201, 200, 204)
    assert scene.bot.get(path).json() == []


def test_a_reply_makes_an_empty_review_of_its_own(scene: Scene) -> None:
    review(scene, {"path": "main.py", "line": 5, "body": "Why?"})
    root = scene.pull.review_comments[0]

    reply = scene.github.comments.reply(root, "bob", "Because.")

    assert reply.in_reply_to == root.id
    assert [one.body for one in scene.pull.reviews] == ["Hello", ""]


@pytest.mark.parametrize(
    ("login", "permission"), [("alice", "admin"), ("carol", "write"), ("eve", "none")]
)
def test_permission_of_a_collaborator(scene: Scene, login: str, permission: str) -> None:
    scene.github.repositories.set_permission(scene.shop, "carol", "write")
    scene.github.world.user("eve")

    answer = scene.bot.get(f"/repos/alice/shop/collaborators/{login}/permission")

    assert answer.json()["permission"] == permission


def test_a_fix_is_committed_through_the_git_data_api(scene: Scene) -> None:
    scene.github.apps.accept_permissions(scene.installation, {"contents": "write"})
    git = "/repos/alice/shop/git"
    with as_installation(scene.github, scene.installation) as bot:
        entry = {"path": "main.py", "mode": "100644", "type": "blob", "content": BEFORE}
        tree = bot.post(
            f"{git}/trees", json={"base_tree": scene.pull.head_sha, "tree": [entry]}
        ).json()
        commit = {"message": "Fix", "tree": tree["sha"], "parents": [scene.pull.head_sha]}
        sha = bot.post(f"{git}/commits", json=commit).json()["sha"]
        moved = bot.patch(f"{git}/refs/heads/feature", json={"sha": sha})
        stale = bot.patch(f"{git}/refs/heads/feature", json={"sha": scene.pull.base_sha})

    assert (moved.status_code, scene.pull.head_sha) == (200, sha)
    assert scene.shop.git.blob(sha, "main.py") == BEFORE.encode()
    assert scene.shop.git.blob(sha, "old.py") == b"x = 1\n"
    assert (stale.status_code, stale.json()["message"]) == (422, "Update is not a fast forward")


def test_every_request_is_recorded(scene: Scene) -> None:
    scene.bot.get(PULL)

    last = scene.github.requests[-1]
    assert (last.method, last.path, last.status, last.actor) == (
        "GET",
        PULL,
        200,
        "backend-expert[bot]",
    )
