"""The catalogue of rules in the formats of `backend-expert rules`."""

from __future__ import annotations

import json

from rules.catalog import all_rules
from rules.core.rule import GROUPS
from rules.docs import catalogue, has_fix, sentence


def as_text() -> str:
    """One line for each rule, below the title of its group."""
    rules = all_rules().values()
    width = max(len(rule.name) for rule in rules)
    lines: list[str] = []
    for group, title in GROUPS.items():
        in_group = [rule for rule in rules if rule.group == group]
        lines += ["", title] if in_group else []
        lines += [
            f"  {rule.code}  {rule.severity:10}  {rule.name:{width}}  {sentence(rule)}"
            for rule in in_group
        ]
    return "\n".join(lines[1:]) + "\n"


def as_json() -> str:
    """An array with one object for each rule."""
    listed = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "group": rule.group,
            "summary": sentence(rule),
            "fix": has_fix(rule),
            "peers": list(rule.peers),
        }
        for rule in all_rules().values()
    ]
    return json.dumps(listed, indent=2) + "\n"


def as_markdown() -> str:
    """The same text as `rules/README.md`."""
    return catalogue()
