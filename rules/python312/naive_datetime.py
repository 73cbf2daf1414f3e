"""PYT110."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rules.core import fixes
from rules.core.imported import local_name
from rules.core.programs import is_program
from rules.core.rule import FileKind, Problem, Severity, rule
from rules.python312 import naive_parsing
from rules.python312.datetime_uses import Use, use_of
from rules.python312.dropped_zones import drops_zone, text_with_any_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.core.rule import Fix
    from rules.core.source import SourceFile

_UTC_CALLS = frozenset({"utcnow", "utcfromtimestamp"})
_MAKERS = _UTC_CALLS | {"now", "today", "fromtimestamp"}
_DEFAULTS = frozenset({
    "default", "default_factory", "onupdate", "insert_default", "factory", "server_default",
})  # fmt: skip
_WHAT_FOR = {
    Use.COMPARED: "compared",
    Use.SERIALISED: "serialised",
    Use.STORED: "handed on",
    Use.GIVEN: "handed on",
    Use.EPOCH: "turned into a timestamp",
}


@rule(
    "PYT110",
    on=(ast.Call, ast.Attribute),
    calls=_MAKERS | {"replace", "strptime", "fromisoformat"},
    severity=Severity.WARNING,
    silent_in=(FileKind.TEST,),
    peers=(
        "ruff:DTZ001",
        "ruff:DTZ002",
        "ruff:DTZ003",
        "ruff:DTZ004",
        "ruff:DTZ005",
        "ruff:DTZ006",
    ),
)
def naive_datetime(node: ast.Call | ast.Attribute, file: SourceFile) -> Iterator[Problem]:
    """A datetime without a time zone means another moment on another machine.

    `utcnow()` (deprecated since Python 3.12) is taken for local time by `.timestamp()`, by
    drivers and by clients; `now()` and `fromtimestamp(x)` give the local time of whichever server
    runs them. Compared with an aware datetime, as databases and APIs give them, both raise a
    `TypeError`. It is reported where the value is stored, compared, serialised or handed on.

    ```python
    from datetime import UTC, datetime, timedelta


    def expires(minutes: int) -> dict[str, datetime]:
        expire = datetime.utcnow() + timedelta(minutes=minutes)  # finding: warning
        return {"exp": expire}
    ```

    ```python fixed
    from datetime import UTC, datetime, timedelta


    def expires(minutes: int) -> dict[str, datetime]:
        expire = datetime.now(UTC) + timedelta(minutes=minutes)
        return {"exp": expire}
    ```

    Local time that leaves the function, and a default of a column or a model:

    ```python
    from datetime import datetime

    from pydantic import BaseModel, Field


    class Trade(BaseModel):
        at: datetime = Field(default_factory=datetime.now)  # finding: warning


    def opened(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds)  # finding: warning


    def body() -> dict[str, str]:
        return {"at": datetime.now().isoformat()}  # finding: warning
    ```

    A text may have any offset, which `.replace(tzinfo=None)` throws away instead of counting it in:

    ```python
    from datetime import UTC, datetime


    def starts(event: dict[str, str]) -> datetime:
        at = datetime.fromisoformat(event["start"])
        return at.replace(tzinfo=None)  # finding: warning


    def ends(event: dict[str, str]) -> datetime:
        return datetime.fromisoformat(event["end"]).astimezone(UTC).replace(tzinfo=None)
    ```

    `strptime` reads a `Z` as a letter: the time it gives has no zone, `.timestamp()` takes it for
    local time, and next to an aware one it is a `TypeError`:

    ```python
    from datetime import UTC, datetime, timedelta


    def age(text: str) -> timedelta:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # finding: critical
        return datetime.now(UTC) - at


    def epoch(text: str) -> float:
        at = datetime.fromisoformat(text.removesuffix("Z"))  # finding: critical
        return at.timestamp()


    def made(text: str) -> datetime:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    ```

    With a zone, measured, or only shown to a person:

    ```python
    from datetime import datetime, timedelta, timezone


    class Cache:
        def __init__(self) -> None:
            self.filled = datetime.now()

        def is_old(self) -> bool:
            return datetime.now() - self.filled > timedelta(minutes=5)


    def name() -> str:
        start = datetime.now()
        print("took", datetime.now() - start)
        return f"backup-{datetime.now():%Y%m%d}.db"


    def stamp(seconds: int) -> datetime:
        local = datetime.now().astimezone()
        print(local, datetime.now(timezone.utc))
        return datetime.fromtimestamp(seconds, tz=timezone.utc)
    ```
    """
    if isinstance(node, ast.Attribute):
        yield from _reference(node, file)
        return
    if drops_zone(node):
        yield from _dropped(node, file)
        return
    if getattr(node.func, "attr", "") in {"strptime", "fromisoformat"}:
        yield from _parsed(node, file)
        return
    name = file.qualified_name(node.func) or ""
    last = name.rsplit(".", 1)[-1]
    if last not in _MAKERS or name != f"datetime.datetime.{last}" or _has_zone(node, last, file):
        return
    if last == "fromtimestamp" and file.literal(node.args[0] if node.args else None) == 0:
        return  # Long ago, wherever that is.
    use = use_of(node, file)
    severity = _severity(last, use, file)
    if severity is Severity.SUGGESTION and not _is_first(node, file):
        return
    if severity is not None:
        yield Problem(
            node,
            _message(node, last, use, file),
            severity=severity,
            fix=_fix(node, last, use, file),
        )


def _dropped(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """`datetime.fromisoformat(text).replace(tzinfo=None)`: the offset of the text is lost."""
    origin = text_with_any_offset(call, file)
    if origin is not None and file.kind is not FileKind.SCRIPT:
        yield Problem(
            call,
            f"The time comes from `{origin}` with any offset, and `.replace(tzinfo=None)` drops it:"
            " hours are silently wrong. Convert first:"
            " `.astimezone(UTC).replace(tzinfo=None)`, or keep the zone.",
        )


def _parsed(call: ast.Call, file: SourceFile) -> Iterator[Problem]:
    """`strptime(text, "…Z")`: the `Z` is only a letter there, and the time has no zone."""
    is_utc = naive_parsing.says_utc(call, file)
    if is_utc is None:
        return
    if is_utc and naive_parsing.timestamps(call, file):
        why = "the text is in UTC, and `.timestamp()` takes it for local time"
    elif naive_parsing.meets_zone(call, file):
        why = "to compare it with a time that has one, or to subtract them, is a `TypeError`"
    else:
        return
    zone = _utc(file) if is_utc else None
    remedy = "Add" if is_utc else "If the text is in UTC, add"
    yield Problem(
        call,
        f"`{file.source(call.func)}` gives a time without a zone here: {why}. {remedy}"
        " `.replace(tzinfo=UTC)`.",
        severity=Severity.CRITICAL,
        fix=fixes.expression(f"{file.source(call)}.replace(tzinfo={zone})") if zone else None,
    )


def _has_zone(call: ast.Call, last: str, file: SourceFile) -> bool:
    if last in _UTC_CALLS or last == "today":
        return False
    given = file.argument(call, 1 if last == "fromtimestamp" else 0, "tz")
    is_none = isinstance(given, ast.Constant) and given.value is None
    return (given is not None and not is_none) or any(k.arg is None for k in call.keywords)


def _severity(last: str, use: Use, file: SourceFile) -> Severity | None:
    """How much it matters; None when nothing is wrong."""
    if last in _UTC_CALLS and use is Use.EPOCH:
        return Severity.CRITICAL
    if file.kind is FileKind.SCRIPT or (last not in _UTC_CALLS and is_program(file)):
        return None
    if last in _UTC_CALLS:
        quiet = {Use.AWARE, Use.SHOWN, Use.MEASURED}
        return Severity.SUGGESTION if use in quiet else Severity.WARNING
    if use is Use.GIVEN and last in {"now", "today"}:
        return Severity.SUGGESTION
    if use in {Use.SERIALISED, Use.STORED, Use.GIVEN, Use.COMPARED}:
        return Severity.WARNING
    if last == "fromtimestamp" and use is Use.UNKNOWN:
        return Severity.WARNING
    return None


def _is_first(call: ast.Call, file: SourceFile) -> bool:
    """Whether this is the first harmless use in its function; the others need no word."""
    seen = file.memo("PYT110", dict[int, ast.Call])
    return seen.setdefault(id(file.enclosing_function(call)), call) is call


def _message(call: ast.Call, last: str, use: Use, file: SourceFile) -> str:
    written = file.source(call.func)
    right = {
        "utcnow": "now(UTC)",
        "utcfromtimestamp": "fromtimestamp(seconds, UTC)",
        "fromtimestamp": "fromtimestamp(seconds, UTC)",
    }.get(last, "now(UTC)")
    if last in _UTC_CALLS and use is Use.EPOCH:
        return (
            f"`{written}()` has no zone, so `.timestamp()` takes it for local time and is wrong by"
            f" the offset from UTC. Use `datetime.{right}`."
        )
    kind = "UTC without saying so" if last in _UTC_CALLS else "local time without a zone"
    what_for = f" and is {_WHAT_FOR[use]}" if use in _WHAT_FOR else ""
    also = "; deprecated in Python 3.12" if last in _UTC_CALLS else ""
    return f"`{written}()` gives {kind}{what_for}{also}. Use `datetime.{right}`."


def _fix(call: ast.Call, last: str, use: Use, file: SourceFile) -> Fix | None:
    """The same moment with its zone, unless text or other naive values are made with it."""
    if use in {Use.SERIALISED, Use.MEASURED, Use.COMPARED, Use.AWARE} or last in {"now", "today"}:
        return None
    zone = _utc(file)
    if zone is None or not isinstance(call.func, ast.Attribute) or call.keywords:
        return None
    owner = file.source(call.func.value)
    if last == "utcnow":
        return fixes.expression(f"{owner}.now({zone})")
    if len(call.args) != 1:
        return None
    return fixes.expression(f"{owner}.fromtimestamp({file.source(call.args[0])}, {zone})")


def _utc(file: SourceFile) -> str | None:
    """UTC as the file can write it."""
    if zone := local_name(file, "datetime", "UTC"):
        return zone
    other = local_name(file, "datetime", "timezone")
    return f"{other}.utc" if other else None


def _reference(node: ast.Attribute, file: SourceFile) -> Iterator[Problem]:
    """`default=datetime.utcnow`: called later, by somebody else."""
    if node.attr not in {"utcnow", "now", "today"}:
        return
    parent = file.parent(node)
    if isinstance(parent, ast.keyword):
        call = file.parent(parent)
        given = {keyword.arg for keyword in getattr(call, "keywords", ())}
        if (node.attr != "utcnow" and parent.arg not in _DEFAULTS) or "converter" in given:
            return
    elif node.attr != "utcnow" or not isinstance(parent, ast.Call) or node is parent.func:
        return
    if file.qualified_name(node) == f"datetime.datetime.{node.attr}":
        yield Problem(
            node,
            f"`{file.source(node)}` gives a time without a zone for every new row or object."
            " Use `lambda: datetime.now(UTC)`.",
        )
