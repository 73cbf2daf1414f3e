"""Whatever comes from a pull request is shown as it is and does nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.core.report import markdown

HOSTILE = st.text(alphabet=st.sampled_from("`~@#<>[]()!-*_|\\&a1 \n\u202e\x00")) | st.text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words.", "plain words."),
        ("@octo/team", "@\u200bocto/team"),
        ("see #12", "see #\u200b12"),
        ("GH-12", "GH\u200b-12"),
        ("https://evil.example", "https://\u200bevil.example"),
        ("www.evil.example", "www\u200b.evil.example"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("-->", "--&gt;"),
        ("[a](b)", "\\[a\\](b)"),
        ("**bold** _it_ ~~no~~", "\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~"),
        ("a\nb\r\nc", "a b c"),
        ("\u202eevil\x1b[2J", "\\\\u202eevil\\\\u001b\\[2J"),
    ],
)
def test_prose_reads_as_it_is_written(text: str, shown: str) -> None:
    assert markdown.prose(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x", "`x`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a```b", "````a```b````"),
        ("", "` `"),
        ("a\nb", "`a b`"),
    ],
)
def test_a_code_span_holds_any_backticks(text: str, shown: str) -> None:
    assert markdown.code(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`f` blocks; use `g`.", "`f` blocks; use `g`."),
        ("`@team` pings nobody, @team neither", "`@team` pings nobody, @\u200bteam neither"),
        ("odd ` backtick", "odd \\` backtick"),
        ("`<b>` is <b>", "`<b>` is &lt;b&gt;"),
    ],
)
def test_a_message_keeps_its_code_and_quiets_the_rest(text: str, shown: str) -> None:
    assert markdown.message(text) == shown


@given(HOSTILE)
def test_no_message_pings_or_opens_html(text: str) -> None:
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", markdown.message(text))

    assert not re.search(r"@\w", outside)
    assert "<" not in outside
    assert "\n" not in outside


@given(HOSTILE)
def test_no_text_ends_its_fence(text: str) -> None:
    block = markdown.fenced(text, "suggestion").split("\n")

    fence = block[-1]
    assert block[0] == f"{fence}suggestion"
    assert not any(line.startswith(fence) for line in block[1:-1])


def test_a_fence_keeps_the_line_ends_of_the_file() -> None:
    assert markdown.fenced("a\r\nb\r\n") == "```\na\r\nb\r\n```"


def test_a_body_that_fits_is_left_alone() -> None:
    assert markdown.fit("short\n") == "short\n"


def test_a_body_is_cut_at_a_paragraph_with_its_fence_closed() -> None:
    body = "first\n\n<details><summary>x</summary>\n\n````py\n" + "line\n\n" * 500 + "````\n"

    cut = markdown.fit(body, 1000)

    assert len(cut) <= 1000
    assert cut.endswith(f"line\n````\n\n</details>\n\n{markdown.TRUNCATED}\n")


def test_a_lone_surrogate_is_replaced() -> None:
    assert markdown.fit("a\ud800b") == "a?b"
