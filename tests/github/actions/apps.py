"""Apps and their installations."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github.actions.locking import Actions, action
from tests.github.shapes import repositories
from tests.github.state import PERMISSIONS, App, Installation, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.github.state import Repository, User


@cache
def rsa_key() -> tuple[str, str]:
    """Return a private and a public key as PEM, made once per process."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


class Apps(Actions):
    """`github.apps`: register, install, suspend."""

    @action
    def create(
        self,
        slug: str = "backend-expert",
        *,
        name: str = "Backend Expert",
        owner: str = "octo-org",
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        **fields: object,
    ) -> App:
        """Register an App with a bot user `slug[bot]`. Its private key is in `private_key`."""
        private, public = rsa_key()
        number = self.world.new_id()
        it = App(
            number, slug, name, self.world.user(owner), self.world.user(f"{slug}[bot]", "Bot"),
            private, public, webhook_url, webhook_secret or secrets.token_hex(20),
            f"Iv23li{number:014d}", secrets.token_hex(20), **fields,  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        self.world.apps[number] = it
        return it

    @action
    def install(
        self,
        app: App | int,
        repositories: Iterable[Repository | str] = (),
        *,
        account: str | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> Installation:
        """Install on some repositories of one account, or (with `account` only) on all of them."""
        it = app if isinstance(app, App) else self.world.apps[app]
        chosen = [self.world.repository(one) for one in repositories]
        owner = self.world.user(account) if account else chosen[0].owner
        selection = "selected" if chosen else "all"
        granted = dict(permissions or it.permissions or PERMISSIONS)
        installation = Installation(self.world.new_id(), it, owner, chosen, granted, selection)
        self.world.installations[installation.id] = installation
        self._tell("installation", installation, "created")
        return installation

    @action
    def suspend(self, installation: Installation | int) -> None:
        """Suspend; tokens answer 403 from now on."""
        it = self._installation(installation)
        it.suspended_at = now()
        self._tell("installation", it, "suspend")

    @action
    def unsuspend(self, installation: Installation | int) -> None:
        """Let it work again."""
        it = self._installation(installation)
        it.suspended_at = None
        self._tell("installation", it, "unsuspend")

    @action
    def uninstall(self, installation: Installation | int) -> None:
        """Remove the installation; its tokens stop working."""
        it = self._installation(installation)
        self._tell("installation", it, "deleted")
        it.deleted = True

    @action
    def accept_permissions(
        self, installation: Installation | int, permissions: Mapping[str, str]
    ) -> None:
        """Let the owner accept new permissions."""
        it = self._installation(installation)
        it.permissions = dict(permissions)
        self._tell("installation", it, "new_permissions_accepted")

    @action
    def add_repositories(
        self, installation: Installation | int, names: Iterable[Repository | str]
    ) -> None:
        """Give the installation more repositories."""
        it, added = self._installation(installation), [self.world.repository(one) for one in names]
        it.repositories += added
        self._selection(it, "added", added)

    @action
    def remove_repositories(
        self, installation: Installation | int, names: Iterable[Repository | str]
    ) -> None:
        """Take repositories from the installation."""
        it, removed = (
            self._installation(installation),
            [self.world.repository(one) for one in names],
        )
        it.repositories = [one for one in it.repositories if one not in removed]
        self._selection(it, "removed", removed)

    def _installation(self, it: Installation | int) -> Installation:
        return it if isinstance(it, Installation) else self.world.installations[it]

    def _tell(self, event: str, it: Installation, what: str) -> None:
        covered = [repositories.brief(one) for one in self.world.covered(it)]
        self.world.webhooks.emit_installation(
            event, it, self._sender(it), action=what, repositories=covered, requester=None
        )

    def _selection(self, it: Installation, what: str, changed: list[Repository]) -> None:
        brief = [repositories.brief(one) for one in changed]
        lists = {
            "repositories_added": [],
            "repositories_removed": [],
            f"repositories_{what}": brief,
        }
        self.world.webhooks.emit_installation(
            "installation_repositories", it, self._sender(it), action=what,
            repository_selection=it.selection, requester=None, **lists,
        )  # fmt: skip

    def _sender(self, it: Installation) -> User:
        return it.account
