from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.publishing.markers import Mark, Signer, text_of

SIGNER = Signer(b"s" * 32, 7, 1)
MARK = Mark("finding", "3f2a91b0")
BODY = SIGNER.marker(MARK) + "\nSaid."


def test_a_marker_is_read_back():
    assert SIGNER.read(BODY) == MARK


def test_a_marker_is_invisible_and_names_no_secret():
    assert SIGNER.marker(MARK).startswith("<!-- backend-expert:v1:finding:3f2a91b0:")
    assert SIGNER.marker(MARK).endswith(" -->")


def test_a_marker_counts_only_at_the_beginning():
    assert SIGNER.read(f"> {BODY}") is None
    assert SIGNER.read(f"Look:\n{BODY}") is None


def test_a_marker_signed_with_another_key_is_nothing():
    assert Signer(b"x" * 32, 7, 1).read(BODY) is None


def test_a_marker_copied_to_another_pull_request_is_nothing():
    assert Signer(SIGNER.key, 7, 2).read(BODY) is None
    assert Signer(SIGNER.key, 8, 1).read(BODY) is None


def test_a_marker_cannot_be_made_to_mean_something_else():
    assert SIGNER.read(BODY.replace("finding", "summary")) is None
    assert SIGNER.read(BODY.replace("3f2a91b0", "3f2a91b1")) is None


def test_nothing_is_read_of_nothing():
    assert [SIGNER.read(body) for body in (None, "", "<!--", "<!-- backend-expert:v1: -->")] == [
        None
    ] * 4


def test_the_text_begins_after_the_marker_whatever_the_line_end():
    assert [text_of(BODY), text_of(BODY.replace("\n", "\r\n")), text_of("Plain")] == [
        "Said.",
        "Said.",
        "Plain",
    ]


@given(st.text(max_size=400))
def test_no_text_is_taken_for_a_marker_or_breaks_the_reader(text: str):
    assert SIGNER.read(text) is None
    assert SIGNER.read(f"<!-- backend-expert:v1:finding:{text} -->") is None
