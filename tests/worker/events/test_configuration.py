"""Conversations about configuration that comes from more than the repository itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.settings import make_settings
from tests.worker.service import working
from tests.worker.test_whole_way import INJECTION

if TYPE_CHECKING:
    from pathlib import Path

    from app.config import Settings
    from tests.github.state import PullRequest
    from tests.worker.service import Service

OWN = ".github/backend-expert.toml"


def _open(service: Service, branch: str = "orders", **files: str) -> PullRequest:
    changed = {"app/orders.py": INJECTION, **files}
    service.github.repositories.commit("alice/shop", branch, changed)
    return service.github.pulls.open("alice/shop", branch, author="bob")


def _with_policy(settings: Settings, folder: Path, text: str) -> Settings:
    (folder / "policy.toml").write_text(text)
    return settings.model_copy(update={"policy_file": folder / "policy.toml"})


async def test_operator_repository_and_organisation_are_told_apart(
    standing: Service, tmp_path: Path
):
    github, service = standing.github, standing
    github.repositories.create("alice/.github", {OWN: 'low-confidence = "off"\nbots = false\n'})
    own = 'fail-on = "never"\ngroup-above = 9\n'
    base = github.repositories.commit("alice/shop", "main", {OWN: own})
    policy = 'locked = ["exclude"]\nfail-on = "critical"\n'

    async with working(_with_policy(service.settings, tmp_path, policy)):
        pull = _open(service)
        await service.idle()
        github.comments.write(pull, "bob", "/config")
        await service.idle()
        edited = _open(service, "config", **{OWN: 'fail-on = "warning"\ngroup-above = 3\n'})
        await service.idle()

    summary, answer = service.comments(pull)
    overruled = f"`fail-on` is decided by the operator of this service; what `{OWN}` says of it"
    assert overruled in summary
    assert [run.conclusion for run in service.checks(pull)] == ["failure"]
    assert '| `fail-on` | `"critical"` | operator policy |' in answer
    assert f"| `group-above` | `9` | {OWN} at `{base[:7]}` |" in answer
    assert '| `low-confidence` | `"off"` | `alice/.github` at `' in answer
    assert "| `drafts` | `false` | default |" in answer
    assert "No repository may set `exclude`." in answer
    (preview,) = service.comments(edited)
    assert "once it is merged, `group-above` is `3` instead of `9`" in preview
    assert "once it is merged, `fail-on`" not in preview
    asked = [one for one in github.requests if one.path.endswith(f"/alice/.github/contents/{OWN}")]
    assert len(asked) == 1


async def test_defaults_that_cannot_be_read_now_are_done_without(service: Service):
    service.github.faults.add(method="GET", path=r"/alice/\.github/contents", status=403, times=9)
    pull = _open(service)
    await service.idle()

    (summary,) = service.comments(pull)
    assert "The defaults of `alice/.github` could not be read now" in summary
    assert [run.conclusion for run in service.checks(pull)] == ["failure"]


def test_a_wrong_policy_keeps_the_service_from_starting(tmp_path: Path):
    (tmp_path / "policy.toml").write_text('fail-on = "warnin"')

    with pytest.raises(ValueError, match="did you mean `warning`"):
        make_settings(policy_file=tmp_path / "policy.toml")
