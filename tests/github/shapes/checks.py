"""Check runs and suites as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.shapes import accounts, pulls, repositories
from tests.github.state import iso

if TYPE_CHECKING:
    from tests.github.state import CheckRun, CheckSuite, PullRequest, Repository


def _pulls_at(repository: Repository, sha: str) -> list[PullRequest]:
    """Return the open pull requests of that head; GitHub leaves out those from forks."""
    found = (
        pull for pull in repository.pulls.values() if pull.state == "open" and pull.head_sha == sha
    )
    return [pull for pull in found if pull.head_repository is repository]


def suite(it: CheckSuite, repository: Repository, root: str) -> dict:
    """Return a check suite as payloads hold it."""
    url = f"{repositories.api_url(repository, root)}/check-suites/{it.id}"
    runs = [run for run in repository.check_runs.values() if run.suite is it]
    done = bool(runs) and all(run.status == "completed" for run in runs)
    return {
        "id": it.id,
        "node_id": f"CS_kwDO{it.id}",
        "head_branch": it.head_branch,
        "head_sha": it.head_sha,
        "status": "completed" if done else "queued",
        "conclusion": runs[-1].conclusion if done else None,
        "url": url,
        "before": None,
        "after": it.head_sha,
        "pull_requests": [pulls.minimal(pull, root) for pull in _pulls_at(repository, it.head_sha)],
        "app": accounts.app(it.app, root),
        "created_at": iso(it.created_at),
        "updated_at": iso(it.created_at),
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
    }


def run(it: CheckRun, repository: Repository, root: str) -> dict:
    """Return a check run."""
    url = f"{repositories.api_url(repository, root)}/check-runs/{it.id}"
    page = f"{root}/{repository.full_name}/checks/{it.id}"
    output = {
        "title": it.title,
        "summary": it.summary,
        "text": it.text,
        "annotations_count": len(it.annotations),
        "annotations_url": f"{url}/annotations",
    }
    return {
        "id": it.id,
        "name": it.name,
        "node_id": f"CR_kwDO{it.id}",
        "head_sha": it.head_sha,
        "external_id": it.external_id,
        "url": url,
        "html_url": page,
        "details_url": it.details_url or page,
        "status": it.status,
        "conclusion": it.conclusion,
        "started_at": iso(it.started_at),
        "completed_at": iso(it.completed_at),
        "output": output,
        "check_suite": {"id": it.suite.id},
        "app": accounts.app(it.app, root),
        "pull_requests": [pulls.minimal(pull, root) for pull in _pulls_at(repository, it.head_sha)],
    }


def annotation(it: dict, repository: Repository, sha: str, root: str) -> dict:
    """Return one annotation with all its fields."""
    optional = ("start_column", "end_column", "title", "raw_details")
    return {
        **dict.fromkeys(optional),
        **it,
        "blob_href": f"{root}/{repository.full_name}/blob/{sha}/{it['path']}",
    }
