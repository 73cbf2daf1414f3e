"""Fixes that are made together hold together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.core.config import Config
from rules.core.findings import Finding, Suggestion
from rules.core.repair import edited, repaired
from rules.core.review import review
from tests.rules.trees import change_of

ONLY = Config(select=("ASY106",))
CALL = "async def go_{0}() -> None:\n    asyncio.run(go_{0}())\n"
TEXT = "import asyncio\n\n\n" + "\n\n".join(map(CALL.format, range(3)))


def _found() -> list[Finding]:
    """The findings of the text with fixes made by hand, that await instead."""
    found = review(change_of(None, {"a.py": TEXT}), ONLY, fixes=False).findings
    assert len(found) == 3
    return [
        replace(one, fix=Suggestion(one.line, one.line, f"    await go_{number}()\n"))
        for number, one in enumerate(found)
    ]


def _kept(wanted: list[Finding], text: str | bytes = TEXT) -> list[int]:
    result = repaired(
        change_of(None, {"a.py": text}), ONLY, avoid={}, progress=lambda _: None, wanted=wanted
    )
    return [finding.line for finding in result.findings]


def test_all_that_hold_are_made_at_once():
    found = _found()

    assert _kept(found) == [5, 9, 13]
    assert "asyncio.run" not in edited(TEXT, found)
    assert edited(TEXT, found).count("await go_") == 3


def test_of_two_that_overlap_the_first_is_made():
    first, second, third = _found()
    wide = replace(second, fix=Suggestion(5, 9, "    pass\n"))

    assert _kept([third, wide, first]) == [5, 13]


def test_one_edit_for_two_findings_is_made_once():
    first, second, _ = _found()
    both = Suggestion(5, 9, "    await go_0()\n\n\nasync def go_1() -> None:\n    await go_1()\n")
    shared = [replace(first, fix=both), replace(second, fix=both)]

    assert _kept(shared) == [5, 9]
    assert edited(TEXT, shared).count("async def") == 3


@pytest.mark.parametrize(
    "bad",
    [
        "    await go_2(\n",
        "    await went_elsewhere()\n",
        "    asyncio.run(go_2())\n    asyncio.run(go_2())\n",
        "    asyncio.run(go_2())  # still\n",
        "    await go_2()  # \u202e hidden\n",
    ],
    ids=["does not parse", "undefined name", "more of it", "not gone", "hides something"],
)
def test_what_does_not_prove_right_is_left_out(bad: str):
    first, second, third = _found()
    worse = replace(third, fix=Suggestion(third.line, third.line, bad))

    assert _kept([first, second, worse]) == [5, 9]


def test_a_file_that_could_not_be_written_back_as_it_was_is_left_alone():
    latin = b"# -*- coding: latin-1 -*-\n" + TEXT.encode() + "# caf\xe9\n".encode("latin-1")
    found = [
        replace(one, line=one.line + 1, fix=None if one.fix is None else replace(
            one.fix, start_line=one.fix.start_line + 1, end_line=one.fix.end_line + 1
        ))
        for one in _found()
    ]  # fmt: skip

    assert _kept(found, latin) == []
