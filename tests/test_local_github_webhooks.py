"""The local GitHub tells the App of what happens, as GitHub does."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.github import LocalGitHub
from tests.github.client import as_app, as_installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.github.state import App, Installation, PullRequest, Repository


class Receiver(ThreadingHTTPServer):
    """Keeps the headers and body of each webhook; answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 202


class _Handler(BaseHTTPRequestHandler):
    server: Receiver  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as it:
        yield it


def scene(
    github: LocalGitHub, url: str | None = None
) -> tuple[App, Installation, Repository, PullRequest]:
    app = github.apps.create(webhook_url=url, webhook_secret="made-up")
    shop = github.repositories.create("alice/shop", {"main.py": "a = 1\n"})
    installation = github.apps.install(app, [shop])
    github.repositories.commit(shop, "feature", {"main.py": "a = 2\n"})
    return app, installation, shop, github.pulls.open(shop, "feature", author="bob")


def told(github: LocalGitHub, event: str) -> list[str | None]:
    return [one.action for one in github.deliveries if one.event == event]


def test_a_delivery_is_signed_over_its_raw_body(github: LocalGitHub, receiver: Receiver) -> None:
    app, *_ = scene(github, f"http://127.0.0.1:{receiver.server_port}/webhook")
    github.webhooks.wait()

    for headers, body in receiver.received:
        digest = hmac.new(b"made-up", body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
        assert headers["X-GitHub-Hook-Installation-Target-ID"] == str(app.id)
    assert len({headers["X-GitHub-Delivery"] for headers, _ in receiver.received}) == len(
        receiver.received
    )
    assert {one.status for one in github.deliveries} == {"OK"}


def test_the_payload_of_an_opened_pull_request(github: LocalGitHub) -> None:
    _, installation, _, pull = scene(github)

    payload = next(one.payload for one in github.deliveries if one.event == "pull_request")

    assert json.loads(json.dumps(payload)) == payload
    assert (payload["action"], payload["number"], payload["sender"]["login"]) == (
        "opened",
        1,
        "bob",
    )
    assert payload["installation"]["id"] == installation.id
    assert payload["repository"]["full_name"] == "alice/shop"
    assert payload["pull_request"]["head"]["sha"] == pull.head_sha


def test_a_failed_delivery_stays_failed_until_it_is_redelivered(
    github: LocalGitHub, receiver: Receiver
) -> None:
    github.webhooks.fail("pull_request")
    app, *_ = scene(github, f"http://127.0.0.1:{receiver.server_port}/webhook")
    github.webhooks.wait()
    lost = next(one for one in github.deliveries if one.event == "pull_request")

    with as_app(github, app) as client:
        listed = client.get("/app/hook/deliveries").json()
        again = client.post(f"/app/hook/deliveries/{lost.id}/attempts")
    github.webhooks.wait()

    assert (lost.status, again.status_code) == ("failed to connect to host", 202)
    assert [one["status"] for one in listed if one["guid"] == lost.guid] == [lost.status]
    second = github.deliveries[-1]
    assert (second.guid, second.redelivery, second.status) == (lost.guid, True, "OK")


def test_deliveries_page_by_cursor(github: LocalGitHub) -> None:
    app, *_ = scene(github)
    with as_app(github, app) as client:
        first = client.get("/app/hook/deliveries?per_page=2")
        second = client.get(first.links["next"]["url"])

    ids = [one["id"] for one in first.json() + second.json()]
    assert ids == [one.id for one in github.deliveries[::-1]][:4]


def test_every_turn_of_a_pull_request_is_told(github: LocalGitHub) -> None:
    _, _, shop, pull = scene(github)
    github.repositories.commit(shop, "other", {"x.py": "x\n"})

    github.pulls.push(pull, {"main.py": "a = 3\n"})
    github.pulls.edit(pull, base="other")
    github.pulls.to_draft(pull)
    github.pulls.ready(pull)
    github.pulls.close(pull)
    github.pulls.reopen(pull)
    github.pulls.merge(pull)

    turns = [
        "opened",
        "synchronize",
        "edited",
        "converted_to_draft",
        "ready_for_review",
        "closed",
        "reopened",
        "closed",
    ]
    assert told(github, "pull_request") == turns
    edited = next(one.payload for one in github.deliveries if one.action == "edited")
    assert edited["changes"]["base"]["ref"] == {"from": "main"}
    assert github.deliveries[-3].payload["pull_request"]["merged"] is True


def test_a_force_push_says_so(github: LocalGitHub) -> None:
    _, _, shop, pull = scene(github)

    github.pulls.push(pull, {"main.py": "a = 9\n"}, onto="main")

    pushes = [one.payload for one in github.deliveries if one.event == "push"]
    assert [one["forced"] for one in pushes] == [False, True]
    assert shop.git.resolve("refs/pull/1/head") == pull.head_sha


def test_the_apps_own_comment_comes_back_from_a_bot(github: LocalGitHub) -> None:
    _, installation, *_ = scene(github)
    with as_installation(github, installation) as bot:
        bot.post("/repos/alice/shop/issues/1/comments", json={"body": "Hi"})

    last = github.deliveries[-1]
    assert (last.event, last.action, last.payload["sender"]["type"]) == (
        "issue_comment",
        "created",
        "Bot",
    )
    assert last.payload["issue"]["pull_request"]["url"].endswith("/repos/alice/shop/pulls/1")


def test_a_fork_brings_its_commits_into_the_base(github: LocalGitHub) -> None:
    _, _, shop, _ = scene(github)
    fork = github.repositories.fork(shop, "carol")
    sha = github.repositories.commit(fork, "idea", {"main.py": "a = 4\n"})

    pull = github.pulls.open(shop, "idea", head_repository=fork)

    assert shop.git.resolve(f"refs/pull/{pull.number}/head") == sha
    payload = github.deliveries[-1].payload["pull_request"]
    assert (payload["head"]["label"], payload["head"]["repo"]["fork"]) == ("carol:idea", True)


def test_life_of_an_installation(github: LocalGitHub) -> None:
    _, installation, shop, _ = scene(github)
    other = github.repositories.create("alice/other", {})

    github.apps.add_repositories(installation, [other])
    github.apps.suspend(installation)
    github.apps.unsuspend(installation)
    github.apps.remove_repositories(installation, [shop])
    github.apps.uninstall(installation)

    assert told(github, "installation") == ["created", "suspend", "unsuspend", "deleted"]
    assert told(github, "installation_repositories") == ["added", "removed"]


def test_buttons_of_a_check_run_and_the_merge_queue(github: LocalGitHub) -> None:
    _, installation, _, pull = scene(github)
    with as_installation(github, installation) as bot:
        body = {"name": "Backend Expert", "head_sha": pull.head_sha, "conclusion": "success"}
        run = bot.post("/repos/alice/shop/check-runs", json=body).json()["id"]

    github.checks.rerequest(run, "bob")
    github.checks.press(run, "bob", "fix")
    sha = github.pulls.queue(pull)

    assert told(github, "check_run") == ["created", "completed", "rerequested", "requested_action"]
    assert github.deliveries[-1].payload["merge_group"]["head_sha"] == sha
