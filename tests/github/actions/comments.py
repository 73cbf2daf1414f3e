"""What people write below a pull request, and what they press there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github import conversation, events
from tests.github.actions.locking import Actions, action

if TYPE_CHECKING:
    from tests.github.state import (
        CheckRun,
        IssueComment,
        PullRequest,
        Repository,
        ReviewComment,
        Thread,
    )


class Comments(Actions):
    """`github.comments`: write, reply, react, delete, resolve. Comments are given by id or record."""

    @action
    def write(self, pull: PullRequest | str, login: str, body: str) -> IssueComment:
        """Comment in the conversation."""
        return conversation.comment(self.world, self.world.pull(pull), self.world.user(login), body)

    @action
    def edit(self, comment: IssueComment | int, login: str, body: str) -> None:
        """Edit a comment of the conversation."""
        it = self._issue_comment(comment)
        was, it.body = it.body, body
        changes = {"body": {"from": was}}
        events.issue_comment(self.world, it, "edited", self.world.user(login), changes=changes)

    @action
    def reply(self, comment: ReviewComment | int, login: str, body: str) -> ReviewComment:
        """Answer in the thread of a review comment."""
        return conversation.reply(
            self.world, self._review_comment(comment), self.world.user(login), body
        )

    @action
    def react(self, comment: IssueComment | ReviewComment | int, login: str, content: str) -> None:
        """React with an emoji; no webhook tells of it."""
        conversation.react(self.world, self._either(comment), self.world.user(login), content)

    @action
    def delete(self, comment: IssueComment | ReviewComment | int, login: str) -> None:
        """Delete a comment of either kind."""
        it, who = self._either(comment), self.world.user(login)
        if it in it.pull.comments:
            it.pull.comments.remove(it)  # pyright: ignore[reportArgumentType]
            events.issue_comment(self.world, it, "deleted", who)  # pyright: ignore[reportArgumentType]
        else:
            conversation.delete_review_comment(it)  # pyright: ignore[reportArgumentType]
            events.review_comment(self.world, it, "deleted", who)  # pyright: ignore[reportArgumentType]

    @action
    def resolve(self, thread: Thread, login: str) -> None:
        """Resolve a thread by hand."""
        thread.resolved_by = self.world.user(login)
        events.thread(self.world, thread, "resolved", thread.resolved_by)

    @action
    def delete_account(self, login: str) -> None:
        """Delete a user; what the user wrote stays, with `user: null`."""
        self.world.user(login).deleted = True

    def _issue_comment(self, it: IssueComment | int) -> IssueComment:
        return self._either(it)  # pyright: ignore[reportReturnType]

    def _review_comment(self, it: ReviewComment | int) -> ReviewComment:
        return self._either(it)  # pyright: ignore[reportReturnType]

    def _either(self, it: IssueComment | ReviewComment | int) -> IssueComment | ReviewComment:
        if not isinstance(it, int):
            return it
        for repository in self.world.repositories.values():
            found = self.world.issue_comment(repository, it) or self.world.review_comment(
                repository, it
            )
            if found:
                return found
        raise KeyError(it)


class Checks(Actions):
    """`github.checks`: what is pressed in the Checks tab."""

    @action
    def rerequest(self, run: CheckRun | int, login: str) -> None:
        """Press "Re-run" on a check run."""
        repository, it = self._found(run)
        events.check_run(self.world, repository, it, "rerequested", self.world.user(login))

    @action
    def rerequest_suite(self, run: CheckRun | int, login: str) -> None:
        """Press "Re-run all checks"."""
        repository, it = self._found(run)
        events.check_suite(self.world, repository, it.suite, "rerequested", self.world.user(login))

    @action
    def press(self, run: CheckRun | int, login: str, identifier: str) -> None:
        """Press one of the buttons that a check run offers."""
        repository, it = self._found(run)
        extra = {"requested_action": {"identifier": identifier}}
        events.check_run(
            self.world, repository, it, "requested_action", self.world.user(login), **extra
        )

    def _found(self, run: CheckRun | int) -> tuple[Repository, CheckRun]:
        found = self.world.check_run(run if isinstance(run, int) else run.id)
        if found is None:
            raise KeyError(run)
        return found
