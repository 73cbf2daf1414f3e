"""Signed marks in our comments, by which they are found again. Pure.

A marker is the first line of a body, so that cutting a long one keeps it, and no Markdown shows it:
`<!-- backend-expert:v1:KIND:KEY:SIGNATURE -->`. The signature covers the pull request too: copied
elsewhere, or made by somebody else, a marker means nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

type Kind = Literal["finding", "group", "summary", "review", "answer"]

_MARKER = re.compile(
    r"<!-- backend-expert:v1:(?P<kind>finding|group|summary|review|answer):(?P<key>[\w.-]{1,128})"
    r":(?P<signature>[0-9a-f]{32}) -->",
    re.ASCII,
)
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Mark:
    """What a comment is: `key` is a fingerprint, a rule, a part of a review, or what it answers."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and reads the marks of one pull request; `key` is secret and at least 16 bytes."""

    key: bytes
    repository_id: int
    number: int

    def marker(self, mark: Mark) -> str:
        """The first line of a body; HTML that no reader sees."""
        signature = self._signature(mark.kind, mark.key)
        return f"<!-- backend-expert:v1:{mark.kind}:{mark.key}:{signature} -->"

    def read(self, body: str | None) -> Mark | None:
        """The mark that a body begins with, None when it has none or its signature is wrong."""
        found = _MARKER.match((body or "")[:_LONGEST])
        if not found:
            return None
        kind, key, signature = found["kind"], found["key"], found["signature"]
        if not hmac.compare_digest(signature, self._signature(kind, key)):
            return None
        return Mark(kind, key)  # pyright: ignore[reportArgumentType] the pattern names the kinds

    def _signature(self, kind: str, key: str) -> str:
        signed = f"v1:{self.repository_id}:{self.number}:{kind}:{key}".encode()
        return hmac.new(self.key, signed, hashlib.sha256).hexdigest()[:32]


def text_of(body: str) -> str:
    """A body without its first line if that is a marker, valid or not."""
    found = _MARKER.match(body[:_LONGEST])
    # GitHub keeps the line ends that it was sent, but an edit by hand brings carriage returns.
    return body[found.end() :].lstrip("\r\n") if found else body
