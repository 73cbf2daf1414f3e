"""Everything one local GitHub holds, and how things are found in it."""

from __future__ import annotations

import contextvars
import itertools
import secrets
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.github.faults import Faults
from tests.github.git import GitRepository
from tests.github.state import Installation, PullRequest, Repository, Token, User, now
from tests.github.webhooks import Webhooks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.state import App, CheckRun, IssueComment, ReviewComment


@dataclass
class Limits:
    """What a test may turn: sizes, lifetimes, rates and side effects."""

    token_seconds: int = 3600
    rate_limit: int = 5000
    content_per_minute: int | None = None
    max_patch: int = 500_000
    max_diff_files: int = 300
    max_diff_lines: int = 20_000
    max_files: int = 3000
    max_body: int = 65_536
    latency: float = 0.0
    check_suites: bool = True
    own_events: bool = True
    webhook_timeout: float = 10.0


@dataclass(frozen=True)
class Recorded:
    """One request that was answered."""

    method: str
    path: str
    query: str
    status: int
    started: float
    seconds: float
    actor: str | None


@dataclass
class World:
    """The state of one local GitHub. Hold `lock` while changing it."""

    folder: Path
    root: str = ""
    limits: Limits = field(default_factory=Limits)
    users: dict[str, User] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[int, Repository] = field(default_factory=dict)
    redirects: dict[str, int] = field(default_factory=dict)
    manifests: dict[str, App] = field(default_factory=dict)
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    actions: dict[str, object] = field(default_factory=dict)
    browser_login: str = "octocat"
    """Who is signed in in the browser that visits."""
    requests: list[Recorded] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._ids = itertools.count(1001)
        self.faults = Faults()
        self.webhooks = Webhooks(self)

    def new_id(self) -> int:
        """Return an id that nothing else has."""
        return next(self._ids)

    def user(self, login: str | User, kind: str = "User") -> User:
        """Return the user of that login, created if new."""
        if isinstance(login, User):
            return login
        if login not in self.users:
            self.users[login] = User(self.new_id(), login, kind)  # pyright: ignore[reportArgumentType]
        return self.users[login]

    def repository(self, spec: str | Repository) -> Repository:
        """Return a repository by `owner/name`. Raises KeyError."""
        if isinstance(spec, Repository):
            return spec
        found = self.find_repository(spec)
        if found is None:
            raise KeyError(spec)
        return found

    def find_repository(self, full_name: str) -> Repository | None:
        """Return the repository that has this name now."""
        wanted = full_name.lower()
        alive = (one for one in self.repositories.values() if not one.deleted)
        return next((one for one in alive if one.full_name.lower() == wanted), None)

    def pull(self, spec: str | PullRequest) -> PullRequest:
        """Return a pull request by `owner/name#number`. Raises KeyError."""
        if isinstance(spec, PullRequest):
            return spec
        name, number = spec.split("#")
        return self.repository(name).pulls[int(number)]

    def new_repository(self, full_name: str, **fields: object) -> Repository:
        """Return a new repository with an empty git folder. The owner is created if new."""
        owner, name = full_name.split("/")
        number = self.new_id()
        git = GitRepository(self.folder / f"{number}.git")
        git.create()
        it = Repository(number, self.user(owner), name, git, **fields)  # pyright: ignore[reportArgumentType]
        self.repositories[number] = it
        return it

    def installations_of(self, repository: Repository) -> list[Installation]:
        """Return the installations that reach `repository`."""
        alive = (one for one in self.installations.values() if not one.deleted)
        return [one for one in alive if self.reaches(one, repository)]

    def reaches(self, installation: Installation, repository: Repository) -> bool:
        """Whether `installation` covers `repository`."""
        if installation.selection == "all":
            return repository.owner is installation.account
        return repository in installation.repositories

    def covered(self, installation: Installation) -> list[Repository]:
        """Return the repositories that `installation` covers."""
        alive = (one for one in self.repositories.values() if not one.deleted)
        return [one for one in alive if self.reaches(installation, one)]

    def mint(self, prefix: str, **fields: object) -> Token:
        """Return a new token that lives `limits.token_seconds`."""
        expires = now() + timedelta(seconds=self.limits.token_seconds)
        tail = secrets.token_urlsafe(27)
        if prefix == "ghs":  # Since 2026 the tokens of installations hold a JSON web token.
            tail = f"1_eyJ{secrets.token_urlsafe(300)}.eyJ{tail}.{tail}"
        token = Token(f"{prefix}_{tail}", expires, **fields)  # pyright: ignore[reportArgumentType]
        self.tokens[token.value] = token
        return token

    def issue_comment(self, repository: Repository, number: int) -> IssueComment | None:
        """Return a conversation comment by id."""
        found = (one for pull in repository.pulls.values() for one in pull.comments)
        return next((one for one in found if one.id == number), None)

    def review_comment(self, repository: Repository, number: int) -> ReviewComment | None:
        """Return a review comment by id."""
        found = (one for pull in repository.pulls.values() for one in pull.review_comments)
        return next((one for one in found if one.id == number), None)

    def check_run(self, number: int) -> tuple[Repository, CheckRun] | None:
        """Return a check run by id, with its repository."""
        for repository in self.repositories.values():
            if number in repository.check_runs:
                return repository, repository.check_runs[number]
        return None

    def permission(self, repository: Repository, who: User) -> str:
        """Return `admin`, `write`, `read` or `none`."""
        if who is repository.owner:
            return "admin"
        return repository.collaborators.get(who.login, "none" if repository.private else "read")


class CurrentWorld:
    """The world that the request at hand belongs to; endpoints are built once for all of them."""

    def __init__(self) -> None:
        self._world: contextvars.ContextVar[World] = contextvars.ContextVar("world")

    def enter(self, world: World) -> None:
        """Let this task's attributes come from `world`."""
        self._world.set(world)

    def __getattr__(self, name: str) -> object:
        """Return the attribute of the current world."""
        return getattr(self._world.get(), name)


CURRENT = CurrentWorld()
