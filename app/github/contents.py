"""Single files of a repository, read without a clone."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.github.errors import NotFoundError
from app.github.pulls import Frozen

if TYPE_CHECKING:
    from app.github.repository import Repository


class File(Frozen):
    """A file of the default branch; `sha` names its content."""

    sha: str
    content: str = ""

    @property
    def text(self) -> str:
        """What is written in it; GitHub sends nothing of a file larger than a megabyte."""
        try:
            return base64.b64decode(self.content).decode("utf-8", "replace")
        except binascii.Error:
            return ""


async def read(repository: Repository, path: str) -> File:
    """A file of the default branch; raises `NotFoundError` also for a folder."""
    answer = await repository.call("GET", f"/contents/{quote(path)}")
    data: object = answer.data
    if not isinstance(data, dict):
        raise NotFoundError("That is a folder.", status=404)
    return File.model_validate(data)
