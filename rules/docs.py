"""A rule as Markdown: one text for the catalogue, the web page and `backend-expert explain`.

`python -m rules.docs` writes the catalogue and the schema of the configuration into `rules/`, with
`--check` it only says whether they are stale.
"""

from __future__ import annotations

import functools
import importlib.resources
import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rules.catalog import all_rules
from rules.core.configuration.json_schema import schema
from rules.core.examples import parse
from rules.core.render import ICONS
from rules.core.rule import GROUPS, FileKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.core.rule import Rule

_BLOCK = re.compile(r"^```python(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"# finding\b.*$", re.MULTILINE)
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)
_INTRODUCTION = """\
All {count} of them, made by `make docs` from the rules' own docstrings. 🔴 critical, 🟡 warning,
🟢 suggestion; 🛠 offers a verified suggestion to commit."""
_KINDS = {
    FileKind.CODE: "code",
    FileKind.TEST: "tests",
    FileKind.MIGRATION: "migrations",
    FileKind.SCRIPT: "scripts",
}


_REFERENCES = {
    "API2": ("polymarket-api", "Polymarket API"),
    "API3": ("news-api", "News API"),
    "API4": ("tradingview-widget", "TradingView widget"),
}
"""Beginning of a code to the page about the service that its rules know, and that page's title."""


@functools.cache
def references() -> Mapping[str, str]:
    """The pages about the services that rules know: name (`polymarket-api`) to Markdown."""
    folder = importlib.resources.files("rules.api_integration") / "references"
    return {
        name: (folder / f"{name.replace('-', '_')}.md").read_text(encoding="utf-8")
        for name, _ in _REFERENCES.values()
    }


def page(rule: Rule) -> str:
    """Everything there is to say about a rule, as Markdown."""
    parts = [
        f"# {rule.code} {rule.name}",
        _facts(rule),
        _BLOCK.sub(_labelled, inspect.cleandoc(rule.documentation)),
        _reference(rule),
        _silence(rule),
        _choices(rule),
        _peers(rule),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def sentence(rule: Rule) -> str:
    """The first paragraph of a rule's documentation, on one line."""
    return " ".join(inspect.cleandoc(rule.documentation).split("\n\n", 1)[0].split())


@functools.cache
def why(code: str) -> str:
    """One sentence of reason for a rule: the first of what follows its title; empty for no rule."""
    rule = all_rules().get(code)
    if rule is None:
        return ""
    paragraphs = inspect.cleandoc(rule.documentation).split("\n\n")
    prose = [text for text in paragraphs[1:2] if not text.startswith("```")]
    found = _SENTENCE.match(" ".join(prose[0].split())) if prose else None
    return found[0] if found and not found[0].endswith(":") else sentence(rule)


def has_fix(rule: Rule) -> bool:
    """Whether the rule's page shows a suggestion."""
    return any(file.fixed for example in parse(rule.documentation) for file in example.files)


def catalogue() -> str:
    """The text of `rules/README.md`."""
    rules = all_rules().values()
    parts = [
        "# The rules",
        _INTRODUCTION.format(count=len(rules)),
        *(_table(group, [rule for rule in rules if rule.group == group]) for group in GROUPS),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(group: str, rules: list[Rule]) -> str:
    if not rules:
        return ""
    head = [f"## {GROUPS[group]}", "", "| Code | Rule | | What is wrong | Nearest elsewhere |"]
    return "\n".join([*head, "|---|---|---|---|---|", *(_row(rule) for rule in rules)])


def _row(rule: Rule) -> str:
    file = rule.check.__module__.removeprefix("rules.").replace(".", "/") + ".py"
    marks = ICONS[rule.severity] + (" 🛠" if has_fix(rule) else "")
    peers = ", ".join(peer.split(":", 1)[-1] for peer in rule.peers)
    told = sentence(rule).replace("|", "\\|")
    return f"| [{rule.code}]({file}) | {rule.name} | {marks} | {told} | {peers} |"


def _facts(rule: Rule) -> str:
    facts = [f"{ICONS[rule.severity]} {rule.severity}", GROUPS[rule.group]]
    return " · ".join([*facts, *(["🛠 offers a suggestion"] if has_fix(rule) else [])])


def _labelled(block: re.Match[str]) -> str:
    wrong = _MARKER.search(block["code"]) is not None
    label = "❌ Reported" if wrong else "✅ Instead" if "fixed" in block["info"] else "✅ Fine"
    code = _MARKER.sub("# ❌", block["code"])
    return f"{label}:\n\n```python\n{code}```"


def _reference(rule: Rule) -> str:
    name, title = _REFERENCES.get(rule.code[:4], ("", ""))
    return f"More about the service: [{title}](/references/{name})." if name else ""


def _silence(rule: Rule) -> str:
    kinds = [_KINDS[kind] for kind in FileKind if kind in rule.silent_in]
    if not kinds:
        return ""
    return f"## Where it is silent\n\nIt says nothing about {' and '.join(kinds)}."


def _choices(rule: Rule) -> str:
    return f"""## To change what it does

On one line, with the reason:

```text
# backend-expert: ignore[{rule.name}] why this is fine here
# noqa: {rule.code}
```

In the whole project, in `pyproject.toml`:

```toml
[tool.backend-expert]
ignore = ["{rule.code}"]
# or: severity = {{ {rule.name} = "suggestion" }}
# or: per-path-ignores = {{ "scripts/**" = ["{rule.code}"] }}
```"""


def _peers(rule: Rule) -> str:
    if not rule.peers:
        return ""
    listed = ", ".join(peer.replace(":", " ") for peer in rule.peers)
    silent = (
        " Where the project's ruff selects its rule, what ruff itself sees is left to it."
        if rule.ruff
        else ""
    )
    return f"## Nearest rules elsewhere\n\n{listed}.{silent}"


def generated() -> dict[str, str]:
    """What `make docs` writes into `rules/`: file name to text."""
    return {
        "README.md": catalogue(),
        "config.schema.json": json.dumps(schema(), indent=2) + "\n",
    }


def main(arguments: list[str]) -> int:
    """Write what is generated, or with `--check` return 1 when some of it is stale."""
    folder = Path(__file__).parent
    stale = [name for name, text in generated().items() if _read(folder / name) != text]
    if "--check" in arguments:
        sys.stderr.writelines(f"rules/{name} is stale; run `make docs`.\n" for name in stale)
        return 1 if stale else 0
    for name in stale:
        (folder / name).write_text(generated()[name], encoding="utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
