"""What a command is, and what one that was given knows of who gave it and where."""

from __future__ import annotations

import enum
import inspect
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.github import comments
from app.github.errors import ArchivedError, LockedError
from rules.core.report import markdown
from worker.publishing.markers import Mark, Signer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.db.commands import CommandFacts
    from app.github.repository import Repository
    from app.models import PullRequest
    from worker.work import Work

_BLANKS = {
    "CODE": r"(?P<code>[\w-]{1,64})",
    "PATH": r"(?P<path>\S.{0,399})",
    "ID": r"(?P<id>[0-9a-f]{4,128})",
    "finding|path|repository": r"(?P<scope>finding|path|repository)",
    "30d": r"(?P<days>[1-9]\d{0,3})d",
    "REASON": r"(?P<reason>\S.*)",
}
"""What words of a form stand for; the others stand for themselves."""
_AT_THE_START = re.compile(r"^([^\S\n]*)/(?=[a-z])", re.MULTILINE | re.IGNORECASE)


class Who(enum.StrEnum):
    """Who may give a command."""

    ANYBODY_INVOLVED = "the author of the pull request, or who may write"
    WRITERS = "who may write"


class Answer(enum.StrEnum):
    """How a command ends; `LATER` is answered by the review that it asked for."""

    WELL = "rocket"
    NOT = "confused"
    LATER = "eyes"


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that somebody gave who may give it; `values` are the blanks of its form, filled."""

    work: Work
    repository: Repository
    row: PullRequest
    facts: CommandFacts
    author_id: int
    values: dict[str, str]

    @property
    def comment_id(self) -> int:
        """The comment that gave it, by GitHub's id."""
        return self.facts.comment_id

    async def say(self, text: str) -> None:
        """Answer in the conversation, once: an attempt that did not end may have done so already.

        Where the conversation is locked, the reaction to the command has to do; where the repository
        is archived, nothing can be said at all.
        """
        signer = Signer(self.work.settings.marker_key, self.row.repository_id, self.row.number)
        mark = Mark("answer", f"{self.facts.name}-{self.comment_id}")
        if await self._was_said(signer, mark):
            return
        body = markdown.fit(f"{signer.marker(mark)}\n{harmless(text)}")
        with suppress(LockedError, ArchivedError):
            await comments.say(self.repository, self.row.number, body)

    async def _was_said(self, signer: Signer, mark: Mark) -> bool:
        identity = await self.repository.app.identity(self.repository.installation_id)
        listed = await comments.conversation(self.repository, self.row.number)
        mine = (one for one in listed if one.user and one.user.id == identity.user_id)
        return any(signer.read(one.body) == mark for one in mine)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: every form that it may take, and what it does.

    A form is what may follow the name, in full: nothing else is understood.
    """

    name: str
    forms: tuple[str, ...]
    who: Who
    about: str
    run: Callable[[Asked], Awaitable[Answer]]

    def understood(self, arguments: str) -> dict[str, str] | None:
        """The blanks as they were filled, None when no form fits."""
        filled = (fill(form, arguments) for form in self.forms)
        return next((values for values in filled if values is not None), None)

    @property
    def usage(self) -> str:
        """Every form, as Markdown."""
        return " or ".join(f"`/{self.name}{' ' if form else ''}{form}`" for form in self.forms)


COMMANDS: dict[str, Command] = {}
"""Every command by its name, in the order of the help text."""


def command(*forms: str, who: Who) -> Callable[[Callable[[Asked], Awaitable[Answer]]], Command]:
    """Make a command of a function: its name is the command's, its docstring the help text."""

    def make(run: Callable[[Asked], Awaitable[Answer]]) -> Command:
        about = " ".join(inspect.cleandoc(run.__doc__ or "").split())
        made = Command(run.__name__, forms or ("",), who, about, run)
        COMMANDS[made.name] = made
        return made

    return make


def harmless(text: str) -> str:
    """The text without a line that starts with a command: no bot shall take it for one."""
    return _AT_THE_START.sub("\\1\N{ZERO WIDTH SPACE}/", text)


def fill(form: str, arguments: str) -> dict[str, str] | None:
    """The blanks of a form as arguments fill them; None when they do not fit.

    What stands in brackets may be left out, and is not among the values then.
    """
    parts: list[str] = []
    for part in re.findall(r"\[[^\]]*\]|\S+", form):
        words = part.strip("[]").split(" ")
        text = " ".join(_BLANKS.get(word) or re.escape(word) for word in words)
        parts.append(f"(?:{text} )?" if part.startswith("[") else f"{text} ")
    found = re.fullmatch("".join(parts).removesuffix(" "), arguments, re.IGNORECASE)
    if found is None:
        return None
    return {name: value for name, value in found.groupdict().items() if value is not None}
