"""Pull requests from opening to merging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github import events, refs
from tests.github.actions.locking import Actions, action
from tests.github.state import PullRequest, now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.github.state import Repository, User


class Pulls(Actions):
    """`github.pulls`: open, push, retarget, close, merge. A pull request is one or `owner/name#number`."""

    @action
    def open(
        self,
        repository: Repository | str,
        head: str,
        *,
        base: str | None = None,
        title: str = "A change",
        body: str | None = None,
        author: str | None = None,
        draft: bool = False,
        head_repository: Repository | str | None = None,
    ) -> PullRequest:
        """Open a pull request from the branch `head`, of a fork if `head_repository` is given."""
        it = self.world.repository(repository)
        source = self.world.repository(head_repository or it)
        base = base or it.default_branch
        who = self.world.user(author or source.owner.login)
        it.last_number += 1
        pull = PullRequest(
            self.world.new_id(), it.last_number, it, source, f"{source.owner.login}:{head}", head,
            source.git.branch(head) or "", base, it.git.branch(base) or "", title, body, who, draft,
        )  # fmt: skip
        refs.keep_head(pull, pull.head_sha)
        it.pulls[pull.number] = pull
        events.pull_request(self.world, pull, "opened", who)
        return pull

    @action
    def push(
        self,
        pull: PullRequest | str,
        files: Mapping[str, str | bytes | None] | None = None,
        *,
        message: str = "Another change",
        author: str | None = None,
        onto: str | None = None,
        renames: Mapping[str, str] | None = None,
    ) -> str:
        """Push a commit to the head branch (a force push with `onto`); return its SHA."""
        it = self.world.pull(pull)
        source = it.head_repository or it.repository
        before, who = source.git.refs(), self.world.user(author or it.user.login)
        parent = source.git.resolve(onto) if onto else it.head_sha
        sha = source.git.commit(
            it.head_ref,
            files or {},
            message=message,
            author=who.login,
            parent=parent,
            renames=renames,
        )
        refs.moved(self.world, source, before, who)
        return sha

    @action
    def edit(
        self, pull: PullRequest | str, *, title: str | None = None, base: str | None = None
    ) -> None:
        """Change the title, or retarget onto another base branch."""
        it = self.world.pull(pull)
        changes: dict[str, object] = {}
        if title is not None:
            changes["title"] = {"from": it.title}
            it.title = title
        if base is not None:
            changes["base"] = {"ref": {"from": it.base_ref}, "sha": {"from": it.base_sha}}
            it.base_ref, it.base_sha = base, it.repository.git.branch(base) or ""
            refs.relocate_comments(it)
        self._tell(it, "edited", changes=changes)

    @action
    def ready(self, pull: PullRequest | str) -> None:
        """Make a draft ready for review."""
        it = self.world.pull(pull)
        it.draft = False
        self._tell(it, "ready_for_review")

    @action
    def to_draft(self, pull: PullRequest | str) -> None:
        """Make it a draft."""
        it = self.world.pull(pull)
        it.draft = True
        self._tell(it, "converted_to_draft")

    @action
    def close(self, pull: PullRequest | str, *, by: str | None = None) -> None:
        """Close without merging."""
        it = self.world.pull(pull)
        refs.close(self.world, it, self.world.user(by or it.user.login))

    @action
    def reopen(self, pull: PullRequest | str) -> None:
        """Open it again."""
        it = self.world.pull(pull)
        it.state, it.closed_at = "open", None
        self._tell(it, "reopened")

    @action
    def lock(self, pull: PullRequest | str, *, locked: bool = True) -> None:
        """Lock the conversation, or unlock it."""
        it = self.world.pull(pull)
        it.locked = locked
        self._tell(it, "locked" if locked else "unlocked")

    @action
    def merge(self, pull: PullRequest | str, *, by: str | None = None) -> str:
        """Merge with a merge commit and return its SHA. Raises `GitError` on a conflict."""
        it = self.world.pull(pull)
        git, who = it.repository.git, self.world.user(by or it.repository.owner.login)
        before = git.refs()
        message = f"Merge pull request #{it.number} from {it.head_label.replace(':', '/')}"
        sha = git.merge(git.branch(it.base_ref) or it.base_sha, it.head_sha, message, who.login)
        git.set_ref(f"refs/heads/{it.base_ref}", sha)
        it.merged_at, it.merged_by, it.merge_commit_sha = now(), who, sha
        refs.close(self.world, it, who)
        refs.moved(self.world, it.repository, before, who)
        return sha

    @action
    def queue(self, pull: PullRequest | str) -> str:
        """Put it into the merge queue: `merge_group` asks for checks on the SHA that is returned."""
        it = self.world.pull(pull)
        git, who = it.repository.git, it.repository.owner
        base = git.branch(it.base_ref) or it.base_sha
        sha = git.merge(base, it.head_sha, f"Merge pull request #{it.number}", who.login)
        ref = f"refs/heads/gh-readonly-queue/{it.base_ref}/pr-{it.number}-{base}"
        git.set_ref(ref, sha)
        group = {
            "head_sha": sha,
            "head_ref": ref,
            "base_sha": base,
            "base_ref": f"refs/heads/{it.base_ref}",
        }
        self.world.webhooks.emit(
            "merge_group",
            it.repository,
            who,
            action="checks_requested",
            merge_group={**group, "head_commit": None},
        )
        return sha

    def _tell(self, it: PullRequest, what: str, by: User | None = None, **extra: object) -> None:
        it.updated_at = now()
        events.pull_request(self.world, it, what, by or it.user, **extra)
