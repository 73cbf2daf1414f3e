"""The defaults of an organisation: `.github/backend-expert.toml` in its repository `.github`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from app.github import contents
from app.github.errors import GitHubError, NotFoundError
from rules.core.configuration.layers import NOTHING, Above, Layer, organisation_layer
from rules.core.configuration.reading import OWN_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.github.repository import Repository
    from worker.work import Work

log = structlog.get_logger(__name__)

REPOSITORY = ".github"
KEPT = 300.0
"""Seconds for which defaults are believed, also that there are none."""
PATIENCE = 5.0
"""Seconds that a review waits for them; it goes on with what was known before."""


@dataclass(slots=True)
class Organisations:
    """The defaults of every owner, each asked for once in a while."""

    clock: Callable[[], float] = time.monotonic
    _known: dict[tuple[int, str], tuple[float, Layer]] = field(
        default_factory=dict[tuple[int, str], "tuple[float, Layer]"]
    )

    async def of(self, repository: Repository) -> Layer:
        """The defaults for a repository; never fails, but says so when they could not be read."""
        key = (repository.installation_id, repository.owner.lower())
        until, layer = self._known.get(key, (0.0, NOTHING))
        if until > self.clock():
            return layer
        home = repository.app.repository(repository.installation_id, repository.owner, REPOSITORY)
        try:
            async with asyncio.timeout(PATIENCE):
                layer = await _read(home)
        except (GitHubError, TimeoutError) as error:
            log.warning("organisation defaults not read", owner=home.owner, reason=str(error))
            return _unread(layer, home.owner)
        self._known[key] = (self.clock() + KEPT, layer)
        return layer


async def above(work: Work, repository: Repository) -> Above:
    """What is decided about a repository outside of it."""
    return Above(work.policy, await work.organisations.of(repository))


async def _read(home: Repository) -> Layer:
    try:
        found = await contents.read(home, OWN_FILE)
    except NotFoundError:
        return NOTHING
    return organisation_layer(f"`{home.owner}/{REPOSITORY}`", found.text, found.sha)


def _unread(layer: Layer, owner: str) -> Layer:
    note = f"The defaults of `{owner}/{REPOSITORY}` could not be read now; "
    note += "what was known of them counts." if layer.values else "this review does without them."
    return Layer(layer.source, layer.values, (*layer.notes, note), layer.ref)
