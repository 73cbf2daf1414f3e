"""Messages on a page."""

from __future__ import annotations

import pytest

from app.pages import sentence


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`open` blocks", "<code>open</code> blocks"),
        ("a < b in `x<y>`", "a &lt; b in <code>x&lt;y&gt;</code>"),
        ("an odd ` backtick <b>", "an odd ` backtick &lt;b&gt;"),
        ("", ""),
    ],
)
def test_backticks_become_code_and_everything_is_escaped(text: str, html: str) -> None:
    assert str(sentence(text)) == html
