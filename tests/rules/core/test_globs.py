"""Path patterns mean what they mean in `.gitignore`."""

from __future__ import annotations

import pytest

from rules.core.configuration import globs


@pytest.mark.parametrize(
    ("pattern", "path", "taken"),
    [
        ("*.py", "a/b/c.py", True),
        ("vendor", "a/vendor/c.py", True),
        ("vendor/", "a/vendor/c.py", True),
        ("vendor", "a/vendored.py", False),
        ("/vendor", "a/vendor/c.py", False),
        ("/vendor", "vendor/c.py", True),
        ("a/b", "a/b/c.py", True),
        ("a/b", "x/a/b/c.py", False),
        ("a/*/c.py", "a/b/c.py", True),
        ("a/*/c.py", "a/b/b/c.py", False),
        ("a/**/c.py", "a/c.py", True),
        ("a/**/c.py", "a/b/b/c.py", True),
        ("**/c.py", "c.py", True),
        ("a/**", "a/b/c.py", True),
        ("test_?.py", "x/test_1.py", True),
        ("test_[ab].py", "test_c.py", False),
        ("(a+)+$", "aaaaaaaaaaaa", False),
        ("**", "a/b.py", True),
        ("", "a.py", False),
        ("/", "a.py", False),
    ],
)
def test_a_pattern_takes_these_paths(pattern: str, path: str, taken: bool) -> None:
    assert globs.matches((pattern,), path) is taken


def test_no_pattern_tries_every_way_to_match() -> None:
    """Whatever goes back at each star does not end before the sun does."""
    patterns = ("*a" * 60 + "b", "**/" * 200 + "z")

    assert not globs.matches(patterns, "/".join(["a" * 200] * 60))
