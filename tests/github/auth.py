"""Who is calling, and what they may do."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import jwt

from tests.github.errors import bad_credentials, not_accessible, not_found, refused

if TYPE_CHECKING:
    from tests.github.state import App, Installation, Repository, Token, User
    from tests.github.world import World

LEVELS = {"none": 0, "read": 1, "write": 2, "maintain": 2, "admin": 3}
MAX_JWT_SECONDS = 600
CLOCK_SKEW = 60


@dataclass(frozen=True)
class Caller:
    """The party behind a request: an App by JWT, an installation or user by token, or nobody."""

    world: World
    app: App | None = None
    token: Token | None = None

    @property
    def installation(self) -> Installation | None:
        """The installation of an installation token."""
        return self.token.installation if self.token else None

    @property
    def user(self) -> User | None:
        """The account that acts: the App's bot or the user."""
        if self.token is None:
            return None
        return self.token.user or (self.installation.app.bot if self.installation else None)

    @property
    def actor(self) -> User:
        """The account that acts. Refuses nobody with 401."""
        if self.user is None:
            raise refused(401, "Requires authentication")
        return self.user

    @property
    def name(self) -> str | None:
        """A label for the request log."""
        if self.app and not self.token:
            return f"app {self.app.slug}"
        return self.user.login if self.user else None

    def reaches(self, repository: Repository) -> bool:
        """Whether a token covers the repository."""
        if self.token is None:
            return False
        if self.token.user:
            return self.world.permission(repository, self.token.user) != "none"
        narrowed = self.token.repository_ids
        if self.installation is None or (narrowed is not None and repository.id not in narrowed):
            return False
        return self.world.reaches(self.installation, repository)

    def see(self, repository: Repository) -> None:
        """Refuse with 404 if the caller may not know of the repository."""
        if repository.deleted or (repository.private and not self.reaches(repository)):
            raise not_found()

    def need(self, repository: Repository, level: str, *permissions: str) -> None:
        """Refuse unless one of `permissions` is granted at `level` on `repository`."""
        if level == "read" and not repository.private:
            return
        if self.token and self.token.user and not self.installation:
            self._need_of_user(repository, level)
        elif not self.reaches(repository) or not self._granted(level, permissions):
            raise not_accessible(permissions[0], level)
        if level != "read" and repository.archived:
            raise refused(403, "Repository was archived so is read-only.")

    def _need_of_user(self, repository: Repository, level: str) -> None:
        who = self.actor
        if LEVELS[self.world.permission(repository, who)] < LEVELS[level]:
            raise refused(403, "Must have admin rights to Repository.")

    def _granted(self, level: str, permissions: tuple[str, ...]) -> bool:
        given = self.token.permissions if self.token else {}
        return any(LEVELS[given.get(name, "none")] >= LEVELS[level] for name in permissions)


def caller_of(world: World, header: str | None) -> Caller:
    """Return the caller that an `Authorization` header names. Refuses with GitHub's 401s."""
    if not header:
        return Caller(world)
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        value = _password(value)
    if value.count(".") == 2 and value.startswith("ey"):
        return Caller(world, app=_app_of(world, value))
    return Caller(world, token=valid_token(world, value))


def valid_token(world: World, value: str) -> Token:
    """Return a known, unexpired token of an installation that is not suspended."""
    token = world.tokens.get(value.strip())
    if token is None or token.expires_at <= datetime.now(UTC):
        raise bad_credentials()
    installation = token.installation
    if installation and installation.deleted:
        raise bad_credentials()
    if installation and installation.suspended_at:
        raise refused(403, "This installation has been suspended")
    return token


def _password(value: str) -> str:
    try:
        return base64.b64decode(value).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error


def _app_of(world: World, text: str) -> App:
    try:
        claims = jwt.decode(text, options={"verify_signature": False})
        issuer = str(claims.get("iss"))
    except jwt.InvalidTokenError as error:
        raise _undecodable() from error
    apps = world.apps.values()
    app = next((one for one in apps if issuer in (str(one.id), one.client_id)), None)
    if app is None:
        raise refused(404, "Integration not found")
    _check_claims(claims)
    try:
        jwt.decode(
            text,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_iat": False, "verify_exp": False},
        )
    except jwt.InvalidTokenError as error:
        raise _undecodable() from error
    return app


def _check_claims(claims: dict) -> None:
    moment = datetime.now(UTC).timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int) or expires <= moment:
        text = "must be a numeric value representing the future time at which the assertion expires"
        raise refused(401, f"'Expiration time' claim ('exp') {text}")
    if expires > moment + MAX_JWT_SECONDS:
        raise refused(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int) or issued > moment + CLOCK_SKEW:
        text = "must be an Integer representing the time that the assertion was issued"
        raise refused(401, f"'Issued at' claim ('iat') {text}")


def _undecodable() -> Exception:
    return refused(401, "A JSON web token could not be decoded")
