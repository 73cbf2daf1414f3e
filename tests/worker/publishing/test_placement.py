from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.github.pulls import PullFile
from rules.core.change import Hunk
from rules.core.config import Config
from rules.core.findings import Finding, Suggestion
from rules.core.rule import Confidence, Severity, Step
from tests.worker.publishing.stage import finding
from worker.publishing.placement import Anchor, Placement, Spot, anchor, commentable, place

if TYPE_CHECKING:
    import random

HUNKS = (Hunk(8, 14), Hunk(48, 56))
LINES = {"a.py": HUNKS, "b.py": (Hunk(1, 100),), "binary.py": ()}
CONFIG = Config()


@pytest.mark.parametrize(
    ("line", "end_line", "expected"),
    [
        (10, 10, Anchor(10)),
        (10, 12, Anchor(12, 10)),
        (5, 9, Anchor(9, 8)),
        (12, 30, Anchor(14, 12)),
        (10, 50, Anchor(14, 10)),
        (20, 30, None),
        (1, 7, None),
        (57, 60, None),
        (40, 60, Anchor(56, 48)),
    ],
)
def test_both_ends_of_a_range_are_in_one_hunk(line: int, end_line: int, expected: Anchor | None):
    assert anchor(finding(line, "a.py", end_line=end_line), HUNKS) == expected


def test_a_long_range_is_anchored_to_its_first_line():
    assert anchor(finding(5, "b.py", end_line=40), (Hunk(1, 100),)) == Anchor(5)


def test_a_suggestion_decides_the_range():
    fix = Suggestion(9, 11, "x = 1\n")

    assert anchor(finding(10, "a.py", fix=fix), HUNKS) == Anchor(11, 9, suggest=True)


def test_a_suggestion_with_a_line_that_cannot_carry_a_comment_is_left_out():
    fix = Suggestion(13, 15, "x = 1\n")

    assert anchor(finding(13, "a.py", fix=fix), HUNKS) == Anchor(13)


def test_of_two_suggestions_for_one_line_only_the_first_is_made():
    one = finding(5, "b.py", "SEC101", fix=Suggestion(5, 6, "a\n"))
    two = finding(6, "b.py", "SEC104", fix=Suggestion(6, 7, "b\n"))

    placement = place([two, one], LINES, CONFIG)

    assert placement.inline == [
        Spot(Anchor(6, 5, suggest=True), (one,)),
        Spot(Anchor(7, 6), (two,)),
    ]


def test_every_reason_has_its_place():
    shown, hidden = finding(10, "a.py"), finding(30, "a.py")
    binary, unlisted = finding(1, "binary.py"), finding(1, "gone.py")
    unsure, elsewhere = (
        finding(11, "a.py", confidence=Confidence.LOW),
        finding(3, "b.py", new=False),
    )

    placement = place([shown, hidden, binary, unlisted, unsure, elsewhere], LINES, CONFIG)

    assert placement == Placement(
        inline=[Spot(Anchor(10), (shown,))],
        on_files=[hidden, binary],
        check=[unlisted],
        summary=[unsure, elsewhere],
    )


def test_the_unsure_are_inline_when_the_repository_wants_it():
    unsure = finding(11, "a.py", confidence=Confidence.LOW)

    placement = place([unsure], LINES, Config(low_confidence="inline"))

    assert placement.inline == [Spot(Anchor(11), (unsure,))]


def test_the_least_urgent_go_to_the_check_when_there_are_too_many():
    style = finding(1, "b.py", "PYT109", severity=Severity.SUGGESTION)
    grave = [finding(line, "b.py", f"SEC{line}") for line in (20, 30)]

    placement = place([style, *grave], LINES, Config(max_inline_comments=2))

    assert [spot.findings for spot in placement.inline] == [(grave[0],), (grave[1],)]
    assert placement.check == [style]


def test_at_most_ten_comments_on_files():
    hidden = [finding(line, "a.py", f"SEC{line}") for line in range(20, 32)]

    placement = place(hidden, LINES, CONFIG)

    assert (placement.on_files, placement.check) == (hidden[:10], hidden[10:])


def test_five_of_one_rule_are_five_comments_and_six_are_one():
    five = [finding(line, "b.py") for line in range(1, 6)]
    six = [finding(line, "b.py") for line in range(1, 7)]

    assert len(place(five, LINES, CONFIG).inline) == 5
    assert place(six, LINES, CONFIG).inline == [Spot(Anchor(1), tuple(six), group=True)]


def test_a_standing_group_takes_up_what_is_new():
    one = finding(3, "b.py")

    placement = place([one], LINES, CONFIG, grouped={"SEC101"})

    assert (placement.inline, placement.joining) == ([], [one])


def test_commentable_lines_are_those_of_github_and_none_without_a_patch():
    files = [
        PullFile(filename="a.py", status="modified", patch="@@ -1,2 +1,3 @@\n x\n+y\n z"),
        PullFile(filename="big.py", status="modified"),
        PullFile(filename="odd.py", status="modified", patch="@@ -1,9 +1,9 @@\n x"),
    ]

    assert commentable(files) == {"a.py": (Hunk(1, 3),), "big.py": (), "odd.py": ()}


FINDINGS = st.builds(
    finding,
    st.integers(1, 60),
    st.sampled_from(["a.py", "b.py", "binary.py", "gone.py"]),
    st.sampled_from(["SEC101", "ASY101"]),
    new=st.booleans(),
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
)


@given(st.lists(FINDINGS, unique_by=lambda one: one.fingerprint), st.randoms(use_true_random=False))
def test_every_finding_has_one_place_whatever_the_order(
    findings: list[Finding], chance: random.Random
):
    placement = place(findings, LINES, CONFIG)

    said = [one for spot in placement.inline for one in spot.findings]
    every = [*said, *placement.joining, *placement.on_files, *placement.check, *placement.summary]
    assert sorted(one.fingerprint for one in every) == sorted(one.fingerprint for one in findings)
    for spot in placement.inline:
        start = spot.anchor.start_line or spot.anchor.line
        hunks = LINES[spot.findings[0].path]
        assert any(hunk.start <= start <= spot.anchor.line <= hunk.end for hunk in hunks)
    chance.shuffle(findings)
    assert place(findings, LINES, CONFIG) == placement


def test_a_finding_on_an_unchanged_line_is_said_at_its_line_or_at_its_cause_if_github_shows_it():
    shown = finding(9, "a.py", new=False, cause=Step("b.py", 3, "calls"))
    caused = finding(30, "a.py", new=False, cause=Step("b.py", 3, "calls"))
    elsewhere = finding(7, "unchanged.py", new=False, cause=Step("b.py", 5, "calls"))
    hidden = finding(31, "a.py", new=False, cause=Step("a.py", 30, "calls"))
    unexplained = finding(32, "a.py", new=False)

    placement = place([shown, caused, elsewhere, hidden, unexplained], LINES, CONFIG)

    assert placement.inline == [
        Spot(Anchor(9), (shown,)),
        Spot(Anchor(3, path="b.py"), (caused,)),
        Spot(Anchor(5, path="b.py"), (elsewhere,)),
    ]
    assert placement.summary == [hidden, unexplained]
    assert (placement.on_files, placement.check) == ([], [])
