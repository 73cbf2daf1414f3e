"""The flows around the local GitHub: registering an App, signing in, control from outside, pages."""

from __future__ import annotations

import base64
import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from githubkit_schemas.latest import models

from tests.github import LocalGitHub
from tests.github.client import as_installation, as_user
from tests.github.markdown import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub() as it:
        yield it


@pytest.fixture
def browser(github: LocalGitHub) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=github.url, trust_env=False, verify=False) as it:
        yield it


def answered(answer: httpx.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["location"]).query)


def test_a_manifest_becomes_an_app_once(github: LocalGitHub, browser: httpx.Client) -> None:
    manifest = {
        "name": "My Expert",
        "url": "https://example.com",
        "hook_attributes": {"url": "https://example.com/webhook"},
        "redirect_url": "https://example.com/setup/done",
        "default_permissions": {"checks": "write"},
        "default_events": ["pull_request"],
    }

    sent = browser.post("/settings/apps/new?state=abc", data={"manifest": json.dumps(manifest)})
    code = answered(sent)["code"][0]
    made = browser.post(f"/app-manifests/{code}/conversions")
    again = browser.post(f"/app-manifests/{code}/conversions")

    assert answered(sent)["state"] == ["abc"]
    app = models.AppManifestsCodeConversionsPostResponse201.model_validate_json(made.content)
    assert (app.slug, again.status_code) == ("my-expert", 404)
    assert app.pem == github.world.apps[app.id].private_key


def test_a_user_signs_in_with_pkce_and_sees_only_his_repositories(
    github: LocalGitHub, browser: httpx.Client
) -> None:
    app = github.apps.create(callback_urls=["http://127.0.0.1:1/callback"])
    seen = github.repositories.create("alice/seen", private=True)
    hidden = github.repositories.create("alice/hidden", private=True)
    github.apps.install(app, [seen, hidden])
    github.repositories.set_permission(seen, "bob", "read")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
    asked = {"client_id": app.client_id, "state": "s", "code_challenge": challenge, "login": "bob"}
    form = {"client_id": app.client_id, "client_secret": app.client_secret}
    json_please = {"accept": "application/json"}

    codes = [
        answered(browser.get("/login/oauth/authorize", params=asked))["code"][0] for _ in range(2)
    ]
    wrong = browser.post(
        "/login/oauth/access_token",
        data={**form, "code": codes[0], "code_verifier": "no"},
        headers=json_please,
    )
    right = browser.post(
        "/login/oauth/access_token",
        data={**form, "code": codes[1], "code_verifier": "verifier"},
        headers=json_please,
    ).json()
    browser.headers["authorization"] = f"Bearer {right['access_token']}"
    installation = browser.get("/user/installations").json()["installations"][0]["id"]
    repositories = browser.get(f"/user/installations/{installation}/repositories").json()[
        "repositories"
    ]

    assert (wrong.status_code, wrong.json()["error"]) == (200, "bad_verification_code")
    assert browser.get("/user").json()["login"] == "bob"
    assert [one["full_name"] for one in repositories] == ["alice/seen"]


def test_what_a_deleted_user_wrote_has_no_user(github: LocalGitHub) -> None:
    shop = github.repositories.create("alice/shop", {"a.py": "1\n"})
    github.repositories.commit(shop, "feature", {"a.py": "2\n"})
    pull = github.pulls.open(shop, "feature")
    github.comments.write(pull, "mallory", "Hi")

    github.comments.delete_account("mallory")

    with as_user(github, "alice") as alice:
        assert alice.get("/repos/alice/shop/issues/1/comments").json()[0]["user"] is None


def test_another_process_is_driven_through_its_control_endpoint() -> None:
    command = [sys.executable, "-m", "tests.github", "--port", "0"]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=f"{url}/_control", trust_env=False, verify=False) as control:

            def call(path: str, **arguments: object) -> dict:
                return control.post(path, json=arguments).json()

            app = call("/apps/create", webhook_secret="made-up")["result"]
            call("/repositories/create", full_name="alice/shop", files={"a.py": "1\n"})
            call("/apps/install", app=app["id"], repositories=["alice/shop"])
            call(
                "/repositories/commit",
                repository="alice/shop",
                branch="feature",
                files={"a.py": "2\n"},
            )
            pull = call("/pulls/open", repository="alice/shop", head="feature", title="Two")[
                "result"
            ]
            call("/pulls/push", pull="alice/shop#1", files={"a.py": "3\n"})
            wrong = control.post("/pulls/close", json={"pull": "alice/shop#9"})
            told = control.get("/deliveries").json()["result"]
        process.send_signal(signal.SIGTERM)

    assert (app["slug"], pull["number"], pull["title"]) == ("backend-expert", 1, "Two")
    assert "BEGIN RSA PRIVATE KEY" in app["private_key"]
    assert (wrong.status_code, wrong.json()) == (400, {"error": "KeyError: 9"})
    assert [one["action"] for one in told if one["event"] == "pull_request"] == [
        "opened",
        "synchronize",
    ]
    assert process.returncode == 0


def test_the_pages_of_a_pull_request_render(github: LocalGitHub, browser: httpx.Client) -> None:
    app = github.apps.create()
    shop = github.repositories.create("alice/shop", {"a.py": "a = 1\n"})
    installation = github.apps.install(app, [shop])
    github.repositories.commit(shop, "feature", {"a.py": "a = 2\n"})
    pull = github.pulls.open(shop, "feature", title="<b>Two</b>")
    suggestion = "Better:\n\n```suggestion\na = 3\n```\n"
    with as_installation(github, installation) as bot:
        entry = {"path": "a.py", "line": 1, "body": suggestion}
        bot.post(
            "/repos/alice/shop/pulls/1/reviews",
            json={"event": "COMMENT", "body": "x", "comments": [entry]},
        )
        run = {"name": "Backend Expert", "head_sha": pull.head_sha, "conclusion": "success"}
        number = bot.post("/repos/alice/shop/check-runs", json=run).json()["id"]

    paths = ["/", "/alice/shop/pull/1", "/alice/shop/pull/1/files", f"/alice/shop/checks/{number}"]
    pages = [browser.get(path) for path in paths]

    assert [page.status_code for page in pages] == [200] * 4
    assert "Suggested change" in pages[1].text
    assert "&lt;b&gt;Two&lt;/b&gt;" in pages[1].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!-- marker -->\nHello", "<p>Hello</p>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (
            "- [x] done",
            '<ul>\n<li class="task"><input type="checkbox" disabled="" checked=""> done</li>\n</ul>',
        ),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ('<a href="javascript:x" onclick="y">z</a>', "<p><a>z</a></p>"),
        (
            "> [!NOTE]\n> Text",
            '<blockquote class="alert note"><p class="alert-title">Note</p><p>Text</p>\n</blockquote>',
        ),
        (
            "<details><summary>More</summary>\n\n**bold**\n\n</details>",
            "<details><summary>More</summary>\n<p><strong>bold</strong></p>\n</details>",
        ),
    ],
)
def test_markdown_is_shown_as_github_shows_it(text: str, expected: str) -> None:
    assert rendered(text).strip() == expected
