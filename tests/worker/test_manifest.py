"""The manifest with which an App is registered."""

from __future__ import annotations

import json
from pathlib import Path

from worker.events.reactions import REACTIONS

MANIFEST = json.loads(Path("deploy/app-manifest.json").read_text(encoding="utf-8"))
ALWAYS_SENT = {"installation", "installation_repositories", "ping"}


def test_every_event_that_is_reacted_to_is_asked_for() -> None:
    wanted = {event for event, _ in REACTIONS}
    assert wanted - ALWAYS_SENT <= set(MANIFEST["default_events"])


def test_nothing_is_written_but_comments_and_checks() -> None:
    written = {name for name, level in MANIFEST["default_permissions"].items() if level == "write"}
    assert written == {"pull_requests", "issues", "checks"}
