"""Repositories, their commits and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github import refs
from tests.github.actions.locking import Actions, action
from tests.github.shapes import accounts, repositories

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.github.state import Repository

type Files = Mapping[str, str | bytes | None]


class Repositories(Actions):
    """`github.repositories`: create, commit, push, fork, rename."""

    @action
    def create(
        self, full_name: str, files: Files | None = None, *, private: bool = False, **fields: object
    ) -> Repository:
        """Create a repository; `files` (path to content) become the first commit on `main`."""
        it = self.world.new_repository(full_name, private=private, **fields)
        if files is not None:
            it.git.commit(
                it.default_branch,
                files,
                message="Initial commit",
                author=it.owner.login,
                parent=None,
            )
        return it

    @action
    def commit(
        self,
        repository: Repository | str,
        branch: str,
        files: Files | None = None,
        *,
        message: str = "Change",
        author: str | None = None,
        onto: str | None = None,
        renames: Mapping[str, str] | None = None,
    ) -> str:
        """Push one commit on `branch` and return its SHA.

        `files` maps paths to contents (None deletes). The parent is the branch's head, else the default
        branch's; `onto` names another, which is a force push if the branch exists.
        """
        it = self.world.repository(repository)
        before = it.git.refs()
        parent = (
            it.git.resolve(onto)
            if onto
            else it.git.branch(branch) or it.git.branch(it.default_branch)
        )
        who = self.world.user(author or it.owner.login)
        sha = it.git.commit(
            branch, files or {}, message=message, author=who.login, parent=parent, renames=renames
        )
        refs.moved(self.world, it, before, who)
        return sha

    @action
    def set_branch(
        self,
        repository: Repository | str,
        branch: str,
        sha: str | None,
        *,
        author: str | None = None,
    ) -> None:
        """Point a branch at a commit (a force push if need be), or delete it with None."""
        it = self.world.repository(repository)
        before = it.git.refs()
        if sha is None:
            it.git.delete_ref(f"refs/heads/{branch}")
        else:
            it.git.set_ref(f"refs/heads/{branch}", it.git.resolve(sha) or sha)
        refs.moved(self.world, it, before, self.world.user(author or it.owner.login))

    @action
    def merge(
        self, repository: Repository | str, into: str, branch: str, *, author: str | None = None
    ) -> str:
        """Merge one branch into another and push it; return the merge commit."""
        it = self.world.repository(repository)
        before, who = it.git.refs(), self.world.user(author or it.owner.login)
        heads = it.git.branch(into) or "", it.git.branch(branch) or ""
        sha = it.git.merge(*heads, f"Merge branch '{branch}' into {into}", who.login)
        it.git.set_ref(f"refs/heads/{into}", sha)
        refs.moved(self.world, it, before, who)
        return sha

    @action
    def fork(self, repository: Repository | str, owner: str) -> Repository:
        """Fork into another account with all branches."""
        parent = self.world.repository(repository)
        it = self.world.new_repository(
            f"{owner}/{parent.name}",
            private=parent.private,
            parent=parent,
            default_branch=parent.default_branch,
        )
        it.git.run("fetch", "--quiet", str(parent.git.path), "refs/heads/*:refs/heads/*")
        return it

    @action
    def set_permission(self, repository: Repository | str, login: str, permission: str) -> None:
        """Make a user a collaborator: `admin`, `write`, `read`, or `none`."""
        self.world.user(login)
        self.world.repository(repository).collaborators[login] = permission

    @action
    def rename(self, repository: Repository | str, name: str) -> None:
        """Rename; the old name answers 301 from now on."""
        it = self.world.repository(repository)
        self.world.redirects[it.full_name.lower()] = it.id
        old, it.name = it.name, name
        self._tell(it, "renamed", changes={"repository": {"name": {"from": old}}})

    @action
    def transfer(self, repository: Repository | str, owner: str) -> None:
        """Move to another account; the old name answers 301 from now on."""
        it = self.world.repository(repository)
        self.world.redirects[it.full_name.lower()] = it.id
        old, it.owner = it.owner, self.world.user(owner)
        was = {"owner": {"from": {"user": accounts.user(old, self.world.root)}}}
        self._tell(it, "transferred", changes=was)

    @action
    def delete(self, repository: Repository | str) -> None:
        """Delete; everything about it answers 404."""
        it = self.world.repository(repository)
        self._tell(it, "deleted")
        it.deleted = True
        for installation in self.world.installations.values():
            installation.repositories = [one for one in installation.repositories if one is not it]

    @action
    def archive(self, repository: Repository | str, *, archived: bool = True) -> None:
        """Make it read-only, or writable again."""
        it = self.world.repository(repository)
        it.archived = archived
        self._tell(it, "archived" if archived else "unarchived")

    def describe(self, repository: Repository | str) -> dict:
        """Return the repository as the REST API would."""
        return repositories.full_repository(self.world.repository(repository), self.world.root)

    def _tell(self, it: Repository, what: str, **extra: object) -> None:
        self.world.webhooks.emit("repository", it, it.owner, action=what, **extra)
