"""A rule's page, shortened for a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules import catalog, docs
from rules.core.report import markdown

if TYPE_CHECKING:
    from rules.core.rule import Rule

LONGEST = 3_000
"""Characters of a page that an answer shows; the rest is one click away."""


def rule_text(word: str, public_url: str | None) -> str | None:
    """What there is to say about the rule of that code or name; None when it means no one rule."""
    found = catalog.find(word)
    if len(found) != 1:
        return None
    return _shortened(found[0], public_url)


def _shortened(rule: Rule, public_url: str | None) -> str:
    page = markdown.fit(docs.page(rule).replace("# ", "### ", 1), LONGEST).rstrip()
    if not public_url:
        return page
    return f"{page}\n\n[The page of this rule]({public_url.rstrip('/')}/rules/{rule.code})"
