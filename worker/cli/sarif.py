"""A review as SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/, for code scanning."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rules.catalog import all_rules
from rules.core.rule import GROUPS, Severity
from rules.docs import page, sentence

if TYPE_CHECKING:
    from rules.core.findings import Finding, Review, Suggestion
    from rules.core.rule import Rule, Step

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

MOST_RESULTS = 25_000
"""GitHub refuses a run with more results."""

_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.SUGGESTION: "note"}


def as_sarif(review: Review) -> str:
    """One run with the rules that spoke, their findings, and what could not be reviewed."""
    findings = review.findings[:MOST_RESULTS]
    codes = sorted({finding.rule for finding in findings})
    indexes = {code: index for index, code in enumerate(codes)}
    run = {
        "tool": {"driver": _driver([all_rules()[code] for code in codes])},
        "invocations": [_invocation(review)],
        "results": [_result(finding, indexes[finding.rule]) for finding in findings],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _driver(rules: list[Rule]) -> dict[str, Any]:
    return {
        "name": "Backend Expert",
        "semanticVersion": version("backend-expert"),
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": sentence(rule)},
        "help": {"text": page(rule), "markdown": page(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [GROUPS[rule.group]]},
    }


def _invocation(review: Review) -> dict[str, Any]:
    notifications = [
        {
            "level": "error",
            "message": {"text": f"Not reviewed: {skipped.reason}"},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(skipped.path)}}],
        }
        for skipped in review.skipped
    ]
    succeeded = not notifications
    return {"executionSuccessful": succeeded, "toolExecutionNotifications": notifications}


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": _location(finding)}],
        "partialFingerprints": {"backendExpert/v1": finding.fingerprint},
    }
    if finding.trace:
        result["relatedLocations"] = [_step(step) for step in finding.trace]
    if finding.fix:
        result["fixes"] = [_fix(finding.path, finding.fix)]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": max(finding.line, finding.end_line),
    }
    return {"artifactLocation": _artifact(finding.path), "region": region}


def _step(step: Step) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(step.path), "region": {"startLine": step.line}}
    return {"physicalLocation": place, "message": {"text": step.message}}


def _fix(path: str, fix: Suggestion) -> dict[str, Any]:
    """Whole lines are deleted: from the start of the first to the start of the one after."""
    region = {
        "startLine": fix.start_line,
        "startColumn": 1,
        "endLine": fix.end_line + 1,
        "endColumn": 1,
    }
    replacement = {"deletedRegion": region, "insertedContent": {"text": fix.replacement}}
    change = {"artifactLocation": _artifact(path), "replacements": [replacement]}
    return {"description": {"text": "Apply the suggestion"}, "artifactChanges": [change]}


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
