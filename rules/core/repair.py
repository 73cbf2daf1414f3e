"""Many fixes at once: those that do not touch each other, and prove right together."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from rules.core.change import Change, Entry, UnreadableFileError
from rules.core.decoding import UnreadableTextError, decode
from rules.core.findings import Review
from rules.core.fixes import applied, undefined_names
from rules.core.report.markdown import hides_something
from rules.core.review import review
from rules.core.source import NotPythonError, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence

    from rules.core.change import Tree
    from rules.core.config import Config
    from rules.core.findings import Finding, Suggestion

ROUNDS = 12
"""Proofs that are tried; from the half of them on a file that fails loses all of its edits."""

type Edits = Mapping[str, Sequence[Finding]]
"""By path the findings whose fixes are made there, the most urgent first."""


def repaired(
    change: Change,
    config: Config,
    *,
    facts: MutableMapping[str, bytes] | None = None,
    avoid: Mapping[str, str],
    progress: Callable[[str], None],
    full: bool = True,
    fixes: bool = False,
    wanted: Iterable[Finding] = (),
) -> Review:
    """A review whose findings are those of `wanted` that can all be fixed in one go.

    Proof, of all the edited files together: they parse, what was fixed is gone, no rule finds
    more than before in any changed file, and no name is used that nothing defines. Of fixes that
    overlap the most urgent is made; what keeps the proof from holding is left out, the least
    urgent first. Equal input gives equal output.
    """

    def look(head: Tree) -> Review:
        files = Change(head, change.base, change.files)
        return review(
            files, config, facts=facts, avoid=avoid, progress=progress, full=full, fixes=fixes
        )

    before = look(change.head)
    edits = _apart(change.head, wanted)
    for number in range(ROUNDS):
        bad = _not_proven(change.head, edits, before, look)
        if not bad:
            return Review(findings=tuple(one for path in sorted(edits) for one in edits[path]))
        edits = _fewer(edits, bad, whole=number >= ROUNDS // 2)
    return Review()


def edited(text: str, findings: Iterable[Finding]) -> str:
    """A text with the fixes of findings made; two findings may share one."""
    fixes = dict.fromkeys(finding.fix for finding in findings if finding.fix)
    return applied(text, fixes)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A tree in which some files have another content."""

    under: Tree
    over: Mapping[str, bytes]

    def entries(self) -> Mapping[str, Entry]:
        """The files of the tree below, those with another content under another id."""
        changed = {path: Entry(_id(data), len(data)) for path, data in self.over.items()}
        return {**self.under.entries(), **changed}

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return self.over[path] if path in self.over else self.under.read(path)


def _id(data: bytes) -> str:
    return f"edited:{sha256(data).hexdigest()}"


def _apart(head: Tree, wanted: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The fixes that touch no line of a more urgent one, by path."""
    edits: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(wanted, key=_urgency):
        if finding.fix is None or hides_something(finding.fix.replacement):
            continue
        if _text(head, finding.path) is None:
            continue
        if all(_fits(finding.fix, one.fix) for one in edits[finding.path] if one.fix):
            edits[finding.path].append(finding)
    return {path: findings for path, findings in edits.items() if findings}


def _fits(one: Suggestion, other: Suggestion) -> bool:
    return one == other or one.end_line < other.start_line or other.end_line < one.start_line


def _urgency(finding: Finding) -> tuple[int, str, int, str, str]:
    place = (finding.path, finding.line, finding.rule, finding.fingerprint)
    return (finding.severity.rank, *place)


def _text(tree: Tree, path: str) -> str | None:
    """The text of a file that can be written back as it was read; None for any other."""
    try:
        data = tree.read(path)
        text = decode(data)
    except (UnreadableFileError, UnreadableTextError):
        return None
    return text if text.encode("utf-8", "replace") == data else None


def _not_proven(
    head: Tree, edits: Edits, before: Review, look: Callable[[Tree], Review]
) -> set[str]:
    """The paths in which the edits do more, or less, than they should."""
    if not edits:
        return set()
    texts = {path: _text(head, path) or "" for path in edits}
    after = {path: edited(text, edits[path]) for path, text in texts.items()}
    broken = {path for path in edits if not _is_sound(path, texts[path], after[path])}
    if broken:
        return broken
    said = look(Overlay(head, {path: text.encode() for path, text in after.items()}))
    more = _counts(said.findings) - _allowed(before, edits)
    skipped = {one.path for one in said.skipped}
    return {path for path, _ in more} | (skipped & set(edits))


def _is_sound(path: str, before: str, after: str) -> bool:
    try:
        old, new = SourceFile(path, before), SourceFile(path, after)
    except NotPythonError:
        return False
    return undefined_names(new) <= undefined_names(old)


def _allowed(before: Review, edits: Edits) -> Counter[tuple[str, str]]:
    """How often each rule may speak of each file when the edits have done what they should."""
    fixed = (finding for findings in edits.values() for finding in findings)
    return _counts(before.findings) - _counts(fixed)


def _counts(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    return Counter((finding.path, finding.rule) for finding in findings)


def _fewer(edits: Edits, bad: set[str], *, whole: bool) -> dict[str, list[Finding]]:
    """Without the least urgent edit of each bad path; a path without one blames all the others."""
    blamed = bad & set(edits) or set(edits)
    left = {path: [] if whole else list(edits[path][:-1]) for path in blamed}
    return {path: kept for path, kept in ({**edits, **left}).items() if kept}  # pyright: ignore[reportReturnType] both are lists
